//! Who has an address: ARP for IPv4 (RFC 826, RFC 5227), neighbour discovery for IPv6 (RFC 4861).

use hactl_engine::wire::arp::{Arp, Mac, mac_text};
use hactl_engine::wire::ndisc;

use super::parts::{Header, Link, virtual_mac};
use super::told::Told;

pub(super) fn arp(link: Option<&Link>, arp: &Arp) -> Told {
    let (sender, target, from) = (arp.sender, arp.target, mac_text(&arp.sender_mac));
    let mut told = Told::new(match arp.operation {
        1 | 2 if sender == target => format!("{from} tells everybody: {sender} is at {from}"),
        1 if sender.is_unspecified() => format!("{from} asks whether anybody has {target}, and tells nobody anything"),
        1 => format!("{sender} ({from}) asks who has {target}"),
        2 => format!("{from} answers {target}: {sender} is at {from}"),
        other => format!("{from} sends an ARP packet that is neither question nor answer (operation {other})"),
    });
    told.detail(
        "kind",
        match arp.operation {
            1 | 2 if sender == target => "gratuitous ARP: every cache on the LAN that has the address learns the MAC",
            1 if sender.is_unspecified() => "ARP probe (RFC 5227): asked before an address is taken",
            1 => "ARP request",
            2 => "ARP reply",
            _ => "unknown",
        },
    );
    about(&mut told, link, arp.sender_mac);
    told
}

pub(super) fn icmpv6(link: Option<&Link>, header: &Header, message: &[u8]) -> Told {
    if let Some((address, at)) = ndisc::claim(message) {
        let from = mac_text(&at);
        let mut told = Told::new(format!("{from} tells everybody: {address} is at {from}"));
        if !header.to.is_multicast() {
            told.says = format!("{from} answers {}: {address} is at {from}", header.to);
        }
        told.detail("kind", "neighbour advertisement: what gratuitous ARP is for IPv6");
        about(&mut told, link, at);
        return told;
    }
    // A solicitation: type 135, then the target behind four reserved bytes.
    let target = message.get(8..24).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()).map(std::net::Ipv6Addr::from);
    match (message.first(), target) {
        (Some(135), Some(target)) if header.from.is_unspecified() => {
            let who = link.map_or_else(|| "somebody".to_owned(), |link| mac_text(&link.from));
            let mut told = Told::new(format!("{who} asks whether anybody has {target}, and tells nobody anything"));
            told.detail("kind", "duplicate address detection (RFC 4862): asked before an address is taken");
            told
        }
        (Some(135), Some(target)) => {
            let mut told = Told::new(format!("{} asks who has {target}", header.from));
            told.detail("kind", "neighbour solicitation");
            told
        }
        (kind, _) => Told::new(format!(
            "{} sends {} an ICMPv6 message that is not about neighbours (type {})",
            header.from,
            header.to,
            kind.map_or_else(|| "missing".to_owned(), u8::to_string)
        )),
    }
}

/// What the MAC itself tells.
fn about(told: &mut Told, link: Option<&Link>, at: Mac) {
    if let Some((vrid, family)) = virtual_mac(at) {
        told.detail("MAC", format!("the virtual one of VRID {vrid} for {family} (RFC 9568 §7.3)"));
    }
    if let Some(link) = link.filter(|link| link.from != at) {
        let from = mac_text(&link.from);
        told.remark(format!(
            "the frame itself comes from {from}: somebody answers in another one's place (a proxy, a fabric)"
        ));
    }
}

#[cfg(test)]
mod tests {
    use hactl_engine::wire::arp;

    use super::*;

    const AT: Mac = [2, 0, 0, 0, 0, 5];

    #[test]
    fn arp_in_words() {
        let (vip, host) = ("10.0.0.3".parse().unwrap(), "10.0.0.7".parse().unwrap());
        let reply = Arp { operation: 2, sender_mac: AT, sender: vip, target_mac: [2, 0, 0, 0, 0, 7], target: host };
        let request = Arp { operation: 1, sender: host, target: vip, ..reply };
        for (packet, says) in [
            (arp::gratuitous(vip, AT), "02:00:00:00:00:05 tells everybody: 10.0.0.3 is at 02:00:00:00:00:05"),
            (arp::probe(vip, AT), "02:00:00:00:00:05 asks whether anybody has 10.0.0.3, and tells nobody anything"),
            (request, "10.0.0.7 (02:00:00:00:00:05) asks who has 10.0.0.3"),
            (reply, "02:00:00:00:00:05 answers 10.0.0.7: 10.0.0.3 is at 02:00:00:00:00:05"),
        ] {
            assert_eq!(super::super::told(&packet.emit()).says, says);
        }
        let proxy = Link { from: [2, 0, 0, 0, 0, 9], to: AT };
        assert!(super::arp(Some(&proxy), &reply).remarks[0].contains("02:00:00:00:00:09"));
        let own = Link { from: AT, to: AT };
        assert!(super::arp(Some(&own), &reply).remarks.is_empty());
        let at = [0, 0, 0x5e, 0, 1, 50];
        let told = super::arp(None, &arp::gratuitous(vip, at));
        assert!(told.details.iter().any(|detail| detail.value.contains("VRID 50")), "{told:?}");
    }

    #[test]
    fn neighbour_discovery_in_words() {
        let vip = "fd00::3".parse().unwrap();
        let told = super::super::told(&ndisc::unsolicited(vip, AT));
        assert_eq!(told.says, "02:00:00:00:00:05 tells everybody: fd00::3 is at 02:00:00:00:00:05");
        let told = super::super::told(&ndisc::probe(vip, AT));
        assert_eq!(told.says, "somebody asks whether anybody has fd00::3, and tells nobody anything");
    }
}
