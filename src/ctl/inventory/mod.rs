//! The inventory file: YAML text to a spanned [`document`], through [`fields`] that know every key, to a
//! [`super::cluster::Cluster`] with every derived value filled in. All mistakes of a file are reported at once, with
//! line, column and the line drawn; nothing here touches the network.

pub mod acme;
pub mod alerts;
pub mod auth;
pub mod document;
mod drill;
pub mod fields;
pub mod hosts;
pub mod load;
pub mod lvs;
pub mod lvs_mistakes;
pub mod maintenance;
mod mistakes;
pub mod nginx;
pub mod nginx_words;
mod pem;
pub mod pool_check;
pub mod pools;
pub mod reference;
pub mod rules;
pub mod secret;
pub mod site;
pub mod streams;
mod takeover;
pub mod tls;
pub mod track;
pub mod traffic;
pub mod vips;
pub mod virtual_hosts;
pub mod wordpress;
pub mod wordpress_database;
pub mod wordpress_site;
