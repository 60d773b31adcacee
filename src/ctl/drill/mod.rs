//! Drills: [`scenario`] says what is broken, on which host, how it is undone and what clients may notice; a runner does
//! so and fills in [`observe::Observations`]; [`judge`] makes a verdict of them, [`timeline`] a picture and [`report`]
//! the pages and files people and CI read. Everything here is pure data: no host is contacted.

pub mod judge;
pub mod observe;
pub mod report;
pub mod scenario;
pub mod select;
pub mod shell;
pub mod table;
pub mod timeline;
