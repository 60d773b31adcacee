//! The words of `plan` and `deploy`.

use crate::cli::chinese::said::{said, told};
use crate::ctl::apply::back::WentBack;
use crate::ctl::apply::deploy::{Deployed, Planned};

/// Every change, with the differences of files where they were asked for.
pub(crate) fn planned(plan: &Planned) -> String {
    let busy = plan.hosts.iter().filter(|host| !host.changes.is_empty() || !host.drift.is_empty());
    let mut text = busy.fold(String::new(), |mut text, host| {
        text.push_str(&format!("{}:\n", host.host));
        let since = |one: &dyn std::fmt::Display| said!("since the last deploy: {what}", what = told(&one.to_string()));
        host.drift.iter().for_each(|one| text.push_str(&format!("  {}\n", since(one))));
        host.derived.iter().for_each(|line| text.push_str(&format!("  {}\n", told(line))));
        for change in &host.changes {
            text.push_str(&format!("  {}\n", told(&change.what)));
            text.push_str(change.difference.as_deref().unwrap_or_default());
        }
        text
    });
    if let Some(traffic) = &plan.traffic {
        text.push_str(&(said!("rehearsed:") + "\n"));
        traffic.effects.iter().for_each(|one| text.push_str(&format!("  {}\n", told(&one.to_string()))));
        let nothing = |why: &dyn std::fmt::Display| said!("nothing, since {why}", why = told(&why.to_string()));
        traffic.not_rehearsed.iter().for_each(|why| text.push_str(&format!("  {}\n", nothing(why))));
    }
    if text.is_empty() {
        text = said!("nothing would change on {hosts} hosts", hosts = plan.hosts.len()) + "\n";
    }
    text
}

/// What was changed, and whether it was verified.
pub(crate) fn deployed(done: &Deployed) -> String {
    match (done.changed, done.verified) {
        (0, _) if done.declined => String::new(),
        (0, _) => {
            let seconds = format!("{:.2}", done.seconds);
            said!("nothing changed on {hosts} hosts ({seconds} s)", hosts = done.hosts, seconds = seconds) + "\n"
        }
        (changed, _) => {
            // With --limit the others were not looked at.
            let seen = match done.not_looked_at {
                0 => String::new(),
                others => said!(", {others} other hosts not looked at", others = others),
            };
            let seconds = format!("{:.1}", done.seconds);
            said!(
                "{changed} changes on {hosts} hosts, verified{seen} ({seconds} s)",
                changed = changed,
                hosts = done.hosts,
                seen = seen,
                seconds = seconds
            ) + "\n"
        }
    }
}

/// What was gone back to, and what stays all the same.
pub(crate) fn went_back(done: &WentBack) -> String {
    if done.declined {
        return String::new();
    }
    let seconds = format!("{:.1}", done.seconds);
    let mut text = match (done.to, done.hosts) {
        (Some(to), 0) => said!("no host has anything newer than generation {to}", to = to),
        (Some(to), hosts) => {
            said!("{hosts} hosts are back at generation {to}, verified ({s} s)", hosts = hosts, to = to, s = seconds)
        }
        (None, 0) => said!("nothing of hactl is there"),
        (None, hosts) => said!("{hosts} hosts are as they were before hactl ({s} s)", hosts = hosts, s = seconds),
    } + "\n";
    for one in &done.packages {
        let packages = one.packages.join(" ");
        let line = said!("{host}: packages that were installed stay: {packages}", host = one.host, packages = packages);
        text.push_str(&(line + "\n"));
    }
    text
}
