//! `hactl history`: what happened to the generations of each host, in the hosts' own words.

use std::path::Path;

use serde::Serialize;

use super::remembered::{Entry, HostHistory, explain};
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::host::Script;
use crate::ctl::journal::{self, Journal};
use crate::ctl::look::observe::sections;
use crate::ctl::look::transaction::{self, Phase};
use crate::ctl::report::{Outcome, Report};
use crate::error::{Code, Exit, Failure, Problem};

/// What hosts remember.
#[derive(Debug, Clone, Serialize)]
pub struct History {
    /// One entry a host that answered, in the inventory's order.
    pub hosts: Vec<HostHistory>,
    /// What this desk did with this inventory, the oldest first.
    pub desk: Vec<journal::Entry>,
}

/// Asks one host, or all. Hosts that do not answer are told as problems.
///
/// # Errors
/// No such host; none that answers.
pub async fn history(inventory: Option<&Path>, options: Options, host: Option<&str>) -> Outcome<History> {
    let cluster = open(inventory, &options)?;
    let names = chosen(&cluster, host)?;
    let script = Script::new().call("history", []).text();
    let (mut problems, mut told, mut highest) = (Vec::new(), Vec::new(), Vec::new());
    for (host, answer) in Desk::ask_in_turns(&cluster, options, &names, |_| script.clone()).await? {
        match answer {
            Ok(output) => {
                let (host, number) = read(&host, output.text());
                told.push(host);
                highest.push(number);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if told.is_empty() {
        return Err(Failure { exit: Exit::Preflight, problems });
    }
    let exit = if problems.is_empty() { Exit::Done } else { Exit::Preflight };
    let done = Journal::here().map(|journal| journal.read(&cluster.source)).unwrap_or_default();
    explain(&mut told, &highest, &done);
    Ok(Report { value: History { hosts: told, desk: done }, problems, exit })
}

/// The named host, or all of them.
///
/// # Errors
/// There is no such host.
pub(super) fn chosen(cluster: &crate::ctl::cluster::Cluster, host: Option<&str>) -> Result<Vec<String>, Failure> {
    let all = || cluster.managed().map(|host| host.name.clone());
    let Some(name) = host else { return Ok(all().collect()) };
    if cluster.managed().any(|host| host.name == name) {
        return Ok(vec![name.to_owned()]);
    }
    let known = all().collect::<Vec<_>>().join(", ");
    let problem = Problem::new(Code::NothingSelected, format!("no host is named {name}; there is {known}"));
    Err(Failure::one(Exit::Invalid, problem))
}

/// What it remembers, and the highest number that is over there.
fn read(host: &str, text: &str) -> (HostHistory, u64) {
    let sections = sections(text);
    let state = sections.get("transaction").and_then(|lines| transaction::parse(lines)).unwrap_or_default();
    let lines = sections.get("audit").into_iter().flatten();
    let entries = lines.filter_map(|line| entry(line)).collect();
    let history = HostHistory { host: host.to_owned(), generation: state.committed, entries, gaps: Vec::new() };
    // What is at work right now is no gap.
    let at_work = state.lock.is_some() || state.phase != Phase::Committed;
    (history, if at_work { 0 } else { state.number })
}

fn entry(line: &str) -> Option<Entry> {
    let mut words = line.splitn(4, ' ');
    let (time, generation, event) = (words.next()?, words.next()?.parse().ok()?, words.next()?);
    let detail = words.next().unwrap_or_default();
    Some(Entry { time: time.to_owned(), generation, event: event.to_owned(), detail: detail.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_s_memory_is_read() {
        let text = "@@transaction\ncommitted 9 9\nnone\n@@audit\n2026-11-29T01:00:00Z 9 begun ann@desk 12\n\
                    garbage\n2026-11-29T01:00:02Z 9 committed\n";
        let (told, highest) = read("web-7", text);
        assert_eq!(highest, 9);
        assert_eq!(read("web-7", &text.replace("none", "10 280 ann@desk 12")).1, 0, "one is at work");
        assert_eq!((told.generation, told.entries.len()), (9, 2));
        assert_eq!(told.entries[0].detail, "ann@desk 12");
        assert_eq!((told.entries[1].event.as_str(), told.entries[1].detail.as_str()), ("committed", ""));
    }
}
