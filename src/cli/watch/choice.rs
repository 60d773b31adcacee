//! What there is to choose from: where a VIP can go, which server can be drained, what can be drilled.

use hactl_engine::control::RouterState;
use hactl_engine::notice::state_name;

use super::mode::Choice;
use super::model::Model;
use crate::cli::order::Order;
use crate::ctl::drill::scenario::Scenario;
use crate::ctl::drill::table::SCENARIOS;
use crate::ctl::view::host::Link;

/// Where VIPs can go.
pub(super) fn failovers(model: &Model) -> Choice {
    let mut lines = Vec::new();
    for vip in &model.known.cluster.vips {
        let owners = model.known.owners(vip, model.known.now_ms);
        let Some(address) = vip.address() else { continue };
        let from = if owners.names.is_empty() { "nobody".to_owned() } else { owners.names.join(" and ") };
        for member in vip.members.iter().filter(|member| owners.names != [member.host.clone()]) {
            let order = Order::Failover { vip: vip.name.clone(), address, from: from.clone(), to: member.host.clone() };
            let state = state(model, &member.host, address);
            lines.push((order, format!("{address}  {from} -> {}  ({state})", member.host)));
        }
    }
    Choice { title: "Move a VIP", lines, nothing: "no other host carries a VIP" }
}

fn state(model: &Model, host: &str, address: std::net::IpAddr) -> String {
    match (model.known.router(host, address), model.known.host(host).map(|host| &host.link)) {
        (Some(router), _) if router.status.state == RouterState::Fault => {
            format!("FAULT: {}", router.status.fault_reasons.join("; "))
        }
        (Some(router), _) => {
            format!("{}, priority {}", state_name(router.status.state), router.status.effective_priority)
        }
        (None, Some(Link::Heard)) => "has no such virtual router".into(),
        (None, _) => "not heard: how it stands is not known".into(),
    }
}

/// Servers that can be drained or taken back.
pub(super) fn drains(model: &Model) -> Choice {
    let by_kernel = model.known.cluster.lvs.is_some();
    let lines = model.known.cluster.backends().map(|host| {
        let drained = model.known.is_drained(host);
        let name = host.name.clone();
        let words = if drained { format!("{name}  is drained: take it back") } else { format!("{name}  drain") };
        (Order::Drain { host: name, back: drained, by_kernel }, words)
    });
    Choice {
        title: "Drain a server, or take it back",
        lines: lines.collect(),
        nothing: "there is no server behind a VIP",
    }
}

/// What can be drilled; without a lab nothing that cuts a host's power.
pub(super) fn drills(lab: bool) -> Choice {
    let here = SCENARIOS.iter().filter(|scenario| lab || !scenario.needs_lab());
    let line = |scenario: &'static Scenario| {
        let words = format!("{:<18} {}", scenario.name, scenario.title);
        (Order::Drill { name: scenario.name, title: scenario.title, expected: scenario.expected }, words)
    };
    Choice { title: "Drill: break something on purpose", lines: here.map(line).collect(), nothing: "there is no drill" }
}
