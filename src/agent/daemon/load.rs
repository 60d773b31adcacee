//! From the file to a configuration that can be used: parsed, with the keys that lie in files of their own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};
use std::path::Path;
use std::sync::Arc;

use hactl_engine::conf::config::Config;
use hactl_engine::conf::parse_with;
use hactl_engine::conf::text::diagnostic::{Diagnostic, Severity};

use super::error::{GivesUp, NotReloaded};
use super::remark::Remark;
use super::unrunnable::leave_out;
use crate::agent::command::error::SecretError;
use crate::agent::command::secret::read_secret;
use crate::agent::vrrp::vmac_names::{self, has_macvlan};
use crate::error::{Code, Exit, Failure, Problem};
use crate::includes::{Host, read_file};
use crate::sys::netlink::macvlan;
use crate::sys::netlink::route::Netlink;

/// Any port would do.
const DISCARD: u16 = 9;
/// Which half of a configuration runs: keepalived can be told to leave one out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Part {
    /// Both.
    #[default]
    Whole,
    /// `--vrrp`: no virtual servers.
    Vrrp,
    /// `--check`: no VRRP.
    Lvs,
}

impl Part {
    fn leave_out(self, config: &mut Config) {
        match self {
            Self::Whole => {}
            Self::Vrrp => {
                config.virtual_servers.clear();
                config.global.lvs.sync_daemon = None;
            }
            Self::Lvs => {
                config.instances.clear();
                config.groups.clear();
                config.scripts.clear();
                config.processes.clear();
                config.static_addresses.clear();
                config.static_routes.clear();
                config.static_rules.clear();
            }
        }
    }
}

/// Reads and parses the configuration. Faults in it are remarks: the daemon takes defaults and runs. Checks that cannot
/// run here are left out.
///
/// # Errors
/// The file, or a key that it names, cannot be read or could be read by others.
pub(crate) fn load(path: &Path, config_id: Option<&str>, part: Part) -> Result<(Config, Vec<Remark>), Failure> {
    let file = path.display().to_string();
    let text = read_file(path).map_err(|error| {
        let problem = Problem::new(Code::ConfigUnusable, format!("cannot read the configuration {file}: {error}"))
            .why("without it there is nothing to run")
            .next("name the file with --use-file");
        Failure::one(Exit::Invalid, problem)
    })?;
    let mut host = Host::new(config_id);
    let mut parsed = parse_with(&file, &String::from_utf8_lossy(&text), &mut host);
    read_keys(&mut parsed.config).map_err(|(path, why)| {
        let problem = Problem::new(Code::KeyFile, format!("auth_hmac key file {path}: {why}"))
            .why("without the key no advert could be signed or trusted")
            .next(format!("`chown root {path}; chmod 600 {path}`, with the secret in it"));
        Failure::one(Exit::Invalid, problem)
    })?;
    part.leave_out(&mut parsed.config);
    let unrunnable = leave_out(&mut parsed.config);
    Ok((parsed.config, parsed.diagnostics.iter().map(|one| remark(one, &file)).chain(unrunnable).collect()))
}

/// Reads a configuration anew. `before` is the one in force.
///
/// # Errors
/// Why that one stays in force.
pub(super) fn load_again(
    file: &Path,
    config_id: Option<&str>,
    part: Part,
    before: &Config,
) -> Result<(Config, Vec<Remark>), NotReloaded> {
    let (config, remarks) = load(file, config_id, part).map_err(NotReloaded::Unusable)?;
    if config.namespaces != before.namespaces {
        return Err(NotReloaded::Namespace);
    }
    keeps(before, &config, &remarks).map_err(|why| NotReloaded::GivesUp { file: file.into(), why })?;
    Ok((config, remarks))
}

/// Refuses a configuration that would stop instances by mistake rather than by intention: because it lacks an instance
/// that runs and has faults that may have swallowed it, or because nothing is in it at all.
///
/// # Errors
/// What is missing, and the first fault.
pub(crate) fn keeps(before: &Config, after: &Config, remarks: &[Remark]) -> Result<(), GivesUp> {
    let here = |name: &str| after.instances.iter().any(|one| one.name == name);
    let gone: Vec<&str> = before.instances.iter().map(|one| one.name.as_str()).filter(|name| !here(name)).collect();
    let fault = remarks.iter().find(|remark| remark.severe);
    let empty = after.instances.is_empty() && after.virtual_servers.is_empty();
    match (gone.is_empty(), fault) {
        (true, _) => Ok(()),
        (false, None) if !empty => Ok(()),
        (false, fault) => {
            let fault = fault.map_or("there is nothing in it to run".to_owned(), |fault| fault.text.clone());
            Err(GivesUp { gone: gone.join(", "), fault })
        }
    }
}

/// Settles what depends on the interfaces of the network namespace that the agent is in. `before` is the configuration
/// that was in force until now.
pub(crate) fn settle(config: &mut Config, before: Option<&Config>) -> Vec<Remark> {
    source_of_unplaced(config);
    if !config.instances.iter().any(|instance| has_macvlan(instance)) {
        return Vec::new();
    }
    let said = match Netlink::open(0).and_then(|mut netlink| macvlan::all(&mut netlink)) {
        Ok(here) => vmac_names::settle(config, before, &here),
        Err(error) => vec![format!("cannot read the network interfaces: {error}")],
    };
    said.into_iter().map(|text| Remark { severe: false, text }).collect()
}

/// A unicast instance with neither interface nor source sends from where this host's route to its first peer begins.
/// Without a route it is in FAULT, which says so, until a reload.
fn source_of_unplaced(config: &mut Config) {
    let unplaced = config.instances.iter_mut().filter(|one| one.interface.is_empty() && one.source.is_none());
    for instance in unplaced {
        let source = instance.unicast_peers.first().and_then(|peer| source_towards(peer.address).ok());
        if source.is_some() {
            Arc::make_mut(instance).source = source;
        }
    }
}

/// The kernel chooses a source when a datagram socket is connected; nothing is sent.
fn source_towards(peer: IpAddr) -> std::io::Result<IpAddr> {
    let any = if peer.is_ipv6() { IpAddr::V6(Ipv6Addr::UNSPECIFIED) } else { IpAddr::V4(Ipv4Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect((peer, DISCARD))?;
    Ok(socket.local_addr()?.ip())
}

fn remark(diagnostic: &Diagnostic, file: &str) -> Remark {
    let place = diagnostic.location.as_ref().map_or_else(|| file.to_owned(), ToString::to_string);
    let help = diagnostic.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    Remark { severe: diagnostic.severity == Severity::Error, text: format!("{place}: {}{help}", diagnostic.message) }
}

/// Fills in the secrets of `key ID file:PATH`.
fn read_keys(config: &mut Config) -> Result<(), (String, SecretError)> {
    let signing = config.instances.iter_mut().filter(|instance| instance.hmac.is_some()).map(Arc::make_mut);
    for key in signing.filter_map(|instance| instance.hmac.as_mut()).flat_map(|hmac| &mut hmac.keys) {
        if let Some(path) = &key.file {
            key.secret = read_secret(path).map_err(|why| (path.clone(), why))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_given_up_by_no_mistake() {
        let of = |text: &str| parse_with("f", text, &mut Host::new(None)).config;
        let one = |name: &str| {
            let inside = "interface eth0\n virtual_router_id 37\n virtual_ipaddress { 10.0.0.3/27 }";
            format!("vrrp_instance {name} {{\n {inside}\n}}\n")
        };
        let (both, second) = (of(&(one("VI_1") + &one("VI_2"))), of(&one("VI_2")));
        let fault = || vec![Remark { text: "f:7: an unknown word".into(), severe: true }];
        assert_eq!(keeps(&both, &both, &fault()), Ok(()));
        assert_eq!(keeps(&both, &second, &[]), Ok(()), "no fault that could have swallowed it");
        let given_up = GivesUp { gone: "VI_1".into(), fault: "f:7: an unknown word".into() };
        assert_eq!(keeps(&both, &second, &fault()), Err(given_up));
        let gone = keeps(&second, &of(""), &[]).unwrap_err();
        assert_eq!(gone, GivesUp { gone: "VI_2".into(), fault: "there is nothing in it to run".into() });
    }

    #[test]
    fn a_file_that_is_not_taken_leaves_the_old_one_in_force() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hactl.conf");
        let good =
            "vrrp_instance VI_1 {\n interface eth0\n virtual_router_id 37\n virtual_ipaddress { 10.0.0.3/27 }\n}\n";
        let before = parse_with("f", good, &mut Host::new(None)).config;
        let again = |text: &str| {
            std::fs::write(&file, text).unwrap();
            load_again(&file, None, Part::Whole, &before)
        };
        assert_eq!(again(good).unwrap().0.instances.len(), 1);
        let elsewhere = format!("net_namespace blue\n{good}");
        assert!(matches!(again(&elsewhere), Err(NotReloaded::Namespace)));
        assert!(matches!(again("vrrp_instance VI_1 {\n"), Err(NotReloaded::GivesUp { .. })));
        let nowhere = load_again(&folder.path().join("missing"), None, Part::Whole, &before);
        assert!(matches!(nowhere, Err(NotReloaded::Unusable(_))));
    }

    #[test]
    fn the_route_to_a_peer_names_the_source_of_an_instance_without_interface() {
        let text = "vrrp_instance v {\n virtual_router_id 37\n unicast_peer { 127.0.0.9 }\n virtual_ipaddress { 10.0.0.3/27 }\n}\n";
        let mut config = parse_with("f", text, &mut Host::new(None)).config;
        source_of_unplaced(&mut config);
        assert_eq!(config.instances[0].source, Some([127, 0, 0, 1].into()));
    }
}
