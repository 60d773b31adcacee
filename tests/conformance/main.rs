//! RFC 9568 (and RFC 3768 for version 2) rule by rule, each with a case that keeps it and one that would break it.
//! `LEDGER.md` beside this file lists the rules; `ledger` checks that list and tests name each other.

mod draining;
mod election;
mod groups;
mod holding;
mod ledger;
mod neighbours;
mod options;
mod ours;
mod peers;
mod protection;
mod receiving;
mod rig;
mod said;
mod sending;
mod signing;
