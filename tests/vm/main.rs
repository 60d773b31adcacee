//! What needs a kernel with IPVS: one that QEMU boots, with network namespaces for hosts.
//!
//! The one test below runs twice. On this machine (`outside`) it makes a root file system, boots it and reports what
//! the guest says, line by line. In the guest (`inside`) it runs the cases of the suites, each in a process of its own.
//! Needs root, QEMU and mmdebstrap; without them it says so and passes. See CONTRIBUTING.md for running a single case.

mod agent;
mod cluster;
mod cpio;
mod deployed;
mod host;
mod image;
mod inside;
mod netlink;
mod outside;
#[path = "../lab/page.rs"]
mod page;
mod stream;
mod suite_agent;
mod suite_bench;
mod suite_bench_checks;
mod suite_checks;
mod suite_deploy;
mod suite_director;
mod suite_examples;
mod suite_failover;
mod suite_schedulers;
mod suite_sync;
mod suite_table;
mod suite_traffic;
mod web;
mod words;

/// One case of a suite; it runs in the guest and fails by panicking.
pub struct Case {
    /// `suite::what_it_proves`.
    pub name: &'static str,
    /// Panics when it does not hold.
    pub run: fn(),
}

/// Cases by the names of their functions.
#[macro_export]
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        &[$($crate::Case { name: concat!(module_path!(), "::", stringify!($name)), run: $name }),*]
    };
}

/// Every suite.
const SUITES: &[&[Case]] = &[
    suite_deploy::CASES, // the longest one first
    suite_table::CASES,
    suite_schedulers::CASES,
    suite_traffic::CASES,
    suite_sync::CASES,
    suite_agent::CASES,
    suite_director::CASES,
    suite_checks::CASES,
    suite_failover::CASES,
    suite_examples::CASES,
    suite_bench::CASES,
    suite_bench_checks::CASES,
];

#[test]
fn lvs_on_a_real_kernel() {
    match inside::role() {
        Some(role) => inside::play(&role),
        None => outside::run(),
    }
}
