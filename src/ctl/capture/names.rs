//! Who is who: addresses and hardware addresses to the names of the inventory. Addresses stand there; hardware
//! addresses are learned from what hosts were seen to send.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use hactl_engine::wire::arp::{Mac, mac_text};

use super::packet::Packet;
use crate::ctl::cluster::Cluster;

/// What is known until now.
#[derive(Debug, Default)]
pub(super) struct Names {
    addresses: BTreeMap<IpAddr, String>,
    macs: BTreeMap<Mac, String>,
    /// Addresses that belong to no host for good.
    vips: BTreeSet<IpAddr>,
}

impl Names {
    /// The names of an inventory; none without one.
    pub(super) fn new(cluster: Option<&Cluster>) -> Self {
        let hosts = cluster.iter().flat_map(|cluster| &cluster.hosts);
        let vips = cluster.iter().flat_map(|cluster| &cluster.vips).flat_map(|vip| &vip.addresses);
        Self {
            addresses: hosts.map(|host| (host.address, host.name.clone())).collect(),
            macs: BTreeMap::new(),
            vips: vips.map(|net| net.addr()).collect(),
        }
    }

    /// Learns from a packet; `sender` is the host that was seen to send it.
    pub(super) fn learn(&mut self, packet: &Packet, sender: Option<&str>) {
        let own = |address: &IpAddr| !address.is_unspecified() && !self.vips.contains(address);
        if let Some(sender) = sender {
            if let Some(mac) = packet.mac.filter(|mac| !is_virtual(*mac)) {
                self.macs.insert(mac, sender.to_owned());
            }
            // A proxy answers for others; who advertises or asks does it in its own name.
            if let Some(from) = packet.from.filter(own).filter(|_| packet.advert.is_some() || packet.claims.is_none()) {
                self.addresses.entry(from).or_insert_with(|| sender.to_owned());
            }
        } else if let (Some(mac), Some(claims)) = (packet.mac, packet.claims)
            && mac == claims.1
            && !is_virtual(mac)
            && let Some(name) = self.addresses.get(&claims.0)
        {
            self.macs.entry(mac).or_insert_with(|| name.clone());
        }
    }

    /// The host of an address.
    pub(super) fn of_address(&self, address: IpAddr) -> Option<&str> {
        self.addresses.get(&address).map(String::as_str)
    }

    /// The host of a hardware address.
    pub(super) fn of_mac(&self, mac: Mac) -> Option<&str> {
        self.macs.get(&mac).map(String::as_str)
    }

    /// The host that a packet is from.
    pub(super) fn sender(&self, packet: &Packet) -> Option<&str> {
        let by_mac = packet.mac.and_then(|mac| self.of_mac(mac));
        by_mac.or_else(|| packet.from.and_then(|from| self.of_address(from)))
    }

    /// Who sent a packet, in words: a name, or an address.
    pub(super) fn shown(&self, packet: &Packet) -> String {
        let address = || packet.from.map(|from| from.to_string());
        let mac = || packet.mac.map(|mac| mac_text(&mac));
        self.sender(packet).map(str::to_owned).or_else(address).or_else(mac).unwrap_or_else(|| "somebody".into())
    }

    /// A sentence with names in place of hardware addresses and of those who speak and are spoken to. An IP address
    /// that is spoken about stays one: "10.0.0.6 is at lb-6".
    pub(super) fn named(&self, sentence: &str) -> String {
        let mut said = String::with_capacity(sentence.len());
        let mut last = "";
        let mut before = "";
        for word in sentence.split_inclusive(' ') {
            let bare = word.trim_end().trim_start_matches('(').trim_end_matches([')', ',', ';', ':']);
            let spoken_to = ["", "answers", "sends"].contains(&std::mem::replace(&mut before, bare));
            let name = self.name(bare).filter(|_| spoken_to || bare.parse::<IpAddr>().is_err());
            // "lb-5 (02:00:00:00:00:05)" are two names of one.
            if let Some(name) = name
                && name == last
                && word.starts_with('(')
            {
                said.truncate(said.trim_end().len());
                said.push_str(word.rsplit(')').next().unwrap_or_default());
                continue;
            }
            match name {
                Some(name) => said.push_str(&word.replacen(bare, name, 1)),
                None => said.push_str(word),
            }
            last = name.unwrap_or_default();
        }
        said
    }

    fn name(&self, word: &str) -> Option<&str> {
        if let Ok(address) = word.parse::<IpAddr>() {
            return self.of_address(address);
        }
        let mut bytes = word.split(':').map(|byte| u8::from_str_radix(byte, 16).ok().filter(|_| byte.len() == 2));
        let mac = std::array::from_fn::<_, 6, _>(|_| bytes.next().flatten());
        let [a, b, c, d, e, f] = mac;
        self.of_mac([a?, b?, c?, d?, e?, f?]).filter(|_| bytes.next().is_none())
    }
}

/// Whether it belongs to a virtual router and no host (RFC 9568 §7.3).
pub(super) fn is_virtual(mac: Mac) -> bool {
    matches!(mac, [0, 0, 0x5e, 0, 1 | 2, _])
}

#[cfg(test)]
mod tests {
    use hactl_engine::wire::arp::{self, Arp};

    use super::*;
    use crate::pcap::block::Link;

    const AT: Mac = [2, 0, 0, 0, 0, 5];

    fn arp_from(mac: Mac, arp: &Arp) -> Packet {
        Packet::read(Link::Ethernet, &[&[0xff; 6][..], &mac, &[8, 6], &arp.emit()].concat()).unwrap()
    }

    #[test]
    fn names_are_learned_and_said() {
        let text = include_str!("../../../inventories/homework.yaml");
        let cluster = crate::ctl::inventory::load::parse(std::path::Path::new("x.yaml"), text).unwrap().cluster;
        let mut names = Names::new(Some(&cluster));
        let (vip, five) = ("10.0.0.3".parse().unwrap(), "10.0.0.5".parse().unwrap());
        let says = "10.0.0.5 (02:00:00:00:00:05) asks who has 10.0.0.3";
        assert_eq!(names.named(says), "lb-5 (02:00:00:00:00:05) asks who has 10.0.0.3");
        names.learn(&arp_from(AT, &arp::gratuitous(vip, AT)), None);
        assert_eq!(names.of_mac(AT), None, "a VIP is no host");
        let proxied = Arp { operation: 2, sender: five, ..arp::gratuitous(five, AT) };
        names.learn(&arp_from([2, 0, 0, 0, 0, 9], &proxied), None);
        assert_eq!(names.of_mac(AT), None, "somebody says it for him");
        names.learn(&arp_from(AT, &proxied), None);
        assert_eq!(names.named(says), "lb-5 asks who has 10.0.0.3");
        let says = "02:00:00:00:00:05 tells everybody: 10.0.0.3 is at 02:00:00:00:00:05";
        assert_eq!(names.named(says), "lb-5 tells everybody: 10.0.0.3 is at lb-5");
        let says = "02:00:00:00:00:05 answers 10.0.0.6: 10.0.0.5 is at 02:00:00:00:00:05";
        assert_eq!(names.named(says), "lb-5 answers lb-6: 10.0.0.5 is at lb-5");
        assert_eq!(names.named("10.0.0.5 says: I own VRID 3"), "lb-5 says: I own VRID 3");
        names.learn(&arp_from([2, 0, 0, 0, 0, 6], &arp::gratuitous(vip, AT)), Some("lb-6"));
        assert_eq!(names.of_mac([2, 0, 0, 0, 0, 6]), Some("lb-6"), "it was seen to send");
        names.learn(&arp_from([0, 0, 0x5e, 0, 1, 3], &arp::gratuitous(vip, AT)), Some("lb-6"));
        assert_eq!(names.of_mac([0, 0, 0x5e, 0, 1, 3]), None, "whoever is master has it");
    }
}
