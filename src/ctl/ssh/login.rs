//! How to log in, whole: what the inventory says, and where it says nothing, what the user's ssh configuration does.

use super::client_config::{ClientConfig, Settings};
use crate::ctl::cluster::{Host, Ssh};
use crate::error::{Code, Problem};

/// How to log in to a host. The address is always the inventory's.
///
/// # Errors
/// ssh does not understand its configuration, or the configuration wants a ProxyCommand.
pub(super) async fn of_host(config: &ClientConfig, host: &Host) -> Result<Ssh, Problem> {
    let address = host.address.to_string();
    // The inventory's name may be an alias there; it counts when it leads to the same host.
    let mut settings = config.about(&host.name).await?;
    if settings.hostname.as_deref() != Some(&address) {
        settings = config.about(&address).await?;
    }
    if let (Some(command), None) = (&settings.command, &host.ssh.jump) {
        let problem = Problem::on(
            &host.name,
            Code::ProxyCommand,
            format!("~/.ssh/config reaches it by ProxyCommand `{command}`"),
        );
        return Err(problem
            .why("hactl speaks SSH itself and runs no such command")
            .next("use ProxyJump there, or `ssh: { jump: user@host:port }` in the inventory"));
    }
    Ok(overlaid(&host.ssh, settings))
}

/// Where a jump host is, and how to log in there: `user@host:port` with what is missing filled in from the ssh
/// configuration, then from the login of the host behind it.
///
/// # Errors
/// As [`of_host`].
pub(super) async fn of_jump(config: &ClientConfig, spec: &str, behind: &Ssh) -> Result<Jump, Problem> {
    let (before, nearest) = match spec.rsplit_once(',') {
        Some((before, nearest)) => (Some(before.to_owned()), nearest),
        None => (None, spec),
    };
    let (user, host, port) = split(nearest);
    let settings = config.about(&host).await?;
    let login = Ssh {
        user: user.clone().unwrap_or_else(|| behind.user.clone()),
        user_given: user.is_some(),
        port: port.unwrap_or(22),
        port_given: port.is_some(),
        jump: before,
        sudo: false,
        password: None,
        host_keys: Vec::new(), // they are the host's behind it
        key: None,
        ..behind.clone()
    };
    let mut place = Jump {
        address: settings.hostname.clone().unwrap_or_else(|| host.clone()),
        name: host,
        login: overlaid(&login, settings),
    };
    // The key for the host behind is tried here, too, and is not the only one.
    place.login.more_keys.splice(..0, behind.key.clone());
    Ok(place)
}

/// A jump host.
#[derive(Debug)]
pub(super) struct Jump {
    /// As it is called where it is named.
    pub name: String,
    /// What is connected to.
    pub address: String,
    /// How to log in.
    pub login: Ssh,
}

/// What was given stays.
fn overlaid(given: &Ssh, settings: Settings) -> Ssh {
    let mut login = given.clone();
    if let (Some(user), false) = (settings.user, given.user_given) {
        login.user = user;
    }
    if let (Some(port), false) = (settings.port, given.port_given) {
        login.port = port;
    }
    login.more_keys = settings.keys;
    login.jump = given.jump.clone().or(settings.jump);
    login
}

/// User, host and port of `user@host:port`.
fn split(spec: &str) -> (Option<String>, String, Option<u16>) {
    let (user, rest) = match spec.rsplit_once('@') {
        Some((user, rest)) => (Some(user.to_owned()), rest),
        None => (None, spec),
    };
    let bare = rest.trim_start_matches('[');
    let (host, port) = match bare.rsplit_once(':') {
        Some((host, port)) if rest.starts_with('[') || !host.contains(':') => (host, port.parse().ok()),
        _ => (bare, None),
    };
    (user, host.trim_end_matches(']').to_owned(), port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::inventory::hosts::default_ssh;

    #[test]
    fn jump_specifications() {
        for (spec, user, host, port) in [
            ("bastion.eu", None, "bastion.eu", None),
            ("ops@10.0.0.1:2222", Some("ops"), "10.0.0.1", Some(2222)),
            ("ops@[2001:db8::1]:2222", Some("ops"), "2001:db8::1", Some(2222)),
            ("2001:db8::1", None, "2001:db8::1", None),
        ] {
            assert_eq!(split(spec), (user.map(str::to_owned), host.to_owned(), port), "{spec}");
        }
    }

    #[test]
    fn what_the_inventory_says_wins() {
        let settings = || Settings {
            user: Some("ann".into()),
            port: Some(2222),
            jump: Some("b".into()),
            keys: vec!["/k".into()],
            ..Settings::default()
        };
        let login = overlaid(&default_ssh(), settings());
        assert_eq!((login.user.as_str(), login.port, login.jump.as_deref()), ("ann", 2222, Some("b")));
        assert_eq!(login.more_keys, [std::path::PathBuf::from("/k")]);
        let given = Ssh { user_given: true, port_given: true, jump: Some("c".into()), ..default_ssh() };
        let login = overlaid(&given, settings());
        assert_eq!((login.user.as_str(), login.port, login.jump.as_deref()), ("root", 22, Some("c")));
    }

    #[tokio::test]
    async fn a_chain_of_jumps_ends_with_the_nearest() {
        let config = ClientConfig::default();
        let behind = Ssh { key: Some("/k".into()), ..default_ssh() };
        let Jump { name, address, login } = of_jump(&config, "a@one:7,two,b@three:2222", &behind).await.unwrap();
        assert_eq!((name.as_str(), address.as_str(), login.user.as_str(), login.port), ("three", "three", "b", 2222));
        assert_eq!(login.jump.as_deref(), Some("a@one:7,two"));
        let key = std::path::PathBuf::from("/k");
        assert_eq!((login.key, login.more_keys), (None, vec![key]), "a jump host may want another key");
    }
}
