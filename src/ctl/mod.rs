//! From the desk: an inventory becomes a [`cluster::Cluster`], roles and templates make of it what each host shall
//! have ([`wanted::WantedHost`]), facts say what it has, and a plan is the difference. Plan, verify and drill judge
//! pure data; only `ssh` talks to hosts. The agent is met over the control protocol of the engine, never imported.

pub mod account;
pub mod alerts;
pub mod apply;
pub mod ask;
pub mod backend;
pub mod capture;
pub mod certificate;
pub mod check;
pub mod cluster;
pub mod desk;
pub mod difference;
pub mod drift;
pub mod drill;
pub mod functions;
pub mod group;
pub mod host;
pub mod import;
pub mod inventory;
pub mod journal;
pub mod look;
pub mod lvs;
pub mod made_up;
pub mod made_up_wordpress;
pub mod operate;
pub mod packet;
pub mod plan;
pub mod progress;
pub mod rehearse;
pub mod remote;
pub mod render;
pub mod report;
mod resting;
pub mod roles;
pub mod sealed;
pub mod secret;
pub mod signing;
pub mod sites;
pub mod ssh;
pub mod state;
pub mod stream;
pub mod units;
pub mod verify;
pub mod wanted;
pub mod wordpress;
pub mod words;
