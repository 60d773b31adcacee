//! hactl: highly available load balancer pairs.
//!
//! The binary is thin; everything lives here so that tests reach it. ARCHITECTURE.md names the rooms and who may
//! use whom.

#[warn(unreachable_pub)]
pub mod agent;
#[warn(unreachable_pub)]
pub mod cli;
pub mod ctl;
pub mod error;
pub mod includes;
pub mod lab;
#[warn(unreachable_pub)]
pub mod net;
#[warn(unreachable_pub)]
pub mod sys;
#[warn(unreachable_pub)]
mod text;
