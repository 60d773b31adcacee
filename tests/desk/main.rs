//! The desk against hosts with habits: login shells, profiles, forced commands, sudo, known keys and certificates, and
//! hosts that mean harm. Each test has an sshd of its own on the loopback, whose forced command plays the host.
//!
//! Needs root and sshd (`.ci/setup peers` installs it); without them it says so and passes.

mod codes;
mod habits;
mod host;
#[path = "../common/json.rs"]
mod json;
mod keys;
mod logs;
mod moves;
mod pair;
mod stream;
mod turned_away;
mod ways;
