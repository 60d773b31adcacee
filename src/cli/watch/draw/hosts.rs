//! Who has which VIP, and how each host is.

use hactl_engine::control::RouterState;
use hactl_engine::notice::state_name;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use super::view::View;
use crate::cli::watch::parts::{cell, clock, span, styled};
use crate::ctl::cluster::Vip;
use crate::ctl::verify::status::{HostStatus, ServiceStatus};
use crate::ctl::view::host::{Link, Router, Seen};

/// Columns of the table of hosts behind the name: router, state, priority, adverts, nginx.
const WIDTHS: [usize; 5] = [6, 8, 9, 18, 5];
/// A name is no longer than that.
const LONGEST_NAME: usize = 14;
/// Adverts of which more than so many intervals are missing are missed.
const MISSED: u64 = 3;
/// An agent looks at its routers no more often; it may be late by that.
const LOOK_MS: u64 = 500;

/// A line for each VIP.
pub(super) fn vips(view: &View<'_>) -> Vec<Line<'static>> {
    view.model.known.cluster.vips.iter().map(|one| vip(view, one)).collect()
}

fn vip(view: &View<'_>, vip: &Vip) -> Line<'static> {
    let (model, paint) = (view.model, view.paint);
    let owners = model.known.owners(vip, view.now_ms);
    let address = vip.address().map_or_else(|| vip.name.clone(), |address| address.to_string());
    let mut spans = vec![Span::raw(format!("{address}  "))];
    let asked =
        owners.unknown.iter().all(|name| model.known.host(name).is_some_and(|host| host.link == Link::Connecting));
    let unknown = owners.unknown.join(", ");
    match owners.names.as_slice() {
        [one] => {
            spans.extend([Span::raw("owned by "), Span::styled(one.clone(), paint.good())]);
            let since = owners.since_ms.map(|at| format!(" for {}", span(view.now_ms.saturating_sub(at))));
            spans.extend(since.map(Span::raw));
        }
        [] if !unknown.is_empty() && asked => spans.push(Span::styled(format!("asking {unknown}"), paint.odd())),
        [] if !unknown.is_empty() => {
            spans.push(Span::styled(format!("owner UNKNOWN: {unknown} may have it, not heard"), paint.bad()));
        }
        [] => spans.push(Span::styled("owned by NOBODY", paint.bad())),
        many => {
            let words = format!("owned by {} hosts at once: {}", many.len(), many.join(" and "));
            spans.push(Span::styled(words, paint.bad()));
        }
    }
    if !owners.names.is_empty() && !unknown.is_empty() {
        spans.push(Span::styled(format!("  (not heard: {unknown})"), paint.odd()));
    }
    let looked = model.known.looked.as_ref().map(|(_, report)| &report.value.vips);
    let seen = looked.into_iter().flatten().find(|seen| Some(seen.address) == vip.address());
    if let Some(answer) = seen.and_then(|seen| seen.service.as_ref()) {
        spans.extend([Span::raw("  "), service(view, answer)]);
    }
    Line::from(spans)
}

fn service(view: &View<'_>, answer: &ServiceStatus) -> Span<'static> {
    match (answer.status, &answer.error) {
        (Some(status), _) if answer.expected => Span::raw(format!("http {status}")),
        (Some(status), _) => Span::styled(format!("http {status}"), view.paint.bad()),
        (None, why) => Span::styled(format!("no answer: {}", why.as_deref().unwrap_or_default()), view.paint.bad()),
    }
}

/// The table of hosts. Those that are not well come first where not all of them fit.
pub(super) fn hosts(view: &View<'_>) -> Vec<Line<'static>> {
    let longest = view.model.known.hosts.iter().map(|host| host.name.len()).max().unwrap_or(0).clamp(4, LONGEST_NAME);
    let head =
        ["ROUTER", "STATE", "PRIO", "ADVERTS", "NGINX"].iter().zip(WIDTHS).map(|(head, width)| cell(head, width));
    let head = format!("{}{}SINCE, WHY", cell("HOST", longest), head.collect::<String>());
    let mut lines = vec![Line::styled(head, view.paint.quiet())];
    let mut rows: Vec<(bool, Vec<Line<'static>>)> =
        view.model.known.hosts.iter().map(|host| (is_well(view, host), rows(view, host, longest))).collect();
    rows.sort_by_key(|(well, _)| *well && view.model.known.hosts.len() > MANY);
    lines.extend(rows.into_iter().flat_map(|(_, rows)| rows));
    lines
}

/// Where there are more, who is not well comes first.
const MANY: usize = 6;

fn looked<'v>(view: &View<'v>, host: &Seen) -> Option<&'v HostStatus> {
    view.model.known.looked.as_ref()?.1.value.hosts.iter().find(|seen| seen.name == host.name)
}

fn is_well(view: &View<'_>, host: &Seen) -> bool {
    let link = matches!(host.link, Link::None | Link::Heard);
    let fault = host.routers.iter().any(|router| router.status.state == RouterState::Fault);
    link && !fault && looked(view, host).is_none_or(|seen| seen.reachable)
}

fn rows(view: &View<'_>, host: &Seen, longest: usize) -> Vec<Line<'static>> {
    let name = styled(&host.name, longest, Style::new().add_modifier(Modifier::BOLD));
    let alone = |words: String, style: Style| vec![Line::from(vec![name.clone(), Span::styled(words, style)])];
    match &host.link {
        Link::Connecting => alone("connecting…".into(), view.paint.quiet()),
        Link::Lost { why, again_ms } => {
            let since = host.heard_ms.map_or_else(
                || "not heard".to_owned(),
                |at| {
                    let ago = span(view.now_ms.saturating_sub(at));
                    format!("not heard since {} ({ago})", clock(at, view.zone))
                },
            );
            let again = match again_ms.saturating_sub(view.now_ms) {
                0 => "trying".to_owned(),
                ms => format!("again in {}", span(ms + 999)),
            };
            alone(format!("{since}; {again}: {why}"), view.paint.bad())
        }
        Link::Heard if host.routers.is_empty() => alone("its agent has no virtual router".into(), view.paint.odd()),
        Link::Heard => host.routers.iter().map(|router| row(view, host, router, name.clone())).collect(),
        Link::None => match looked(view, host) {
            None => alone(format!("{}  …", host.group), view.paint.quiet()),
            Some(seen) if !seen.reachable => {
                let why = seen.reason.clone().unwrap_or_default();
                let prefix = format!("{}: ", host.name);
                alone(format!("not reached: {}", why.strip_prefix(&prefix).unwrap_or(&why)), view.paint.bad())
            }
            Some(seen) => {
                let before = WIDTHS.iter().take(4).map(|width| cell("", *width)).collect::<String>();
                vec![Line::from(vec![name, Span::raw(before), nginx(view, Some(seen))])]
            }
        },
    }
}

fn row(view: &View<'_>, host: &Seen, router: &Router, name: Span<'static>) -> Line<'static> {
    let paint = view.paint;
    let status = &router.status;
    let [router_width, state_width, prio_width, adverts_width, _] = WIDTHS;
    let state = match status.state {
        RouterState::Master => paint.good(),
        RouterState::Fault => paint.bad(),
        RouterState::Handover | RouterState::Init | RouterState::Stopped => paint.odd(),
        RouterState::Backup => Style::new(),
    };
    let prio = match (&status.pinned, status.effective_priority == status.base_priority) {
        (Some(_), _) => format!("{} pin", status.effective_priority),
        (None, true) => status.base_priority.to_string(),
        (None, false) => format!("{} ({})", status.effective_priority, status.base_priority),
    };
    let (adverts, style) = adverts(view, router);
    if !host.is_heard(view.now_ms) {
        let words = format!(
            "was {} with priority {prio}; nothing heard for {}",
            state_name(status.state),
            span(host.silent_ms(view.now_ms))
        );
        return Line::from(vec![
            name,
            styled(&status.name, router_width, Style::new()),
            Span::styled(words, paint.odd()),
        ]);
    }
    let since = router.since_ms.map_or_else(|| "-".into(), |at| span(view.now_ms.saturating_sub(at)));
    let why = if status.state == RouterState::Fault && !status.fault_reasons.is_empty() {
        status.fault_reasons.join("; ")
    } else {
        status.last_reason.clone().unwrap_or_default()
    };
    let odd = if status.withheld { " (another host answers: claims nothing)" } else { "" };
    Line::from(vec![
        name,
        styled(&status.name, router_width, Style::new()),
        styled(state_name(status.state), state_width, state),
        styled(&prio, prio_width, if status.pinned.is_some() { paint.odd() } else { Style::new() }),
        styled(&adverts, adverts_width, style),
        nginx(view, looked(view, host)),
        Span::raw(format!("{since}  {why}{odd}")),
    ])
}

/// What is said and heard: `sends 10/s`, `lb-5 (150) 10/s`, `silent for 4 s`.
fn adverts(view: &View<'_>, router: &Router) -> (String, Style) {
    let (beats, status) = (&router.beats, &router.status);
    let Some(age) = beats.age_ms(view.now_ms) else { return ("-".into(), view.paint.quiet()) };
    if age > status.advert_interval_ms.saturating_mul(MISSED) + LOOK_MS {
        return (format!("silent for {}", span(age)), view.paint.odd());
    }
    let rate = match beats.tenths_per_s() {
        Some(tenths) if tenths >= 100 => format!("{}/s", (tenths + 5) / 10),
        Some(tenths) => format!("{}.{}/s", tenths / 10, tenths % 10),
        None => String::new(),
    };
    let words = match (&beats.from, router.owns()) {
        (Some(from), _) => {
            let priority = beats.priority.map_or_else(String::new, |priority| format!(" ({priority})"));
            format!("{}{priority} {rate}", view.model.known.name_of(from))
        }
        (None, true) => format!("sends {rate}"),
        (None, false) => rate,
    };
    (words, Style::new())
}

fn nginx(view: &View<'_>, seen: Option<&HostStatus>) -> Span<'static> {
    let width = WIDTHS.last().copied().unwrap_or(0);
    match seen {
        Some(seen) if seen.reachable && seen.nginx => styled("up", width, Style::new()),
        Some(seen) if seen.reachable => styled("down", width, view.paint.bad()),
        _ => styled("-", width, view.paint.quiet()),
    }
}
