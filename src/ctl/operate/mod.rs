//! Orders to a live pair: [`failover`] moves an address, [`drain`] takes a real server out. Each looks first, refuses
//! what would be an outage, and looks again before it says that it is done. [`history`] tells what deploys did,
//! [`lock`] who may deploy now, [`metrics`] what the agents count.

mod agents;
pub mod compare;
pub mod drain;
pub mod failover;
pub mod history;
pub mod lock;
pub mod metrics;
pub mod remembered;
