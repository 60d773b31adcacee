//! This host's kernel: clocks, sockets, links, addresses, scheduling. The only room with `unsafe` code, and the one
//! to rewrite for another operating system. [`os::Os`] is the seam: the agent acts through it, tests put a recorder
//! behind it. It knows the engine's types and nothing of agent, desk or lab.

pub mod address;
pub mod claims;
pub mod clock;
pub mod daemon;
pub mod frames;
pub mod genetlink;
pub mod inotify;
pub mod ipvs;
pub mod links;
pub mod linux;
pub mod macvlan;
pub mod many;
pub mod memory;
pub mod namespace;
pub mod netlink;
pub mod nfnetlink;
pub mod nft;
pub mod os;
pub mod ping;
pub mod pipe;
pub mod prefix;
pub mod processes;
pub mod routing;
pub mod sched;
pub mod stamp;
pub mod sysctl;
pub mod vrrp;
pub mod wake;
