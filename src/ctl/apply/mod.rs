//! Carrying out a plan as one transaction over all hosts. [`deploy`] is the whole of it; [`prepare`] finds what would change and [`show`] shows it, `preflight` refuses what would fail half-way,
//! [`work`] takes the locks and keeps them, [`stage`] brings files and packages without touching traffic, [`roll_out`] and
//! [`activate`] swap them in host by host, the owner last, and [`end`] commits or takes everything back. [`step`] and
//! [`script`] are what runs on a host, [`transaction`] is what the desk may say of it. A host goes back by itself when the
//! desk vanishes: its part of the transaction is in `transaction.sh`.

mod activate;
pub mod binary;
pub mod deploy;
mod end;
mod preflight;
mod prepare;
mod roll_out;
pub mod script;
pub mod show;
mod stage;
pub mod step;
mod stranger;
pub mod transaction;
mod vrids;
pub mod work;
