//! What hosts say of themselves, in one round trip each: [`facts`] before a plan, [`contents`] of files, [`observe`] at
//! any time. What was seen is returned as data and judged elsewhere; a host that was not reached is part of it.

pub mod answers;
pub mod clocks;
pub mod contents;
pub mod facts;
pub mod generations;
pub mod members;
pub mod no_answer;
pub mod observe;
pub mod sites;
pub mod standbys;
pub mod transaction;
pub mod way;
