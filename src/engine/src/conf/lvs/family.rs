//! IPv4 and IPv6 in one pool: only a tunnel carries packets of one family to a server of the other.

use std::net::SocketAddr;

use super::group::Group;
use super::head::Head;
use super::scheduling::Granularity;
use crate::conf::config::lvs::RealServer;
use crate::conf::text::place::At;
use crate::conf::text::sink::Sink;
use crate::ipvs::{Family, Forward};

/// What a pool speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Families {
    /// Of marks that name none.
    pub(crate) marks: Family,
    /// What its services, and servers without a tunnel, must be; `None` when all of its servers have tunnels.
    pub(crate) only: Option<Family>,
}

impl Families {
    /// `given` is `ip_family`.
    pub(crate) fn settle(
        head: &Head,
        group: Option<&Group>,
        members: &[(SocketAddr, Forward)],
        given: Option<Family>,
        granularity: Option<At<Granularity>>,
    ) -> Self {
        let mask = granularity.and_then(|(one, _)| matches!(one, Granularity::Mask(_)).then_some(Family::V4));
        let plain = members.iter().find(|(_, forward)| !is_tunnel(*forward)).map(|(at, _)| Family::of(at.ip()));
        let all = unanimous(members.iter().map(|(at, _)| Family::of(at.ip())));
        let tunnels = plain.is_none();
        match head {
            Head::Address(address) => {
                let family = Family::of(address.ip());
                Self { marks: family, only: Some(family).filter(|_| !tunnels) }
            }
            Head::Mark(_) => {
                let family = given.or(plain).or(mask).or(all).unwrap_or(Family::V4);
                Self { marks: family, only: Some(family).filter(|_| !tunnels) }
            }
            // The host's own connections go to either.
            Head::Upstream(_) => Self { marks: Family::V4, only: None },
            Head::Group(_) => {
                let family = group.and_then(|group| unanimous(group.families())).or(plain);
                let marks = given.or(family).or(mask).or(all).unwrap_or(Family::V4);
                Self { marks, only: family.or(Some(marks)).filter(|_| !tunnels) }
            }
        }
    }

    /// Whether packets can get there; if not, that is reported at the server's block.
    pub(crate) fn reach(&self, what: &str, at: At<SocketAddr>, forward: Forward, sink: &mut Sink<'_>) -> bool {
        let fits = is_tunnel(forward) || self.only.is_none_or(|only| Family::of(at.0.ip()) == only);
        if !fits {
            let message = format!("{what} `{}` is ignored: it is of another family than the virtual server", at.0.ip());
            sink.error_help(at.1, message, "only `TUN` gets packets of one family to a server of the other");
        }
        fits
    }
}

/// A server of the pool that packets reach as they should.
pub(super) fn member(server: &RealServer) -> (SocketAddr, Forward) {
    (server.address, server.forward)
}

fn is_tunnel(forward: Forward) -> bool {
    matches!(forward, Forward::Tunnel(_))
}

fn unanimous(mut families: impl Iterator<Item = Family>) -> Option<Family> {
    let first = families.next()?;
    families.all(|family| family == first).then_some(first)
}
