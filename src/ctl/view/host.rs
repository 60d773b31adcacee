//! One host as a view knows it: whether it is heard, and what it said last.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hactl_engine::control::{AgentStatus, InstanceStatus, RouterState, VirtualServerStatus};
use hactl_engine::notice::What;
use hactl_engine::seen::Sight;

use super::beats::Beats;
use crate::ctl::capture::clocks::Offset;
use crate::ctl::stream::told::News;

const NS_PER_MS: u64 = 1_000_000;
/// What was said longer ago may be otherwise by now.
const FRESH_MS: u64 = 3000;

/// A host.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: IpAddr,
    /// `lb` or `web`.
    pub group: &'static str,
    /// Whether its agent is heard.
    pub link: Link,
    /// When it was heard last: when that came, on the desk's clock.
    pub heard_ms: Option<u64>,
    /// Its clock beside the desk's.
    pub clock: Option<Offset>,
    /// Its virtual routers.
    pub routers: Vec<Router>,
    /// Its virtual servers.
    pub servers: Vec<VirtualServerStatus>,
}

/// Whether an agent is heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// None is to run there.
    None,
    /// It is being connected to.
    Connecting,
    /// It is.
    Heard,
    /// Not any more.
    Lost {
        /// Why.
        why: String,
        /// When it is tried again, on the desk's clock.
        again_ms: u64,
    },
}

/// A virtual router of it.
#[derive(Debug, Clone)]
pub struct Router {
    /// As the agent had it last.
    pub status: InstanceStatus,
    /// Since when it is in its state, on the desk's clock.
    pub since_ms: Option<u64>,
    /// Its adverts.
    pub beats: Beats,
}

impl Router {
    /// Whether its host has the addresses.
    pub fn owns(&self) -> bool {
        matches!(self.status.state, RouterState::Master | RouterState::Handover)
    }

    /// Whether an address is one of its own.
    pub fn has(&self, address: IpAddr) -> bool {
        let own = self.status.addresses.iter().filter_map(|text| text.split('/').next()?.parse::<IpAddr>().ok());
        own.into_iter().any(|own| own == address)
    }
}

impl Seen {
    /// Takes what is told of it: it happened at `at_ms` and came at `now_ms`, both on the desk's clock.
    pub fn take(&mut self, news: &News, at_ms: u64, now_ms: u64) {
        match news {
            // While it is tried again the reason for that stays.
            News::Connecting if matches!(self.link, Link::Lost { .. }) => {}
            News::Connecting => self.link = Link::Connecting,
            News::Connected => (self.link, self.heard_ms) = (Link::Heard, Some(now_ms)),
            News::Clock(clock) => self.clock = Some(*clock),
            News::NotUnderstood => self.heard_ms = Some(now_ms),
            News::Lost { problem, again_in } => {
                let prefix = format!("{}: ", self.name);
                let why = problem.message.strip_prefix(&prefix).unwrap_or(&problem.message).to_owned();
                let again_ms = at_ms.saturating_add(u64::try_from(again_in.as_millis()).unwrap_or(u64::MAX));
                self.link = Link::Lost { why, again_ms };
            }
            News::Seen(sight) => {
                self.heard_ms = Some(now_ms);
                self.see(sight, at_ms);
            }
        }
    }

    fn see(&mut self, sight: &Sight, at_ms: u64) {
        match sight {
            Sight::State { status } => self.know(status),
            Sight::Adverts { instance, sent, heard, from, priority } => {
                if let Some(router) = self.router(instance) {
                    router.beats.come(at_ms, sent + heard);
                    (router.beats.from, router.beats.priority) = (from.clone(), *priority);
                }
            }
            Sight::Notice { notice } => match (&notice.what, self.router(&notice.instance)) {
                // What happened before the state that is known is history.
                (What::Entered { .. }, Some(router)) if router.since_ms > Some(at_ms) => {}
                (What::Entered { to, reason, priority, .. }, Some(router)) => {
                    router.status.state = *to;
                    router.status.effective_priority = *priority;
                    router.status.last_reason = Some(reason.clone());
                    router.since_ms = Some(at_ms);
                    router.beats = Beats::default();
                    if *to != RouterState::Fault {
                        router.status.fault_reasons.clear();
                    }
                }
                (What::Priority { to, .. }, Some(router)) => router.status.effective_priority = *to,
                (What::RealServer { address, up, reason, .. }, _) => {
                    let servers = self.servers.iter_mut().filter(|server| server.name == notice.instance);
                    for real in servers.flat_map(|server| &mut server.real_servers) {
                        if real.address == address.to_string() {
                            (real.up, real.judged, real.reason) = (*up, true, Some(reason.clone()));
                        }
                    }
                }
                _ => {}
            },
            Sight::Neighbours { instance, answered_by, withheld } => {
                if let Some(router) = self.router(instance) {
                    (router.status.answered_by, router.status.withheld) = (answered_by.clone(), *withheld);
                }
            }
            Sight::Load { virtual_server, connections_per_s, bytes_in_per_s, .. } => {
                for server in self.servers.iter_mut().filter(|server| server.name == *virtual_server) {
                    server.traffic.connections_per_s = *connections_per_s;
                    server.traffic.bytes_in_per_s = *bytes_in_per_s;
                }
            }
            Sight::Note { .. } | Sight::Script { .. } | Sight::Counters { .. } | Sight::Beat => {}
        }
    }

    /// Takes everything as it stands.
    fn know(&mut self, status: &AgentStatus) {
        let mut beats: BTreeMap<String, Beats> =
            self.routers.drain(..).map(|router| (router.status.name, router.beats)).collect();
        let clock = self.clock.unwrap_or_default().believed();
        let routers = status.instances.iter().map(|instance| Router {
            since_ms: instance.last_transition.map(|ms| clock.to_desk(ms.saturating_mul(NS_PER_MS)) / NS_PER_MS),
            beats: beats.remove(&instance.name).unwrap_or_default(),
            status: instance.clone(),
        });
        self.routers = routers.collect();
        self.servers.clone_from(&status.virtual_servers);
    }

    fn router(&mut self, instance: &str) -> Option<&mut Router> {
        self.routers.iter_mut().find(|router| router.status.name == instance)
    }

    /// Whether what it said last is how things are: an agent says something each second.
    pub fn is_heard(&self, now_ms: u64) -> bool {
        self.link == Link::Heard && self.silent_ms(now_ms) <= FRESH_MS
    }

    /// How long nothing has come from it.
    pub fn silent_ms(&self, now_ms: u64) -> u64 {
        self.heard_ms.map_or(u64::MAX, |at| now_ms.saturating_sub(at))
    }
}
