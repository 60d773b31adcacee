//! Blocks about VRRP to [`super::config`]: first each `vrrp_instance` by itself ([`instance`]), then what depends on
//! others ([`resolve`]), then groups ([`sync_group`]); [`tracked`] are the scripts, files and processes that [`track`]
//! names. Nothing here knows how an election goes. Static addresses, routes and rules are read by the same files.

pub(crate) mod address;
pub(crate) mod authentication;
pub(crate) mod conflict;
pub(crate) mod family;
pub(crate) mod instance;
pub(crate) mod lint;
pub(crate) mod notify;
pub(crate) mod resolve;
pub(crate) mod resolved;
pub(crate) mod route;
pub(crate) mod rule;
pub(crate) mod strict;
pub(crate) mod sync_group;
pub(crate) mod track;
pub(crate) mod tracked;
pub(crate) mod unicast;
pub(crate) mod vmac;
