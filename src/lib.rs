//! hactl: highly available load balancer pairs.
//!
//! The binary is thin; everything lives here so that tests reach it. ARCHITECTURE.md names the rooms and who may
//! use whom.

pub mod agent;
pub mod certificate;
pub mod cli;
pub mod ctl;
pub mod error;
pub mod includes;
pub mod lab;
pub mod net;
pub mod pcap;
pub mod sys;
mod text;
