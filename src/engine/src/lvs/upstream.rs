//! Which servers of upstreams a proxy of this host shall not reach. It finds out at once then, and asks another one,
//! instead of waiting for somebody who is dead.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use super::pool::Pool;
use super::server::Server;
use crate::conf::config::lvs::RealServer;

/// Servers to which nobody but root may connect, so that checks still can.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refused {
    /// They get no new connections; those that are open go on.
    pub new: BTreeSet<SocketAddr>,
    /// They are silent, so that whoever waits for them waits in vain: open connections end, too.
    pub all: BTreeSet<SocketAddr>,
}

impl Refused {
    /// What follows for all upstreams. Where a whole pool fails none of its servers is refused, whatever another pool
    /// says of a server: a check may be wrong, and a proxy that asks in vain loses nothing. A server that was drained
    /// by hand is refused even then.
    pub(super) fn of<'p>(pools: impl Iterator<Item = &'p Pool>) -> Self {
        let (mut refused, mut spared, mut drained) = (Self::default(), BTreeSet::new(), BTreeSet::new());
        for pool in pools.filter(|pool| pool.config().upstream) {
            let serves = |server: &Server| server.is_up() && !server.by_operator().drained;
            let alive = pool.servers().any(|(_, server)| serves(server));
            for (real, server) in pool.servers().filter(|(_, server)| !serves(server)) {
                let of = match server.by_operator().drained {
                    true => &mut drained,
                    false if !alive => &mut spared,
                    false if server.is_silent() => &mut refused.all,
                    false => &mut refused.new,
                };
                of.insert(real.address);
            }
        }
        refused.new.retain(|address| !spared.contains(address));
        refused.all.retain(|address| !spared.contains(address));
        refused.new.extend(drained);
        refused
    }

    /// Whether everybody may be reached.
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.all.is_empty()
    }

    /// Whether it gets no new connections.
    pub fn has(&self, real: &RealServer) -> bool {
        self.new.contains(&real.address) || self.all.contains(&real.address)
    }
}

#[cfg(test)]
mod tests;
