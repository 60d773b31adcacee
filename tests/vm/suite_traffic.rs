//! Traffic through the director to real servers: each way of forwarding, how schedulers share, what sticks.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use hactl_engine::ipvs::{Family, Forward, Protocol, ServiceKey, ServiceSettings, Table, Tunnel, TunnelChecksum};
use hactl_engine::lvs::load::{DestinationLoad, ServiceLoad};

use super::Case;
use super::cluster::{Cluster, VIP4, VIP6};
use super::host::{Daemon, wait};
use super::words::{by, make, mark, service, sticky};

pub(crate) const CASES: &[Case] = crate::cases![
    direct_routing_shares_in_turn,
    direct_routing_over_ipv6,
    nat_changes_ports_and_answers,
    nat_over_ipv6,
    tunnels_of_every_kind,
    an_ipv6_server_behind_an_ipv4_service,
    weights_are_shares,
    a_persistent_client_stays,
    datagrams_one_by_one,
    a_mark_gathers_ports,
    a_threshold_is_a_limit,
    what_is_carried_is_counted,
];

fn direct_routing_shares_in_turn() {
    let (cluster, _daemons) = direct(VIP4, 3);
    let vip = balance(&cluster, VIP4, by("rr"), Forward::Direct, &[1, 1, 1]);
    assert_eq!(cluster.client.gets(12, vip), counts(&[("rs1", 4), ("rs2", 4), ("rs3", 4)]));
    assert_eq!(cluster.client.sh("curl -s --max-time 5 http://10.37.0.3/").len(), "rs1\n".len());
}

fn direct_routing_over_ipv6() {
    let (cluster, _daemons) = direct(VIP6, 2);
    let vip = balance(&cluster, VIP6, by("rr"), Forward::Direct, &[1, 1]);
    assert_eq!(cluster.client.gets(8, vip), counts(&[("rs1", 4), ("rs2", 4)]));
    assert_eq!(cluster.client.sh("curl -s --max-time 5 'http://[fd37::3]/'").len(), "rs1\n".len());
}

fn nat_changes_ports_and_answers() {
    translated(VIP4);
}

fn nat_over_ipv6() {
    translated(VIP6);
}

/// Port 80 of the address is 8080 of the servers, whose answers go through the director.
fn translated(vip: IpAddr) {
    let cluster = Cluster::new(1, 2);
    let _daemons: Vec<Daemon> = cluster.servers.iter().map(|server| server.web()).collect();
    cluster.director().carries(vip);
    cluster.servers.iter().for_each(|server| server.answers_through(cluster.director()));
    let weights: Vec<_> = cluster.servers.iter().map(|server| (server.serves(vip, 8080), 1)).collect();
    let key = ServiceKey::Address { protocol: Protocol::Tcp, address: SocketAddr::new(vip, 80) };
    let wanted = Table::from([(key, service(by("rr"), Forward::Nat, &weights))]);
    make(&mut cluster.director().ipvs(), &wanted);
    assert_eq!(cluster.client.gets(8, SocketAddr::new(vip, 80)), counts(&[("rs1", 4), ("rs2", 4)]));
}

fn tunnels_of_every_kind() {
    let (cluster, _daemons) = direct(VIP4, 1);
    let server = &cluster.servers[0];
    server.sh("modprobe ipip && modprobe fou && modprobe ip_gre
         ip link set tunl0 up && ip link set gre0 up && ip fou add port 6080 gue
         for device in all tunl0 gre0; do echo 0 > /proc/sys/net/ipv4/conf/$device/rp_filter; done");
    let gue = |checksum| Tunnel::Gue { port: 6080, checksum };
    let gre = |checksum| Tunnel::Gre { checksum };
    let kinds = [
        Tunnel::Ipip,
        gue(TunnelChecksum::None),
        gue(TunnelChecksum::Outer),
        gue(TunnelChecksum::Remote),
        gre(TunnelChecksum::None),
        gre(TunnelChecksum::Outer),
    ];
    for tunnel in kinds {
        if tunnel == gre(TunnelChecksum::Outer) {
            // A GRE device takes packets with checksums or those without.
            server.ip("link add gre1 type gre local 10.37.0.21 icsum\nlink set gre1 up");
        }
        let vip = balance(&cluster, VIP4, by("rr"), Forward::Tunnel(tunnel), &[1]);
        assert_eq!(cluster.client.gets(2, vip), counts(&[("rs1", 2)]), "{tunnel:?}");
    }
}

fn an_ipv6_server_behind_an_ipv4_service() {
    let (cluster, _daemons) = direct(VIP4, 1);
    let server = &cluster.servers[0];
    server.sh("modprobe ip6_tunnel && ip -6 tunnel change ip6tnl0 mode any && ip link set ip6tnl0 up");
    let key = ServiceKey::Address { protocol: Protocol::Tcp, address: SocketAddr::new(VIP4, 80) };
    let weights = [(SocketAddr::new(server.v6(), 80), 1)];
    let wanted = Table::from([(key, service(by("rr"), Forward::Tunnel(Tunnel::Ipip), &weights))]);
    make(&mut cluster.director().ipvs(), &wanted);
    assert_eq!(cluster.client.gets(3, SocketAddr::new(VIP4, 80)), counts(&[("rs1", 3)]));
}

fn weights_are_shares() {
    let (cluster, _daemons) = direct(VIP4, 3);
    let vip = balance(&cluster, VIP4, by("wrr"), Forward::Direct, &[3, 1, 0]);
    assert_eq!(cluster.client.gets(12, vip), counts(&[("rs1", 9), ("rs2", 3)]));
    balance(&cluster, VIP4, by("wrr"), Forward::Direct, &[0, 1, 2]);
    assert_eq!(cluster.client.gets(12, vip), counts(&[("rs2", 4), ("rs3", 8)]));
}

fn a_persistent_client_stays() {
    let (cluster, _daemons) = direct(VIP4, 3);
    let vip = balance(&cluster, VIP4, sticky("rr", 60, 32), Forward::Direct, &[1, 1, 1]);
    let other = cluster.another_client(10);
    let (first, second) = (cluster.client.gets(6, vip), other.gets(6, vip));
    assert_eq!((first.len(), second.len()), (1, 1), "{first:?} {second:?}");
    assert_ne!(first, second);
    // Both clients are one when 24 bits count.
    balance(&cluster, VIP4, by("rr"), Forward::Direct, &[]);
    balance(&cluster, VIP4, sticky("rr", 60, 24), Forward::Direct, &[1, 1, 1]);
    assert_eq!(cluster.client.gets(3, vip), other.gets(3, vip));
}

fn datagrams_one_by_one() {
    let cluster = Cluster::new(1, 2);
    let director = cluster.director();
    director.carries(VIP4);
    let address = SocketAddr::new(VIP4, 53);
    let weights: Vec<_> = cluster.servers.iter().map(|server| (server.serves(VIP4, 53), 1)).collect();
    for server in &cluster.servers {
        server.hides(VIP4);
        server.answers_datagrams(address);
    }
    let key = ServiceKey::Address { protocol: Protocol::Udp, address };
    let mut settings = by("rr");
    settings.scheduling.one_packet = true;
    make(&mut director.ipvs(), &Table::from([(key, service(settings, Forward::Direct, &weights))]));
    assert_eq!(cluster.client.asks(10, address), counts(&[("rs1", 5), ("rs2", 5)]));
}

/// Ports 80 and 8080 are one service: a client that sticks has the same server on both.
fn a_mark_gathers_ports() {
    let (cluster, _daemons) = direct(VIP4, 2);
    let director = cluster.director();
    director.sh("nft add table ip lvs
         nft add chain ip lvs in '{ type filter hook prerouting priority -150; }'
         nft add rule ip lvs in ip daddr 10.37.0.3 tcp dport '{ 80, 8080 }' meta mark set 5");
    let weights: Vec<_> = cluster.servers.iter().map(|server| (SocketAddr::new(server.v4(), 0), 1)).collect();
    let mut ipvs = director.ipvs();
    make(&mut ipvs, &Table::from([(mark(5), service(by("rr"), Forward::Direct, &weights))]));
    assert_eq!(cluster.client.gets(6, SocketAddr::new(VIP4, 8080)), counts(&[("rs1", 3), ("rs2", 3)]));
    make(&mut ipvs, &Table::from([(mark(5), service(sticky("rr", 60, 32), Forward::Direct, &weights))]));
    let one = cluster.client.gets(3, SocketAddr::new(VIP4, 80));
    assert_eq!(one.len(), 1, "{one:?}");
    assert_eq!(cluster.client.gets(3, SocketAddr::new(VIP4, 8080)), one);
    let of = |family| ServiceKey::Mark { family, mark: 5 };
    assert_eq!(ipvs.table().unwrap().keys().copied().collect::<Vec<_>>(), [of(Family::V4)]);
}

fn a_threshold_is_a_limit() {
    let (cluster, _daemons) = direct(VIP4, 2);
    let address = SocketAddr::new(VIP4, 80);
    let weights: Vec<_> = cluster.servers.iter().map(|server| (server.serves(VIP4, 80), 1)).collect();
    let key = ServiceKey::Address { protocol: Protocol::Tcp, address };
    let mut limited = service(by("rr"), Forward::Direct, &weights);
    limited.destinations.get_mut(&weights[0].0).unwrap().upper_threshold = 2;
    make(&mut cluster.director().ipvs(), &Table::from([(key, limited)]));
    // Closed connections count too, for some time.
    assert_eq!(cluster.client.gets(10, address), counts(&[("rs1", 2), ("rs2", 8)]));
}

fn what_is_carried_is_counted() {
    let (cluster, _daemons) = direct(VIP4, 2);
    let vip = balance(&cluster, VIP4, by("rr"), Forward::Direct, &[1, 1]);
    cluster.client.gets(6, vip);
    let open: Vec<_> = cluster.client.within(|| {
        let open = (0..2).map(|_| std::net::TcpStream::connect(vip).unwrap());
        open.collect()
    });
    let key = ServiceKey::Address { protocol: Protocol::Tcp, address: vip };
    let mut ipvs = cluster.director().ipvs();
    let mut load = ServiceLoad::default();
    // The kernel sums up every two seconds, and the last client may still be saying goodbye.
    let servers: Vec<_> = cluster.servers.iter().map(|server| server.serves(VIP4, 80)).collect();
    wait("eight connections counted, two of them open", || {
        load = ipvs.read().unwrap().loads.remove(&key).unwrap();
        let told =
            |one: &DestinationLoad| (one.active, one.inactive, one.persistent, one.traffic.connections) == (1, 3, 0, 4);
        let traffic = load.traffic;
        servers.iter().all(|server| told(&load.destinations[server]))
            && traffic.connections == 8
            && traffic.packets_in >= 8 * 3
            && traffic.bytes_in >= traffic.packets_in * 40
    });
    assert_eq!(load.traffic.packets_out, 0, "answers do not pass the director");
    drop(open);
}

/// A director and servers ready for direct routing, each serving.
fn direct(vip: IpAddr, servers: u8) -> (Cluster, Vec<Daemon>) {
    let cluster = Cluster::new(1, servers);
    let daemons = cluster.servers.iter().map(|server| server.web()).collect();
    cluster.director().carries(vip);
    cluster.servers.iter().for_each(|server| server.hides(vip));
    (cluster, daemons)
}

/// Makes a service on port 80 of the address the director's whole table; where clients find it.
fn balance(cluster: &Cluster, vip: IpAddr, settings: ServiceSettings, forward: Forward, weights: &[u32]) -> SocketAddr {
    let address = SocketAddr::new(vip, 80);
    let addresses = cluster.servers.iter().map(|server| server.serves(vip, 80));
    let weights: Vec<_> = addresses.zip(weights.iter().copied()).collect();
    let key = ServiceKey::Address { protocol: Protocol::Tcp, address };
    make(&mut cluster.director().ipvs(), &Table::from([(key, service(settings, forward, &weights))]));
    address
}

fn counts(expected: &[(&str, usize)]) -> BTreeMap<String, usize> {
    expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}
