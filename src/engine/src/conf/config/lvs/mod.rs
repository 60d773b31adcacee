//! Typed configuration of LVS: virtual servers, their real servers, and the checks these must pass. Plain values,
//! complete with every default: what `virtual_server` says for all of its real servers is found in each of them.

mod checker;
mod global;
mod real_server;
mod virtual_server;

pub use checker::{
    BasicAuth, Check, Checker, Connection, DnsCheck, Endpoint, FileCheck, HttpCheck, HttpVersion, MiscCheck, Pattern,
    SmtpCheck, StatusSet, Tls, UdpCheck, Url,
};
pub use global::{ClientCertificate, FlushOnStop, Lvs, SyncDaemon, Timeouts};
pub use real_server::{RealServer, SorryServer};
pub use virtual_server::{Persistence, VirtualServer};
