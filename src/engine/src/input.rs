//! What happens: the driver's half of the contract. The time of an input is an argument of `Node::step`.

use std::net::IpAddr;
use std::time::Duration;

use smallvec::SmallVec;

use crate::action::RouterId;
use crate::conf::config::{Config, Destination};
use crate::control::Pin;
use crate::wire::arp::Mac;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// Begin, with what is remembered of earlier runs. Links must be known by now.
    Start {
        /// One entry an instance that has something to remember.
        remembered: Vec<Remembered>,
    },
    /// The sleep is over: fire what is due.
    Wake,
    /// A VRRP packet arrived.
    Packet {
        /// Kernel index of the interface it came in by.
        link: u32,
        /// What came.
        packet: Received,
    },
    /// An interface appeared or changed.
    Link(Link),
    /// An interface vanished.
    LinkGone(u32),
    /// An address disappeared from an interface, and not by our doing.
    AddressLost {
        /// Kernel index of the interface.
        link: u32,
        /// The address.
        address: IpAddr,
    },
    /// A route disappeared, and not by our doing.
    RouteLost {
        /// Where it led.
        destination: Destination,
        /// Its table.
        table: u32,
        /// Its family.
        ipv6: bool,
        /// Who put it there: the kernel's number of it.
        protocol: u8,
    },
    /// A policy rule disappeared.
    RuleLost {
        /// Its preference.
        preference: u32,
        /// Its family.
        ipv6: bool,
    },
    /// A host on the LAN claims an address: an ARP packet or a neighbour advertisement.
    Claimed {
        /// Kernel index of the interface that heard it.
        link: u32,
        /// The address.
        address: IpAddr,
        /// Who says so.
        mac: Mac,
    },
    /// A host on the LAN asks who answers for an address without claiming it: an ARP probe (RFC 5227 §1.1).
    Probed {
        /// Kernel index of the interface that heard it.
        link: u32,
        /// The address.
        address: IpAddr,
        /// Who asks.
        mac: Mac,
    },
    /// An advert could not be sent.
    SendFailed {
        /// Whose.
        router: RouterId,
        /// What the kernel said.
        error: String,
    },
    /// A tracked script's state after rise and fall.
    Script {
        /// Block name.
        name: String,
        /// Good or bad.
        ok: bool,
    },
    /// The wall clock (time since 1970) is ahead of the driver's clock by this much. Only signatures need it.
    WallClock {
        /// Difference.
        offset: Duration,
    },
    /// The number in a tracked file; 0 when it is empty or gone.
    File {
        /// Block name.
        name: String,
        /// The number.
        value: i32,
    },
    /// Whether enough of a tracked process run.
    Process {
        /// Block name.
        name: String,
        /// Good or bad.
        ok: bool,
    },
    /// An action failed; the rest of its batch was dropped.
    ActionFailed {
        /// Whose action it was.
        router: RouterId,
        /// What the kernel said, worded for people.
        error: String,
    },
    /// An operator's command; answered by `Action::Reply`.
    Command {
        /// Returned with the answer.
        token: u64,
        /// What to do.
        command: Command,
    },
    /// A new configuration is in force.
    Reload(Box<Config>),
    /// Stop cleanly, or for a successor on this host.
    Stop {
        /// Leave the addresses and say nothing.
        keep_addresses: bool,
    },
}

/// A VRRP message: most fit without the heap.
pub type Payload = SmallVec<[u8; 32]>;

/// A received packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Source address.
    pub source: IpAddr,
    /// Destination address: tells multicast from unicast.
    pub destination: IpAddr,
    /// TTL or hop limit.
    pub ttl: u8,
    /// The VRRP message.
    pub payload: Payload,
}

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Kernel index.
    pub index: u32,
    /// Name.
    pub name: String,
    /// Administratively up, with carrier.
    pub up: bool,
    /// Hardware address; all zero where there is none.
    pub mac: Mac,
    /// Its addresses, in the kernel's order.
    pub addresses: Vec<IpAddr>,
}

/// What an earlier run left about an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Instance name.
    pub instance: String,
    /// Its addresses are on this host and it was master a moment ago.
    pub was_master: bool,
    /// Operator's override.
    pub pin: Option<Pin>,
}

/// An operator's command. Instances are named; `None` means all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Become master now.
    Promote {
        /// Which.
        instance: Option<String>,
        /// Although something tracked is bad.
        force: bool,
        /// The override ends by itself after this time, at this Unix second.
        expires: Option<(Duration, u64)>,
        /// Who and why.
        reason: Option<String>,
    },
    /// Let another be master.
    Resign {
        /// Which.
        instance: Option<String>,
    },
    /// Drop the override.
    Unpin {
        /// Which.
        instance: Option<String>,
    },
}
