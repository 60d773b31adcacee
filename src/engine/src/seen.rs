//! What an agent tells as it happens: the lines of `watch`. Changes come as they are noticed; what goes on all the time
//! (adverts, counters, load) is the difference of two statuses, so that it costs the VRRP loop a look now and then,
//! however much there is of it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::control::{AgentStatus, InstanceStatus, RealServerStatus, RouterState, ScriptStatus, VirtualServerStatus};
use crate::notice::{Level, Notice};

/// One line of `watch`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// When, on the agent's clock: Unix time in milliseconds.
    pub unix_ms: u64,
    /// What.
    #[serde(flatten)]
    pub what: Sight,
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Sight {
    /// Everything as it stands: the first line, and now and then again, so that nothing that was missed stays unknown.
    State {
        /// As in `status`.
        status: Box<AgentStatus>,
    },
    /// Adverts of a virtual router since the last such line.
    Adverts {
        /// Its instance.
        instance: String,
        /// Sent by this host.
        sent: u64,
        /// Heard from others.
        heard: u64,
        /// The master that was heard.
        from: Option<String>,
        /// The priority in them.
        priority: Option<u8>,
    },
    /// A change of state, a claim, a real server, a quorum, an order: whatever history and alerts tell too.
    Notice {
        /// What it is about, and what happened.
        #[serde(flatten)]
        notice: Notice,
    },
    /// Something about the whole agent.
    Note {
        /// In words.
        message: String,
    },
    /// A tracked script has another verdict.
    Script {
        /// Its block.
        name: String,
        /// Good, bad, or not known yet.
        ok: Option<bool>,
        /// How the last run ended, in words.
        result: Option<String>,
    },
    /// What the LAN's other hosts say of who has a virtual router's addresses.
    Neighbours {
        /// Its instance.
        instance: String,
        /// Who answers for them other than this host: MAC address.
        answered_by: Option<String>,
        /// This host does not claim them because of that.
        withheld: bool,
    },
    /// Counters of a virtual router that are not what they were, adverts that are well aside.
    Counters {
        /// Its instance.
        instance: String,
        /// What each of them is now.
        counters: BTreeMap<String, u64>,
    },
    /// What a virtual server carries.
    Load {
        /// Its name.
        virtual_server: String,
        /// Connections a second.
        connections_per_s: u64,
        /// Bytes a second from clients.
        bytes_in_per_s: u64,
        /// Established connections.
        active: u64,
        /// Its real servers that are up.
        up: usize,
        /// All of its real servers.
        of: usize,
    },
    /// Nothing has happened, and the agent is there.
    Beat,
}

/// Told by lines of their own, or as often as adverts.
const NOT_COUNTED: [&str; 2] = [SENT, HEARD];
const SENT: &str = "adverts_sent";
const HEARD: &str = "adverts_received";

impl Sight {
    /// How much attention it deserves.
    pub fn level(&self) -> Level {
        match self {
            Self::Notice { notice } => notice.what.level(),
            Self::Script { ok: Some(false), .. } => Level::Warning,
            Self::Neighbours { withheld: true, .. } => Level::Error,
            Self::State { .. }
            | Self::Adverts { .. }
            | Self::Note { .. }
            | Self::Script { .. }
            | Self::Neighbours { .. }
            | Self::Counters { .. }
            | Self::Load { .. }
            | Self::Beat => Level::Info,
        }
    }

    /// What goes on all the time, as opposed to what somebody may want to know of later.
    pub fn is_routine(&self) -> bool {
        match self {
            Self::State { .. } | Self::Adverts { .. } | Self::Counters { .. } | Self::Load { .. } | Self::Beat => true,
            Self::Notice { .. } | Self::Note { .. } | Self::Script { .. } | Self::Neighbours { .. } => false,
        }
    }
}

/// What virtual routers did between two looks at them, the second at `now_unix_ms`.
pub fn of_routers(before: &[InstanceStatus], after: &[InstanceStatus], now_unix_ms: u64) -> Vec<Seen> {
    let mut seen = Vec::new();
    for now in after {
        let Some(was) = before.iter().find(|was| was.name == now.name) else { continue };
        let more = |name| count(now, name).saturating_sub(count(was, name));
        let (sent, heard) = (more(SENT), more(HEARD));
        if sent > 0 || heard > 0 {
            let at = now_unix_ms.saturating_sub(now.last_advert_ms.unwrap_or(0));
            let own = now.state == RouterState::Master;
            let priority = if own { Some(now.effective_priority) } else { now.master_priority };
            let from = now.master.clone().filter(|_| heard > 0);
            seen.push((at, Sight::Adverts { instance: now.name.clone(), sent, heard, from, priority }));
        }
        if (&was.answered_by, was.withheld) != (&now.answered_by, now.withheld) {
            let (instance, answered_by) = (now.name.clone(), now.answered_by.clone());
            seen.push((now_unix_ms, Sight::Neighbours { instance, answered_by, withheld: now.withheld }));
        }
        let moved = now.counters.iter().filter(|(name, value)| {
            !NOT_COUNTED.contains(&name.as_str()) && was.counters.get(*name).copied().unwrap_or(0) != **value
        });
        let counters: BTreeMap<String, u64> = moved.map(|(name, value)| (name.clone(), *value)).collect();
        if !counters.is_empty() {
            seen.push((now_unix_ms, Sight::Counters { instance: now.name.clone(), counters }));
        }
    }
    seen.into_iter().map(|(unix_ms, what)| Seen { unix_ms, what }).collect()
}

/// What everything else did between two statuses.
pub fn of_services(before: &AgentStatus, after: &AgentStatus) -> Vec<Seen> {
    let scripts = after.scripts.iter().filter(|now| was_otherwise(&before.scripts, now)).map(|now| {
        let ScriptStatus { name, ok, last_result: result } = now.clone();
        Sight::Script { name, ok, result }
    });
    let servers = after.virtual_servers.iter().filter_map(|now| {
        let load = load(now);
        let was = before.virtual_servers.iter().find(|was| was.name == now.name).map(self::load);
        (was.as_ref() != Some(&load)).then_some(load)
    });
    scripts.chain(servers).map(|what| Seen { unix_ms: after.now_unix_ms, what }).collect()
}

fn count(instance: &InstanceStatus, name: &str) -> u64 {
    instance.counters.get(name).copied().unwrap_or(0)
}

fn was_otherwise(before: &[ScriptStatus], now: &ScriptStatus) -> bool {
    before.iter().find(|was| was.name == now.name).is_none_or(|was| was.ok != now.ok)
}

fn load(server: &VirtualServerStatus) -> Sight {
    let is_up = |real: &&RealServerStatus| real.up && real.judged && !real.drained;
    Sight::Load {
        virtual_server: server.name.clone(),
        connections_per_s: server.traffic.connections_per_s,
        bytes_in_per_s: server.traffic.bytes_in_per_s,
        active: server.real_servers.iter().map(|real| u64::from(real.active)).sum(),
        up: server.real_servers.iter().filter(is_up).count(),
        of: server.real_servers.len(),
    }
}

impl fmt::Display for Sight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State { status } => {
                let routers = status.instances.len();
                write!(f, "agent {} (pid {}), virtual routers: {routers}", status.version, status.pid)
            }
            Self::Adverts { instance, sent, heard, from, priority } => {
                let what = match (sent, heard) {
                    (sent, 0) => format!("{sent} sent"),
                    (0, heard) => format!("{heard} heard"),
                    (sent, heard) => format!("{sent} sent, {heard} heard"),
                };
                write!(f, "{instance}: adverts: {what}")?;
                from.iter().try_for_each(|from| write!(f, " from {from}"))?;
                priority.iter().try_for_each(|priority| write!(f, ", priority {priority}"))
            }
            Self::Notice { notice } => notice.fmt(f),
            Self::Note { message } => f.write_str(message),
            Self::Script { name, ok, result } => {
                let verdict = match ok {
                    None => "not run yet",
                    Some(true) => "good",
                    Some(false) => "BAD",
                };
                write!(f, "check {name}: {verdict}")?;
                result.iter().try_for_each(|result| write!(f, " ({result})"))
            }
            Self::Neighbours { instance, answered_by, withheld } => {
                match answered_by {
                    Some(mac) => write!(f, "{instance}: {mac} answers for its addresses")?,
                    None => write!(f, "{instance}: nobody else answers for its addresses")?,
                }
                f.write_str(if *withheld { "; this host claims nothing because of that" } else { "" })
            }
            Self::Counters { instance, counters } => {
                let each: Vec<String> = counters.iter().map(|(name, value)| format!("{name} {value}")).collect();
                write!(f, "{instance}: counters: {}", each.join(", "))
            }
            Self::Load { virtual_server, connections_per_s, active, up, of, .. } => write!(
                f,
                "{virtual_server}: {up} of {of} servers, {active} connections, {connections_per_s} new a second"
            ),
            Self::Beat => f.write_str("nothing new"),
        }
    }
}

#[cfg(test)]
mod tests;
