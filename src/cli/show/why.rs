//! Why a VIP is where it is, in words: who has it, what decided that, and each load balancer's own story.

use console::style;
use hactl_engine::control::RouterState;
use hactl_engine::notice::state_name;

use super::status::{all_of, span};
use crate::cli::chinese::said::{said, told};
use crate::ctl::verify::why::{Node, Why};

/// The whole answer.
pub(crate) fn why(why: &Why) -> String {
    let mut text = format!("{} {}\n", why.address, place(why));
    text.extend(why.because.iter().map(|line| format!("  {}\n", said!("because {reason}", reason = told(line)))));
    text.extend(why.unknown.iter().map(|line| format!("  {}\n", said!("unknown: {what}", what = told(line)))));
    for one in &why.nodes {
        text.push_str(&format!("\n{}", node(one)));
    }
    text
}

fn place(why: &Why) -> String {
    match why.owners.as_slice() {
        [one] => said!("is on {host}", host = style(one).green().bold()),
        [] if !why.unknown.is_empty() => style(said!("is on nobody that answers")).yellow().bold().to_string(),
        [] => style(said!("is on nobody")).red().bold().to_string(),
        many => style(said!("is on {host}", host = all_of(many))).red().bold().to_string(),
    }
}

fn node(one: &Node) -> String {
    let state = match one.state {
        RouterState::Master => style("MASTER").green().to_string(),
        RouterState::Fault => style("FAULT").red().to_string(),
        other => state_name(other).to_owned(),
    };
    let configured = match one.priority == one.base_priority {
        true => String::new(),
        false => said!(" (configured {priority})", priority = one.base_priority),
    };
    let mut text = said!(
        "{host} {state} of VRID {vrid} ({instance}), priority {priority}{configured}",
        host = one.host,
        state = state,
        vrid = one.vrid,
        instance = one.instance,
        priority = one.priority,
        configured = configured
    ) + "\n";
    if let Some(at) = one.since_unix_ms {
        let reason = one.reason.as_deref().unwrap_or("no reason is remembered");
        text.push_str(&format!("  {}\n", said!("since {time}: {reason}", time = time(one, at), reason = told(reason))));
    }
    let every = seconds(one.advert_interval_ms);
    let advert = one.last_advert_ms.map(seconds);
    match (one.state, advert) {
        (RouterState::Master, Some(ago)) => {
            let line =
                said!("sent its last advert {ago} s ago, and sends one every {every} s", ago = ago, every = every);
            text.push_str(&format!("  {line}\n"));
        }
        (RouterState::Backup, Some(ago)) => {
            let line = said!("heard an advert {ago} s ago; one is sent every {every} s", ago = ago, every = every);
            text.push_str(&format!("  {line}\n"));
        }
        (RouterState::Backup, None) => text.push_str(&format!("  {}\n", said!("has heard no advert"))),
        _ => {}
    }
    if let Some(lost) = &one.last_lost {
        let (at, what) = (time(one, lost.unix_ms), told(&lost.message));
        text.push_str(&format!("  {}\n", said!("lost it last {time}: {what}", time = at, what = what)));
    }
    text
}

/// Local time, and how long ago that was by the clock of the host.
fn time(one: &Node, unix_ms: u64) -> String {
    let at = i64::try_from(unix_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    let shown = at.map_or_else(
        || unix_ms.to_string(),
        |at| at.to_zoned(jiff::tz::TimeZone::system()).strftime("%F %T").to_string(),
    );
    said!("{time} ({span} ago)", time = shown, span = span(one.now_unix_ms.saturating_sub(unix_ms)))
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds shown with one digit")]
fn seconds(ms: u64) -> f64 {
    (ms as f64 / 100.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use hactl_engine::control::Event;

    use super::*;

    #[test]
    fn each_side_tells_its_story() {
        let node = Node {
            host: "lb-6".into(),
            instance: "VI_1".into(),
            vrid: 50,
            state: RouterState::Backup,
            priority: 80,
            base_priority: 100,
            fault_reasons: Vec::new(),
            last_advert_ms: Some(440),
            advert_interval_ms: 1000,
            now_unix_ms: 1_700_000_180_000,
            since_unix_ms: Some(1_700_000_000_000),
            reason: Some("heard priority 150".into()),
            last_lost: Some(Event {
                unix_ms: 1_700_000_000_000,
                instance: None,
                message: "VI_1 is BACKUP".into(),
                state: Some(RouterState::Backup),
                lasted_ms: None,
            }),
        };
        let told = Why {
            address: "10.0.0.3".parse().unwrap(),
            owners: vec!["lb-5".into()],
            unknown: vec!["lb-7 does not answer".into()],
            because: vec!["lb-5 has priority 150".into()],
            nodes: vec![node],
        };
        let text = console::strip_ansi_codes(&why(&told)).into_owned();
        for expected in [
            "10.0.0.3 is on lb-5\n  because lb-5 has priority 150\n  unknown: lb-7 does not answer\n",
            "lb-6 BACKUP of VRID 50 (VI_1), priority 80 (configured 100)\n",
            "(3 min ago): heard priority 150\n",
            "heard an advert 0.4 s ago; one is sent every 1 s\n",
            "lost it last ",
            "VI_1 is BACKUP\n",
        ] {
            assert!(text.contains(expected), "{expected}: {text}");
        }
    }
}
