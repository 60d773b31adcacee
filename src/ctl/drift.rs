//! What has become of a host since something was deployed there: pure, from what it was given, what it shall have and
//! what it has. What only the inventory wants by now is no drift.

use std::fmt;

use serde::Serialize;

use crate::ctl::look::facts::Facts;
use crate::ctl::plan::sha256;
use crate::ctl::wanted::{OnChange, Service, WantedHost};

/// One thing that is not as a deploy left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// `file`, `unit` or `package`.
    pub kind: &'static str,
    /// In words.
    pub what: String,
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// Everything of one host. Nothing where that was not written down yet, or before its first deploy.
pub fn drift(wanted: &WantedHost, facts: &Facts) -> Vec<Drift> {
    if facts.seen.transaction.unfinished() {
        return Vec::new(); // what is live was put there by a deploy, and is not what was written down by the one before
    }
    let files = files(wanted, facts).into_iter().map(|what| Drift { kind: "file", what });
    let units = units(wanted, facts).into_iter().map(|what| Drift { kind: "unit", what });
    let packages = packages(wanted, facts).into_iter().map(|what| Drift { kind: "package", what });
    files.chain(units).chain(packages).collect()
}

fn files(wanted: &WantedHost, facts: &Facts) -> Vec<String> {
    let words = |file: &crate::ctl::wanted::WantedFile| {
        let (dest, sum) = (&file.dest, facts.put.as_ref()?.get(&file.dest)?);
        let Some(there) = facts.files.get(dest) else { return Some(format!("{dest} is gone")) };
        if sum.len() != there.sha256.len() && !there.sha256.is_empty() {
            return None; // an earlier generation was put back, and its sums were not written down
        }
        if there.sha256 != *sum && !file.once {
            return Some(format!("{dest} was edited"));
        }
        let rights = there.mode != file.mode || there.owner != file.owner;
        (rights && *sum == sha256(&file.content)).then(|| {
            format!(
                "{dest} has mode {:o} and owner {}, not {:o} and {}",
                there.mode, there.owner, file.mode, file.owner
            )
        })
    };
    wanted.files.iter().filter_map(words).collect()
}

/// Services of which files were deployed.
fn deployed<'w>(wanted: &'w WantedHost, facts: &Facts) -> Vec<&'w Service> {
    let put = |dest: &String| facts.put.as_ref().is_some_and(|put| put.contains_key(dest));
    let of = |service: &Service| {
        wanted.files.iter().filter(|file| put(&file.dest)).any(|file| match &file.on_change {
            Some(OnChange::Reload(name) | OnChange::Restart(name) | OnChange::UnitChanged(name)) => {
                *name == service.name
            }
            None => false,
        })
    };
    wanted.services.iter().filter(|service| of(service)).collect()
}

fn units(wanted: &WantedHost, facts: &Facts) -> Vec<String> {
    let mut words = Vec::new();
    for service in deployed(wanted, facts) {
        let name = &service.name;
        let fact = facts.services.get(name).cloned().unwrap_or_default();
        if !fact.active {
            words.push(format!("{name} does not run"));
        }
        if !fact.enabled {
            words.push(format!("{name} is not enabled: it would not run after a boot"));
        }
        for other in &service.replaces {
            let fact = facts.services.get(other).cloned().unwrap_or_default();
            match (fact.active, fact.enabled) {
                (true, _) => words.push(format!("{other} runs, whose place {name} has taken")),
                (false, true) => words.push(format!("{other} is enabled, whose place {name} has taken")),
                _ => {}
            }
        }
    }
    words
}

fn packages(wanted: &WantedHost, facts: &Facts) -> Vec<String> {
    let words = |package: &crate::ctl::wanted::Package| {
        let then = facts.put.as_ref()?.get(&format!("package:{}", package.name))?;
        let now = facts.versions.as_ref()?.get(&package.name);
        match now {
            None => Some(format!("package {} is gone, it was {then}", package.name)),
            Some(now) if now != then => Some(format!("package {} is {now} now, it was {then}", package.name)),
            Some(_) => None,
        }
    };
    wanted.packages.iter().filter_map(words).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ctl::look::facts::{FileFact, ServiceFact};
    use crate::ctl::look::transaction::Phase;
    use crate::ctl::wanted::{Package, WantedFile};

    fn host() -> (WantedHost, Facts) {
        let file = WantedFile {
            dest: "/etc/n".into(),
            content: b"new\n".to_vec(),
            mode: 0o644,
            owner: "root:root".into(),
            role: "r".into(),
            once: false,
            secret: false,
            check: None,
            on_change: Some(OnChange::Reload("nginx".into())),
        };
        let wanted = WantedHost {
            packages: vec![Package { name: "nginx".into(), command: "nginx".into() }],
            files: vec![file],
            services: vec![Service { name: "nginx".into(), carries_vip: false, replaces: vec!["keepalived".into()] }],
            ..WantedHost::default()
        };
        let fact = FileFact { sha256: sha256(b"new\n"), mode: 0o644, owner: "root:root".into() };
        let put = [("/etc/n".to_owned(), sha256(b"new\n")), ("package:nginx".to_owned(), "1.22".to_owned())];
        let facts = Facts {
            files: [("/etc/n".into(), fact)].into(),
            services: [("nginx".into(), ServiceFact { active: true, enabled: true })].into(),
            versions: Some([("nginx".into(), "1.22".into())].into()),
            put: Some(put.into()),
            ..Facts::default()
        };
        (wanted, facts)
    }

    fn words(wanted: &WantedHost, facts: &Facts) -> Vec<String> {
        drift(wanted, facts).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_as_it_was_left_has_not_drifted() {
        let (mut wanted, mut facts) = host();
        assert_eq!(words(&wanted, &facts), Vec::<String>::new());
        wanted.files[0].content = b"newer\n".to_vec();
        assert_eq!(words(&wanted, &facts), Vec::<String>::new(), "the inventory has changed, the host has not");
        facts.files.get_mut("/etc/n").unwrap().sha256 = "0".repeat(64);
        facts.put.as_mut().unwrap().insert("/etc/n".into(), "?".into());
        assert_eq!(words(&wanted, &facts), Vec::<String>::new(), "an earlier generation was put back");
        facts.put.as_mut().unwrap().insert("/etc/n".into(), sha256(b"old\n"));
        facts.seen.transaction.phase = Phase::Active;
        assert_eq!(words(&wanted, &facts), Vec::<String>::new(), "a deploy is at work, or has died");
        facts.put = None;
        facts.services.clear();
        assert_eq!(words(&wanted, &facts), Vec::<String>::new(), "nobody knows");
    }

    #[test]
    fn what_the_host_replaces_itself_has_not_drifted() {
        let (mut wanted, mut facts) = host();
        wanted.files[0].once = true;
        facts.files.get_mut("/etc/n").unwrap().sha256 = sha256(b"issued\n");
        assert_eq!(drift(&wanted, &facts), []);
        facts.files.clear();
        assert_eq!(drift(&wanted, &facts)[0].what, "/etc/n is gone");
    }

    #[test]
    fn each_kind_is_told() {
        let (wanted, good) = host();
        let mut facts = good.clone();
        facts.files.get_mut("/etc/n").unwrap().mode = 0o600;
        assert_eq!(words(&wanted, &facts), ["/etc/n has mode 600 and owner root:root, not 644 and root:root"]);
        facts.files.get_mut("/etc/n").unwrap().sha256 = "0".repeat(64);
        facts.services.insert("keepalived".into(), ServiceFact { active: true, enabled: false });
        facts.services.insert("nginx".into(), ServiceFact { active: false, enabled: false });
        facts.versions.as_mut().unwrap().insert("nginx".into(), "1.24".into());
        assert_eq!(
            words(&wanted, &facts),
            [
                "/etc/n was edited",
                "nginx does not run",
                "nginx is not enabled: it would not run after a boot",
                "keepalived runs, whose place nginx has taken",
                "package nginx is 1.24 now, it was 1.22"
            ]
        );
        facts = good;
        facts.files.clear();
        facts.versions = Some(BTreeMap::new());
        assert_eq!(words(&wanted, &facts), ["/etc/n is gone", "package nginx is gone, it was 1.22"]);
    }
}
