//! What `global_defs` says about LVS as a whole.

use std::net::IpAddr;
use std::time::Duration;

use crate::conf::config::notify::Fifo;

/// The `lvs_…` and `checker_…` keywords of `global_defs`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lvs {
    /// `lvs_timeouts`: how long the kernel remembers an idle connection.
    pub timeouts: Timeouts,
    /// `lvs_flush`: the kernel's whole table is emptied at the start, others' entries too.
    pub flush: bool,
    /// `lvs_flush_on_stop`.
    pub flush_on_stop: FlushOnStop,
    /// `lvs_sync_daemon`.
    pub sync_daemon: Option<SyncDaemon>,
    /// `lvs_notify_fifo` with its `_script`.
    pub notify_fifo: Option<Fifo>,
    /// `rs_init_notifies`: a real server's first state is told as if it were a change.
    pub init_notifies: bool,
    /// `no_checker_emails`: checks send no mail.
    pub no_emails: bool,
    /// `SSL { … }`: the client's side of `SSL_GET`.
    pub client: ClientCertificate,
}

/// `SSL { certificate … key … ca … password … }`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientCertificate {
    /// `certificate`: a PEM file with the client's chain.
    pub certificate: Option<String>,
    /// `key`: a PEM file with its key.
    pub key: Option<String>,
    /// `ca`: a PEM file with the authorities that servers are verified against.
    pub ca: Option<String>,
}

/// `lvs_timeouts [tcp N] [tcpfin N] [udp N]`; `None` leaves the kernel's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// An established TCP connection.
    pub tcp: Option<Duration>,
    /// A TCP connection after its FIN.
    pub tcp_fin: Option<Duration>,
    /// A UDP flow.
    pub udp: Option<Duration>,
}

/// What the stop of the agent takes from the kernel's table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FlushOnStop {
    /// What the agent made: each real server, then each virtual server.
    #[default]
    Ours,
    /// `lvs_flush_on_stop`: the whole table.
    All,
    /// `lvs_flush_on_stop VS`: the virtual servers that the agent made, their real servers going with them.
    Services,
}

/// `lvs_sync_daemon INTERFACE INSTANCE …`: connections are told to the other director.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncDaemon {
    /// Where the messages go.
    pub interface: String,
    /// The `vrrp_instance` whose state decides who sends; `None` runs both sides for ever.
    pub instance: Option<String>,
    /// `id`: 0..=255; the instance's VRID unless given.
    pub id: Option<u8>,
    /// `maxlen` of a message in bytes; the kernel's unless given.
    pub max_len: Option<u16>,
    /// `port`; the kernel's (8848) unless given.
    pub port: Option<u16>,
    /// `ttl`; the kernel's (1) unless given.
    pub ttl: Option<u8>,
    /// `group`; the kernel's (224.0.0.81) unless given.
    pub group: Option<IpAddr>,
}
