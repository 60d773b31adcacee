//! `hactl status`: one screen, who owns the VIP and how everybody feels.

use std::time::Duration;

use console::{measure_text_width, style};
use hactl_engine::control::{InstanceStatus, RouterState, Safety};
use hactl_engine::lvs::words::virtual_server_text;
use hactl_engine::notice::state_name;
use serde_json::{Value, json};

use super::vips::judge;
use crate::ctl::cluster::{Cluster, Group, Host};
use crate::ctl::desk::{Desk, Manner, open};
use crate::ctl::look::observe::{Seen, Sight, look};
use crate::error::{Exit, Failure, Outcome, Problem};

/// Between two screens of `--watch`.
const REFRESH: Duration = Duration::from_secs(1);

/// Shows the cluster; with `watch`, again and again until interrupted.
///
/// # Errors
/// An invalid inventory. An unreachable host is part of the picture: exit 7, as for every other finding.
pub async fn status(inventory: Option<&std::path::Path>, manner: Manner, watch: bool) -> Outcome {
    let cluster = open(inventory, &manner)?;
    let desk = Desk::connect(cluster, manner).await?;
    loop {
        let sight = look(&desk, false).await;
        let findings = judge(&desk.cluster, &sight);
        if desk.manner.json {
            let text = serde_json::to_string_pretty(&as_json(&desk.cluster, &sight, &findings));
            println!("{}", text.map_err(|error| Failure::internal(error.to_string()))?);
        } else {
            if watch {
                // A terminal that cannot be cleared scrolls instead.
                let _ = console::Term::stdout().clear_screen();
            }
            print!("{}", as_text(&desk.cluster, &sight, &findings));
        }
        if !watch {
            let good = findings.iter().all(|finding| finding.warning);
            return Ok(if good { Exit::Done } else { Exit::Verification });
        }
        tokio::select! {
            () = tokio::time::sleep(REFRESH) => {}
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
        }
    }
}

/// The contract with scripts.
pub fn as_json(cluster: &Cluster, sight: &Sight, findings: &[Problem]) -> Value {
    let vips: Vec<Value> = cluster
        .vips
        .iter()
        .filter_map(|vip| vip.address())
        .map(|address| {
            let owners = sight.who_owns(cluster, address);
            let unknown: Vec<&String> = owners.unknown.iter().map(|(host, _)| host).collect();
            json!({"address": address, "owners": owners.names, "unknown": unknown})
        })
        .collect();
    let none = Seen::default();
    let hosts: Vec<Value> = cluster
        .hosts
        .iter()
        .map(|host| {
            let seen = sight.hosts.get(&host.name).unwrap_or(&none);
            let instances: Vec<Value> = seen
                .agent
                .iter()
                .flat_map(|agent| &agent.instances)
                .map(|instance| {
                    json!({
                        "name": instance.name,
                        "state": state_name(instance.state),
                        "effective_priority": instance.effective_priority,
                        "vrid": instance.vrid,
                        "last_advert_ms": instance.last_advert_ms,
                        "last_transition": instance.last_transition,
                        "fault_reasons": instance.fault_reasons,
                    })
                })
                .collect();
            json!({
                "name": host.name,
                "group": host.group.name(),
                "reachable": seen.reachable,
                "reason": seen.why.as_ref().map(|why| &why.message),
                "firewalls": seen.firewalls,
                "nginx": seen.nginx,
                "agent_version": seen.agent.as_ref().map(|agent| &agent.version),
                "instances": instances,
                "virtual_servers": seen.agent.as_ref().map(|agent| &agent.virtual_servers),
            })
        })
        .collect();
    json!({"vips": vips, "hosts": hosts, "findings": findings.iter().map(Problem::as_json).collect::<Vec<_>>()})
}

const HEADINGS: [&str; 9] = ["HOST", "GROUP", "INSTANCE", "STATE", "PRIO", "ADVERT", "NGINX", "AGENT", "SINCE"];

fn as_text(cluster: &Cluster, sight: &Sight, findings: &[Problem]) -> String {
    let mut text = String::new();
    for vip in &cluster.vips {
        let Some(address) = vip.address() else { continue };
        let owners = sight.who_owns(cluster, address);
        let owner = match owners.names.as_slice() {
            [one] => style(one.clone()).green().bold().to_string(),
            [] if !owners.unknown.is_empty() => style("unknown").yellow().bold().to_string(),
            _ => style(owners.to_string()).red().bold().to_string(),
        };
        let service = match sight.service.get(&address) {
            Some(Ok(status)) if cluster.site.expects(*status) => format!("http {status}"),
            Some(Ok(status)) => style(format!("http {status}")).red().to_string(),
            Some(Err(why)) => style(format!("no answer: {why}")).red().to_string(),
            None => String::new(),
        };
        text.push_str(&format!("{address}  owned by {owner}  {service}\n"));
    }
    text.push('\n');
    let mut rows = vec![HEADINGS.map(str::to_owned).to_vec()];
    for host in &cluster.hosts {
        rows.extend(host_rows(host, sight.hosts.get(&host.name).unwrap_or(&Seen::default())));
    }
    text.push_str(&table(&rows));
    text.push_str(&pools(cluster, sight));
    text.push_str(&format!("\n{}", safety(sight)));
    for finding in findings {
        text.push_str(&format!("{finding}\n"));
    }
    text
}

/// The virtual servers as the owner of the address has them, with the names of the hosts that serve.
fn pools(cluster: &Cluster, sight: &Sight) -> String {
    let mut text = String::new();
    for address in cluster.vips.iter().filter_map(|vip| vip.address()) {
        let owner = sight.owners(cluster, address).into_iter().next();
        let Some(agent) = owner.and_then(|owner| sight.hosts.get(&owner)?.agent.as_ref()) else { continue };
        let prefix = std::net::SocketAddr::new(address, 0).to_string();
        let here = |name: &str| name.starts_with(prefix.trim_end_matches('0'));
        for server in agent.virtual_servers.iter().filter(|server| here(&server.name)) {
            text.push('\n');
            text.push_str(&virtual_server_text(server));
        }
    }
    text
}

fn host_rows(host: &Host, seen: &Seen) -> Vec<Vec<String>> {
    let empty = || "-".to_owned();
    let nginx = match (seen.reachable, seen.nginx) {
        (false, _) => empty(),
        (true, true) => "up".into(),
        (true, false) => style("down").red().to_string(),
    };
    let row = |instance: String, state: String, prio: String, advert: String, agent: String, since: String| {
        vec![host.name.clone(), host.group.name().into(), instance, state, prio, advert, nginx.clone(), agent, since]
    };
    if !seen.reachable {
        let state = style("unreachable").red().to_string();
        return vec![row(empty(), state, empty(), empty(), empty(), empty())];
    }
    match &seen.agent {
        None if host.group == Group::Lb => {
            let state = style("no agent").red().to_string();
            vec![row(empty(), state, empty(), empty(), empty(), empty())]
        }
        None => vec![row(empty(), empty(), empty(), empty(), empty(), empty())],
        Some(agent) => agent
            .instances
            .iter()
            .map(|instance| {
                let state = match instance.state {
                    RouterState::Master => style("MASTER").green().to_string(),
                    RouterState::Fault => style("FAULT").red().to_string(),
                    other => state_name(other).to_owned(),
                };
                let advert = instance.last_advert_ms.map_or_else(empty, |ms| format!("{:.1} s", to_s(ms)));
                row(
                    instance.name.clone(),
                    state,
                    prio(instance),
                    advert,
                    agent.version.clone(),
                    since(instance, agent.now_unix_ms),
                )
            })
            .collect(),
    }
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
    let seconds = now_unix_ms.saturating_sub(at) / 1000;
    let time = match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    };
    format!("{time}: {}", instance.last_reason.as_deref().unwrap_or_default())
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds shown with one digit")]
fn to_s(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

/// Columns as wide as their widest cell; colour codes do not count.
pub fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |n: usize| {
        rows.iter().filter_map(|row| row.get(n)).map(|cell| measure_text_width(cell)).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    rows.iter().fold(String::new(), |text, row| {
        let line = row
            .iter()
            .zip(&widths)
            .fold(String::new(), |line, (cell, width)| line + cell + &" ".repeat(width - measure_text_width(cell) + 2));
        text + line.trim_end() + "\n"
    })
}

/// The weakest promise of all agents: that is what the pair can rely on.
fn safety(sight: &Sight) -> String {
    let tiers = sight.hosts.values().filter_map(|seen| seen.agent.as_ref()?.safety.as_ref());
    match tiers.min_by_key(|safety| safety.tier) {
        Some(Safety { tier, promise, not_promised }) => {
            format!("safety T{tier}: {promise}.\n  Not promised: {not_promised}.\n")
        }
        None => "safety: unknown, since no agent answers.\n".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn columns_line_up_despite_colour() {
        let rows = [
            vec!["a".to_owned(), "b".to_owned()],
            vec![style("long").red().force_styling(true).to_string(), "c".to_owned()],
        ];
        let text = console::strip_ansi_codes(&table(&rows)).into_owned();
        assert_eq!(text, "a     b\nlong  c\n");
    }

    #[test]
    fn the_json_has_its_promised_keys() {
        let cluster = crate::ctl::inventory::load::parse(
            std::path::Path::new("x.yaml"),
            include_str!("../../../inventories/homework.yaml"),
        )
        .unwrap()
        .cluster;
        let value = as_json(&cluster, &Sight::default(), &[Problem::new(Code::ServiceBad, "x").why("y")]);
        assert_eq!(value["findings"][0]["code"], "E704");
        assert_eq!(value["vips"][0]["address"], "10.0.0.3");
        assert_eq!(value["vips"][0]["owners"], json!([]));
        assert_eq!(value["hosts"][0]["name"], "lb-5");
        assert_eq!(value["hosts"][2]["group"], "web");
        assert_eq!(value["hosts"][0]["reachable"], false);
    }
}
