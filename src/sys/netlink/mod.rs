//! Conversations with the kernel by netlink: interfaces, addresses, routes, macvlans and the firewall's sets.
//! [`route`], [`generic`] and [`netfilter`] are the three protocols, which share [`conversation`], [`message`] and
//! [`attributes`]; the other files say with them what the agent wants. Nothing here decides what there shall be.

pub(crate) mod address;
pub(crate) mod attributes;
mod conversation;
pub(crate) mod draining;
mod expressions;
pub(crate) mod generic;
pub(crate) mod kept;
pub mod links;
pub(crate) mod macvlan;
mod message;
pub(crate) mod netfilter;
pub(crate) mod nft;
pub(crate) mod prefix;
pub(crate) mod refusals;
pub mod route;
pub(crate) mod routing;
