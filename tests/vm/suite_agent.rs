//! The agent and keepalived as whole daemons in the guest.

use std::net::SocketAddr;

use hactl_engine::ipvs::{DestinationSettings, Forward, Service, Table, Tunnel};

use super::Case;
use super::cluster::{Cluster, VIP4};
use super::host::{Host, wait};
use super::words::{at, by, mark, service, sticky, tcp, to, udp};

pub(crate) const CASES: &[Case] =
    crate::cases![an_address_moves_when_its_owner_dies, keepalived_means_the_same_by_its_keywords];

fn an_address_moves_when_its_owner_dies() {
    let cluster = Cluster::new(2, 0);
    let [first, second] = &cluster.directors[..] else { panic!("two directors") };
    let _web = [first.web(), second.web()];
    let config = |priority: u8| {
        format!(
            "vrrp_instance web {{
               interface eth0
               virtual_router_id 37
               priority {priority}
               version 3
               advert_int 0.5
               virtual_ipaddress {{ {VIP4}/32 }}
             }}"
        )
    };
    let (owner, _standby) = (first.agent(&config(150)), second.agent(&config(91)));
    wait("the owner's address", || first.has(VIP4));
    assert!(!second.has(VIP4));
    assert!(first.tell("status").contains("MASTER"), "{}", first.tell("status"));
    let vip = SocketAddr::new(VIP4, 80);
    assert_eq!(cluster.client.get(vip).unwrap(), "lb1");
    cluster.plug(first, false);
    wait("the address on the other", || second.has(VIP4));
    wait("the client's way there", || cluster.client.get(vip).is_ok_and(|who| who == "lb2"));
    drop(owner);
}

/// Keywords of its configuration, and the table that they make, in our words.
fn keepalived_means_the_same_by_its_keywords() {
    let host = Host::alone("lb");
    let _daemon = host.keepalived(
        "virtual_server 10.37.0.3 80 {
           lb_algo sh
           lb_kind DR
           sh-port
           persistence_timeout 91
           persistence_granularity 255.255.255.0
           protocol TCP
           real_server 10.37.0.21 80 {
             weight 37
             uthreshold 20
             lthreshold 10
           }
           real_server 10.37.0.22 80 { weight 0 }
         }
         virtual_server fd37::3 443 {
           lb_algo mh
           lb_kind TUN
           mh-fallback
           persistence_timeout 5
           persistence_granularity 64
           protocol TCP
           real_server fd37::21 443 { weight 1 }
         }
         virtual_server 10.37.0.3 53 {
           lb_algo rr
           lb_kind NAT
           ops
           protocol UDP
           real_server 10.37.0.21 5353 { weight 2 }
         }
         virtual_server fwmark 7 {
           lb_algo wlc
           lb_kind DR
           real_server 10.37.0.21 0 { weight 1 }
         }
        ",
    );
    let mut hashed = sticky("sh", 91, 24);
    hashed.scheduling.flags = [false, true, false];
    let mut maglev = sticky("mh", 5, 64);
    maglev.scheduling.flags = [true, false, false];
    let mut single = by("rr");
    single.scheduling.one_packet = true;
    let limited = DestinationSettings { upper_threshold: 20, lower_threshold: 10, ..to(37, Forward::Direct) };
    let pair = [(at("10.37.0.21:80"), limited), (at("10.37.0.22:80"), to(0, Forward::Direct))];
    let wanted = Table::from([
        (tcp("10.37.0.3:80"), Service { settings: hashed, destinations: pair.into() }),
        (tcp("[fd37::3]:443"), service(maglev, Forward::Tunnel(Tunnel::Ipip), &[(at("[fd37::21]:443"), 1)])),
        (udp("10.37.0.3:53"), service(single, Forward::Nat, &[(at("10.37.0.21:5353"), 2)])),
        (mark(7), service(by("wlc"), Forward::Direct, &[(at("10.37.0.21:0"), 1)])),
    ]);
    let mut ipvs = host.ipvs();
    wait("keepalived's table", || ipvs.table().unwrap().values().map(|one| one.destinations.len()).sum::<usize>() == 5);
    assert_eq!(ipvs.table().unwrap(), wanted);
}
