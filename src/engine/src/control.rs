//! The control protocol between an agent and whoever asks it: JSON lines over a unix socket of mode 0600.
//!
//! One [`Request`] a line, one [`Response`] a line back; `watch` answers with one line an event until the
//! connection closes. The desk reaches the socket through SSH (`direct-streamlocal`), the local front through the
//! file system.

use serde::{Deserialize, Serialize};

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
    /// A stream of events.
    Watch,
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Response {
    /// To `status`.
    Status(AgentStatus),
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
    /// One line of `watch`.
    Event(Event),
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
    /// One entry a `vrrp_script`.
    #[serde(default)]
    pub scripts: Vec<ScriptStatus>,
}

/// State of a virtual router, as the RFC and keepalived name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RouterState {
    /// Not started yet.
    Init,
    /// Listening.
    Backup,
    /// Owns the addresses.
    Master,
    /// Was master, still answers until the next one is there.
    Handover,
    /// Cannot be master: see `fault_reasons`.
    Fault,
    /// Stopped cleanly.
    Stopped,
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
    /// Counters since the start, by name (`adverts_sent`, `adverts_received`, `bad_checksum`…).
    #[serde(default)]
    pub counters: std::collections::BTreeMap<String, u64>,
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
}
