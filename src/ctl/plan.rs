//! Wanted × facts → what would change. Pure: printing it is the dry run.

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::ctl::look::facts::Facts;
use crate::ctl::wanted::{OnChange, WantedFile, WantedHost};

/// What would change on all hosts.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// One entry a host, in the inventory's order.
    pub hosts: Vec<HostPlan>,
}

/// What would change on one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostPlan {
    /// Host name.
    pub host: String,
    /// In the order carried out.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Take back a generation that was never committed, in words. What would change then is not known before.
    Repair(String),
    /// Install a package.
    Package(String),
    /// Put the hactl binary in place.
    Binary,
    /// Run an escape hatch (its number in the wanted list, and its command).
    Run(usize, String),
    /// Write a file.
    File {
        /// Path.
        dest: String,
        /// It is not there yet.
        new: bool,
        /// Content is the same; mode or owner differ.
        only_rights: bool,
    },
    /// Remove a file of a role that the host has no more.
    Remove(String),
    /// Set a kernel setting.
    Sysctl(String, String),
    /// Stop and disable a service that is replaced.
    Replace(String),
    /// Enable a service.
    Enable(String),
    /// Start a service that does not run.
    Start(String),
    /// Reload a service whose files change.
    Reload(String),
    /// Restart it.
    Restart(String),
}

impl Change {
    /// Its kind, in one word for programs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Repair(_) => "take_back",
            Self::Package(_) => "package",
            Self::Binary => "binary",
            Self::Run(..) => "run",
            Self::File { new: true, .. } => "create",
            Self::File { only_rights: true, .. } => "rights",
            Self::File { .. } => "change",
            Self::Remove(_) => "remove",
            Self::Sysctl(..) => "sysctl",
            Self::Replace(_) => "replace",
            Self::Enable(_) => "enable",
            Self::Start(_) => "start",
            Self::Reload(_) => "reload",
            Self::Restart(_) => "restart",
        }
    }
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.hosts.iter().all(|host| host.changes.is_empty())
    }

    /// How many changes on how many hosts.
    pub fn size(&self) -> (usize, usize) {
        let changes = self.hosts.iter().map(|host| host.changes.len()).sum();
        (changes, self.hosts.iter().filter(|host| !host.changes.is_empty()).count())
    }
}

/// sha256 in hex.
pub fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Compares one host. `binary` is the sha256 of the binary that belongs on it.
pub fn plan(wanted: &WantedHost, facts: &Facts, binary: &str) -> HostPlan {
    let mut changes = Vec::new();
    changes.extend(facts.seen.transaction.to_take_back().map(Change::Repair));
    for package in wanted.packages.iter().filter(|package| !facts.commands.contains(&package.command)) {
        changes.push(Change::Package(package.name.clone()));
    }
    let new_binary = wanted.binary && facts.binary.as_deref() != Some(binary);
    if new_binary {
        changes.push(Change::Binary);
    }
    // A package that is still to come may bring what an escape hatch is there to undo; its `unless` decides on the
    // host.
    let installs = changes.iter().any(|change| matches!(change, Change::Package(_)));
    for (number, run) in wanted.runs.iter().enumerate() {
        if facts.runs_done.contains(&number) && !installs {
            continue;
        }
        changes.push(Change::Run(number, run.cmd.clone()));
    }
    let changed: Vec<&WantedFile> = wanted.files.iter().filter(|file| differs(file, facts)).collect();
    for file in &changed {
        let known = facts.files.get(&file.dest);
        let only_rights = known.is_some_and(|known| known.sha256 == sha256(&file.content));
        changes.push(Change::File { dest: file.dest.clone(), new: known.is_none(), only_rights });
    }
    for (key, value) in wanted.sysctl.iter().filter(|(key, value)| facts.sysctl.get(*key) != Some(value)) {
        changes.push(Change::Sysctl(key.clone(), value.clone()));
    }
    for unit in &wanted.retired {
        if facts.services.get(unit).is_some_and(|known| known.active || known.enabled) {
            changes.push(Change::Replace(unit.clone()));
        }
    }
    // After their units have stopped, which may need them.
    let left = wanted.removed.iter().filter(|dest| facts.files.contains_key(*dest));
    let ours = |dest: &&String| facts.put.as_ref().is_some_and(|put| put.contains_key(*dest));
    let forgotten = wanted.hidden().filter(|dest| facts.files.contains_key(*dest)).filter(ours);
    // What must not be there may still come with a package.
    let must_go = wanted.absent.iter().filter(|dest| installs || facts.files.contains_key(*dest));
    changes.extend(left.chain(forgotten).chain(must_go).map(|dest| Change::Remove(dest.clone())));
    services(wanted, facts, &changed, new_binary, &mut changes);
    // nginx forgets them too, although it may be nobody's service here any more.
    let nginx = wanted.services.iter().any(|service| service.name == "nginx");
    if !nginx && facts.seen.nginx && nginx_loses(&changes) {
        changes.push(Change::Reload("nginx".into()));
    }
    HostPlan { host: wanted.host.clone(), changes }
}

/// Whether nginx has something to forget.
fn nginx_loses(changes: &[Change]) -> bool {
    changes.iter().any(|change| matches!(change, Change::Remove(dest) if dest.starts_with("/etc/nginx/")))
}

fn differs(file: &WantedFile, facts: &Facts) -> bool {
    facts.files.get(&file.dest).is_none_or(|known| {
        // A link is no file: what stands in comes in its place.
        let stays = file.once && !known.sha256.is_empty();
        !stays && (known.sha256 != sha256(&file.content) || known.mode != file.mode || known.owner != file.owner)
    })
}

/// A running service is reloaded or restarted when its files or the binary changed; one that does not run is started.
fn services(wanted: &WantedHost, facts: &Facts, changed: &[&WantedFile], new_binary: bool, changes: &mut Vec<Change>) {
    for service in &wanted.services {
        let fact = facts.services.get(&service.name).cloned().unwrap_or_default();
        for replaced in &service.replaces {
            if facts.services.get(replaced).is_some_and(|known| known.active || known.enabled) {
                changes.push(Change::Replace(replaced.clone()));
            }
        }
        if !fact.enabled {
            changes.push(Change::Enable(service.name.clone()));
        }
        if !fact.active {
            changes.push(Change::Start(service.name.clone()));
            continue;
        }
        let touched =
            |wanted: &dyn Fn(&OnChange) -> bool| changed.iter().any(|file| file.on_change.as_ref().is_some_and(wanted));
        let restart =
            touched(&|on| matches!(on, OnChange::Restart(name) | OnChange::UnitChanged(name) if *name == service.name));
        let runs = changes.iter().any(|change| matches!(change, Change::Run(..)));
        let loses = service.name == "nginx" && nginx_loses(changes);
        let reload = touched(&|on| matches!(on, OnChange::Reload(name) if *name == service.name));
        if restart || (service.carries_vip && new_binary) {
            changes.push(Change::Restart(service.name.clone()));
        } else if reload || loses || (runs && !service.carries_vip) {
            changes.push(Change::Reload(service.name.clone()));
        }
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Repair(what) => f.write_str(what),
            Self::Package(name) => write!(f, "install package {name}"),
            Self::Binary => write!(f, "put {} in place", crate::ctl::wanted::BINARY),
            Self::Run(_, cmd) => write!(f, "run: {cmd}"),
            Self::File { dest, new: true, .. } => write!(f, "create {dest}"),
            Self::File { dest, only_rights: true, .. } => write!(f, "correct owner and mode of {dest}"),
            Self::File { dest, .. } => write!(f, "change {dest}"),
            Self::Remove(dest) => write!(f, "remove {dest}"),
            Self::Sysctl(key, value) => write!(f, "set {key} = {value}"),
            Self::Replace(name) => write!(f, "stop and disable {name}, which has no place here any more"),
            Self::Enable(name) => write!(f, "enable {name}"),
            Self::Start(name) => write!(f, "start {name}"),
            Self::Reload(name) => write!(f, "reload {name}"),
            Self::Restart(name) => write!(f, "restart {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::look::facts::{FileFact, ServiceFact};
    use crate::ctl::look::transaction::{Phase, Transaction};
    use crate::ctl::wanted::Service;

    fn wanted() -> WantedHost {
        let file = |dest: &str, on_change| WantedFile {
            dest: dest.into(),
            content: b"new\n".to_vec(),
            mode: 0o644,
            owner: "root:root".into(),
            role: "r".into(),
            once: false,
            secret: false,
            check: None,
            on_change: Some(on_change),
        };
        WantedHost {
            host: "lb-5".into(),
            binary: true,
            files: vec![
                file("/etc/n", OnChange::Reload("nginx".into())),
                file("/etc/u", OnChange::UnitChanged("hactl-agent".into())),
            ],
            services: vec![
                Service { name: "nginx".into(), carries_vip: false, replaces: vec![] },
                Service { name: "hactl-agent".into(), carries_vip: true, replaces: vec!["keepalived".into()] },
            ],
            ..WantedHost::default()
        }
    }

    fn settled() -> Facts {
        let fact = FileFact { sha256: sha256(b"new\n"), mode: 0o644, owner: "root:root".into() };
        let running = ServiceFact { active: true, enabled: true };
        Facts {
            files: [("/etc/n".into(), fact.clone()), ("/etc/u".into(), fact)].into(),
            binary: Some("sum".into()),
            services: [("nginx".into(), running.clone()), ("hactl-agent".into(), running)].into(),
            ..Facts::default()
        }
    }

    fn words(facts: &Facts) -> Vec<String> {
        plan(&wanted(), facts, "sum").changes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_to_do_is_nothing() {
        assert_eq!(words(&settled()), Vec::<String>::new());
    }

    #[test]
    fn a_changed_file_reloads_its_service() {
        let mut facts = settled();
        facts.files.get_mut("/etc/n").unwrap().sha256 = "old".into();
        assert_eq!(words(&facts), ["change /etc/n", "reload nginx"]);
        facts.files.get_mut("/etc/n").unwrap().sha256 = sha256(b"new\n");
        facts.files.get_mut("/etc/n").unwrap().mode = 0o600;
        assert_eq!(words(&facts), ["correct owner and mode of /etc/n", "reload nginx"]);
        facts = settled();
        facts.files.remove("/etc/u");
        assert_eq!(words(&facts), ["create /etc/u", "restart hactl-agent"]);
    }

    #[test]
    fn what_stands_in_comes_only_where_nothing_is() {
        let mut wanted = wanted();
        wanted.files[0].once = true;
        let words =
            |facts: &Facts| plan(&wanted, facts, "sum").changes.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut facts = settled();
        facts.files.get_mut("/etc/n").unwrap().sha256 = "what the host has put there".into();
        assert_eq!(words(&facts), Vec::<String>::new());
        facts.files.get_mut("/etc/n").unwrap().sha256 = String::new();
        assert_eq!(words(&facts), ["change /etc/n", "reload nginx"], "a link");
        facts.files.remove("/etc/n");
        assert_eq!(words(&facts), ["create /etc/n", "reload nginx"]);
    }

    #[test]
    fn a_new_binary_restarts_the_agent_only() {
        let facts = Facts { binary: None, ..settled() };
        assert_eq!(words(&facts), ["put /usr/local/bin/hactl in place", "restart hactl-agent"]);
    }

    #[test]
    fn what_is_forgotten_goes_where_a_deploy_has_put_it() {
        let forgets = WantedHost { forgotten: vec!["/etc/secret".into()], ..wanted() };
        let mut facts = settled();
        let fact = FileFact { sha256: "x".into(), mode: 0o600, owner: "root:root".into() };
        facts.files.insert("/etc/secret".into(), fact);
        assert_eq!(plan(&forgets, &facts, "sum").changes, [], "what was put there is not known");
        facts.put = Some([].into());
        assert_eq!(plan(&forgets, &facts, "sum").changes, [], "it is somebody else's");
        facts.put = Some([("/etc/secret".to_owned(), "x".to_owned())].into());
        assert_eq!(plan(&forgets, &facts, "sum").changes, [Change::Remove("/etc/secret".into())]);
    }

    #[test]
    fn an_unfinished_deploy_is_taken_back_first() {
        let mut facts = settled();
        facts.seen.transaction =
            Transaction { phase: Phase::Active, committed: 7, number: 9, ..Transaction::default() };
        assert_eq!(words(&facts), ["take back generation 9, which was never committed"]);
    }

    #[test]
    fn keepalived_gives_way() {
        let mut facts = settled();
        facts.services.insert("keepalived".into(), ServiceFact { active: true, enabled: true });
        facts.services.insert("hactl-agent".into(), ServiceFact::default());
        assert_eq!(
            words(&facts),
            [
                "stop and disable keepalived, which has no place here any more",
                "enable hactl-agent",
                "start hactl-agent"
            ]
        );
    }
}
