//! The one screen of `hactl status`.

use console::style;
use hactl_engine::control::{InstanceStatus, RouterState, Safety};
use hactl_engine::lvs::status::VirtualServerStatus;
use hactl_engine::lvs::words::virtual_server_text;
use hactl_engine::notice::state_name;

use super::table::table;
use crate::ctl::cluster::Group;
use crate::ctl::report::Report;
use crate::ctl::verify::certificates::HeldStatus;
use crate::ctl::verify::sites::SiteStatus;
use crate::ctl::verify::status::{HostDrift, HostStatus, Status, VipStatus};

const HEADINGS: [&str; 9] = ["HOST", "GROUP", "INSTANCE", "STATE", "PRIO", "ADVERT", "NGINX", "AGENT", "SINCE"];

/// The whole screen, problems included: they are part of the picture.
pub(crate) fn status(report: &Report<Status>) -> String {
    let mut text: String = report.value.vips.iter().map(vip).collect();
    text.push_str(&sites(&report.value.sites));
    text.push_str(&certificates(&report.value.certificates));
    text.push('\n');
    let mut rows = vec![HEADINGS.map(str::to_owned).to_vec()];
    rows.extend(report.value.hosts.iter().flat_map(host_rows));
    text.push_str(&table(&rows));
    text.push_str(&pools(&report.value));
    text.push_str(&report.value.drift.as_deref().map_or_else(String::new, drift));
    text.push_str(&format!("\n{}", safety(report.value.safety.as_ref())));
    for problem in &report.problems {
        text.push_str(&format!("{problem}\n"));
    }
    text
}

/// What is not as the last deploy left it.
fn drift(hosts: &[HostDrift]) -> String {
    let all = hosts.iter().flat_map(|host| host.drift.iter().map(move |one| (&host.host, one)));
    let lines = all.fold(String::new(), |text, (host, one)| text + &format!("drift: {host}: {one}\n"));
    if lines.is_empty() { "\nno drift since the last deploy\n".to_owned() } else { format!("\n{lines}") }
}

fn vip(vip: &VipStatus) -> String {
    let owner = match vip.owners.as_slice() {
        [one] => style(one.clone()).green().bold().to_string(),
        [] if !vip.unknown.is_empty() => style("unknown").yellow().bold().to_string(),
        [] => style("nobody").red().bold().to_string(),
        many => style(many.join(" and ")).red().bold().to_string(),
    };
    let service = vip.service.as_ref().map_or_else(String::new, |answer| match (answer.status, &answer.error) {
        (Some(status), _) if answer.expected => format!("http {status}"),
        (Some(status), _) => style(format!("http {status}")).red().to_string(),
        (None, why) => style(format!("no answer: {}", why.as_deref().unwrap_or_default())).red().to_string(),
    });
    format!("{}  owned by {owner}  {service}\n", vip.address)
}

/// Each site with what it answers, and how long its certificate holds.
pub(crate) fn sites(sites: &[SiteStatus]) -> String {
    let line = |site: &SiteStatus| {
        let answer = match (site.status, &site.error) {
            (Some(status), _) if site.expected => format!("http {status}"),
            (Some(status), _) => style(format!("http {status}")).red().to_string(),
            (None, why) => style(format!("no answer: {}", why.as_deref().unwrap_or_default())).red().to_string(),
        };
        let certificate = site.certificate.as_ref().map_or_else(String::new, |one| {
            format!("  certificate for {} by {}, {} days left", one.names.join(", "), one.issuer, one.days_left)
        });
        format!("{} through {}  {answer}{certificate}\n", site.url, site.vip)
    };
    sites.iter().map(line).collect()
}

/// What each load balancer got by ACME.
pub(crate) fn certificates(held: &[HeldStatus]) -> String {
    let line = |one: &HeldStatus| {
        let (host, site, shown) = (&one.host, &one.site, &one.certificate);
        if !one.issued {
            return format!("{site} on {host}  {}\n", style("no certificate was issued yet").red());
        }
        let (names, issuer) = (shown.names.join(", "), &shown.issuer);
        format!("{site} on {host}  certificate for {names} by {issuer}, {} days left\n", shown.days_left)
    };
    held.iter().map(line).collect()
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
        (true, true) => "up".into(),
        (true, false) => style("down").red().to_string(),
    };
    let row = |instance: String, state: String, prio: String, advert: String, agent: String, since: String| {
        vec![host.name.clone(), host.group.name().into(), instance, state, prio, advert, nginx.clone(), agent, since]
    };
    let alone = |state: String| vec![row(empty(), state, empty(), empty(), empty(), empty())];
    if !host.reachable {
        return alone(style("unreachable").red().to_string());
    }
    let Some(version) = &host.agent_version else {
        return alone(if host.group == Group::Lb { style("no agent").red().to_string() } else { empty() });
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
    let pinned = if instance.pinned.is_some() { " pinned" } else { "" };
    if instance.effective_priority == instance.base_priority {
        instance.base_priority.to_string()
    } else {
        format!("{} ({}{pinned})", instance.effective_priority, instance.base_priority)
    }
}

fn since(instance: &InstanceStatus, now_unix_ms: u64) -> String {
    let Some(at) = instance.last_transition else { return "-".into() };
    format!("{}: {}", span(now_unix_ms.saturating_sub(at)), instance.last_reason.as_deref().unwrap_or_default())
}

/// A time in its largest unit.
pub(super) fn span(ms: u64) -> String {
    match ms / 1000 {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds @ 60..3600 => format!("{} min", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
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
            format!("safety T{tier}: {promise}.\n  Not promised: {not_promised}.\n")
        }
        None => "safety: unknown, since no agent answers.\n".into(),
    }
}
