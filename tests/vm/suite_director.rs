//! The agent as a director: what a file makes of the kernel's table, and what checks, operators and restarts make of
//! it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::Case;
use super::agent::{direct_cluster, pool};
use super::cluster::{Cluster, VIP4};
use super::host::{Host, wait};
use super::netlink::{SET_DESTINATION, Tap};

pub(crate) const CASES: &[Case] = crate::cases![
    the_same_file_gives_keepalived_s_table,
    a_dead_server_leaves_and_returns,
    a_drained_server_keeps_its_connections,
    a_restart_keeps_the_table_and_a_stop_clears_it,
    a_reload_changes_what_differs,
    a_reload_sends_one_message_for_one_weight,
    the_sorry_server_serves_without_quorum,
    a_persistence_of_0_is_none,
];

/// One of everything that both understand.
fn everything() -> String {
    let mut text = String::from(
        "virtual_server_group vips {\n10.37.0.40-42 80\n10.37.0.50 443\nfwmark 7\n}\n\
         virtual_server group vips {\nlb_algo wlc\nlb_kind NAT\nprotocol TCP\nreal_server 10.37.0.21 80 {\nweight 3\n}\n}\n\
         virtual_server fwmark 91 {\nlb_algo sh\nlb_kind TUN\nprotocol TCP\nreal_server 10.37.0.22 80 {\nweight 7\n}\n}\n\
         virtual_server fd37::3 80 {\nlb_algo sed\nlb_kind DR\nprotocol TCP\nreal_server fd37::15 80 {\nweight 5\n}\n}\n\
         virtual_server 10.37.0.3 53 {\nlb_algo rr\nlb_kind NAT\nprotocol UDP\nops\nreal_server 10.37.0.21 53 {\nweight 1\n}\n}\n\
         virtual_server 10.37.0.60 80 {\nlb_algo mh\nmh-port\nmh-fallback\nlb_kind DR\nprotocol TCP\npersistence_timeout 360\n\
         persistence_granularity 255.255.255.0\nsorry_server 10.37.0.99 80\nreal_server 10.37.0.21 80 {\nweight 2\nuthreshold 100\n\
         lthreshold 50\n}\n}\n\
         virtual_server 10.37.0.61 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\npersistence_timeout 0\nreal_server 10.37.0.21 80 {\nweight 4\n}\n}\n",
    );
    for (n, scheduler) in ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "fo", "ovf", "nq"].iter().enumerate() {
        let port = 1000 + n;
        text.push_str(&format!(
            "virtual_server 10.37.0.3 {port} {{\nlb_algo {scheduler}\nlb_kind NAT\nprotocol TCP\nreal_server 10.37.0.21 {port} {{\nweight {}\n}}\n}}\n",
            n + 1
        ));
    }
    text
}

fn the_same_file_gives_keepalived_s_table() {
    let cluster = Cluster::new(2, 0);
    let [ours, theirs] = &cluster.directors[..] else { panic!("two directors") };
    let agent = ours.agent(&everything());
    let keepalived = theirs.keepalived(&everything());
    let table = |host: &Host| {
        let mut lines = host.ipvsadm("-Sn");
        lines.sort();
        lines
    };
    let wanted = 5 + 1 + 1 + 1 + 1 + 1 + 10;
    theirs.wait("keepalived's table", || table(theirs).iter().filter(|line| line.starts_with("-A")).count() >= wanted);
    ours.wait("our table", || table(ours).len() == table(theirs).len());
    assert_eq!(table(ours), table(theirs), "{}\n{}", agent.log(), keepalived.log());
}

fn a_dead_server_leaves_and_returns() {
    let (cluster, mut web) = direct_cluster(2);
    let director = cluster.director();
    let _agent = director.agent(&pool("", &[(21, "weight 3"), (22, "weight 3")]));
    director.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    let at = (VIP4, 80).into();
    assert_eq!(cluster.client.gets(10, at).len(), 2);
    drop(web.remove(1));
    director.until(&["10.37.0.21:80 3"]);
    assert_eq!(cluster.client.gets(10, at).into_iter().collect::<Vec<_>>(), [("rs1".to_owned(), 10)]);
    assert!(director.tell("status").contains("connection refused"), "{}", director.tell("status"));
    web.push(cluster.servers[1].web());
    director.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    web.remove(0).signal(Signal::SIGSTOP); // the kernel still accepts connections: TCP_CHECK cannot see it
    let history = director.tell("history");
    assert!(history.contains("real server 10.37.0.22:80 is down") && history.contains("is up"), "{history}");
}

fn a_drained_server_keeps_its_connections() {
    let (cluster, _web) = direct_cluster(2);
    let director = cluster.director();
    let agent = director.agent(&pool("", &[(21, "weight 3"), (22, "weight 3")]));
    director.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    director.tell("drain 10.37.0.22:80");
    director.until(&["10.37.0.21:80 3", "10.37.0.22:80 0"]);
    director.tell("undrain 10.37.0.22");
    director.tell("drain 10.37.0.21");
    director.until(&["10.37.0.21:80 0", "10.37.0.22:80 3"]);
    let mut open = cluster.client.within(|| TcpStream::connect((VIP4, 80)).unwrap());
    open.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    director.tell("undrain 10.37.0.21");
    director.tell("drain 10.37.0.22");
    director.until(&["10.37.0.21:80 3", "10.37.0.22:80 0"]);
    open.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("rs2\n"), "{answer}");
    assert_eq!(cluster.client.gets(6, (VIP4, 80).into()).into_iter().collect::<Vec<_>>(), [("rs1".to_owned(), 6)]);
    agent.stop();
    let _agent = director.agent_again();
    director.until(&["10.37.0.21:80 3", "10.37.0.22:80 0"]);
    director.tell("weight 10.37.0.21 37");
    director.tell("undrain 10.37.0.22");
    director.until(&["10.37.0.21:80 37", "10.37.0.22:80 3"]);
    director.tell("weight 10.37.0.21");
    director.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    let refusal = director.tell_in_vain("drain 10.37.0.77");
    assert!(refusal.contains("10.37.0.77"), "{refusal}");
}

fn a_restart_keeps_the_table_and_a_stop_clears_it() {
    let (cluster, _web) = direct_cluster(2);
    let director = cluster.director();
    director.sh("ipvsadm -A -t 10.37.0.77:80 -s rr; ipvsadm -a -t 10.37.0.77:80 -r 10.37.0.88:80 -m -w 9");
    let agent = director.agent(&pool("", &[(21, "weight 3"), (22, "weight 3")]));
    let both = ["10.37.0.21:80 3", "10.37.0.22:80 3", "10.37.0.88:80 9"];
    director.until(&both);
    agent.signal(Signal::SIGKILL);
    drop(agent);
    assert_eq!(director.real_servers(), both, "a crash leaves the table");
    let agent = director.agent_again();
    director.until(&both);
    agent.stop();
    assert_eq!(director.real_servers(), ["10.37.0.88:80 9"], "what is not ours stays");
}

fn a_reload_changes_what_differs() {
    let (cluster, _web) = direct_cluster(2);
    let director = cluster.director();
    let _agent = director.agent(&pool("", &[(21, "weight 3"), (22, "weight 3")]));
    director.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    let _traffic = cluster.client.gets(4, (VIP4, 80).into());
    director.configure(&pool("", &[(21, "weight 3"), (22, "weight 7")]));
    director.tell("reload");
    director.until(&["10.37.0.21:80 3", "10.37.0.22:80 7"]);
    // The kernel sums up now and then. A service made anew would have none.
    director.wait("four connections", || {
        director.ipvsadm("-Ln --stats").iter().any(|line| line.contains("10.37.0.3:80") && line.contains(" 4 "))
    });
    director.configure(&pool("lb_algo wrr\npersistence_timeout 50", &[(22, "weight 7")]).replacen(
        "lb_algo rr\n",
        "",
        1,
    ));
    director.tell("reload");
    director.until(&["10.37.0.22:80 7"]);
    assert!(
        director.ipvsadm("-Ln").iter().any(|line| line.contains("wrr persistent 50")),
        "{:?}",
        director.ipvsadm("-Ln")
    );
    director.configure("");
    director.tell("reload");
    director.wait("an empty table", || !director.ipvsadm("-Ln").iter().any(|line| line.contains("10.37.0.3")));
}

fn a_reload_sends_one_message_for_one_weight() {
    let cluster = Cluster::new(1, 0);
    let director = cluster.director();
    let _agent = director.agent(&everything());
    director.wait("the table", || director.ipvsadm("-Sn").len() == 20 + 20);
    let tap = Tap::on(director);
    director.tell("reload");
    director.configure(&everything().replacen("weight 7\n", "weight 37\n", 1));
    director.tell("reload");
    director.wait("the weight", || director.ipvsadm("-Ln").iter().any(|line| line.contains(" 37 ")));
    wait("the message", || !tap.changes().is_empty());
    let changes: Vec<u8> = tap.changes().iter().map(|one| one.command).collect();
    assert_eq!(changes, [SET_DESTINATION]);
}

fn the_sorry_server_serves_without_quorum() {
    let (cluster, mut web) = direct_cluster(3);
    let director = cluster.director();
    let lines = "sorry_server 10.37.0.23 80";
    let _agent = director.agent(&pool(lines, &[(21, "weight 3"), (22, "weight 3")]));
    director.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    drop(web.drain(..2));
    director.until(&["10.37.0.23:80 1"]);
    assert_eq!(cluster.client.gets(4, (VIP4, 80).into()).into_iter().collect::<Vec<_>>(), [("rs3".to_owned(), 4)]);
    assert!(director.tell("status").contains("NO QUORUM"));
    web.push(cluster.servers[0].web());
    director.until(&["10.37.0.21:80 3"]);
}

/// One client reaches both servers in turn; with a second of persistence it would be sent to one.
fn a_persistence_of_0_is_none() {
    let (cluster, _web) = direct_cluster(2);
    let director = cluster.director();
    let of = |seconds: u8| pool(&format!("persistence_timeout {seconds}"), &[(21, "weight 3"), (22, "weight 3")]);
    let _agent = director.agent(&of(0));
    director.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    let halves = std::collections::BTreeMap::from([("rs1".to_owned(), 15), ("rs2".to_owned(), 15)]);
    assert_eq!(cluster.client.gets(30, (VIP4, 80).into()), halves);
    director.configure(&of(200));
    director.tell("reload");
    director.wait("persistence", || director.ipvsadm("-Ln").iter().any(|line| line.contains("persistent 200")));
    assert_eq!(cluster.client.gets(30, (VIP4, 80).into()).len(), 1, "the measure can fail");
}
