//! What the rest of the agent tells the director.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use hactl_engine::conf::config::lvs::VirtualServer;
use hactl_engine::conf::config::{Global, VrrpInstance};
use hactl_engine::control::{RouterState, VirtualServerStatus};
use hactl_engine::lvs::balancer::{Order, Selection};
use tokio::sync::oneshot;

use super::error::NotOrdered;

/// To the director.
pub(crate) enum DirectorMessage {
    /// A configuration.
    Configure(Box<Orders>),
    /// A VRRP instance is in this state now.
    State {
        /// Its name.
        instance: String,
        /// The state.
        state: RouterState,
    },
    /// An operator's order; the answer names the real servers.
    Order(Selection, Order, oneshot::Sender<Result<String, NotOrdered>>),
    /// A question.
    Status(oneshot::Sender<Vec<VirtualServerStatus>>),
    /// The end.
    Stop {
        /// A successor takes the table over.
        keep_table: bool,
    },
}

/// What a configuration means for the director.
pub(crate) struct Orders {
    /// The pools.
    pub servers: Vec<Arc<VirtualServer>>,
    /// Settings: LVS as a whole, scripts.
    pub global: Arc<Global>,
    /// VRRP instances that matter here: their VRIDs and addresses, by name.
    pub instances: BTreeMap<String, Instance>,
}

/// What of a VRRP instance matters here.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    /// Its VRID.
    pub vrid: u8,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

impl Instance {
    /// Takes what matters.
    pub(crate) fn of(config: &VrrpInstance) -> Self {
        let addresses = config.addresses.iter().chain(&config.excluded).map(|one| one.address.addr());
        Self { vrid: config.vrid, addresses: addresses.collect() }
    }
}
