//! What holds for the whole file: `global_defs`, hactl's own block, network namespaces, and the defaults that instances and
//! virtual servers take over. Nothing here reads the block of an instance; [`super::vrrp`] and [`super::lvs`] read [`defaults`].

pub mod defaults;
pub mod global_defs;
pub mod lvs;
pub mod namespace;
pub mod own;
pub mod web_url;
