//! What stands behind the VIPs: pools with what they carry, sites with their certificates; and what is wrong.

use std::net::SocketAddr;

use hactl_engine::control::{RealServerStatus, VirtualServerStatus};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::view::View;
use crate::cli::watch::parts::{rate, span};
use crate::ctl::verify::certificates::HeldStatus;
use crate::ctl::verify::sites::SiteStatus;
use crate::ctl::view::host::Seen;

/// A certificate that ends sooner is worth a colour: authorities renew at thirty days, a check warns at 21.
const SOON_DAYS: i64 = 21;

/// Pools as the owner of their VIP sees them, then sites and certificates.
pub(super) fn services(view: &View<'_>) -> Vec<Line<'static>> {
    let mut lines = pools(view);
    if let Some((_, report)) = &view.model.known.looked {
        lines.extend(report.value.sites.iter().map(|one| site(view, one)));
        lines.extend(report.value.certificates.iter().map(|one| held(view, one)));
    }
    lines
}

fn pools(view: &View<'_>) -> Vec<Line<'static>> {
    view.model.known.pools(view.now_ms).into_iter().flat_map(|(owner, server)| pool(view, owner, server)).collect()
}

fn pool(view: &View<'_>, owner: &Seen, server: &VirtualServerStatus) -> Vec<Line<'static>> {
    let name = server.name.strip_prefix("upstream ").map_or_else(|| server.name.clone(), |name| format!("pool {name}"));
    let well = |real: &&RealServerStatus| real.up && real.judged && !real.drained;
    let (up, all) = (server.real_servers.iter().filter(well).count(), server.real_servers.len());
    let style = match (up, server.quorum) {
        (0, _) | (_, false) => view.paint.bad(),
        _ if up < all => view.paint.odd(),
        _ => Style::new(),
    };
    let mut spans = vec![Span::raw(format!("{name}  ")), Span::styled(format!("{up} of {all} up"), style)];
    if !server.upstream {
        let active: u64 = server.real_servers.iter().map(|real| u64::from(real.active)).sum();
        let traffic = &server.traffic;
        let words =
            format!("  {active} connections, {} new/s, {}", traffic.connections_per_s, rate(traffic.bytes_in_per_s));
        spans.push(Span::raw(words));
    }
    if let Some(sorry) = &server.sorry_server {
        spans.push(Span::styled(format!("  sorry server {sorry} serves"), view.paint.bad()));
    }
    let mut lines = vec![Line::from(spans)];
    let down = server.real_servers.iter().filter(|real| !well(real));
    lines.extend(down.map(|real| real_server(view, owner, real)));
    lines
}

fn real_server(view: &View<'_>, owner: &Seen, real: &RealServerStatus) -> Line<'static> {
    let address = real.address.parse::<SocketAddr>().ok();
    let name = address.map_or_else(|| real.address.clone(), |at| view.model.known.name_of(&at.ip().to_string()));
    let port = address.map_or_else(String::new, |at| format!(":{}", at.port()));
    let (words, style) = match () {
        () if real.drained => ("drained".to_owned(), view.paint.odd()),
        () if !real.judged => ("not judged yet".to_owned(), view.paint.odd()),
        () => {
            let why = real.reason.as_deref().unwrap_or("down");
            (format!("DOWN for {}: {why}", span(real.for_ms)), view.paint.bad())
        }
    };
    let by = format!("  (seen by {})", owner.name);
    Line::from(vec![
        Span::raw(format!("  {name}{port}  ")),
        Span::styled(words, style),
        Span::styled(by, view.paint.quiet()),
    ])
}

fn site(view: &View<'_>, site: &SiteStatus) -> Line<'static> {
    let answer = match (site.status, &site.error) {
        (Some(status), _) if site.expected => Span::raw(format!("http {status}")),
        (Some(status), _) => Span::styled(format!("http {status}"), view.paint.bad()),
        (None, why) => Span::styled(format!("no answer: {}", why.as_deref().unwrap_or_default()), view.paint.bad()),
    };
    let place = match (&site.host, &site.vip) {
        (Some(host), _) => format!(" on {host}  "),
        (None, vip) => format!(" through {}  ", vip.map(|vip| vip.to_string()).unwrap_or_default()),
    };
    let mut spans = vec![Span::raw(format!("{}{place}", site.url)), answer];
    if let Some(shown) = &site.certificate {
        spans.push(Span::raw("  certificate "));
        spans.push(days(view, shown.days_left));
    }
    Line::from(spans)
}

fn held(view: &View<'_>, held: &HeldStatus) -> Line<'static> {
    let name = Span::raw(format!("{} on {}  ", held.site, held.host));
    if !held.issued {
        return Line::from(vec![name, Span::styled("no certificate was issued yet", view.paint.bad())]);
    }
    Line::from(vec![name, Span::raw("certificate "), days(view, held.certificate.days_left)])
}

fn days(view: &View<'_>, left: i64) -> Span<'static> {
    let style = match left {
        ..=0 => view.paint.bad(),
        1..SOON_DAYS => view.paint.odd(),
        _ => Style::new(),
    };
    Span::styled(if left <= 0 { "HAS ENDED".to_owned() } else { format!("{left} days left") }, style)
}

/// What the desk's last look found wrong, the worst first.
pub(super) fn wrong(view: &View<'_>) -> Vec<Line<'static>> {
    let Some((_, report)) = &view.model.known.looked else { return Vec::new() };
    let mut problems: Vec<_> = report.problems.iter().collect();
    problems.sort_by_key(|problem| problem.warning);
    let line = |problem: &&crate::error::Problem| {
        let style = if problem.warning { view.paint.odd() } else { view.paint.bad() };
        let text = console::truncate_str(&problem.message, view.width.saturating_sub(6), "…").into_owned();
        Line::from(vec![Span::styled(format!("{}  ", problem.code), style), Span::raw(text)])
    };
    problems.iter().map(line).collect()
}

/// What is not as the last deploy left it; no line at all where that was not asked.
pub(super) fn drift(view: &View<'_>) -> Vec<Line<'static>> {
    let Some(status) = view.model.known.looked.as_ref().map(|(_, report)| &report.value) else { return Vec::new() };
    let Some(hosts) = &status.drift else { return Vec::new() };
    let found = hosts.iter().flat_map(|host| host.drift.iter().map(|one| format!("{}  {one}", host.host)));
    let mut lines: Vec<_> = found.map(|words| Line::from(Span::styled(words, view.paint.odd()))).collect();
    let unknown = &status.drift_unknown;
    if !unknown.is_empty() {
        lines.push(Line::from(Span::styled(format!("not known of {}", unknown.join(", ")), view.paint.odd())));
    }
    if lines.is_empty() {
        lines.push(Line::from("none"));
    }
    lines
}
