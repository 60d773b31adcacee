//! Who listens for which adverts: found anew when routers or interfaces change, looked up for each packet.

use std::collections::BTreeMap;
use std::net::IpAddr;

use rustc_hash::FxHashMap;

use crate::action::RouterId;
use crate::links::Links;
use crate::vrrp::router::Router;

/// By VRID and family the interfaces and routers: few enough to look through.
#[derive(Debug, Default)]
pub(crate) struct Listeners(FxHashMap<(u8, bool), Vec<(u32, RouterId)>>);

/// Whom a packet is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    /// This router.
    Router(RouterId),
    /// A router of another interface.
    Elsewhere,
    /// None of ours.
    Nobody,
}

impl Listeners {
    /// Those of these routers whose interface is there.
    pub(crate) fn of(routers: &BTreeMap<RouterId, Box<Router>>, links: &Links) -> Self {
        let mut all = Self::default();
        for (id, router) in routers {
            if let Some(link) = links.named(&router.config().interface) {
                all.0.entry((router.config().vrid, router.is_ipv6())).or_default().push((link.index, *id));
            }
        }
        all
    }

    /// Whom a packet with this VRID and source is meant for that came in by `link`. Two routers may share a VRID when
    /// their peers differ: then it is for the one whose peer sent it.
    pub(crate) fn meant(
        &self,
        link: u32,
        vrid: u8,
        source: IpAddr,
        routers: &BTreeMap<RouterId, Box<Router>>,
    ) -> Meant {
        let Some(all) = self.0.get(&(vrid, source.is_ipv6())) else { return Meant::Nobody };
        let mut here = all.iter().filter(|(at, _)| *at == link).map(|(_, id)| *id);
        let Some(first) = here.next() else { return Meant::Elsewhere };
        let sent_by_peer = |id: &RouterId| {
            let router = routers.get(id);
            router.is_some_and(|router| router.config().unicast_peers.iter().any(|peer| peer.address == source))
        };
        Meant::Router(here.find(sent_by_peer).unwrap_or(first))
    }
}
