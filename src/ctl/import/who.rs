//! Who is meant: words such as `lb-1`, `ops@10.0.0.5`, `lb-1=10.0.0.5:2222` become hosts that can be connected to.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::ctl::cluster::{Cluster, Group, Host, SecretSource, Ssh};
use crate::ctl::inventory::hosts::{default_host, default_ssh};
use crate::ctl::inventory::site::default_site;
use crate::ctl::ssh::client_config::ClientConfig;
use crate::error::{Code, Exit, Failure, Problem};

/// How to log in to all of them; what stands in the words wins.
#[derive(Debug, Clone, Default)]
pub struct Login {
    /// Private key file.
    pub key: Option<PathBuf>,
    /// `user@host:port` to jump through.
    pub jump: Option<String>,
    /// Where the password comes from.
    pub password: Option<SecretSource>,
}

/// A word, cut.
#[derive(Debug, PartialEq, Eq)]
struct Word<'w> {
    user: Option<&'w str>,
    name: &'w str,
    host: &'w str,
    port: Option<u16>,
}

/// The hosts that the words mean, as a cluster of nothing but hosts: connecting and looking need no more.
///
/// # Errors
/// Exit 3 with every word that means no host.
pub async fn hosts(words: &[String], login: &Login) -> Result<Cluster, Failure> {
    let config = ClientConfig::find();
    let mut found: Vec<Host> = Vec::new();
    let mut problems = Vec::new();
    for text in words {
        match host(text, login, &config).await {
            Ok(one) if found.iter().any(|known| known.name == one.name) => {
                let problem = Problem::new(Code::HostTwice, format!("`{text}`: the host {} is named twice", one.name));
                problems.push(problem.next("name each once; NAME=ADDRESS gives one a name"));
            }
            Ok(one) => found.push(one),
            Err(problem) => problems.push(problem),
        }
    }
    if !problems.is_empty() {
        return Err(Failure { exit: Exit::Invalid, problems });
    }
    Ok(Cluster {
        metrics: None,
        alerts: Default::default(),
        name: "import".into(),
        source: PathBuf::new(),
        folder: Path::new(".").into(),
        hosts: found,
        vips: Vec::new(),
        site: default_site(),
        traffic: crate::ctl::sites::Traffic::default(),
        wordpress: None,
        lvs: None,
        drill_budgets: BTreeMap::default(),
        role_params: BTreeMap::new(),
        role_places: BTreeMap::new(),
    })
}

async fn host(text: &str, login: &Login, config: &ClientConfig) -> Result<Host, Problem> {
    let word = cut(text).ok_or_else(|| wrong(text, "it names no host"))?;
    let address = address(text, word.host, config).await?;
    let given =
        Ssh { key: login.key.clone(), jump: login.jump.clone(), password: login.password.clone(), ..default_ssh() };
    let ssh = Ssh {
        user: word.user.map_or(given.user.clone(), str::to_owned),
        user_given: word.user.is_some(),
        sudo: word.user.is_some_and(|user| user != "root"),
        port: word.port.unwrap_or(given.port),
        port_given: word.port.is_some(),
        ..given
    };
    Ok(Host { address, ssh, ..default_host(word.name, Group::Lb) })
}

fn cut(text: &str) -> Option<Word<'_>> {
    let (user, rest) = text.rsplit_once('@').map_or((None, text), |(user, rest)| (Some(user), rest));
    let (name, place) = rest.split_once('=').map_or((None, rest), |(name, place)| (Some(name), place));
    let (host, port) = match place.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':')?.parse().ok()?)),
        None if place.parse::<IpAddr>().is_ok() => (place, None),
        None => match place.split_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (place, None),
        },
    };
    let good = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-._:%".contains(c));
    let fits = good(host) && name.is_none_or(good) && user.is_none_or(good);
    fits.then_some(Word { user, name: name.unwrap_or(host), host, port })
}

fn wrong(text: &str, why: &str) -> Problem {
    let problem = Problem::new(Code::WrongValue, format!("`{text}`: {why}"));
    problem.next("write it like lb-1, ops@lb-1, 10.0.0.5 or ops@lb-1=10.0.0.5:2222")
}

/// Where a host is: an address, what ssh's configuration says, or what the name resolves to.
async fn address(text: &str, host: &str, config: &ClientConfig) -> Result<IpAddr, Problem> {
    if let Ok(address) = host.parse() {
        return Ok(address);
    }
    let said = config.about(host).await?.hostname;
    let name = said.as_deref().unwrap_or(host);
    if let Ok(address) = name.parse() {
        return Ok(address);
    }
    let found = tokio::net::lookup_host((name, 22)).await;
    let found = found.map_err(|error| wrong(text, &format!("the name {name} is not known here ({error})")))?;
    let mut all: Vec<IpAddr> = found.map(|socket| socket.ip()).collect();
    all.sort_by_key(IpAddr::is_ipv6);
    all.first().copied().ok_or_else(|| wrong(text, &format!("the name {name} has no address")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_cut() {
        let word = |user, name, host, port| Some(Word { user, name, host, port });
        assert_eq!(cut("lb-1"), word(None, "lb-1", "lb-1", None));
        assert_eq!(cut("ops@lb-1=10.0.0.5:2222"), word(Some("ops"), "lb-1", "10.0.0.5", Some(2222)));
        assert_eq!(cut("fd83::5"), word(None, "fd83::5", "fd83::5", None));
        assert_eq!(cut("x=[fd83::5]:23"), word(None, "x", "fd83::5", Some(23)));
        for bad in ["", "@", "a b", "lb-1:x", "lb-1=", "$(x)", "a;b@c"] {
            assert_eq!(cut(bad), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn what_names_no_host_is_told_all_at_once() {
        let words = ["10.0.0.5", "a b", "no.such.host.invalid", "10.0.0.5"].map(str::to_owned);
        let failure = hosts(&words, &Login::default()).await.unwrap_err();
        let codes: Vec<&str> = failure.problems.iter().map(|problem| problem.code.id()).collect();
        assert_eq!((failure.exit, codes), (Exit::Invalid, vec!["E104", "E104", "E118"]));
    }
}
