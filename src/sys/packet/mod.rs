//! Packets that pass by the kernel's own protocols: adverts, Ethernet frames, ARP and neighbour discovery, echo
//! requests. Sockets are opened here with the options that each needs. What a packet means is read elsewhere: in the
//! engine's `wire`.

pub mod frames;
pub(crate) mod mmsg;
pub mod neighbours;
pub mod ping;
pub(crate) mod tap;
pub(crate) mod vrrp;
