//! Blocks about VRRP to [`super::config`]: first each `vrrp_instance` by itself ([`instance`]), then what depends on others
//! ([`resolve`]), then groups ([`sync_group`]); [`tracked`] are the scripts, files and processes that [`track`] names. Nothing
//! here knows how an election goes. Static addresses, routes and rules are read by the same files.

pub mod address;
pub mod authentication;
pub mod conflict;
pub mod family;
pub mod instance;
pub mod lint;
pub mod notify;
pub mod resolve;
pub mod resolved;
pub mod route;
pub mod rule;
pub mod strict;
pub mod sync_group;
pub mod track;
pub mod tracked;
pub mod unicast;
pub mod vmac;
