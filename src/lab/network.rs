//! The switch, the namespaces on it, and the way out for package installs.

use super::kernel;
use super::layout::{Layout, Plan};
use super::tool::{ip, run, try_run};
use crate::error::{Code, Exit, Failure, Problem};

/// The bridge inside the switch's namespace.
const BRIDGE: &str = "br0";

/// Refuses a subnet that this machine already has a route into.
///
/// # Errors
/// Exit 4, with the route.
pub fn refuse_routed(plan: &Plan) -> Result<(), Failure> {
    let routes = ip(&["-4", "route", "show", "table", "main"])?;
    for route in routes.lines() {
        let Some(word) = route.split_whitespace().next() else { continue };
        let net = word
            .parse::<ipnet::Ipv4Net>()
            .ok()
            .or_else(|| word.parse::<std::net::Ipv4Addr>().ok().map(ipnet::Ipv4Net::from));
        if net.is_some_and(|net| net.contains(&plan.subnet) || plan.subnet.contains(&net)) {
            let problem = Problem::new(
                Code::LabRouted,
                format!("subnet {} is already routed here: `{}`", plan.subnet, route.trim()),
            )
            .why("the lab would cut this machine off from those addresses")
            .next("choose another one: hactl lab up --subnet 10.66.0.0/24");
            return Err(Failure::one(Exit::Preflight, problem));
        }
    }
    Ok(())
}

/// Makes the switch, the uplink, and the namespaces of hosts, desk and client.
///
/// # Errors
/// What `ip` or `nft` said.
pub fn make(layout: &Layout, plan: &Plan) -> Result<(), Failure> {
    let switch = layout.namespace("switch");
    ip(&["netns", "add", &switch])?;
    ip(&["-n", &switch, "link", "add", BRIDGE, "type", "bridge", "mcast_snooping", "0"])?;
    ip(&["-n", &switch, "link", "set", BRIDGE, "up"])?;
    let uplink = layout.uplink();
    ip(&["link", "add", &uplink, "type", "veth", "peer", "name", "uplink", "netns", &switch])?;
    ip(&["-n", &switch, "link", "set", "uplink", "master", BRIDGE, "up"])?;
    ip(&["addr", "add", &plan.prefixed("gateway"), "dev", &uplink])?;
    ip(&["link", "set", &uplink, "up"])?;
    for name in plan.hosts.iter().map(String::as_str).chain(["desk", "client"]) {
        make_one(layout, plan, name)?;
    }
    way_out(layout, plan)
}

fn make_one(layout: &Layout, plan: &Plan, name: &str) -> Result<(), Failure> {
    let (switch, space, port) = (layout.namespace("switch"), layout.namespace(name), port(plan, name));
    ip(&["netns", "add", &space])?;
    ip(&["-n", &space, "link", "set", "lo", "up"])?;
    ip(&["-n", &switch, "link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns", &space])?;
    ip(&["-n", &switch, "link", "set", &port, "master", BRIDGE, "up"])?;
    configure(layout, plan, name)
}

/// Gives a namespace the address and route of its host, as booting firmware and DHCP would.
///
/// # Errors
/// What `ip` said.
pub fn configure(layout: &Layout, plan: &Plan, name: &str) -> Result<(), Failure> {
    let (space, gateway) = (layout.namespace(name), plan.address("gateway").to_string());
    ip(&["-n", &space, "addr", "replace", &plan.prefixed(name), "dev", "eth0"])?;
    ip(&["-n", &space, "link", "set", "eth0", "up"])?;
    ip(&["-n", &space, "route", "replace", "default", "via", &gateway]).map(drop)
}

/// What dies with a host's kernel: its link, addresses and firewall. The namespace stays, so they must be taken away.
pub fn unconfigure(layout: &Layout, name: &str) {
    let space = layout.namespace(name);
    try_run(&["ip", "-n", &space, "link", "set", "eth0", "down"]);
    try_run(&["ip", "-n", &space, "addr", "flush", "dev", "eth0"]);
    try_run(&["ip", "netns", "exec", &space, "nft", "flush", "ruleset"]);
}

/// Hosts install packages from where this machine does.
fn way_out(layout: &Layout, plan: &Plan) -> Result<(), Failure> {
    kernel::set(&plan.kernel_before)?;
    let (table, subnet, uplink) = (layout.nft_table(), plan.subnet.to_string(), layout.uplink());
    run(&["nft", "add", "table", "ip", &table])?;
    run(&["nft", "add", "chain", "ip", &table, "out", "{ type nat hook postrouting priority srcnat; }"])?;
    let rule = ["saddr", &subnet, "oifname", "!=", &uplink, "masquerade"];
    run(&[&["nft", "add", "rule", "ip", &table, "out", "ip"], rule.as_slice()].concat()).map(drop)
}

/// The name of a host's port in the switch; link names are short, so hosts are numbered by address.
pub fn port(plan: &Plan, name: &str) -> String {
    let [.., last] = plan.address(name).octets();
    format!("port{last}")
}

/// Takes a host's port off the bridge (`true`) or puts it back: its own link stays up all the while.
///
/// # Errors
/// What `ip` said.
pub fn port_dark(layout: &Layout, plan: &Plan, name: &str, dark: bool) -> Result<(), Failure> {
    let (switch, port) = (layout.namespace("switch"), port(plan, name));
    if dark {
        ip(&["-n", &switch, "link", "set", &port, "nomaster"]).map(drop)
    } else {
        ip(&["-n", &switch, "link", "set", &port, "master", BRIDGE]).map(drop)
    }
}
