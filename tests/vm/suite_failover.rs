//! Two directors whose agents do everything: the address, the table, the checks and the synchronisation.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Case;
use super::agent::pool;
use super::cluster::{Cluster, VIP4};
use super::host::{Host, wait};
use super::stream::Download;

pub(crate) const CASES: &[Case] = crate::cases![
    a_download_survives_promotion_and_a_pulled_plug,
    directors_that_are_real_servers_balance_without_a_loop,
    checks_rest_while_the_other_director_serves,
];

/// A director of a pair: who owns the address tells its connections.
fn director(priority: u8, pool: &str) -> String {
    format!(
        "global_defs {{\nlvs_sync_daemon eth0 web\n}}\n\
         vrrp_instance web {{\nstate BACKUP\ninterface eth0\nvirtual_router_id 37\npriority {priority}\nversion 3\n\
         advert_int 1\nvirtual_ipaddress {{\n{VIP4}/32\n}}\n}}\n{pool}"
    )
}

/// Waits until the first is master and the second is not, in all that follows from it.
fn leads(first: &Host, second: &Host) {
    wait(&format!("{} to be master", first.name), || first.has(VIP4) && !second.has(VIP4));
    for (host, role) in [(first, "master"), (second, "backup")] {
        let shown = format!("{role} sync daemon (mcast=eth0, syncid=37");
        host.wait(&format!("{}: {shown}", host.name), || {
            let lines = host.ipvsadm("-L --daemon");
            lines.len() == 1 && lines[0].starts_with(&shown)
        });
    }
}

fn a_download_survives_promotion_and_a_pulled_plug() {
    let cluster = Cluster::new(2, 3);
    let [first, second] = &cluster.directors[..] else { panic!("two directors") };
    let flowing = Arc::new(AtomicBool::new(true));
    for server in &cluster.servers {
        server.hides(VIP4);
        server.streams("0.0.0.0:80".parse().unwrap(), &flowing);
    }
    let servers = [(21, "weight 1"), (22, "weight 1"), (23, "weight 1")];
    let _agents =
        [(first, 150), (second, 91)].map(|(host, priority)| host.agent(&director(priority, &pool("", &servers))));
    let table = ["10.37.0.21:80 1", "10.37.0.22:80 1", "10.37.0.23:80 1"];
    [first, second].iter().for_each(|host| host.until(&table));
    leads(first, second);
    let vip = SocketAddr::new(VIP4, 80);
    // A director that does not know a connection refuses its packets, for they do not begin one.
    let downloads = [Download::begin(&cluster.client, vip), Download::begin(&cluster.client, vip)];
    for download in &downloads {
        let port = format!(":{} ", download.port);
        wait("the connection on both", || second.ipvsadm("-Lcn").iter().any(|line| line.contains(&port)));
    }
    second.tell("promote");
    leads(second, first);
    downloads.iter().for_each(Download::goes_on);
    cluster.plug(second, false);
    wait("the address on the first again", || first.has(VIP4));
    downloads.iter().for_each(Download::goes_on);
    cluster.plug(second, true);
    leads(first, second);
    downloads.iter().for_each(Download::goes_on);
    flowing.store(false, Ordering::SeqCst);
    for (bytes, longest) in downloads.map(Download::end) {
        println!(
            "NOTE {:.1} MB through three switches, at most {} ms without a byte",
            bytes as f64 / 1e6,
            longest.as_millis()
        );
    }
}

fn directors_that_are_real_servers_balance_without_a_loop() {
    let cluster = Cluster::new(2, 0);
    let [first, second] = &cluster.directors[..] else { panic!("two directors") };
    let _web = [first.web(), second.web()];
    let pool = pool("master_only", &[(11, "weight 1"), (12, "weight 1")]);
    let [first_agent, _second_agent] = [(first, 150), (second, 91)].map(|(host, priority)| {
        host.hides(VIP4);
        host.agent(&director(priority, &pool))
    });
    let both = ["10.37.0.11:80 1", "10.37.0.12:80 1"];
    first.until(&both);
    leads(first, second);
    assert!(second.ipvsadm("-Ln").iter().all(|line| !line.contains("10.37.0.3")), "{:?}", second.ipvsadm("-Ln"));
    assert!(second.tell("status").contains("master_only"), "{}", second.tell("status"));
    let vip = SocketAddr::new(VIP4, 80);
    let halves = BTreeMap::from([("lb1".to_owned(), 25), ("lb2".to_owned(), 25)]);
    assert_eq!(cluster.client.gets(50, vip), halves);
    second.tell("promote");
    leads(second, first);
    second.until(&both);
    first.until(&[]);
    // Another client: the first one may come from a port whose old connection is remembered, and gets the server that
    // it had.
    assert_eq!(cluster.another_client(10).gets(50, vip), halves);
    // Gone whole: its web server, too, would have answered.
    cluster.plug(second, false);
    first.until(&["10.37.0.11:80 1"]);
    wait("the first alone", || cluster.client.gets(4, vip) == BTreeMap::from([("lb1".to_owned(), 4)]));
    first_agent.stop();
    assert!(first.real_servers().is_empty() && first.ipvsadm("-L --daemon").is_empty());
}

/// `ha_suspend`: who does not hold the address neither asks nor judges, and begins to when it does.
fn checks_rest_while_the_other_director_serves() {
    let cluster = Cluster::new(2, 2);
    let [first, second] = &cluster.directors[..] else { panic!("two directors") };
    let mut web: Vec<_> = cluster.servers.iter().map(|server| server.web()).collect();
    let pool = pool("ha_suspend", &[(21, "weight 1"), (22, "weight 1")]);
    let _agents = [(first, 150), (second, 91)].map(|(host, priority)| host.agent(&director(priority, &pool)));
    leads(first, second);
    let both = ["10.37.0.21:80 1", "10.37.0.22:80 1"];
    [first, second].iter().for_each(|host| host.until(&both));
    assert!(second.tell("status").contains("ha_suspend") && !first.tell("status").contains("ha_suspend"));
    drop(web.pop());
    first.until(&["10.37.0.21:80 1"]);
    assert_eq!(second.real_servers(), both, "the second one did not look");
    second.tell("promote");
    second.until(&["10.37.0.21:80 1"]);
    leads(second, first);
    web.push(cluster.servers[1].web());
    second.until(&both);
    assert_eq!(first.real_servers(), ["10.37.0.21:80 1"], "the first one looks no more");
}
