//! A plan in a file, to be looked at by others and carried out later: exactly as it is, or not at all. It has checksums
//! of what is wanted and of what was found, and no contents.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::stage::Job;
use crate::ctl::plan::sha256;
use crate::error::{Code, Exit, Failure, Problem};

/// What a later version that writes files differently counts up.
const FORMAT: u32 = 1;
/// Differences of one host that are told.
const TOLD: usize = 10;

/// A plan in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanFile {
    format: u32,
    /// The hactl that made it.
    version: String,
    /// The inventory that it was made of.
    pub inventory: PathBuf,
    /// `--limit` of it.
    pub limit: Vec<String>,
    /// `--only` of it.
    pub only: Vec<String>,
    hosts: Vec<HostFile>,
}

/// What it has of one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct HostFile {
    host: String,
    /// In words.
    changes: Vec<String>,
    /// What was wanted, by what it is.
    wanted: BTreeMap<String, String>,
    /// What was found there.
    found: BTreeMap<String, String>,
}

impl PlanFile {
    /// Of what was compared. `binary` is the checksum of the program for load balancers.
    pub(super) fn new(inventory: &Path, limit: &[String], only: &[String], jobs: &[Job], binary: &str) -> Self {
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            inventory: std::fs::canonicalize(inventory).unwrap_or_else(|_| inventory.to_owned()),
            limit: limit.to_vec(),
            only: only.to_vec(),
            hosts: jobs.iter().map(|job| host_file(job, binary)).collect(),
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// Exit 3: no such file, or another kind of file.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let failed = |code, message: String| {
            let problem = Problem::new(code, format!("{}: {message}", path.display()));
            Failure::one(Exit::Invalid, problem.next(format!("`hactl plan --out {}` makes one", path.display())))
        };
        let text = std::fs::read_to_string(path).map_err(|error| failed(Code::InputUnreadable, error.to_string()))?;
        let file: Self = serde_json::from_str(&text).map_err(|error| failed(Code::NotAPlan, error.to_string()))?;
        if file.format != FORMAT {
            return Err(failed(Code::NotAPlan, format!("its format is {}, not {FORMAT}", file.format)));
        }
        Ok(file)
    }

    /// Writes it, for its owner alone: who can guess a password could try the guess on a checksum.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::internal(format!("cannot write {}: {error}", path.display()));
        let text = serde_json::to_string_pretty(self).map_err(|error| Failure::internal(error.to_string()))?;
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path).map_err(failed)?;
        file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        file.write_all((text + "\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// Whether this is what would be carried out now.
    ///
    /// # Errors
    /// Exit 4 with everything that is another than it was then.
    pub(super) fn holds(&self, jobs: &[Job], binary: &str) -> Result<(), Failure> {
        let now: Vec<HostFile> = jobs.iter().map(|job| host_file(job, binary)).collect();
        let find = |hosts: &[HostFile], name: &str| hosts.iter().find(|host| host.host == name).cloned();
        let names: BTreeSet<&String> = self.hosts.iter().chain(&now).map(|host| &host.host).collect();
        let mut problems = Vec::new();
        for name in names {
            let words = match (find(&self.hosts, name), find(&now, name)) {
                (Some(then), Some(now)) => differences(&then, &now),
                (Some(_), None) => vec!["the inventory does not have it any more".to_owned()],
                _ => vec!["the plan does not have it".to_owned()],
            };
            let told = words.iter().take(TOLD).cloned();
            let more = words.len().checked_sub(TOLD).filter(|more| *more > 0).map(|more| format!("and {more} more"));
            problems.extend(told.chain(more).map(|what| Problem::on(name, Code::PlanDiffers, what)));
        }
        if let Some(last) = problems.last_mut() {
            last.why = Some("a plan is carried out exactly as it is, or not at all; nothing was changed".into());
            last.next = Some("`hactl plan --out FILE` makes a new one; look at it, then deploy it".into());
        }
        if problems.is_empty() { Ok(()) } else { Err(Failure { exit: Exit::Preflight, problems }) }
    }
}

fn differences(then: &HostFile, now: &HostFile) -> Vec<String> {
    let both = |a: &BTreeMap<String, String>, b: &BTreeMap<String, String>, words: [&str; 3]| -> Vec<String> {
        let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        let differ = keys.into_iter().filter(|key| a.get(*key) != b.get(*key));
        differ
            .map(|key| match (a.get(key), b.get(key)) {
                (Some(_), Some(_)) => format!("{key} {}", words[0]),
                (None, _) => format!("{key} {}", words[1]),
                _ => format!("{key} {}", words[2]),
            })
            .collect()
    };
    let wanted = ["is wanted otherwise than in the plan", "is wanted, and not in the plan", "is not wanted any more"];
    let found =
        ["has changed on the host since then", "has come to the host since then", "has gone from the host since then"];
    let mut words = both(&then.wanted, &now.wanted, wanted);
    words.extend(both(&then.found, &now.found, found));
    if words.is_empty() && then.changes != now.changes {
        words.push("this hactl would do something else than the one that made the plan".to_owned());
    }
    words
}

fn host_file(job: &Job, binary: &str) -> HostFile {
    HostFile {
        host: job.host().to_owned(),
        changes: job.plan.changes.iter().map(ToString::to_string).collect(),
        wanted: wanted(job, binary),
        found: found(job),
    }
}

fn wanted(job: &Job, binary: &str) -> BTreeMap<String, String> {
    let want = &job.wanted;
    let mut all = BTreeMap::new();
    let mut add = |key: String, value: String| drop(all.insert(key, value));
    for file in &want.files {
        // What is made up is another thing each time.
        if want.minted.contains(&file.dest) || file.once {
            add(file.dest.clone(), format!("made up {:o} {}", file.mode, file.owner));
            continue;
        }
        add(file.dest.clone(), format!("{} {:o} {} {:?}", sha256(&file.content), file.mode, file.owner, file.check));
    }
    want.removed.iter().chain(want.hidden()).chain(&want.absent).for_each(|path| add(path.clone(), "absent".into()));
    want.packages.iter().for_each(|package| add(format!("package {}", package.name), package.command.clone()));
    want.sysctl.iter().for_each(|(key, value)| add(format!("sysctl {key}"), value.clone()));
    want.services.iter().for_each(|service| add(format!("service {}", service.name), format!("{service:?}")));
    want.retired.iter().for_each(|unit| add(format!("service {unit}"), "retired".into()));
    want.runs.iter().for_each(|run| add(format!("command {}", run.cmd), format!("{:?}", (&run.unless, &run.undo))));
    if want.binary {
        add(crate::ctl::wanted::BINARY.to_owned(), binary.to_owned());
    }
    all
}

fn found(job: &Job) -> BTreeMap<String, String> {
    let facts = &job.facts;
    let mut all = BTreeMap::new();
    let mut add = |key: String, value: String| drop(all.insert(key, value));
    let once = |path: &String| job.wanted.files.iter().any(|file| file.once && file.dest == *path);
    for (path, file) in &facts.files {
        if once(path) {
            add(path.clone(), "there".to_owned()); // the host itself replaces it, any time
            continue;
        }
        add(path.clone(), format!("{} {:o} {}", file.sha256, file.mode, file.owner));
    }
    let word = |good: bool, yes: &str, no: &str| if good { yes.to_owned() } else { no.to_owned() };
    for (name, unit) in &facts.services {
        let (runs, boots) = (word(unit.active, "active", "inactive"), word(unit.enabled, "enabled", "disabled"));
        add(format!("service {name}"), format!("{runs} {boots}"));
    }
    facts.sysctl.iter().for_each(|(key, value)| add(format!("sysctl {key}"), value.clone()));
    facts.commands.iter().for_each(|name| add(format!("program {name}"), "there".into()));
    facts.binary.iter().for_each(|sum| add(crate::ctl::wanted::BINARY.to_owned(), sum.clone()));
    add("generation".into(), facts.seen.transaction.committed.to_string());
    add("unfinished deploy".into(), facts.seen.transaction.unfinished().to_string());
    all
}
