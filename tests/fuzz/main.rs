//! Random input against everything that reads what others wrote. Each target is an ordinary test that runs for
//! `HACTL_FUZZ_SECONDS` (default 3) on changed copies of its corpus; `HACTL_FUZZ_SEED` repeats a run. An input that
//! once failed joins the corpus, which every run reads unchanged first.

mod capture;
mod checks;
mod conf;
mod control;
mod mutate;
mod ops;
mod packet;
#[path = "../sim/sent.rs"]
mod sent;
