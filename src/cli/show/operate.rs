//! The words of `failover`, `unpin`, `drain`, `undrain`, `weight` and `verify`.

use crate::cli::chinese::said::{said, told as in_words};
use crate::ctl::journal::{Entry, State};
use crate::ctl::look::transaction::Phase;
use crate::ctl::operate::compare::Compared;
use crate::ctl::operate::drain::{Order, Ordered};
use crate::ctl::operate::failover::{Moved, Moves, Moving, Unpinned, Unpins};
use crate::ctl::operate::history::History;
use crate::ctl::operate::lock::{HostLock, Locks};
use crate::ctl::operate::remembered::{self, Became, Gap, HostHistory};
use crate::ctl::verify::run::{Service, Verified};

/// A line or three for each VIP.
pub(crate) fn moves(done: &Moves) -> String {
    done.moves.iter().map(moved).collect()
}

fn moved(moved: &Moved) -> String {
    let from = match (moved.from.as_slice(), moved.unknown.as_slice()) {
        ([], []) => said!("nobody"),
        ([], unknown) => said!("unknown ({hosts} did not answer)", hosts = unknown.join(", ")),
        (some, _) => some.join(","),
    };
    let what = match moved.result {
        Moving::Moved => said!("moved"),
        Moving::NothingToDo => said!("nothing to do"),
        Moving::WouldMove => said!("would move"),
    };
    let (vip, to) = (moved.vip, &moved.to);
    let mut text = said!("VIP {vip}: {what}: {from} -> {to}", vip = vip, what = what, from = from, to = to) + "\n";
    if let (Some(gap_ms), Some(lost), Some(sent)) = (moved.gap_ms, moved.lost, moved.sent) {
        let gap = format!("{gap_ms:.1}");
        let line = said!("longest gap {gap} ms, {lost} of {sent} pings lost", gap = gap, lost = lost, sent = sent);
        text.push_str(&format!("  {line}\n"));
    }
    if let Some(seconds) = moved.database_s {
        let s = format!("{seconds:.1}");
        text.push_str(&format!("  {}\n", said!("the database is written to there {s} s later", s = s)));
    }
    if moved.result == Moving::Moved && moved.stay_s.is_some() {
        text.push_str(&format!("  {}\n", said!("the election decides again when its time is over")));
    }
    text
}

/// The generation in force on each host, then what happened, the latest last.
pub(crate) fn history(told: &History) -> String {
    let one = |host: &HostHistory| {
        let head = match host.generation {
            0 => format!("{}: nothing was deployed\n", host.host),
            number => format!("{}: generation {number}\n", host.host),
        };
        let (mut text, mut last, mut gaps) = (head, 0, host.gaps.iter().peekable());
        for entry in &host.entries {
            last = last.max(entry.generation);
            while let Some(gap) = gaps.next_if(|gap| gap.to < last) {
                text.push_str(&gap_line(&host.host, gap));
            }
            text.push_str(&host_line(entry));
        }
        gaps.fold(text, |text, gap| text + &gap_line(&host.host, gap))
    };
    let mut text: String = told.hosts.iter().map(one).collect();
    if !told.desk.is_empty() {
        text.push_str("this desk:\n");
    }
    told.desk.iter().for_each(|entry| text.push_str(&desk_line(entry)));
    text
}

/// One thing that happened to a generation.
fn host_line(entry: &remembered::Entry) -> String {
    let detail = match (entry.event.as_str(), entry.detail.as_str()) {
        ("left", "") => ": nothing was changed here".to_owned(),
        (_, "") => String::new(),
        (_, detail) => format!(" {detail}"),
    };
    format!("  {} {:>4} {}{detail}\n", entry.time, entry.generation, entry.event)
}

/// What became of numbers that a host does not remember.
fn gap_line(host: &str, gap: &Gap) -> String {
    let numbers = if gap.from == gap.to { gap.from.to_string() } else { format!("{}-{}", gap.from, gap.to) };
    let on = if gap.hosts.is_empty() { String::new() } else { format!(" on {}", gap.hosts.join(", ")) };
    // A desk may know of it what the host itself has forgotten.
    let here = if gap.hosts.iter().any(|one| one == host) { "not remembered here" } else { "not here" };
    let what = match gap.became {
        Became::Committed => format!("{here}: committed{on}"),
        Became::TakenBack => format!("{here}: taken back{on}"),
        Became::Kept => format!("{here}: it failed and was kept{on}"),
        Became::Left => format!("{here}: begun{on}, and nothing was changed"),
        Became::Begun => format!("{here}: begun{on}; how it ended is not known"),
        Became::Unknown => "unknown: nobody who was asked remembers".to_owned(),
    };
    format!("  {:20} {numbers:>4} {what}\n", "")
}

/// One command of this desk.
fn desk_line(entry: &Entry) -> String {
    let codes = entry.codes.iter().map(|code| format!(" {code}")).collect::<String>();
    let end = match (entry.state, entry.exit, &entry.time) {
        (State::Ended, Some(exit), Some(time)) if entry.began.is_some() => format!("exit {exit}{codes} at {time}"),
        (State::Ended, Some(exit), _) => format!("exit {exit}{codes}"),
        (State::AtWork, ..) => "at work right now".to_owned(),
        (State::Ended | State::Unknown, ..) => "how it ended is not known here".to_owned(),
        (State::Interrupted, ..) => {
            "was interrupted: no end of it was written, and its hosts know what became of it".to_owned()
        }
    };
    let generation = entry.generation.map(|number| format!(", generation {number}")).unwrap_or_default();
    let on = match entry.hosts.as_slice() {
        [] => String::new(),
        few if few.len() <= HOSTS_NAMED => format!(" on {}", few.join(", ")),
        many => format!(" on {} hosts", many.len()),
    };
    let plan = entry.plan.as_ref().map(|plan| format!(", plan {}", plan.display())).unwrap_or_default();
    let when = entry.began.as_ref().or(entry.time.as_ref()).map_or("-", String::as_str);
    format!("  {when} {}{generation}{on}{plan}: {end}, {}\n", entry.command, entry.who)
}

/// So many hosts are named in one line.
const HOSTS_NAMED: usize = 8;

/// The files of each host that differ, with their lines.
pub(crate) fn compared(told: &Compared) -> String {
    let to = told.to.map_or_else(|| "what is there now".to_owned(), |to| format!("generation {to}"));
    if told.hosts.is_empty() {
        return format!("nothing differs between generation {} and {to}\n", told.from);
    }
    let head = format!("from generation {} to {to}:\n", told.from);
    told.hosts.iter().fold(head, |text, host| {
        host.files.iter().fold(text + &format!("{}:\n", host.host), |text, file| {
            text + &format!("  {} {}\n{}", file.kind, file.path, file.difference)
        })
    })
}

/// A line for each host.
pub(crate) fn locks(told: &Locks) -> String {
    let line = |one: &HostLock| {
        let lock = match (&one.owner, one.left_s) {
            (Some(owner), _) if told.broken => format!("the lock of {owner} is broken"),
            (Some(owner), Some(left_s)) => format!("locked by {owner}, {left_s} s left unless renewed"),
            _ => "not locked".to_owned(),
        };
        let stands = if told.broken && (one.owner.is_some() || one.to_go_back) { stands(one) } else { String::new() };
        format!("{}: {lock}{stands}\n", one.host)
    };
    told.hosts.iter().map(line).collect()
}

/// What is there after a lock was broken.
fn stands(one: &HostLock) -> String {
    let (Some(number), Some(phase)) = (one.in_force, one.phase) else {
        return "; what is there now is not known".to_owned();
    };
    let in_force = match number {
        0 => "nothing of hactl is in force".to_owned(),
        number => format!("generation {number} is in force"),
    };
    match phase {
        Phase::Committed | Phase::Staged if one.to_go_back && one.generation == Some(number) => {
            format!("; it had been committed: {in_force}")
        }
        Phase::Committed | Phase::Staged if one.to_go_back => format!("; it has gone back: {in_force}"),
        Phase::Committed | Phase::Staged => format!("; {in_force}, and nothing had to go back"),
        Phase::Active | Phase::Reverting => "; it has not gone back yet".to_owned(),
        Phase::Kept => format!("; what failed stays, as --no-auto-rollback asked (before it: {in_force})"),
        Phase::Damaged => "; it does not know what is in force".to_owned(),
    }
}

/// A line for each load balancer.
pub(crate) fn unpins(done: &Unpins) -> String {
    let said = |one: &Unpinned| one.said.iter().map(|said| in_words(said)).collect::<Vec<_>>().join("; ");
    done.hosts.iter().map(|one| format!("{}: {}\n", one.host, said(one))).collect()
}

/// What a real server's part is now.
pub(crate) fn ordered(done: &Ordered) -> String {
    let (name, left) = (&done.host, done.connections);
    let text = match done.order {
        Order::Drain { .. } => said!("{name} is drained; {left} connections are left", name = name, left = left),
        Order::Undrain => said!("{name} serves again", name = name),
        Order::Weight(Some(weight)) => said!("{name} has weight {weight}", name = name, weight = weight),
        Order::Weight(None) => said!("{name} has its configured weight", name = name),
    };
    text + "\n"
}

/// What was verified; nothing when something is wrong, which the problems say.
pub(crate) fn verified(done: &Verified) -> String {
    if !done.verified {
        return String::new();
    }
    let service = match done.service {
        Service::Answers => said!("service answers"),
        Service::AnswersWhereAsked => said!("service answers where it could be asked"),
        Service::NotAsked => said!(
            "service not asked (NAT answers other networks than this desk's, or there is no way to the VIP from here)"
        ),
        Service::NotBalanced => said!("service not asked (no director's kernel has IPVS)"),
    };
    let gap = done.gap_ms.map(|gap| said!(", longest gap {gap} ms", gap = gap)).unwrap_or_default();
    let sites = super::status::sites(&done.sites) + &super::status::certificates(&done.certificates);
    let verdict = said!(
        "verified: {vips} VIPs, one owner each, {service}, every web host reached{gap}",
        vips = done.vips,
        service = service,
        gap = gap
    );
    format!("{sites}{verdict}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_of_numbers_is_explained_where_it_is() {
        let entry = |generation, event: &str| remembered::Entry {
            time: "2026-11-29T01:00:00Z".into(),
            generation,
            event: event.into(),
            detail: String::new(),
        };
        let gap = |from, to, became, host: &str| Gap { from, to, became, hosts: vec![host.into()] };
        let entries = vec![entry(3, "committed"), entry(4, "left"), entry(8, "committed"), entry(4, "lock-broken")];
        let gaps = vec![
            gap(5, 6, Became::TakenBack, "web-7"),
            Gap { hosts: Vec::new(), ..gap(7, 7, Became::Unknown, "") },
            gap(9, 9, Became::Committed, "web-7"),
            gap(10, 10, Became::Begun, "lb-5"),
        ];
        let told = HostHistory { host: "lb-5".into(), generation: 8, entries, gaps };
        assert_eq!(
            history(&History { hosts: vec![told], desk: Vec::new() }),
            "lb-5: generation 8\n\
             \x20 2026-11-29T01:00:00Z    3 committed\n\
             \x20 2026-11-29T01:00:00Z    4 left: nothing was changed here\n\
             \x20                       5-6 not here: taken back on web-7\n\
             \x20                         7 unknown: nobody who was asked remembers\n\
             \x20 2026-11-29T01:00:00Z    8 committed\n\
             \x20 2026-11-29T01:00:00Z    4 lock-broken\n\
             \x20                         9 not here: committed on web-7\n\
             \x20                        10 not remembered here: begun on lb-5; how it ended is not known\n"
        );
    }

    #[test]
    fn what_this_desk_did_is_said() {
        let one = Entry {
            began: Some("2026-11-29T01:00:00Z".into()),
            time: Some("2026-11-29T01:00:07Z".into()),
            who: "ann@desk 12".into(),
            command: "deploy".into(),
            inventory: "/i.yaml".into(),
            plan: None,
            generation: Some(9),
            hosts: vec!["lb-5".into(), "web-7".into()],
            exit: Some(5),
            codes: vec!["E601".into(), "E605".into()],
            state: State::Ended,
        };
        let said = |one: Entry| history(&History { hosts: Vec::new(), desk: vec![one] });
        let head = "this desk:\n  2026-11-29T01:00:00Z deploy, generation 9 on lb-5, web-7";
        assert_eq!(said(one.clone()), format!("{head}: exit 5 E601 E605 at 2026-11-29T01:00:07Z, ann@desk 12\n"));
        let of_file = Entry { plan: Some("/p".into()), ..one.clone() };
        assert!(said(of_file).starts_with(&format!("{head}, plan /p: exit 5")));
        let open = |state| said(Entry { time: None, exit: None, codes: Vec::new(), state, ..one.clone() });
        assert!(open(State::Interrupted).starts_with(&format!("{head}: was interrupted: no end of it was written")));
        assert_eq!(open(State::AtWork), format!("{head}: at work right now, ann@desk 12\n"));
        assert_eq!(open(State::Unknown), format!("{head}: how it ended is not known here, ann@desk 12\n"));
        let old =
            Entry { began: None, generation: None, hosts: Vec::new(), codes: Vec::new(), exit: Some(0), ..one.clone() };
        assert_eq!(said(old), "this desk:\n  2026-11-29T01:00:07Z deploy: exit 0, ann@desk 12\n");
        let many = Entry { hosts: vec!["x".into(); 30], ..one };
        assert!(said(many).contains("generation 9 on 30 hosts: exit 5"));
    }

    #[test]
    fn what_stands_after_a_lock_was_broken_is_said() {
        let one = HostLock {
            host: "lb-5".into(),
            owner: Some("ann@desk 12".into()),
            left_s: Some(37),
            generation: Some(9),
            in_force: Some(7),
            phase: Some(Phase::Committed),
            to_go_back: true,
        };
        let said = |one: HostLock, broken| locks(&Locks { hosts: vec![one], broken });
        let with = |in_force, phase, to_go_back| said(HostLock { in_force, phase, to_go_back, ..one.clone() }, true);
        let broken = "lb-5: the lock of ann@desk 12 is broken; ";
        let of = |rest: &str| format!("{broken}{rest}\n");
        assert_eq!(said(one.clone(), false), "lb-5: locked by ann@desk 12, 37 s left unless renewed\n");
        assert_eq!(said(one.clone(), true), of("it has gone back: generation 7 is in force"));
        let committed = Some(Phase::Committed);
        assert_eq!(with(Some(0), committed, true), of("it has gone back: nothing of hactl is in force"));
        assert_eq!(with(Some(9), committed, true), of("it had been committed: generation 9 is in force"));
        assert_eq!(with(Some(7), committed, false), of("generation 7 is in force, and nothing had to go back"));
        assert_eq!(with(Some(7), Some(Phase::Reverting), true), of("it has not gone back yet"));
        assert_eq!(with(None, None, true), of("what is there now is not known"));
        let nobody = HostLock { owner: None, left_s: None, generation: None, to_go_back: false, ..one.clone() };
        assert_eq!(said(nobody, true), "lb-5: not locked\n");
    }
}
