//! Who has an address: ARP for IPv4 (RFC 826, RFC 5227), neighbour discovery for IPv6 (RFC 4861).

use hactl_engine::wire::arp::{Arp, Mac, mac_text};
use hactl_engine::wire::ndisc;

use super::parts::{Header, Link, virtual_mac};
use super::told::Told;

pub(super) fn arp(link: Option<&Link>, arp: &Arp) -> Told {
    let (sender, target, from) = (arp.sender, arp.target, mac_text(&arp.sender_mac));
    // Whoever only probes has no address yet that an answer could go to.
    let asker = if target.is_unspecified() { mac_text(&arp.target_mac) } else { target.to_string() };
    let mut told = Told::new(match arp.operation {
        1 | 2 if sender == target => format!("{from} tells everybody: {sender} is at {from}"),
        1 if sender.is_unspecified() => format!("{from} asks whether anybody has {target} (a probe)"),
        1 => format!("{sender} ({from}) asks who has {target}"),
        2 => format!("{from} answers {asker}: {sender} is at {from}"),
        other => format!("{from} sends an ARP packet that is neither question nor answer (operation {other})"),
    });
    told.detail(
        "kind",
        match arp.operation {
            1 | 2 if sender == target => "gratuitous ARP: every cache on the LAN that has the address learns the MAC",
            1 if sender.is_unspecified() => {
                "ARP probe (RFC 5227): asked before an address is taken; it tells nobody anything"
            }
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
    // A solicitation, or an answer to somebody who knows where: the type, then the target behind four reserved bytes.
    let target = message.get(8..24).and_then(|bytes| <[u8; 16]>::try_from(bytes).ok()).map(std::net::Ipv6Addr::from);
    match (message.first(), target) {
        (Some(135), Some(target)) if header.from.is_unspecified() => {
            let who = link.map_or_else(|| "somebody".to_owned(), |link| mac_text(&link.from));
            let mut told = Told::new(format!("{who} asks whether anybody has {target} (a probe)"));
            told.detail(
                "kind",
                "duplicate address detection (RFC 4862): asked before an address is taken; it tells nobody anything",
            );
            told
        }
        (Some(135), Some(target)) => {
            let mut told = Told::new(format!("{} asks who has {target}", header.from));
            told.detail("kind", "neighbour solicitation");
            told
        }
        (Some(136), Some(target)) => {
            let mut told = Told::new(format!("{} answers {}: {target} is still there", header.from, header.to));
            told.detail("kind", "neighbour advertisement to somebody who has the MAC already");
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
        let to_probe = Arp { target: std::net::Ipv4Addr::UNSPECIFIED, ..reply };
        for (packet, says) in [
            (arp::gratuitous(vip, AT), "02:00:00:00:00:05 tells everybody: 10.0.0.3 is at 02:00:00:00:00:05"),
            (arp::probe(vip, AT), "02:00:00:00:00:05 asks whether anybody has 10.0.0.3 (a probe)"),
            (request, "10.0.0.7 (02:00:00:00:00:05) asks who has 10.0.0.3"),
            (reply, "02:00:00:00:00:05 answers 10.0.0.7: 10.0.0.3 is at 02:00:00:00:00:05"),
            (to_probe, "02:00:00:00:00:05 answers 02:00:00:00:00:07: 10.0.0.3 is at 02:00:00:00:00:05"),
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
        // An answer without the MAC, to somebody who has it: what a kernel sends that is asked directly.
        let mut answer = ndisc::unsolicited(vip, AT);
        answer.truncate(40 + 24);
        answer[5] = 24;
        answer[24..40].copy_from_slice(&"fd00::6".parse::<std::net::Ipv6Addr>().unwrap().octets());
        let told = super::super::told(&answer);
        assert_eq!(told.says, "fd00::3 answers fd00::6: fd00::3 is still there");
        let told = super::super::told(&ndisc::probe(vip, AT));
        assert_eq!(told.says, "somebody asks whether anybody has fd00::3 (a probe)");
    }
}
