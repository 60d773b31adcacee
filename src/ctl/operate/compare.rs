//! `hactl diff`: what differs on each host between two generations. The old files are the ones that the ways back keep.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use super::history::chosen;
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::difference;
use crate::ctl::host::Script;
use crate::ctl::look::contents::{self, Found};
use crate::ctl::look::generations::{self, Generations};
use crate::ctl::render::context::Interfaces;
use crate::ctl::render::host::render;
use crate::ctl::report::{Outcome, Report};
use crate::error::{Code, Exit, Failure, Problem};

/// Which generations, and where.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The older one; `None`: the one before `to`.
    pub from: Option<u64>,
    /// The newer one; `None`: what is there now.
    pub to: Option<u64>,
    /// Only this host.
    pub host: Option<String>,
}

/// What differs.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// The older generation.
    pub from: u64,
    /// The newer one; `None`: what is there now, be it a generation's or edited since.
    pub to: Option<u64>,
    /// One entry a host on which something differs, in the inventory's order.
    pub hosts: Vec<HostCompared>,
}

/// What differs on one host.
#[derive(Debug, Clone, Serialize)]
pub struct HostCompared {
    /// Its name.
    pub host: String,
    /// Files that came, went, or have other contents.
    pub files: Vec<FileCompared>,
}

/// One file.
#[derive(Debug, Clone, Serialize)]
pub struct FileCompared {
    /// Its path.
    pub path: String,
    /// `create`, `remove` or `change`.
    pub kind: &'static str,
    /// The lines that come and go. Secrets in them are `…`.
    pub difference: String,
}

/// Compares.
///
/// # Errors
/// A host that does not answer; a generation that none of them can show.
pub async fn compare(inventory: Option<&Path>, options: Options, wanted: &Wanted) -> Outcome<Compared> {
    let cluster = open(inventory, &options)?;
    let names = chosen(&cluster, wanted.host.as_deref())?;
    let desk = Desk::connect_to(cluster, options, names).await?.whole()?;
    let hosts = generations::look(&desk).await?;
    let known: BTreeSet<u64> = hosts.values().flat_map(|one| &one.reach).copied().collect();
    let newest = known.last().copied().unwrap_or_default();
    let before = |number: u64| known.range(..number).next_back().copied();
    let from = wanted.from.or_else(|| before(wanted.to.unwrap_or(newest))).ok_or_else(|| unknown(newest, &known))?;
    if let Some(number) = [Some(from), wanted.to].into_iter().flatten().find(|number| !known.contains(number)) {
        return Err(unknown(number, &known));
    }
    let mut compared = Compared { from, to: wanted.to, hosts: Vec::new() };
    let mut problems = Vec::new();
    for host in &desk.cluster.hosts {
        let Some(one) = hosts.get(&host.name) else { continue };
        if one.reach.last().is_some_and(|oldest| *oldest > older(from, wanted.to)) {
            let message = format!("what it had in generation {from} is not kept there any more");
            problems.push(Problem::on(&host.name, Code::NoWayBack, message).warn());
            continue;
        }
        let files = files(&desk, &host.name, one, from, wanted.to).await?;
        if !files.is_empty() {
            compared.hosts.push(HostCompared { host: host.name.clone(), files });
        }
    }
    Ok(Report { value: compared, problems, exit: Exit::Done })
}

fn unknown(number: u64, known: &BTreeSet<u64>) -> Failure {
    let known = known.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let message = format!("no host can show generation {number}: it was never in force there, or is not kept any more");
    let problem = Problem::new(Code::NoWayBack, message);
    Failure::one(Exit::Invalid, problem.next(format!("there is {known}; `hactl history` says what each of them was")))
}

/// Of two generations, in whichever order they were named.
fn older(from: u64, to: Option<u64>) -> u64 {
    to.map_or(from, |to| from.min(to))
}

async fn files(
    desk: &Desk,
    host: &str,
    one: &Generations,
    from: u64,
    to: Option<u64>,
) -> Result<Vec<FileCompared>, Failure> {
    let paths = one.paths_after(older(from, to));
    let place = |path: &str| (one.place(path, from), one.place(path, to.unwrap_or(u64::MAX - 1)));
    // What neither generation had, or both have from one place, does not differ.
    let pairs = paths.into_iter().map(|path| (path, place(path))).filter(|(_, (old, new))| old != new);
    let pairs: Vec<_> = pairs.collect();
    let places = pairs.iter().flat_map(|(_, (old, new))| [old, new]).flatten();
    let places: Vec<&str> = places.map(String::as_str).collect();
    let script = contents::ask(Script::new(), places.iter().copied()).text();
    let output = desk.on(host, &script, b"", desk.options.limit).await;
    let output = output.map_err(|problem| Failure::one(Exit::Preflight, problem))?;
    let mut found = contents::parse(output.text(), places.len()).into_iter();
    let mut next = |place: &Option<String>| match place {
        Some(_) => found.next().unwrap_or(Found::Nothing),
        None => Found::Nothing,
    };
    let (secret, known) = secrets(desk, host);
    let mut files = Vec::new();
    for (path, (old, new)) in &pairs {
        let (old, new) = (next(old), next(new));
        if old == new {
            continue;
        }
        let kind = match (&old, &new) {
            (Found::Nothing, _) => "create",
            (_, Found::Nothing) => "remove",
            _ => "change",
        };
        // Of files that the inventory does not have any more nobody says whether they hold secrets.
        let hidden = secret.contains(*path) || !known.contains(*path);
        let difference = difference::between(path, hidden, &old, &new, &desk.secrets());
        files.push(FileCompared { path: (*path).to_owned(), kind, difference });
    }
    Ok(files)
}

/// Paths of the host that hold secrets, and all of its paths.
fn secrets(desk: &Desk, host: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let rendered = desk.cluster.host(host).and_then(|host| render(&desk.cluster, host, &Interfaces::new()).ok());
    let files = rendered.map(|wanted| wanted.files).unwrap_or_default();
    let secret = files.iter().filter(|file| file.secret).map(|file| file.dest.clone()).collect();
    (secret, files.into_iter().map(|file| file.dest).collect())
}
