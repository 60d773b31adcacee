//! What the driver shall do: the engine's half of the contract, in Linux's vocabulary.

use std::net::IpAddr;
use std::time::Duration;

use crate::conf::config::{Argv, Route, Rule, ScriptUser, VirtualAddress};
use crate::control::Pin;
use crate::notice::Notice;
use crate::refused::Refused;
use crate::state::RouterState;
use crate::wire::arp::Mac;

/// Identifies a virtual router for as long as the agent runs, also across reloads.
pub type RouterId = u32;

/// Whose actions a batch holds. Scripts of one owner run in order, and owners do not wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// A virtual router.
    Router(RouterId),
    /// A sync group, by its place in the configuration. It only runs scripts and tells people.
    Group(usize),
    /// The node itself, which only tells people.
    Node,
}

impl Owner {
    /// The router, if it is one.
    pub fn router(self) -> Option<RouterId> {
        match self {
            Self::Router(id) => Some(id),
            Self::Group(_) | Self::Node => None,
        }
    }
}

/// Actions of one owner, to be carried out in order. When addresses cannot be added, what else the same step has for
/// the router to do is dropped, in this batch and in later ones, and the failure comes back as `Input::ActionFailed`.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// Whose actions these are.
    pub owner: Owner,
    /// In order.
    pub actions: Vec<Action>,
}

/// One action.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Send an advert. IPv4 packets are whole, header included; IPv6 packets are the payload alone.
    Send {
        /// Outgoing interface, kernel index.
        link: u32,
        /// Source address.
        source: IpAddr,
        /// Group or peer.
        destination: IpAddr,
        /// Bytes.
        packet: Vec<u8>,
    },
    /// Put addresses on interfaces; those already there are no error.
    AddAddresses(Vec<LinkAddress>),
    /// Take addresses off interfaces; those already gone are no error.
    RemoveAddresses(Vec<LinkAddress>),
    /// Put routes and rules in place; those already there are no error. One that the kernel refuses is reported and
    /// survived: the addresses serve without it.
    AddRouting(Routing),
    /// Take routes and rules away; those already gone are no error.
    RemoveRouting(Routing),
    /// Renew the kernel's lease. Without a renewal the addresses stop answering when it ends.
    Renew(Renewal),
    /// What becomes of open connections when the addresses move from one living host to another.
    Drain(Drain),
    /// Send Ethernet frames that announce addresses.
    Announce(Vec<Frame>),
    /// Send Ethernet frames that ask who answers for an address.
    Probe(Vec<Frame>),
    /// Run a notify script, after those of earlier batches of this owner.
    Run {
        /// Number of the change of state that it tells of: scripts of an older change that have not begun are stale.
        change: u64,
        /// Command and arguments.
        command: Argv,
        /// Who runs it; the agent's default when absent.
        user: Option<ScriptUser>,
        /// The virtual router of whose takeover it is a step: its end is told.
        step: Option<String>,
    },
    /// Remember or forget an operator's override, so that a restart keeps it.
    SavePin {
        /// Instance name.
        instance: String,
        /// `None` forgets.
        pin: Option<Pin>,
    },
    /// Note whether this router is master, so that a restarted agent can adopt its addresses.
    Record {
        /// Instance name.
        instance: String,
        /// State entered.
        state: RouterState,
    },
    /// Tell people.
    Tell(Notice),
    /// Answer a command.
    Reply {
        /// The command's token.
        token: u64,
        /// What was done, in words, or why not.
        result: Result<String, Refused>,
    },
}

/// An address and the interface it belongs on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LinkAddress {
    /// Kernel index of the interface.
    pub link: u32,
    /// The address as configured.
    pub address: VirtualAddress,
    /// Whole seconds after which the kernel removes it by itself unless it is added again; `None` is never.
    pub lifetime_s: Option<u32>,
}

/// Routes and rules that belong together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    /// Routes.
    pub routes: Vec<LinkRoute>,
    /// Rules.
    pub rules: Vec<Rule>,
}

impl Routing {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty() && self.rules.is_empty()
    }
}

/// A route and the interfaces of its hops.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LinkRoute {
    /// The route as configured.
    pub route: Route,
    /// Kernel index for each hop, in the same order; 0 leaves the choice to the kernel.
    pub links: Vec<u32>,
}

/// A renewal of the kernel's lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// The lifetime of the addresses themselves, in whole seconds: each is added again with its lifetime.
    Lifetime(Vec<LinkAddress>),
    /// The time during which the firewall lets the addresses answer.
    Gate {
        /// The addresses.
        addresses: Vec<IpAddr>,
        /// What becomes of it.
        gate: Gate,
    },
}

/// What the firewall does for addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Where adverts are less than a second apart: from now on the addresses answer for this time.
    Open(Duration),
    /// Their router hands over: from now on no neighbour is answered, and traffic is accepted for this time. This holds
    /// also for addresses whose lease is their lifetime in the kernel.
    Part(Duration),
    /// The handover is over: the nftables element of addresses whose lease is their lifetime in the kernel is removed.
    Parted,
}

/// `connection_draining`: connections that are open go on with the host that they were opened to, for some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drain {
    /// This host was master. The addresses stay on its loopback interface for this time, where no neighbour finds them
    /// (its gate is closed) and open connections go on.
    Keep {
        /// The addresses.
        addresses: Vec<IpAddr>,
        /// How long at the most, also when this process dies.
        time: Duration,
    },
    /// That time is over.
    EndKeep(Vec<IpAddr>),
    /// This host is master. TCP segments of connections that are not its own go to the host that was.
    Pass {
        /// The addresses.
        addresses: Vec<IpAddr>,
        /// Own address of the host that was master, on the same network.
        to: IpAddr,
        /// Kernel index of the interface to it.
        link: u32,
    },
    /// From now on all segments are for this host.
    EndPass(Vec<IpAddr>),
}

/// An Ethernet frame without its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Outgoing interface, kernel index.
    pub link: u32,
    /// Destination.
    pub destination: Mac,
    /// EtherType.
    pub ethertype: u16,
    /// Payload.
    pub payload: Vec<u8>,
}
