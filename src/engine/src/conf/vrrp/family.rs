//! Which family an instance speaks: as in keepalived, the first of its lines that shows one decides.

use std::net::IpAddr;

use super::instance::Draft;
use crate::conf::config::VirtualAddress;
use crate::conf::text::place::{At, Place};
use crate::conf::text::sink::Sink;

/// The family, and the line that decided; none decided where there is nothing but IPv4's being usual.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spoken {
    pub(crate) ipv6: bool,
    by: Option<(Place, &'static str)>,
}

impl Draft {
    /// What stands first of `native_ipv6`, source, peers, group and addresses.
    pub(crate) fn family(&self, sink: &mut Sink<'_>) -> Spoken {
        let source = if self.unicast_source.is_some() { "unicast_src_ip" } else { "mcast_src_ip" };
        let shown = |at: Option<At<IpAddr>>, what: &'static str| at.map(|(one, place)| (place, what, one.is_ipv6()));
        let peer = self.peers.found.first().map(|(peer, place)| (peer.address, *place));
        let address = self.addresses.first().map(|(one, place)| (one.address.addr(), *place));
        let witnesses = [
            self.native_ipv6.map(|place| (place, "native_ipv6", true)),
            shown(self.source, source),
            shown(peer, "unicast_peer"),
            shown(self.group, "mcast_dst_ip"),
            shown(address, ADDRESS),
        ];
        let first = witnesses.into_iter().flatten().min_by_key(|(place, ..)| *place);
        let spoken = first.map_or_else(Spoken::default, |(place, what, ipv6)| Spoken { ipv6, by: Some((place, what)) });
        if let Some(place) = self.native_ipv6.filter(|_| !spoken.ipv6) {
            let message = format!("`native_ipv6` changes nothing: the instance speaks IPv4, {}", spoken.because(sink));
            sink.warning(place, message);
        }
        spoken
    }
}

impl Spoken {
    /// Keeps the addresses of the family; adverts carry no others.
    pub(crate) fn keep(self, addresses: &mut Vec<At<VirtualAddress>>, sink: &mut Sink<'_>) {
        addresses.retain(|(one, place)| {
            let address = one.address.addr();
            let fits = address.is_ipv6() == self.ipv6;
            if !fits {
                let message = match self.by {
                    Some((_, ADDRESS)) => format!("`{address}` is of another family than the first address; ignored"),
                    _ => format!("`{address}` is ignored: the instance speaks {}, {}", self.name(), self.because(sink)),
                };
                sink.error_help(*place, message, "put it into `virtual_ipaddress_excluded` or an instance of its own");
            }
            fits
        });
    }

    fn name(self) -> &'static str {
        if self.ipv6 { "IPv6" } else { "IPv4" }
    }

    fn because(self, sink: &Sink<'_>) -> String {
        match self.by {
            Some((place, what)) => format!("as `{what}` on {} says", sink.earlier(place)),
            None => "which is usual".to_owned(),
        }
    }
}

/// An address itself decided.
const ADDRESS: &str = "virtual_ipaddress";
