//! Hosts of the LAN whose own addresses the guard asks for, and the hardware addresses that answered. A host that
//! answers for a virtual address is one of them, or a stranger.

use std::net::IpAddr;
use std::time::Duration;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::time::Instant;
use crate::wire::arp::Mac;

/// Who answered, by interface and own address. Shared by all routers: thousands have the same few peers.
#[derive(Debug, Clone, Default)]
pub struct Neighbours {
    hosts: FxHashMap<(u32, IpAddr), Host>,
}

#[derive(Debug, Clone)]
struct Host {
    asked: Instant,
    /// The latest last.
    macs: SmallVec<[Mac; 2]>,
}

impl Neighbours {
    /// Whether this host shall be asked now: not when somebody asked within `pause`. It counts as asked then.
    pub(crate) fn is_due(&mut self, link: u32, address: IpAddr, pause: Duration, now: Instant) -> bool {
        if let Some(host) = self.hosts.get_mut(&(link, address)) {
            let due = now.since(host.asked) >= pause;
            if due {
                host.asked = now;
            }
            return due;
        }
        let room = self.hosts.len() < HOSTS;
        if room {
            self.hosts.insert((link, address), Host { asked: now, macs: SmallVec::new() });
        }
        room
    }

    /// A host answered for an address: this is remembered if the address is one that was asked for.
    pub fn answered(&mut self, link: u32, address: IpAddr, mac: Mac) {
        if let Some(host) = self.hosts.get_mut(&(link, address))
            && host.macs.last() != Some(&mac)
        {
            host.macs.retain(|known| *known != mac);
            if host.macs.len() == MACS {
                host.macs.remove(0);
            }
            host.macs.push(mac);
        }
    }

    /// Whether any hardware address of this host is known.
    pub fn knows(&self, link: u32, address: IpAddr) -> bool {
        self.hosts.get(&(link, address)).is_some_and(|host| !host.macs.is_empty())
    }

    /// Whether this is a hardware address of this host.
    pub fn is(&self, link: u32, address: IpAddr, mac: Mac) -> bool {
        self.hosts.get(&(link, address)).is_some_and(|host| host.macs.contains(&mac))
    }
}

/// Hosts that are remembered: load balancers are few.
const HOSTS: usize = 256;
/// Hardware addresses of one host.
const MACS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_that_were_asked_for_are_known() {
        let (mut neighbours, now) = (Neighbours::default(), Instant(1_000_000_000));
        let (peer, pause) = (IpAddr::from([10, 0, 0, 6]), Duration::from_millis(700));
        neighbours.answered(2, peer, [2, 0, 0, 0, 0, 6]);
        assert!(!neighbours.knows(2, peer));
        assert!(neighbours.is_due(2, peer, pause, now) && !neighbours.is_due(2, peer, pause, now));
        assert!(neighbours.is_due(2, peer, pause, now.after(pause)));
        for n in 0..9 {
            neighbours.answered(2, peer, [2, 0, 0, 0, 1, n]);
            neighbours.answered(2, peer, [2, 0, 0, 0, 0, 6]);
        }
        assert!(neighbours.is(2, peer, [2, 0, 0, 0, 0, 6]) && neighbours.is(2, peer, [2, 0, 0, 0, 1, 8]));
        assert!(!neighbours.is(2, peer, [2, 0, 0, 0, 1, 0]), "so many has no host");
        assert!(!neighbours.is(3, peer, [2, 0, 0, 0, 0, 6]), "on another interface it is another question");
        let hosts = (0..=255).flat_map(|a| [0, 1].map(|b| IpAddr::from([10, 1, b, a])));
        assert!(hosts.filter(|host| neighbours.is_due(2, *host, pause, now)).count() < HOSTS);
    }
}
