//! From the desk: an inventory becomes a [`cluster::Cluster`], roles and templates make of it what each host shall
//! have ([`wanted::WantedHost`]), facts say what it has, and a plan is the difference. Plan, verify and drill judge
//! pure data; only `ssh` talks to hosts. The agent is met over the control protocol of the engine, never imported.

pub mod apply;
pub mod cluster;
pub mod desk;
pub mod drain;
pub mod drill;
pub mod facts;
pub mod failover;
pub mod inventory;
pub mod observe;
pub mod plan;
pub mod remote;
pub mod render;
pub mod secret;
pub mod ssh;
pub mod status;
pub mod verify;
pub mod verify_lvs;
pub mod verify_run;
pub mod verify_standby;
pub mod wanted;
pub mod words;
