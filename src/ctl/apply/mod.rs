//! Carrying out a plan as one transaction over all hosts: [`deploy`] is the whole of it, [`takeover`] one that replaces
//! keepalived, [`back`] the same to what was before; [`show`] only tells what would change. The desk takes the locks
//! and keeps them ([`work`]), brings files without touching traffic, swaps them in host by host with the owner last,
//! and commits or takes everything back; [`step`] and [`script`] are what runs on a host, [`transaction`] is what may
//! be said of it. A host goes back by itself when the desk vanishes: its part is in `transaction.sh`.

mod activate;
mod alike;
pub mod back;
mod balancers;
mod beginning;
pub mod binary;
mod canary;
pub mod deploy;
mod end;
mod issue;
mod judged;
mod keys;
mod known_sum;
mod ladder;
mod missed;
pub mod order;
pub mod plan_file;
mod preflight;
mod prepare;
pub mod rehearsal;
mod roll_out;
pub mod script;
mod settle;
pub mod show;
mod signed;
mod stage;
pub mod step;
mod stranger;
pub mod takeover;
pub mod transaction;
mod vrids;
pub mod work;
