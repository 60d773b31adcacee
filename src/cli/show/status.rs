//! The one screen of `hactl status`.

use console::style;
use hactl_engine::control::{InstanceStatus, RouterState, Safety};
use hactl_engine::lvs::status::VirtualServerStatus;
use hactl_engine::lvs::words::virtual_server_text;
use hactl_engine::notice::state_name;

use super::problem;
use super::table::table;
use crate::cli::chinese::said::{said, told};
use crate::ctl::cluster::Group;
use crate::ctl::report::Report;
use crate::ctl::verify::certificates::HeldStatus;
use crate::ctl::verify::sites::SiteStatus;
use crate::ctl::verify::status::{HostDrift, HostStatus, Status, VipStatus};

fn headings() -> Vec<String> {
    vec![
        said!("HOST"),
        said!("GROUP"),
        said!("INSTANCE"),
        said!("STATE"),
        said!("PRIO"),
        said!("ADVERT"),
        "NGINX".into(),
        "AGENT".into(),
        said!("SINCE"),
    ]
}

/// The whole screen, problems included: they are part of the picture.
pub(crate) fn status(report: &Report<Status>) -> String {
    let mut text: String = report.value.vips.iter().map(vip).collect();
    text.push_str(&sites(&report.value.sites));
    text.push_str(&certificates(&report.value.certificates));
    text.push('\n');
    let mut rows = vec![headings()];
    rows.extend(report.value.hosts.iter().flat_map(host_rows));
    text.push_str(&table(&rows));
    text.push_str(&pools(&report.value));
    text.push_str(&report.value.drift.as_deref().map_or_else(String::new, drift));
    text.push_str(&format!("\n{}", safety(report.value.safety.as_ref())));
    for problem in problem::drawn(&report.problems) {
        text.push_str(&format!("{problem}\n"));
    }
    text
}

/// What is not as the last deploy left it.
fn drift(hosts: &[HostDrift]) -> String {
    let all = hosts.iter().flat_map(|host| host.drift.iter().map(move |one| (&host.host, one)));
    let lines = all.fold(String::new(), |text, (host, one)| {
        text + &said!("drift: {host}: {what}", host = host, what = told(&one.to_string())) + "\n"
    });
    if lines.is_empty() { format!("\n{}\n", said!("no drift since the last deploy")) } else { format!("\n{lines}") }
}

fn vip(vip: &VipStatus) -> String {
    let owner = match vip.owners.as_slice() {
        [one] => style(one.clone()).green().bold().to_string(),
        [] if !vip.unknown.is_empty() => style(said!("unknown")).yellow().bold().to_string(),
        [] => style(said!("nobody")).red().bold().to_string(),
        many => style(all_of(many)).red().bold().to_string(),
    };
    let service = vip
        .service
        .as_ref()
        .map_or_else(String::new, |one| answer(one.status, one.expected, one.error.as_deref().unwrap_or_default()));
    said!("{vip}  owned by {owner}  {service}", vip = vip.address, owner = owner, service = service) + "\n"
}

/// Several names.
pub(super) fn all_of(names: &[String]) -> String {
    let all = names.iter().cloned().reduce(|one, other| said!("{one} and {other}", one = one, other = other));
    all.unwrap_or_default()
}

/// A status, or why there is none.
fn answer(status: Option<u16>, is_expected: bool, error: &str) -> String {
    match status {
        Some(status) if is_expected => format!("http {status}"),
        Some(status) => style(format!("http {status}")).red().to_string(),
        None => style(said!("no answer: {why}", why = told(error))).red().to_string(),
    }
}

/// Each site with what it answers, and how long its certificate holds.
pub(crate) fn sites(sites: &[SiteStatus]) -> String {
    let line = |site: &SiteStatus| {
        let answer = answer(site.status, site.expected, site.error.as_deref().unwrap_or_default());
        let certificate = site.certificate.as_ref();
        let certificate = certificate
            .map_or_else(String::new, |one| format!("  {}", holds(&one.names.join(", "), &one.issuer, one.days_left)));
        said!("{url} through {vip}", url = site.url, vip = site.vip) + &format!("  {answer}{certificate}\n")
    };
    sites.iter().map(line).collect()
}

/// What each load balancer got by ACME.
pub(crate) fn certificates(held: &[HeldStatus]) -> String {
    let line = |one: &HeldStatus| {
        let (host, site, shown) = (&one.host, &one.site, &one.certificate);
        let what = match one.issued {
            true => holds(&shown.names.join(", "), &shown.issuer, shown.days_left),
            false => style(said!("no certificate was issued yet")).red().to_string(),
        };
        said!("{site} on {host}", site = site, host = host) + &format!("  {what}\n")
    };
    held.iter().map(line).collect()
}

/// For whom a certificate is, and for how long.
fn holds(names: &str, issuer: &str, days: i64) -> String {
    said!("certificate for {names} by {issuer}, {days} days left", names = names, issuer = issuer, days = days)
}

/// The virtual servers as the owner of the address has them, and the servers of nginx as the first owner there is sees
/// them.
fn pools(status: &Status) -> String {
    let mut text = String::new();
    let first = status.vips.iter().find(|vip| !vip.owners.is_empty()).map(|vip| vip.address);
    for vip in &status.vips {
        let owner = vip.owners.first();
        let Some(host) = status.hosts.iter().find(|host| owner == Some(&host.name)) else { continue };
        let prefix = std::net::SocketAddr::new(vip.address, 0).to_string();
        let here = |server: &VirtualServerStatus| match server.upstream {
            true => first == Some(vip.address),
            false => server.name.starts_with(prefix.trim_end_matches('0')),
        };
        for server in host.virtual_servers.iter().flatten().filter(|server| here(server)) {
            text.push('\n');
            text.push_str(&virtual_server_text(server));
        }
    }
    text
}

fn host_rows(host: &HostStatus) -> Vec<Vec<String>> {
    let empty = || "-".to_owned();
    let nginx = match (host.reachable, host.nginx) {
        (false, _) => empty(),
        (true, true) => said!("up"),
        (true, false) => style(said!("down")).red().to_string(),
    };
    let row = |instance: String, state: String, prio: String, advert: String, agent: String, since: String| {
        vec![host.name.clone(), host.group.name().into(), instance, state, prio, advert, nginx.clone(), agent, since]
    };
    let alone = |state: String| vec![row(empty(), state, empty(), empty(), empty(), empty())];
    if !host.reachable {
        return alone(style(said!("unreachable")).red().to_string());
    }
    let Some(version) = &host.agent_version else {
        return alone(if host.group == Group::Lb { style(said!("no agent")).red().to_string() } else { empty() });
    };
    let instances = host.instances.iter().map(|instance| {
        let state = match instance.state {
            RouterState::Master => style("MASTER").green().to_string(),
            RouterState::Fault => style("FAULT").red().to_string(),
            other => state_name(other).to_owned(),
        };
        let advert = instance.last_advert_ms.map_or_else(empty, |ms| format!("{:.1} s", to_s(ms)));
        let since = since(instance, host.now_unix_ms.unwrap_or_default());
        row(instance.name.clone(), state, prio(instance), advert, version.clone(), since)
    });
    instances.collect()
}

fn prio(instance: &InstanceStatus) -> String {
    let pinned = if instance.pinned.is_some() { said!(" pinned") } else { String::new() };
    if instance.effective_priority == instance.base_priority {
        instance.base_priority.to_string()
    } else {
        format!("{} ({}{pinned})", instance.effective_priority, instance.base_priority)
    }
}

fn since(instance: &InstanceStatus, now_unix_ms: u64) -> String {
    let Some(at) = instance.last_transition else { return "-".into() };
    let ago = span(now_unix_ms.saturating_sub(at));
    said!("{ago}: {reason}", ago = ago, reason = told(instance.last_reason.as_deref().unwrap_or_default()))
}

/// A time in its largest unit.
pub(super) fn span(ms: u64) -> String {
    match ms / 1000 {
        seconds @ 0..60 => said!("{n} s", n = seconds),
        seconds @ 60..3600 => said!("{n} min", n = seconds / 60),
        seconds @ 3600..86_400 => said!("{n} h", n = seconds / 3600),
        seconds => said!("{n} d", n = seconds / 86_400),
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds shown with one digit")]
fn to_s(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

/// The weakest promise of all agents: that is what the pair can rely on.
fn safety(safety: Option<&Safety>) -> String {
    match safety {
        Some(Safety { tier, promise, not_promised }) => {
            let first = said!("safety T{tier}: {promise}.", tier = tier, promise = told(promise));
            format!("{first}\n  {}\n", said!("Not promised: {what}.", what = told(not_promised)))
        }
        None => said!("safety: unknown, since no agent answers.") + "\n",
    }
}
