//! Virtual routers that are not ours, on the interfaces of ours: another cluster's good right, and worth knowing, since
//! a VRID may be used once on a LAN.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::control::StrangerStatus;
use crate::links::Links;
use crate::time::{Instant, millis};

/// Those that were heard, by interface and VRID.
#[derive(Debug, Clone, Default)]
pub(crate) struct Strangers {
    heard: BTreeMap<(u32, u8), (IpAddr, Instant)>,
}

impl Strangers {
    /// An advert of one of them. Says whether it is the first one.
    pub(crate) fn hear(&mut self, link: u32, vrid: u8, source: IpAddr, now: Instant) -> bool {
        let first = !self.heard.contains_key(&(link, vrid));
        if first && self.heard.len() == STRANGERS_MAX {
            return false;
        }
        self.heard.insert((link, vrid), (source, now));
        first
    }

    /// What is known of them.
    pub(crate) fn status(&self, links: &Links, now: Instant) -> Vec<StrangerStatus> {
        let one = |(&(link, vrid), &(source, at)): (&(u32, u8), &(IpAddr, Instant))| StrangerStatus {
            interface: links.get(link).map(|link| link.name.clone()).unwrap_or_default(),
            vrid,
            source: source.to_string(),
            last_advert_ms: millis(now.since(at)),
        };
        self.heard.iter().map(one).collect()
    }
}

/// So many are remembered: on one interface there can be 255.
const STRANGERS_MAX: usize = 256;
