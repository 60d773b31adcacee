//! Conversations with the kernel by netlink: interfaces, addresses, routes, macvlans and the firewall's sets. [`route`],
//! [`generic`] and [`netfilter`] are the three protocols, the other files say with them what the agent wants. Nothing here
//! decides what there shall be.

pub mod address;
pub mod generic;
pub mod links;
pub mod macvlan;
pub mod netfilter;
pub mod nft;
pub mod prefix;
pub mod route;
pub mod routing;
