//! The control protocol between an agent and whoever asks it: JSON lines over a unix socket of mode 0600.
//!
//! One [`Request`] a line, one [`Response`] a line back; `watch` answers with a [`Seen`](crate::seen::Seen) a line
//! until the connection closes. The local front reaches the socket through the file system; the desk runs that front
//! on the host, through SSH.

use serde::{Deserialize, Serialize};

use crate::conf::config::{HmacMode, Replay};
pub use crate::lvs::status::{CheckStatus, RealServerStatus, TrafficStatus, VirtualServerStatus};
pub use crate::state::RouterState;

/// What a client may ask. `{"verb":"promote","instance":"VI_1"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// State of everything.
    Status,
    /// Make this node master at once (make before break).
    Promote {
        /// Instance name; every instance when absent.
        #[serde(default)]
        instance: Option<String>,
        /// Promote although a tracked script or interface is bad.
        #[serde(default)]
        force: bool,
        /// Seconds after which the raised priority ends by itself.
        #[serde(default)]
        expires_in_s: Option<u64>,
        /// Who asked and why; kept with the override and shown in `status`.
        #[serde(default)]
        reason: Option<String>,
    },
    /// Hand the addresses over to the best backup without leaving the election.
    Resign {
        /// Instance name; every instance when absent.
        #[serde(default)]
        instance: Option<String>,
    },
    /// Drop a priority override left by `promote`; the state changes only if the election says so.
    Unpin {
        /// Instance name; every instance when absent.
        #[serde(default)]
        instance: Option<String>,
    },
    /// Read the configuration again.
    Reload,
    /// Stop. With `keep_addresses` the VIPs stay for the process that starts next (restart, upgrade).
    Stop {
        /// Leave addresses in place and say nothing on the wire.
        #[serde(default)]
        keep_addresses: bool,
    },
    /// Past transitions, newest last.
    History,
    /// Replace the running process by the binary now on disk, in place: same process id, addresses untouched.
    Upgrade,
    /// Prometheus metrics.
    Metrics,
    /// A stream of what is seen: the state of everything, what happened last, and whatever happens from now on.
    Watch,
    /// Give real servers no new connections; what they have goes on.
    Drain {
        /// `ADDRESS` or `ADDRESS:PORT`.
        server: String,
        /// Only in this virtual server, by its name in `status`.
        #[serde(default)]
        virtual_server: Option<String>,
    },
    /// Take `drain` back.
    Undrain {
        /// As for `drain`.
        server: String,
        /// As for `drain`.
        #[serde(default)]
        virtual_server: Option<String>,
    },
    /// Give real servers another weight than configured.
    Weight {
        /// As for `drain`.
        server: String,
        /// As for `drain`.
        #[serde(default)]
        virtual_server: Option<String>,
        /// The configured one again when absent.
        #[serde(default)]
        weight: Option<u32>,
    },
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Response {
    /// To `status`.
    Status(Box<AgentStatus>),
    /// To `promote`, `resign`, `unpin`, `reload`, `stop`: done, in words.
    Done {
        /// What happened.
        message: String,
    },
    /// To `history`.
    History {
        /// Oldest first.
        events: Vec<Event>,
    },
    /// To `metrics`: the Prometheus text format.
    Metrics {
        /// The page.
        text: String,
    },
    /// The request was understood and refused, or not understood.
    Error {
        /// What, why, and what to do next.
        message: String,
    },
}

/// The state of one agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgentStatus {
    /// Version of the running binary.
    pub version: String,
    /// Process id.
    pub pid: u32,
    /// Unix time in seconds at which this process started.
    pub started_unix_s: u64,
    /// Unix time of this answer in milliseconds.
    pub now_unix_ms: u64,
    /// Path of the configuration in force.
    pub config: String,
    /// Warnings and errors of the configuration in force, worded, with file:line:column.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// One entry a `vrrp_instance`.
    pub instances: Vec<InstanceStatus>,
    /// One entry a `vrrp_sync_group`.
    #[serde(default)]
    pub groups: Vec<GroupStatus>,
    /// Virtual routers of others that were heard on the interfaces of ours.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub strangers: Vec<StrangerStatus>,
    /// One entry a `vrrp_script`.
    #[serde(default)]
    pub scripts: Vec<ScriptStatus>,
    /// One entry a tracked file.
    #[serde(default)]
    pub files: Vec<FileStatus>,
    /// One entry a tracked process.
    #[serde(default)]
    pub processes: Vec<ProcessStatus>,
    /// What this configuration promises against two owners, and what not.
    #[serde(default)]
    pub safety: Option<Safety>,
    /// One entry a `virtual_server`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub virtual_servers: Vec<VirtualServerStatus>,
    /// How punctual the VRRP loop is.
    #[serde(default)]
    pub timing: Timing,
}

/// The safety tier in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Safety {
    /// 0: plain VRRP; 1: with guard or veto; 3: with the kernel's lease too.
    pub tier: u8,
    /// What is promised.
    pub promise: String,
    /// What is not.
    pub not_promised: String,
}

/// The state of one sync group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupStatus {
    /// Block name.
    pub name: String,
    /// MASTER when all members are, FAULT when one is, else BACKUP.
    pub state: RouterState,
    /// Names of its instances.
    pub members: Vec<String>,
}

/// A virtual router that is none of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrangerStatus {
    /// The interface that hears it.
    pub interface: String,
    /// Its VRID.
    pub vrid: u8,
    /// Who sent its last advert.
    pub source: String,
    /// Milliseconds since then.
    pub last_advert_ms: u64,
}

/// The state of one tracked file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStatus {
    /// Block name.
    pub name: String,
    /// Its path.
    pub path: String,
    /// The number in it.
    pub value: i32,
}

/// The state of one tracked process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessStatus {
    /// Block name.
    pub name: String,
    /// So many run.
    pub running: u32,
    /// Whether that is enough; `None` before the first count.
    pub ok: Option<bool>,
}

/// How late the VRRP loop woke for its deadlines, since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// Deadlines met.
    pub wakes: u64,
    /// The latest wake, in microseconds.
    pub worst_overshoot_us: u64,
    /// Deadlines by lateness: up to 100 us, 1 ms, 10 ms, 100 ms, and later.
    pub overshoots: [u64; 5],
}

/// The state of one virtual router on one node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InstanceStatus {
    /// Instance name.
    pub name: String,
    /// State.
    pub state: RouterState,
    /// Interface that carries adverts.
    pub interface: String,
    /// VRID.
    pub vrid: u8,
    /// Configured priority.
    pub base_priority: u8,
    /// Priority after tracking and overrides.
    pub effective_priority: u8,
    /// Advert interval in force, in milliseconds.
    pub advert_interval_ms: u64,
    /// Virtual addresses with prefix length, as configured.
    pub addresses: Vec<String>,
    /// The current master's address, when it is another node.
    pub master: Option<String>,
    /// The current master's advertised priority, when it is another node.
    pub master_priority: Option<u8>,
    /// Milliseconds since the last advert sent or received.
    pub last_advert_ms: Option<u64>,
    /// Unix time in milliseconds of the last change of state.
    pub last_transition: Option<u64>,
    /// Why the last change of state happened.
    pub last_reason: Option<String>,
    /// Why the instance is in FAULT; empty otherwise.
    #[serde(default)]
    pub fault_reasons: Vec<String>,
    /// The priority override left by `promote`.
    pub pinned: Option<Pin>,
    /// Sync group, when it belongs to one.
    #[serde(default)]
    pub group: Option<String>,
    /// Milliseconds until the kernel would let go of the addresses by itself; `None` without lease or when not master.
    #[serde(default)]
    pub lease_ms: Option<u64>,
    /// Who answered for the addresses last, other than this host: MAC address.
    #[serde(default)]
    pub answered_by: Option<String>,
    /// The guard withholds the claim to be master: another host still answers, and no advert is heard.
    #[serde(default)]
    pub withheld: bool,
    /// What adverts are like on the wire; `None` where the agent is older than this.
    #[serde(default)]
    pub wire: Option<Wire>,
    /// How adverts are signed (`auth_hmac`); `None` where they are not.
    #[serde(default)]
    pub signing: Option<Signing>,
    /// Counters since the start, by name (`adverts_sent`, `adverts_received`, `bad_checksum`…).
    #[serde(default)]
    pub counters: std::collections::BTreeMap<String, u64>,
}

/// What a router's adverts are like, and those that it understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wire {
    /// VRRP version: 2 or 3.
    pub version: u8,
    /// Sent to each peer instead of the group.
    pub unicast: bool,
    /// With a password (`auth_type PASS`).
    pub password: bool,
}

/// How a router signs its adverts and judges those of others: everything of `auth_hmac` but the secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signing {
    /// What becomes of adverts that are not signed, and whether own ones are.
    pub mode: HmacMode,
    /// The key that signs.
    pub active_key: u8,
    /// Every key that is known.
    pub keys: Vec<u8>,
    /// How replayed adverts are told.
    pub replay: Replay,
    /// How far the clocks of two hosts may be apart, in milliseconds.
    pub window_ms: u64,
}

/// A priority override left by `promote`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The priority advertised instead of the configured one.
    pub priority: u8,
    /// Who asked and why.
    pub reason: Option<String>,
    /// Unix time in seconds at which it ends by itself.
    pub expires_unix_s: Option<u64>,
}

/// The state of one tracked script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScriptStatus {
    /// Block name.
    pub name: String,
    /// Good or bad after rise and fall; `None` before the first result.
    pub ok: Option<bool>,
    /// How the last run ended, in words.
    pub last_result: Option<String>,
}

/// Something that happened, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Unix time in milliseconds.
    pub unix_ms: u64,
    /// Instance it concerns, if one.
    pub instance: Option<String>,
    /// The sentence.
    pub message: String,
    /// The state entered, when the event is a transition.
    pub state: Option<RouterState>,
    /// How long the state left had lasted, when the event is a transition.
    #[serde(default)]
    pub lasted_ms: Option<u64>,
}
