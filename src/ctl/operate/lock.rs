//! `hactl lock status` and `break`: who deploys, and how an operator ends what a dead desk left.

use std::path::Path;

use serde::Serialize;

use super::history::chosen;
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::host::Script;
use crate::ctl::look::observe::sections;
use crate::ctl::look::transaction;
use crate::ctl::report::{Outcome, Report};
use crate::error::{Code, Exit, Problem};

/// The locks.
#[derive(Debug, Clone, Serialize)]
pub struct Locks {
    /// One entry a host that answered, in the inventory's order.
    pub hosts: Vec<HostLock>,
    /// Whether they were broken.
    pub broken: bool,
}

/// One host's lock.
#[derive(Debug, Clone, Serialize)]
pub struct HostLock {
    /// Its name.
    pub host: String,
    /// Who holds it; `None` when nobody does.
    pub owner: Option<String>,
    /// Seconds until it ends, unless it is renewed.
    pub left_s: Option<u64>,
    /// The generation that it is for.
    pub generation: Option<u64>,
}

/// Tells who holds the lock of each host, or takes it away. What was not committed goes back then.
///
/// # Errors
/// No such host; the report says 4 when a host does not answer.
pub async fn lock(
    inventory: Option<&Path>,
    options: Options,
    host: Option<&str>,
    take: Option<&str>,
) -> Outcome<Locks> {
    let cluster = open(inventory, &options)?;
    let names = chosen(&cluster, host)?;
    let mut script = Script::new().call("transaction", []);
    if let Some(who) = take {
        script = script.call("break_lock", [who]);
    }
    let script = script.text();
    let (mut problems, mut hosts) = (Vec::new(), Vec::new());
    for (host, answer) in Desk::ask_in_turns(&cluster, options, &names, |_| script.clone()).await? {
        match answer {
            Ok(output) if output.code == 0 => {
                let state = sections(output.text()).get("transaction").and_then(|lines| transaction::parse(lines));
                let lock = state.and_then(|state| state.lock);
                hosts.push(HostLock {
                    host,
                    owner: lock.as_ref().map(|lock| lock.owner.clone()),
                    left_s: lock.as_ref().map(|lock| lock.left_s),
                    generation: lock.map(|lock| lock.number),
                });
            }
            Ok(output) => problems.push(Problem::on(&host, Code::CannotExamine, output.complaint())),
            Err(problem) => problems.push(problem),
        }
    }
    let exit = if problems.is_empty() { Exit::Done } else { Exit::Preflight };
    Ok(Report { value: Locks { hosts, broken: take.is_some() }, problems, exit })
}
