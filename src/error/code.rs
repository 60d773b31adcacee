//! The register of error codes: each has a number, a title, and a text that says what it means, why it matters and what
//! to do. `hactl explain` prints it. A code means one thing and keeps its number for ever; programs compare [`Code`],
//! never its text. The entries stand in one file for each kind; each file adds its own to those before it and hands all
//! of them to the next, and `codes!` makes the enum.

#[macro_use]
mod program;
#[macro_use]
mod inventory;
#[macro_use]
mod hosts;
#[macro_use]
mod outcome;

program_codes! { [inventory_codes hosts_codes outcome_codes codes] }
