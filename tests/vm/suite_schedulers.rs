//! How each scheduler shares connections among servers, and what its flags change.

use std::net::{SocketAddr, TcpStream};

use hactl_engine::ipvs::{Forward, ServiceSettings, Table};

use super::Case;
use super::cluster::{Cluster, VIP4};
use super::host::{Daemon, Host, wait};
use super::words::{by, make, service, tcp};

pub(crate) const CASES: &[Case] = crate::cases![
    a_scheduler_is_loaded_while_a_namespace_goes,
    open_connections_are_shared_as_named,
    flags_of_the_hashing_ones,
];

/// The kernel left to itself can lock up here, and takes the whole guest along (see `sys/ipvs/module.rs`).
fn a_scheduler_is_loaded_while_a_namespace_goes() {
    let host = Host::alone("lb");
    for _ in 0..4 {
        host.sh("modprobe -r ip_vs_lblc || true"); // another case may use it just now
        let going = Host::alone("going");
        going.ip("link add eth0 type veth peer name far\nlink set eth0 up\nlink set far up");
        drop((going.ipvs(), going));
        let mut ipvs = host.ipvs();
        make(&mut ipvs, &Table::from([(tcp("10.37.0.3:80"), service(by("lblc"), Forward::Direct, &[]))]));
        make(&mut ipvs, &Table::new());
    }
}

fn open_connections_are_shared_as_named() {
    let place = Place::new();
    // scheduler, weights, connections held open, and how many of them each server has
    let by_load = [
        ("lc", [1, 1, 1], 6, [2, 2, 2]),
        ("wlc", [2, 1, 1], 8, [4, 2, 2]),
        ("sed", [2, 1, 1], 8, [4, 2, 2]),
        ("nq", [5, 1, 1], 7, [5, 1, 1]),
        ("fo", [1, 7, 3], 4, [0, 4, 0]),
        ("ovf", [2, 3, 1], 5, [1, 4, 0]), // full is who has more than its weight
        ("wrr", [4, 1, 0], 5, [4, 1, 0]),
    ];
    for (name, weights, count, expected) in by_load {
        assert_eq!(place.held(by(name), weights, count), expected, "{name}");
    }
    // One client, one address: whatever is hashed, one server has everything, as long as its weight bears it.
    for name in ["sh", "mh", "dh", "lblc", "lblcr"] {
        let mut shares = place.held(by(name), [9, 9, 9], 5);
        shares.sort_unstable();
        assert_eq!(shares, [0, 0, 5], "{name}");
    }
}

fn flags_of_the_hashing_ones() {
    let place = Place::new();
    let flagged = |name, flags| {
        let mut settings = by(name);
        settings.scheduling.flags = flags;
        settings
    };
    // With the port in the hash one client's connections spread.
    for name in ["sh", "mh"] {
        let shares = place.held(flagged(name, [false, true, false]), [1, 1, 1], 20);
        assert!(shares.iter().all(|share| *share < 20), "{name}: {shares:?}");
    }
    // `sh` sticks to a server whose weight is 0, unless it may fall back.
    let mut weights = place.held(by("sh"), [1, 1, 1], 1).map(|share| u32::from(share == 0));
    let get = || place.cluster.client.get(place.vip);
    place.make(by("sh"), weights);
    assert!(get().is_err());
    place.make(flagged("sh", [true, false, false]), weights);
    get().unwrap();
    weights = [1, 1, 1];
    place.make(by("sh"), weights);
    get().unwrap();
}

/// A director and three servers behind it.
struct Place {
    cluster: Cluster,
    vip: SocketAddr,
    _daemons: Vec<Daemon>,
}

impl Place {
    fn new() -> Self {
        let cluster = Cluster::new(1, 3);
        let daemons = cluster.servers.iter().map(|server| server.web()).collect();
        cluster.director().carries(VIP4);
        cluster.servers.iter().for_each(|server| server.hides(VIP4));
        Self { cluster, vip: SocketAddr::new(VIP4, 80), _daemons: daemons }
    }

    fn make(&self, settings: ServiceSettings, weights: [u32; 3]) {
        let servers = self.cluster.servers.iter().map(|server| server.serves(VIP4, 80));
        let weights: Vec<_> = servers.zip(weights).collect();
        let wanted = Table::from([(tcp("10.37.0.3:80"), service(settings, Forward::Direct, &weights))]);
        make(&mut self.cluster.director().ipvs(), &wanted);
    }

    /// Holds so many connections open at a service made for it; how many each server has.
    fn held(&self, settings: ServiceSettings, weights: [u32; 3], count: usize) -> [usize; 3] {
        let mut ipvs = self.cluster.director().ipvs();
        make(&mut ipvs, &Table::new()); // nothing is remembered of the one before
        self.make(settings, weights);
        let connect = || (0..count).map(|_| TcpStream::connect(self.vip).unwrap()).collect();
        let open: Vec<TcpStream> = self.cluster.client.within(connect);
        let mut shares = [0; 3];
        wait("every connection established", || {
            let loads = ipvs.read().unwrap().loads;
            let service = &loads[&tcp("10.37.0.3:80")];
            for (share, server) in shares.iter_mut().zip(&self.cluster.servers) {
                *share = service.destinations[&server.serves(VIP4, 80)].active as usize;
            }
            shares.iter().sum::<usize>() == count
        });
        drop(open);
        shares
    }
}
