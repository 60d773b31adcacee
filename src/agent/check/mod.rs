//! The checks of real servers: [`attempt`] makes one try of one check and says how it ended, within the check's own time. Nothing here knows
//! what follows from it: that is `engine/lvs`.

pub mod attempt;
pub mod connect;
