//! The typed configuration of an agent: what the keepalived.conf language means after parsing. Plain values, complete
//! with every default; nothing here reads text or acts.

mod address;
mod global;
mod instance;
mod link_delay;
pub mod lvs;
mod notify;
mod root;
mod route;
mod track;
mod vmac;

pub use crate::wire::vrrp::Version;
pub use address::{AddressFlag, VirtualAddress};
pub use global::{Global, Mail, MetricsAddress, Own, SmtpTls, TimedScript};
pub use instance::{
    Announcement, HmacKey, HmacMode, HmacSettings, InitialState, OldChecksum, Peer, Replay, SimplePassword, SyncGroup,
    VrrpInstance,
};
pub use link_delay::LinkDelay;
pub use notify::{Argv, Fifo, Notify, NotifyUsers, Script, ScriptUser};
pub use root::{Config, Namespaces};
pub use route::{Destination, NextHop, PortRange, Route, RouteKind, Rule, RuleAction};
pub use track::{ProcessMatch, Track, TrackFile, TrackProcess, VrrpScript};
pub use vmac::Vmac;
