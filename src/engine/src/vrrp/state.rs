//! The words of the state machine: states, what happens, and what shall happen. The vocabulary is the RFC's.

use std::net::IpAddr;
use std::time::Duration;

use smallvec::SmallVec;

use crate::state::RouterState;

/// Where a virtual router stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Before the start.
    Initialize,
    /// Listens; takes over when the master falls silent.
    Backup,
    /// Advertises as master, and waits until the old master releases the addresses.
    Claiming,
    /// Owns the addresses and advertises.
    Master,
    /// Is no longer master, but still answers for the addresses until the next master is there; then goes on as named.
    Handover(Next),
    /// Forbidden to be master.
    Fault,
    /// Gone.
    Stopped,
}

/// What follows a handover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Listen again.
    Backup,
    /// The agent stops, or the instance left the configuration.
    Stopped,
}

/// An advert of another router, as far as the election cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// Its address.
    pub source: IpAddr,
    /// Its priority.
    pub priority: u8,
    /// Its advertisement interval.
    pub interval: Duration,
}

/// What happens to a virtual router.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The agent starts. `adopt`: the addresses are here and were ours a moment ago.
    Start {
        /// Resume as master.
        adopt: bool,
    },
    /// Another router advertises.
    Advert(Heard),
    /// The master has been silent for the master-down interval.
    MasterDown,
    /// Time for the next advert.
    AdvertDue,
    /// The handover has lasted long enough.
    LingerDue,
    /// Something tracked forbids being master.
    Failed,
    /// Nothing tracked forbids being master any more.
    Recovered,
    /// An operator wants this router to be master. `force`: even if another host answers for the addresses.
    Promote {
        /// Do not wait until the old master lets go.
        force: bool,
    },
    /// Nobody answers for the addresses any more.
    Unanswered,
    /// An operator wants another router to be master.
    Resign,
    /// Clean stop.
    Stop,
    /// Stop for a successor on this host: addresses stay, nothing is said.
    StopKeeping,
    /// Somebody removed an address that is ours.
    AddressLost,
    /// This process stood still so long that the lease ended: another router may have claimed the addresses.
    LeaseLapsed,
    /// Another host holds the addresses and does not hear us.
    Yield,
}

/// What shall happen, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Send an advert with the priority in force.
    Advertise,
    /// Send an advert with priority 0.
    AdvertiseZero,
    /// Put the addresses on their interfaces.
    AddAddresses,
    /// Take them off.
    RemoveAddresses,
    /// GARP or NA for every address, now and again after the configured delay.
    Announce,
    /// The same after a master with a lower claim was heard: the caches may follow that one.
    AnnounceLower,
    /// Arm the advert timer with one interval.
    StartAdvertTimer,
    /// Arm the master-down timer.
    StartMasterDown(Duration),
    /// Arm the handover timer.
    StartLinger(Duration),
    /// Ask the LAN who answers for the addresses, until nobody does.
    Ask,
    /// The old master has let go.
    Acknowledged,
    /// Answer neighbours no more, and let the kernel end the handover soon, even if this router does not live to see
    /// it.
    ShortenLease,
    /// The other router is the master: remember it.
    Follow(Heard),
    /// Start waiting for `preempt_delay`.
    ArmPreempt,
    /// A better master is there: the next time `preempt_delay` starts from the beginning.
    DisarmPreempt,
    /// The operator's override has served its purpose.
    DropPin,
}

/// What one event asks for, in order.
pub type Effects = SmallVec<[Effect; 4]>;

/// The state as the outside knows it.
pub fn public(state: State) -> RouterState {
    match state {
        State::Initialize => RouterState::Init,
        State::Backup | State::Claiming => RouterState::Backup,
        State::Master => RouterState::Master,
        State::Handover(_) => RouterState::Handover,
        State::Fault => RouterState::Fault,
        State::Stopped => RouterState::Stopped,
    }
}
