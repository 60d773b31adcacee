//! The verdicts: who owns each address ([`vips`]), who could take it over ([`standby`]), who balances ([`lvs`]), who is
//! out of a pool, why an address is where it is ([`why`]). All of them are pure functions of what was observed. [`run`]
//! and [`status`] look, judge and show, and change nothing.

pub mod certificates;
pub(crate) mod database;
pub mod lvs;
mod missed;
pub(crate) mod pools;
pub mod run;
pub mod sites;
pub mod standby;
pub mod status;
pub mod strangers;
pub mod vips;
pub mod why;
