//! The hosts of a case on one switch: a client from another subnet, directors, and real servers.
//!
//! Everybody reaches everybody; the client's subnet lies on the same wire, so that real servers answer it directly (DR,
//! TUN) or through a director (NAT), as each case says.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::{Child, Command, Stdio};

use super::host::Host;

/// Virtual addresses that every case may use.
pub(crate) const VIP4: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 37, 0, 3));
pub(crate) const VIP6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xfd37, 0, 0, 0, 0, 0, 0, 3));

/// A client, directors `lb1`, `lb2` … and real servers `rs1`, `rs2` …
pub(crate) struct Cluster {
    pub client: Host,
    pub directors: Vec<Host>,
    pub servers: Vec<Host>,
    switch: Host,
}

impl Cluster {
    pub(crate) fn new(directors: u8, servers: u8) -> Self {
        let switch = Host::alone("switch");
        switch.ip("link add br0 type bridge mcast_snooping 0\nlink set br0 up");
        let member = |name: String, n: u8| {
            let host = Host::new(&name, Ipv4Addr::new(10, 37, 0, n), Ipv6Addr::new(0xfd37, 0, 0, 0, 0, 0, 0, n.into()));
            plug_in(&switch, &host);
            // The client's subnet is on this wire too.
            host.ip("route add 10.91.0.0/24 dev eth0\nroute add fd91::/64 dev eth0");
            host
        };
        let directors = (1..=directors).map(|n| member(format!("lb{n}"), 10 + n)).collect();
        let servers = (1..=servers).map(|n| member(format!("rs{n}"), 20 + n)).collect();
        let client = Host::new("client", Ipv4Addr::new(10, 91, 0, 9), Ipv6Addr::new(0xfd91, 0, 0, 0, 0, 0, 0, 9));
        plug_in(&switch, &client);
        client.ip("route add 10.37.0.0/24 dev eth0\nroute add fd37::/64 dev eth0");
        let cluster = Self { client, directors, servers, switch };
        cluster.directors.iter().for_each(prepare_director);
        cluster
    }

    /// A second client on the same wire.
    pub(crate) fn another_client(&self, n: u8) -> Host {
        let host = Host::new(
            &format!("client{n}"),
            Ipv4Addr::new(10, 91, 0, n),
            Ipv6Addr::new(0xfd91, 0, 0, 0, 0, 0, 0, n.into()),
        );
        plug_in(&self.switch, &host);
        host.ip("route add 10.37.0.0/24 dev eth0\nroute add fd37::/64 dev eth0");
        host
    }

    /// The first director.
    pub(crate) fn director(&self) -> &Host {
        &self.directors[0]
    }

    /// Takes a host off the wire at the switch, or puts it back: its own link stays up.
    pub(crate) fn plug(&self, host: &Host, plugged: bool) {
        self.switch.ip(&format!("link set {} {}", port(host), if plugged { "up" } else { "down" }));
    }

    /// The host's cable in one's hand: pulled in a moment that can be told.
    pub(crate) fn cable(&self, host: &Host) -> Cable {
        let batch = ["-n", &self.switch.namespace, "-batch", "-"];
        let ip = Command::new("ip").args(batch).stdin(Stdio::piped()).spawn().unwrap();
        Cable { ip, port: port(host) }
    }
}

/// A port of the switch that is left and joined at once: no process is started for it, and no link goes down.
pub(crate) struct Cable {
    ip: Child,
    port: String,
}

impl Cable {
    /// Pulls it, or plugs it in again.
    pub(crate) fn plug(&mut self, plugged: bool) {
        let state = if plugged { "master br0" } else { "nomaster" };
        let line = format!("link set dev {} {state}\n", self.port);
        self.ip.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        let _ = self.ip.kill();
        let _ = self.ip.wait();
    }
}

impl Host {
    /// Carries a virtual address as a director does.
    pub(crate) fn carries(&self, vip: IpAddr) {
        self.ip(&addr_add(vip, "eth0"));
    }

    /// Accepts packets for a virtual address and keeps quiet about it, as a real server behind DR or TUN does.
    pub(crate) fn hides(&self, vip: IpAddr) {
        self.sysctl(&[
            "net/ipv4/conf/all/arp_ignore=1",
            "net/ipv4/conf/all/arp_announce=2",
            "net/ipv4/conf/lo/arp_ignore=1",
            "net/ipv4/conf/lo/arp_announce=2",
        ]);
        self.ip(&addr_add(vip, "lo"));
    }

    /// Answers the client through a director, as a real server behind NAT does.
    pub(crate) fn answers_through(&self, director: &Host) {
        // The client is on the same wire: the director says so, and must not be believed.
        self.sysctl(&[
            "net/ipv4/conf/all/accept_redirects=0",
            "net/ipv4/conf/eth0/accept_redirects=0",
            "net/ipv6/conf/all/accept_redirects=0",
            "net/ipv6/conf/eth0/accept_redirects=0",
        ]);
        let (v4, v6) = (director.v4(), director.v6());
        self.ip(&format!("route replace 10.91.0.0/24 via {v4}\nroute replace fd91::/64 via {v6} metric 1"));
    }

    /// Where this host serves: its own address of the same family.
    pub(crate) fn serves(&self, vip: IpAddr, port: u16) -> SocketAddr {
        SocketAddr::new(self.like(vip), port)
    }
}

fn addr_add(vip: IpAddr, device: &str) -> String {
    match vip {
        IpAddr::V4(vip) => format!("addr add {vip}/32 dev {device}"),
        // Nobody shall send from it: behind DR the answers would stay with the real server.
        IpAddr::V6(vip) => format!("addr add {vip}/128 dev {device} nodad preferred_lft 0"),
    }
}

fn prepare_director(host: &Host) {
    host.sysctl(&["net/ipv4/ip_forward=1", "net/ipv6/conf/all/forwarding=1"]);
}

fn plug_in(switch: &Host, host: &Host) {
    let port = port(host);
    let namespace = &host.namespace;
    switch.ip(&format!(
        "link add {port} type veth peer name eth0 netns {namespace}\nlink set {port} master br0\nlink set {port} up"
    ));
    let (v4, v6) = (host.v4(), host.v6());
    host.ip(&format!("addr add {v4}/24 dev eth0\naddr add {v6}/64 dev eth0 nodad\nlink set eth0 up"));
}

/// The switch's port of a host.
fn port(host: &Host) -> String {
    format!("p-{}", host.name)
}
