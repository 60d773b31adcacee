//! The example inventories, whole: what the desk renders for them serves clients, fails over, and leaves nothing
//! behind.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::Case;
use super::cluster::{Cluster, VIP4};
use super::deployed::{Deployed, example};
use super::host::{Daemon, Host, wait};

pub(crate) const CASES: &[Case] =
    crate::cases![four_hosts_by_direct_routing, four_hosts_by_nat, four_hosts_by_tunnels, two_hosts_that_are_both,];

const FOUR: &str = include_str!("../../inventories/lvs-dr.yaml");
const TWO: &str = include_str!("../../inventories/lvs-dr-two.yaml");
/// The examples' checks more often, so that a case does not wait for them.
const OFTEN: (&str, &str) = ("interval: 2s", "interval: 200ms");

fn four_hosts_by_direct_routing() {
    four_hosts("dr");
}

fn four_hosts_by_nat() {
    four_hosts("nat");
}

fn four_hosts_by_tunnels() {
    four_hosts("tun");
}

fn four_hosts(method: &str) {
    let cluster = Cluster::new(2, 2);
    let method = format!("method: {method} ");
    let inventory = example(FOUR, &[OFTEN, ("method: dr ", &method)]);
    // Clients are elsewhere: the way to them is the default route, which is what NAT turns to the director.
    for server in &cluster.servers {
        server.ip("route del 10.91.0.0/24\nroute add default dev eth0 scope link");
    }
    serve(&inventory, &cluster, &cluster.servers, ["rs1", "rs2"]);
}

fn two_hosts_that_are_both() {
    let cluster = Cluster::new(2, 0);
    serve(&example(TWO, &[OFTEN]), &cluster, &cluster.directors, ["lb1", "lb2"]);
}

/// Deploys, serves, fails over, and takes everything away.
fn serve(inventory: &hactl::ctl::cluster::Cluster, cluster: &Cluster, servers: &[Host], names: [&str; 2]) {
    let _web: Vec<Daemon> = servers.iter().map(Host::web).collect();
    let real: Vec<Deployed<'_>> = servers.iter().map(|host| Deployed::new(inventory, host)).collect();
    let before: Vec<_> = real.iter().map(Deployed::traces).collect();
    assert!(!real[0].realserver("check"), "nothing is there yet");
    assert!(real.iter().all(|server| server.realserver("start") && server.realserver("check")));
    assert!(real[0].realserver("start"), "a second start changes nothing");
    let [first, second] = &cluster.directors[..] else { panic!("two directors") };
    let agents = [first, second].map(|host| Deployed::new(inventory, host).agent());
    wait("the first director's address", || first.has(VIP4));
    let vip = SocketAddr::new(VIP4, 80);
    let halves = BTreeMap::from(names.map(|name| (name.to_owned(), 10)));
    let mut seen = BTreeMap::new();
    wait("both to serve", || {
        seen = cluster.client.gets(20, vip);
        eprintln!("{seen:?}");
        seen == halves
    });
    assert!(!second.has(VIP4));
    let [first_agent, second_agent] = agents;
    first_agent.stop();
    let log = std::fs::read_to_string(first.folder().join("hactl.log")).unwrap_or_default();
    assert!(first.real_servers().is_empty() && !first.has(VIP4), "{:?}\n{log}", first.ipvsadm("-Ln"));
    wait("the second director's address", || second.has(VIP4));
    wait("both to serve through the second", || cluster.client.gets(20, vip) == halves);
    second_agent.stop();
    for director in [first, second] {
        assert!(director.ipvsadm("-Ln").iter().all(|line| !line.contains("10.37.0.3")) && !director.has(VIP4));
        assert!(director.ipvsadm("-L --daemon").is_empty());
    }
    assert!(real.iter().all(|server| server.realserver("stop")));
    let after: Vec<_> = real.iter().map(Deployed::traces).collect();
    assert_eq!(after, before, "something of it is left");
    assert!(!real[0].realserver("check") && real[0].realserver("stop"), "a second stop finds nothing to do");
}
