//! The words of `plan` and `deploy`.

use crate::ctl::apply::back::WentBack;
use crate::ctl::apply::deploy::{Deployed, Planned};

/// Every change, with the differences of files where they were asked for.
pub(crate) fn planned(plan: &Planned) -> String {
    let busy = plan.hosts.iter().filter(|host| !host.changes.is_empty() || !host.drift.is_empty());
    let mut text = busy.fold(String::new(), |mut text, host| {
        text.push_str(&format!("{}:\n", host.host));
        host.drift.iter().for_each(|one| text.push_str(&format!("  since the last deploy: {one}\n")));
        host.derived.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        for change in &host.changes {
            text.push_str(&format!("  {}\n", change.what));
            text.push_str(change.difference.as_deref().unwrap_or_default());
        }
        text
    });
    if let Some(traffic) = &plan.traffic {
        text.push_str("rehearsed:\n");
        traffic.effects.iter().for_each(|one| text.push_str(&format!("  {one}\n")));
        traffic.not_rehearsed.iter().for_each(|why| text.push_str(&format!("  nothing, since {why}\n")));
    }
    if text.is_empty() {
        text = format!("nothing would change on {} hosts\n", plan.hosts.len());
    }
    text
}

/// What was changed, and whether it was verified.
pub(crate) fn deployed(done: &Deployed) -> String {
    match (done.changed, done.verified) {
        (0, _) if done.declined => String::new(),
        (0, _) => format!("nothing changed on {} hosts ({:.2} s)\n", done.hosts, done.seconds),
        (changed, _) => {
            // With --limit the others were not looked at.
            let seen = match done.not_looked_at {
                0 => String::new(),
                others => format!(", {others} other hosts not looked at"),
            };
            format!("{changed} changes on {} hosts, verified{seen} ({:.1} s)\n", done.hosts, done.seconds)
        }
    }
}

/// What was gone back to, and what stays all the same.
pub(crate) fn went_back(done: &WentBack) -> String {
    if done.declined {
        return String::new();
    }
    let mut text = match (done.to, done.hosts) {
        (Some(to), 0) => format!("no host has anything newer than generation {to}\n"),
        (Some(to), hosts) => format!("{hosts} hosts are back at generation {to}, verified ({:.1} s)\n", done.seconds),
        (None, 0) => "nothing of hactl is there\n".to_owned(),
        (None, hosts) => format!("{hosts} hosts are as they were before hactl ({:.1} s)\n", done.seconds),
    };
    for one in &done.packages {
        text.push_str(&format!("{}: packages that were installed stay: {}\n", one.host, one.packages.join(" ")));
    }
    text
}
