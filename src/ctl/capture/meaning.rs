//! What each kind of packet is for, in words for somebody who sees one for the first time.

use super::packet::Kind;

/// What a packet of this kind means.
pub(super) fn meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Advert => {
            "An advert is the heartbeat of VRRP. Only the owner of a VIP sends it, to a group that all load balancers \
             hear. A backup that hears none for three intervals and a little more takes the VIP; one with a higher \
             priority may take it at once. So silence means \"the owner is dead\", whatever the reason for it is."
        }
        Kind::Goodbye => {
            "An advert with priority 0 is a goodbye: its sender stops, is moved away or drained. The best backup does \
             not wait for three intervals then, but takes the VIP within milliseconds."
        }
        Kind::BadVrrp => {
            "This has VRRP's protocol number (112), but no router understands it. Either its sender speaks another \
             version, or somebody makes it up."
        }
        Kind::ArpAnnouncement | Kind::Announcement => {
            "An announcement moves the VIP. Each neighbour keeps a table that says which hardware address (MAC) an IP \
             address has. Whoever becomes owner tells all of them at once that the VIP is at its own MAC now, so that \
             they send there; without it they would go on sending to the old owner for minutes."
        }
        Kind::ArpProbe | Kind::Probe => {
            "A probe asks whether anybody has an address, and does not say that the asker has it. hactl asks so before \
             it takes a VIP: who answers lives, even if its adverts do not come through, and is not robbed of it."
        }
        Kind::ArpQuestion => {
            "Before a host sends its first packet to an IP address of its own LAN it asks everybody which hardware \
             address (MAC) that has. Whoever owns the VIP answers for it."
        }
        Kind::ArpAnswer => {
            "The answer to a question for an address: it is at this hardware address (MAC). Who asked keeps it in a \
             table for a while. Two different answers for one VIP mean that two hosts take themselves for its owner."
        }
        Kind::Question => {
            "IPv6 asks for hardware addresses (MACs) by neighbour discovery, where IPv4 has ARP: a solicitation goes to \
             the few hosts whose address may be meant, or to a known one to see whether it is still there."
        }
        Kind::Answer => {
            "The answer to a neighbour solicitation: the address is at this hardware address (MAC), or still there."
        }
        Kind::Other => "This is none of the packets by which load balancers agree on who owns a VIP.",
    }
}
