//! The words of `plan` and `deploy`.

use crate::ctl::apply::deploy::{Deployed, Planned};

/// Every change, with the differences of files where they were asked for.
pub(crate) fn planned(plan: &Planned) -> String {
    let busy = plan.hosts.iter().filter(|host| !host.changes.is_empty());
    let mut text = busy.fold(String::new(), |mut text, host| {
        text.push_str(&format!("{}:\n", host.host));
        host.derived.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
        for change in &host.changes {
            text.push_str(&format!("  {}\n", change.what));
            text.push_str(change.difference.as_deref().unwrap_or_default());
        }
        text
    });
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
