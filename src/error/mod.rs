//! What users see when something is wrong: exit codes in one table ([`Exit`]), error codes in one register ([`Code`]),
//! and problems that say what, where, why and next ([`Problem`]). `cli`, `agent`, `ctl` and `lab` use it (`sys` and
//! `net` have errors of their own); it uses nobody.

#[macro_use]
mod register;
mod code;
mod exit;
mod problem;

pub use code::Code;
pub use exit::Exit;
pub use problem::{Failure, Outcome, Problem, Span, plain};
