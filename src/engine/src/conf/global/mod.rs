//! What holds for the whole file: `global_defs`, hactl's own block, network namespaces, and the defaults that instances
//! and virtual servers take over. Nothing here reads the block of an instance; [`super::vrrp`] and [`super::lvs`] read
//! [`defaults`].

pub(crate) mod defaults;
pub(crate) mod global_defs;
pub(crate) mod link_delays;
pub(crate) mod lvs;
pub(crate) mod namespace;
pub(crate) mod own;
pub(crate) mod web_url;
