//! Swapping in, host by host.

use std::time::Duration;

use super::preflight;
use super::script;
use super::stage::Job;
use super::transaction::Ask;
use super::work::Work;
use crate::ctl::desk::Desk;
use crate::ctl::look::observe::Seen;
use crate::ctl::plan::Change;
use crate::ctl::remote::Output;
use crate::error::{Code, Problem};

const POLL: Duration = Duration::from_millis(200);

/// What becomes of a keepalived on a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keepalived {
    /// It has no part in this.
    Nothing,
    /// hactl takes its place.
    GivesWay,
    /// It takes hactl's place again.
    ComesBack,
}

/// Its unit.
pub(super) const UNIT: &str = "keepalived";

/// One host's turn to change.
pub(super) struct Turn {
    /// Its name.
    pub host: String,
    /// What puts the new generation in place there.
    pub script: String,
    /// Whether an agent must answer afterwards.
    pub agent: bool,
    /// Whether it has a VIP now: then its turn is the last.
    pub owner: bool,
    /// Whether nothing was ever deployed there: nobody is sent to it yet, so it need not wait for its turn.
    pub new: bool,
    /// What becomes of a keepalived there.
    pub keepalived: Keepalived,
}

impl Turn {
    /// The turn of a deploy.
    pub(super) fn of(work: &Work<'_>, job: &Job) -> Self {
        Self {
            host: job.host().to_owned(),
            script: script::activate(&job.wanted, &job.plan, work.step, &work.owner),
            agent: job.wanted.binary,
            owner: owns_any(work.desk, &job.facts.seen),
            new: job.facts.seen.transaction.committed == 0,
            keepalived: if gives_way(job) { Keepalived::GivesWay } else { Keepalived::Nothing },
        }
    }

    /// Whether nothing there serves anybody yet, as far as that is ours to know.
    pub(super) fn begins(&self) -> bool {
        self.new && !self.owner && self.keepalived == Keepalived::Nothing
    }
}

/// Whether keepalived stops for this.
fn gives_way(job: &Job) -> bool {
    job.plan.changes.iter().any(|change| matches!(change, Change::Replace(unit) if unit == UNIT))
}

/// Whether a host has a VIP of the cluster.
pub(super) fn owns_any(desk: &Desk, seen: &Seen) -> bool {
    desk.cluster.vips.iter().filter_map(|vip| vip.address()).any(|vip| seen.has(vip))
}

/// Activates one host and waits until its agent, where it shall have one, answers.
///
/// # Errors
/// What failed, in the host's own words. The caller takes it back.
pub(super) async fn activate(work: &Work<'_>, turn: &Turn, settle: Duration) -> Result<(), Problem> {
    let (desk, host) = (work.desk, turn.host.as_str());
    let output = work.ask_with(desk, host, Ask::Activate, &turn.script, desk.options.limit * 2).await?;
    if output.code != 0 {
        return Err(failed(host, &output));
    }
    if turn.agent { agent_answers(desk, host, settle).await } else { Ok(()) }
}

/// A host on which files were put in their place, or services told of them, and not to the end.
pub(super) fn failed(host: &str, output: &Output) -> Problem {
    let complaint = output.complaint();
    preflight::of_disk(host, &complaint).unwrap_or_else(|| {
        Problem::on(host, Code::ActivateFailed, complaint).next(format!("`journalctl -n 50` on {host}"))
    })
}

/// Waits until the agent answers and none of its instances is still starting.
pub(super) async fn agent_answers(desk: &Desk, host: &str, limit: Duration) -> Result<(), Problem> {
    let end = tokio::time::Instant::now() + limit;
    let mut last = String::from("no answer");
    while tokio::time::Instant::now() < end {
        let output = desk.on(host, &crate::ctl::look::observe::show(), b"", desk.options.limit).await?;
        match crate::ctl::look::observe::parse(output.text()).agent {
            Some(agent) if agent.instances.iter().any(|i| i.state == hactl_engine::control::RouterState::Init) => {
                last = "still starting".into();
            }
            Some(_) => return Ok(()),
            None => {}
        }
        tokio::time::sleep(POLL).await;
    }
    let problem =
        Problem::on(host, Code::AgentNotUp, format!("the agent does not come up ({last} for {} s)", limit.as_secs()));
    Err(problem.next(format!("`journalctl -u hactl-agent -n 50` on {host}")))
}
