//! What must be true after any deploy, however it ended: what was said of the hosts.

use hactl::ctl::apply::deploy::Deployed;
use hactl::error::{Code, Exit};

use super::host::{Host, Snapshot};
use super::stage::{End, Stage};

/// Everything on every host, by name.
pub(crate) type Snapshots = Vec<(String, Snapshot)>;

/// What a deploy leaves on a host while it is not over.
pub(crate) fn pending(host: &Host) -> Vec<String> {
    let paths = ["/var/lib/hactl/lock", "/var/lib/hactl/staging", "/var/lib/hactl/stuck"];
    let mut found: Vec<String> = paths.into_iter().filter(|path| host.has(path)).map(str::to_owned).collect();
    if !host.state().starts_with("committed ") {
        found.push(host.state());
    }
    found
}

/// Checks what an end says against the hosts. `before`: the deploy; `after`: one that went well.
pub(crate) fn check(stage: &Stage, before: &Snapshots, after: &Snapshots, end: &End<Deployed>) -> Result<(), String> {
    let is = |good: bool, what: &str| if good { Ok(()) } else { Err(what.to_owned()) };
    let nothing = |changes: Vec<String>, what: &str| is(changes.is_empty(), &format!("{what}: {changes:?}"));
    let left = || -> Vec<String> {
        let left =
            |host: &Host| pending(host).into_iter().map(|what| format!("{}: {what}", host.name)).collect::<Vec<_>>();
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
            // Where a commit is what failed, the others have committed.
            let (then, what) = if end.codes().contains(&Code::NotCommitted) {
                (after, "the others keep it")
            } else {
                (before, "the others are as before")
            };
            nothing(stage.live_changes(then).into_iter().filter(others).collect(), what)
        }
        other => Err(format!("an unexpected end: {other:?}")),
    }
}

/// A host that says it goes back by itself does: time passes, and everything is as before.
pub(crate) fn goes_back(stage: &Stage, before: &Snapshots) -> Result<(), String> {
    for host in stage.hosts.values() {
        if host.fire() == Some(false) {
            return Err(format!("{}: the way back failed", host.name));
        }
    }
    let changes = stage.live_changes(before);
    if changes.is_empty() { Ok(()) } else { Err(format!("it did not go back: {changes:?}")) }
}

/// Power comes back and time passes: every host has all of the new or all of the old, those that were said to go back
/// have the old, and nothing is pending. Only where the deploy ended in [`Exit::HandNeeded`] may hosts differ.
pub(crate) fn comes_to_rest(
    stage: &Stage,
    before: &Snapshots,
    after: &Snapshots,
    end: &End<Deployed>,
) -> Result<(), String> {
    for host in stage.hosts.values() {
        host.faults.clear();
        if !host.faults.is_on() {
            host.power_on();
        }
    }
    stage.wait_long();
    let (old, new) = (stage.live_changes(before), stage.live_changes(after));
    for host in stage.hosts.values() {
        let of = |changes: &[String]| changes.iter().any(|change| change.starts_with(&format!("{}:", host.name)));
        let (is_old, is_new) = (!of(&old), !of(&new));
        let may_be_new = match end.exit {
            Exit::Done => true,
            Exit::HandNeeded => end.codes().contains(&Code::NotCommitted),
            _ => false,
        };
        let good = (is_old && end.exit != Exit::Done) || (is_new && may_be_new);
        if !good {
            return Err(format!("{}: neither old nor new: {old:?} {new:?}", host.name));
        }
        let left = pending(host);
        if left.iter().any(|what| {
            what != "/var/lib/hactl/lock" && what != "/var/lib/hactl/staging" && !what.starts_with("staged")
        }) {
            return Err(format!("{}: {left:?} is pending", host.name));
        }
    }
    Ok(())
}
