//! What each verb makes of an inventory's text. The edited text is loaded like any other, and what it then says must be
//! what was wished and nothing else: an edit that went wrong is refused, not deployed.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use super::servers::Servers;
use super::text::Text;
use super::tree::{Change, Left, Spot, append, applied, remove, set, unset};
use crate::ctl::cluster::{Cluster, Group, Host};
use crate::ctl::inventory::document::{Document, Node, Value};
use crate::ctl::inventory::load::parse;
use crate::ctl::render::nginx;
use crate::ctl::sites::{Pool, Server};
use crate::error::{Code, Exit, Failure, Problem};

/// What shall become of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// It comes; a web host that hactl works on, or one that is somebody else's.
    Add {
        /// hactl works on it.
        managed: bool,
    },
    /// It goes.
    Remove,
    /// No new requests.
    Drain,
    /// New requests again.
    Undrain,
    /// Another share.
    Weight(u32),
}

/// One wish.
#[derive(Debug, Clone)]
pub struct Wish {
    /// What shall become.
    pub verb: Verb,
    /// Of whom: a host, a name or address of a pool's server; where it is added `NAME=ADDRESS[:PORT]` or what a pool
    /// can list.
    pub server: String,
    /// In this pool alone.
    pub pool: Option<String>,
}

/// An inventory's text after an edit.
#[derive(Debug)]
pub struct Edited {
    /// The text.
    pub text: String,
    /// What it says.
    pub cluster: Cluster,
    /// The web host that is new and that hactl works on.
    pub new: Option<String>,
    /// The web host that is gone and that hactl worked on.
    pub gone: Option<String>,
}

/// Edits of one wish at the most: a host and its places in pools.
const STEPS: usize = 1000;

/// Edits a text.
///
/// # Errors
/// Exit 3: mistakes of the text before and after it, a server that is not there, a pool that would be left without one,
/// and what cannot be edited.
pub fn edited(file: &Path, text: &str, wish: &Wish) -> Result<Edited, Failure> {
    let before = parse(file, text)?.cluster;
    let editor = Editor { file, wish, pools: nginx::pools(&before) };
    let refused = |problem: Problem| Failure::one(Exit::Invalid, problem);
    if let Some(pool) = wish.pool.as_ref().filter(|pool| !editor.pools.contains_key(*pool)) {
        let known = editor.pools.keys().cloned().collect::<Vec<_>>().join(", ");
        return Err(refused(Problem::new(Code::UnknownPool, format!("no pool `{pool}`; there is {known}"))));
    }
    let (text, wanted) = match wish.verb {
        Verb::Add { managed } => (editor.add(&before, text, managed)?, None),
        Verb::Remove => editor.remove(&before, text)?,
        Verb::Drain | Verb::Undrain | Verb::Weight(_) => editor.settle(&before, text)?,
    };
    let cluster = parse(file, &text)?.cluster;
    let pools = nginx::pools(&cluster);
    if wanted.is_some_and(|wanted| wanted != pools) {
        return Err(refused(by_hand(file, "the edit would change more than that")));
    }
    let is_new = |host: &&Host| before.host(&host.name).is_none();
    let is_gone = |host: &&Host| cluster.host(&host.name).is_none();
    let new = cluster.managed().find(is_new).map(|host| host.name.clone());
    let gone = before.managed().find(is_gone).map(|host| host.name.clone());
    Ok(Edited { text, cluster, new, gone })
}

/// How a server is called in words: its name, its host (with a port that is not the host's own), or its address.
pub fn label(cluster: &Cluster, server: &Server) -> String {
    let host = server.host.as_ref().and_then(|name| cluster.host(name));
    match (&server.name, host) {
        (Some(name), _) => name.clone(),
        (None, Some(host)) if host.group == Group::Web && host.backend.port == server.at.port() => host.name.clone(),
        (None, Some(host)) => format!("{}:{}", host.name, server.at.port()),
        (None, None) => server.at.to_string(),
    }
}

/// What is refused since it cannot be edited.
pub(super) fn by_hand(file: &Path, what: &str) -> Problem {
    Problem::new(Code::CannotEdit, format!("{} cannot be edited: {what}", file.display()))
        .why("only what is understood down to the letter is changed in a file that people keep")
        .next("edit it by hand, then `hactl deploy`")
}

struct Editor<'e> {
    file: &'e Path,
    wish: &'e Wish,
    /// As they are before.
    pools: BTreeMap<String, Pool>,
}

impl Editor<'_> {
    fn refused(&self, what: &str) -> Failure {
        Failure::one(Exit::Invalid, by_hand(self.file, what))
    }

    fn document(&self, text: &str) -> Result<Document, Failure> {
        Document::parse(self.file, text).map_err(|problem| Failure::one(Exit::Invalid, problem))
    }

    /// Carries out one change.
    fn change(
        &self,
        text: &str,
        change: impl FnOnce(&Text<'_>, &Node) -> Option<Vec<Change>>,
    ) -> Result<String, Failure> {
        let document = self.document(text)?;
        let changes = change(&Text::new(text), &document.root);
        let new = changes.and_then(|changes| applied(text, changes)).filter(|new| new != text);
        new.ok_or_else(|| {
            self.refused(&format!("`{}` is written there in a way that is not understood", self.wish.server))
        })
    }

    /// Whether a server of a pool is meant.
    fn is_meant(&self, pool: &str, server: &Server) -> bool {
        if self.wish.pool.as_deref().is_some_and(|only| only != pool) {
            return false;
        }
        let (wanted, at) = (self.wish.server.as_str(), server.at);
        let host = server.host.as_deref().filter(|host| *host == wanted || format!("{host}:{}", at.port()) == wanted);
        let name = server.name.as_deref().filter(|name| *name == wanted);
        host.or(name).is_some() || at.to_string() == wanted || at.ip().to_string() == wanted
    }

    /// The servers that are meant, by pool and place in it.
    fn meant(&self, cluster: &Cluster) -> Result<Vec<(String, usize)>, Failure> {
        let places = |pool: &Pool| {
            let places = pool.servers.iter().enumerate().filter(|(_, server)| self.is_meant(&pool.name, server));
            places.map(|(place, _)| (pool.name.clone(), place)).collect::<Vec<_>>()
        };
        let meant: Vec<(String, usize)> = self.pools.values().flat_map(places).collect();
        if !meant.is_empty() {
            return Ok(meant);
        }
        let pools = self.pools.values().filter(|pool| self.wish.pool.as_ref().is_none_or(|only| *only == pool.name));
        let mut known: Vec<String> =
            pools.flat_map(|pool| &pool.servers).map(|server| label(cluster, server)).collect();
        known.sort();
        known.dedup();
        let within = self.wish.pool.as_ref().map(|pool| format!(" in the pool `{pool}`")).unwrap_or_default();
        let message = format!("no server `{}`{within}; there is {}", self.wish.server, known.join(", "));
        Err(Failure::one(Exit::Invalid, Problem::new(Code::NoSuchBackend, message).next("`hactl backend list`")))
    }

    /// The web host that is meant, with everything on it.
    fn web_host<'c>(&self, cluster: &'c Cluster) -> Option<&'c Host> {
        cluster.group(Group::Web).find(|host| host.name == self.wish.server && self.wish.pool.is_none())
    }

    /// A pool that nobody serves any more.
    fn somebody_serves(&self, pools: &BTreeMap<String, Pool>) -> Result<(), Failure> {
        let serves = |pool: &Pool| pool.servers.iter().any(|server| !server.down);
        let dead = pools.values().find(|pool| !serves(pool) && self.pools.get(&pool.name).is_some_and(serves));
        let Some(pool) = dead else { return Ok(()) };
        let message = format!("`{}` is the last server of the pool `{}` that serves", self.wish.server, pool.name);
        let problem = Problem::new(Code::LastBackend, message).why("every request for that pool would fail");
        Err(Failure::one(Exit::Invalid, problem.next("add another one, or `hactl backend undrain` one, first")))
    }

    /// `drain`, `undrain`, `weight`: at the host, and in pools that say otherwise of it.
    fn settle(&self, before: &Cluster, text: &str) -> Result<(String, Option<BTreeMap<String, Pool>>), Failure> {
        let meant = self.meant(before)?;
        let mut wanted = self.pools.clone();
        for (pool, place) in &meant {
            if let Some(server) = wanted.get_mut(pool).and_then(|pool| pool.servers.get_mut(*place)) {
                self.settled(server);
            }
        }
        self.somebody_serves(&wanted)?;
        let mut text = text.to_owned();
        let mut at_host = self.web_host(before).is_some();
        for _ in 0..STEPS {
            let pools = nginx::pools(&parse(self.file, &text)?.cluster);
            let of = |pool: &str, place: usize| pools.get(pool).and_then(|pool| pool.servers.get(place));
            let left = meant
                .iter()
                .find(|(pool, place)| of(pool, *place) != wanted.get(pool).and_then(|pool| pool.servers.get(*place)));
            let Some((pool, place)) = left else { break };
            let at_host = std::mem::take(&mut at_host) && (self.setting().1.is_some() || self.says(&text, "down")?);
            text = if at_host { self.at_host(&text)? } else { self.in_pool(&text, pool, *place)? };
        }
        Ok((text, Some(wanted)))
    }

    fn settled(&self, server: &mut Server) {
        match self.wish.verb {
            Verb::Drain => server.down = true,
            Verb::Undrain => server.down = false,
            Verb::Weight(weight) => server.weight = weight,
            Verb::Add { .. } | Verb::Remove => {}
        }
    }

    /// The key and its value; `None` takes it away.
    fn setting(&self) -> (&'static str, Option<String>) {
        match self.wish.verb {
            Verb::Weight(weight) => ("weight", Some(weight.to_string())),
            Verb::Drain => ("down", Some("yes".into())),
            Verb::Undrain | Verb::Add { .. } | Verb::Remove => ("down", None),
        }
    }

    fn at_host(&self, text: &str) -> Result<String, Failure> {
        let (name, new) = self.setting();
        self.change(text, |text, root| {
            let hosts = Spot { node: root, in_flow: false }.entry(text, "web")?.value;
            let host = hosts.entry(text, &self.wish.server)?;
            match &new {
                Some(new) => set(text, host, Some("address"), name, new),
                None => unset(text, host, name, Left::Value("address")),
            }
        })
    }

    /// Whether the host that is meant has this key.
    fn says(&self, text: &str, name: &str) -> Result<bool, Failure> {
        let document = self.document(text)?;
        let text = Text::new(text);
        let hosts = Spot { node: &document.root, in_flow: false }.entry(&text, "web");
        let host = hosts.and_then(|hosts| hosts.value.entry(&text, &self.wish.server));
        Ok(host.is_some_and(|host| host.value.entry(&text, name).is_some()))
    }

    fn in_pool(&self, text: &str, pool: &str, place: usize) -> Result<String, Failure> {
        let (name, new) = self.setting();
        self.change(text, |text, root| {
            let servers = Servers::of(text, root, pool)?;
            match &new {
                Some(new) => servers.set(text, place, name, new),
                None => servers.unset(text, place, name).or_else(|| servers.set(text, place, name, "no")),
            }
        })
    }

    /// `remove`: out of every pool that lists it, then the host itself.
    fn remove(&self, before: &Cluster, text: &str) -> Result<(String, Option<BTreeMap<String, Pool>>), Failure> {
        let meant = self.meant(before)?;
        let mut wanted = self.pools.clone();
        for pool in wanted.values_mut() {
            let name = pool.name.clone();
            pool.servers.retain(|server| !self.is_meant(&name, server));
        }
        self.somebody_serves(&wanted)?;
        let mut text = text.to_owned();
        // From behind, so that places stay what they are.
        for (pool, place) in meant.iter().rev() {
            let document = self.document(&text)?;
            let listed = Servers::of(&Text::new(&text), &document.root, pool).is_some();
            if listed {
                text = self.change(&text, |text, root| Servers::of(text, root, pool)?.remove(text, *place))?;
            } else if self.web_host(before).is_none() {
                let what = format!("the pool `{pool}` is of all web hosts; name one of them, without --pool");
                return Err(self.refused(&what));
            }
        }
        if let Some(host) = self.web_host(before) {
            text = self.change(&text, |text, root| {
                let hosts = Spot { node: root, in_flow: false }.entry(text, "web")?.value;
                let place = hosts.entries(text).iter().position(|entry| entry.key.name == host.name)?;
                remove(text, hosts, place)
            })?;
        }
        Ok((text, Some(wanted)))
    }

    /// `add`: a web host, or a server of a pool that lists its own.
    fn add(&self, before: &Cluster, text: &str, managed: bool) -> Result<String, Failure> {
        let (name, rest) = match self.wish.server.split_once('=') {
            Some((name, rest)) => (Some(name), rest),
            None => (None, self.wish.server.as_str()),
        };
        let document = self.document(text)?;
        let listed =
            self.wish.pool.as_ref().filter(|pool| Servers::of(&Text::new(text), &document.root, pool).is_some());
        let new = match (listed, name) {
            (Some(pool), _) => {
                let known = name.and_then(|name| before.host(name)).map(|host| (host, port_of(rest)));
                let server = match known {
                    Some((host, Some(port))) => format!("{}:{port}", host.name),
                    Some((host, None)) => host.name.clone(),
                    None => quoted(rest),
                };
                let name = name.filter(|_| known.is_none());
                self.change(text, |text, root| Servers::of(text, root, pool)?.add(text, &server, name))?
            }
            (None, Some(name)) => self.add_host(text, name, rest, managed)?,
            (None, None) => {
                let message = format!("`{}` has no name", self.wish.server);
                let problem = Problem::new(Code::WrongValue, message).why("web hosts have names of their own");
                let next = "write it like web-9=10.0.0.9, or name a pool that lists its servers: --pool api";
                return Err(Failure::one(Exit::Invalid, problem.next(next)));
            }
        };
        let after = parse(self.file, &new)?.cluster;
        let count = |pools: &BTreeMap<String, Pool>| pools.values().map(|pool| pool.servers.len()).sum::<usize>();
        if after.lvs.is_none() && count(&nginx::pools(&after)) == count(&self.pools) {
            let pools = self.pools.keys().cloned().collect::<Vec<_>>().join(", ");
            let message = format!("no pool would send requests to `{}`: each lists its own servers", self.wish.server);
            let problem = Problem::new(Code::NowhereUsed, message).next(format!("name one: --pool, of {pools}"));
            return Err(Failure::one(Exit::Invalid, problem));
        }
        Ok(new)
    }

    fn add_host(&self, text: &str, name: &str, rest: &str, managed: bool) -> Result<String, Failure> {
        let port = port_of(rest);
        let address = match rest.parse::<IpAddr>() {
            Ok(_) => rest,
            Err(_) => rest.rsplit_once(':').filter(|_| port.is_some()).map_or(rest, |(address, _)| address),
        };
        let address = quoted(address.trim_start_matches('[').trim_end_matches(']'));
        let mut keys = vec![format!("address: {address}")];
        keys.extend(port.map(|port| format!("port: {port}")));
        keys.extend((!managed).then(|| "managed: no".to_owned()));
        let value = if keys.len() == 1 { address } else { format!("{{ {} }}", keys.join(", ")) };
        let new = format!("{name}: {value}");
        self.change(text, |text, root| {
            let root = Spot { node: root, in_flow: false };
            match root.entry(text, "web") {
                Some(web) if matches!(web.value.node.value, Value::Map(_)) => append(text, web.value, &new),
                Some(_) => None,
                None => append(text, root, &format!("web: {{ {new} }}")),
            }
        })
    }
}

/// The port behind an address or name.
fn port_of(text: &str) -> Option<u16> {
    let (before, port) = text.rsplit_once(':')?;
    let one = !before.contains(':') || before.ends_with(']');
    port.parse().ok().filter(|_| one)
}

/// As a scalar that stands anywhere.
pub(super) fn quoted(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | '/');
    let (name, port) = text.split_once(':').unwrap_or((text, "0"));
    if name.chars().all(plain) && port.chars().all(|letter| letter.is_ascii_digit()) && !text.is_empty() {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests;
