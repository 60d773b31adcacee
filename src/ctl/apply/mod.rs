//! Carrying out a plan: [`script`] writes what runs on a host, [`stage`] brings files and packages without touching
//! traffic, [`activate`] swaps them in host by host, backup first, and [`revert`] takes everything back. [`deploy`] is
//! the order of all that. Each host keeps the way back by itself: a timer reverts it when the desk vanishes.

pub mod activate;
pub mod binary;
pub mod deploy;
pub mod revert;
pub mod script;
pub mod stage;
mod stranger;
mod vrids;
