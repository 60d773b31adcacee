//! What must be true after any deploy, however it ended: what was said of the hosts.

use hactl::ctl::apply::deploy::Deployed;
use hactl::error::{Code, Exit};

use super::host::{Host, Snapshot};
use super::stage::{End, Stage};

/// Everything on every host, by name.
pub type Snapshots = Vec<(String, Snapshot)>;

/// What a deploy leaves on a host while it is not over.
pub const PENDING: [&str; 5] = [
    "/var/lib/hactl/lock",
    "/var/lib/hactl/staging",
    "/var/lib/hactl/unfinished",
    "/var/lib/hactl/revert.sh",
    "/played/units/hactl-revert.timer",
];

/// What of it is there.
pub fn pending(host: &Host) -> Vec<&'static str> {
    PENDING.into_iter().filter(|path| host.has(path)).collect()
}

/// Checks what an end says against the hosts. `before`: the deploy; `after`: one that went well.
pub fn check(stage: &Stage, before: &Snapshots, after: &Snapshots, end: &End<Deployed>) -> Result<(), String> {
    let is = |good: bool, what: &str| if good { Ok(()) } else { Err(what.to_owned()) };
    let nothing = |changes: Vec<String>, what: &str| is(changes.is_empty(), &format!("{what}: {changes:?}"));
    let left = || -> Vec<String> {
        let left =
            |host: &Host| pending(host).into_iter().map(|path| format!("{}: {path}", host.name)).collect::<Vec<_>>();
        stage.hosts.values().flat_map(|host| left(host)).collect()
    };
    match end.exit {
        Exit::Done => {
            let verified = end.value.as_ref().and_then(|value| value.verified);
            is(verified == Some(true) && end.problems.is_empty(), "done, and not verified")?;
            nothing(stage.live_changes(after), "done, and not everything is there")?;
            nothing(left(), "done, and something is pending")
        }
        Exit::Preflight | Exit::Locked | Exit::Invalid => nothing(stage.live_changes(before), "nothing was changed"),
        Exit::RolledBack | Exit::Interrupted => {
            is(end.codes().contains(&Code::TakenBack), "taken back is not said")?;
            nothing(stage.live_changes(before), "as before")?;
            nothing(left(), "taken back, and something is pending")
        }
        Exit::HandNeeded => {
            is(!end.codes().contains(&Code::TakenBack), "taken back, and a hand is needed")?;
            let named = |host: &str| end.problems.iter().any(|problem| problem.host.as_deref() == Some(host));
            let others = |change: &String| !named(change.split(':').next().unwrap());
            nothing(stage.live_changes(before).into_iter().filter(others).collect(), "others are as before")
        }
        other => Err(format!("an unexpected end: {other:?}")),
    }
}

/// A host that says it goes back by itself does: time passes, and everything is as before.
pub fn goes_back(stage: &Stage, before: &Snapshots) -> Result<(), String> {
    for host in stage.hosts.values() {
        if host.fire() == Some(false) {
            return Err(format!("{}: the way back failed", host.name));
        }
    }
    let changes = stage.live_changes(before);
    if changes.is_empty() { Ok(()) } else { Err(format!("it did not go back: {changes:?}")) }
}
