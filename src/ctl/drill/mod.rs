//! Drills: [`scenario`] says what is broken, on which host, how it is undone and what clients may notice; [`run`] does
//! so with [`clients`] and a [`sampler`] at work, listens to the agents ([`listen`], [`lanes`]), and fills in
//! [`observe::Observations`]; [`judge`] makes a verdict of them, [`timeline`] a picture and [`report`] the pages and
//! files people and CI read. [`trend`] remembers what was measured. Who works with hosts is named here; all others are
//! pure data.

pub mod clients;
mod hands;
pub mod judge;
mod known;
pub mod lanes;
pub mod listen;
pub mod observe;
pub mod report;
pub mod run;
pub mod sampler;
pub mod scenario;
pub mod select;
pub mod shell;
pub mod table;
pub mod timeline;
pub mod trend;
pub mod vantage;
