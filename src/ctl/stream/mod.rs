//! One stream of what all agents see, for every view that goes on: each agent's lines of `watch` come in by SSH
//! ([`follow`]), their times on the desk's clock, and what only the desk can find out (sites, generations, verdicts) in
//! between ([`live`]). [`merge`] puts what comes from several hosts in order. Whoever reads it words and draws it;
//! nothing is decided here.

pub mod clock;
mod follow;
mod lines;
pub mod live;
pub mod merge;
pub mod told;
