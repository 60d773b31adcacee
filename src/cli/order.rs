//! What can be ordered from a view that goes on: what it means in words, and the same functions that carry it out when
//! it is typed.

use std::net::IpAddr;
use std::path::Path;

use crate::cli::backend;
use crate::cli::drill;
use crate::cli::show;
use crate::ctl::backend::edit::{Verb, Wish};
use crate::ctl::desk::Options;
use crate::ctl::drill::report::entry::Run;
use crate::ctl::drill::run as drilled;
use crate::ctl::drill::select::select;
use crate::ctl::operate::drain;
use crate::ctl::operate::failover::{Move, Moves, failover};
use crate::ctl::report::{Outcome, Report};
use crate::error::{Exit, Failure, Problem};

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum Order {
    /// A VIP to another host.
    Failover {
        /// Its name in the inventory.
        vip: String,
        /// What people call it.
        address: IpAddr,
        /// Who has it, in words.
        from: String,
        /// Who shall.
        to: String,
    },
    /// No new requests for a server, or some again.
    Drain {
        /// The host.
        host: String,
        /// Take it back.
        back: bool,
        /// The kernel balances, and not nginx.
        by_kernel: bool,
    },
    /// A fault on purpose.
    Drill {
        /// Its name.
        name: &'static str,
        /// What is broken.
        title: &'static str,
        /// What has to come of it.
        expected: &'static str,
    },
}

/// How an order ended.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli) struct Ended {
    /// As it was meant to.
    pub well: bool,
    /// In words.
    pub words: String,
    /// What was found out on the way.
    pub found: Found,
}

/// What an order finds out, beyond that it was carried out.
#[derive(Debug, Clone, PartialEq, Default)]
pub(in crate::cli) enum Found {
    /// Nothing.
    #[default]
    Nothing,
    /// How VIPs moved.
    Moves(Moves),
    /// What drills measured.
    Drilled(Run),
}

impl Order {
    /// The command that does the same.
    pub(in crate::cli) fn command(&self) -> String {
        match self {
            Self::Failover { vip, to, .. } => format!("hactl failover --vip {vip} --to {to}"),
            Self::Drain { host, back, by_kernel } => {
                let verb = if *back { "undrain" } else { "drain" };
                format!("hactl {}{verb} {host}", if *by_kernel { "" } else { "backend " })
            }
            Self::Drill { name, .. } => format!("hactl drill {name}"),
        }
    }

    /// What will happen.
    pub(in crate::cli) fn will(&self) -> String {
        match self {
            Self::Failover { address, from, to, .. } => format!(
                "{address} moves from {from} to {to}, make before break; clients wait some milliseconds. It stays there until \
                 `hactl failover` moves it back, or `hactl unpin {to}` leaves it to the priorities. Refused where {to} is not fit \
                 to serve."
            ),
            Self::Drain { host, back: false, by_kernel: true } => {
                format!("{host} gets no new connections from any load balancer; those that it has go on.")
            }
            Self::Drain { host, back: true, by_kernel: true } => format!("{host} gets new connections again."),
            Self::Drain { host, back, by_kernel: false } => {
                let what = if *back { "takes `down` of" } else { "writes `down: yes` for" };
                let then =
                    if *back { "it gets requests again" } else { "it gets no new requests; those that it has go on" };
                format!("{what} {host} in the inventory and deploys that to nginx on all load balancers: {then}.")
            }
            Self::Drill { title, expected, .. } => format!(
                "BREAKS SOMETHING ON PURPOSE on live hosts: {title}. Expected: {expected}. Clients may wait or be refused \
                 meanwhile. Everything is put right again afterwards, and that is checked."
            ),
        }
    }

    /// Whether it breaks something.
    pub(in crate::cli) fn is_a_drill(&self) -> bool {
        matches!(self, Self::Drill { .. })
    }

    /// Carries it out. What there is to say meanwhile goes to the options' listener.
    pub(in crate::cli) async fn carry_out(self, inventory: Option<&Path>, options: Options) -> Ended {
        match self {
            Self::Failover { vip, to, .. } => {
                let order = Move { to, vip: Some(vip), dry_run: false, stay: None, force: false };
                ended(failover(inventory, options, &order).await, show::operate::moves, Found::Moves)
            }
            Self::Drain { host, back, by_kernel: true } => {
                let order = if back { drain::Order::Undrain } else { drain::Order::Drain { wait: None } };
                ended(drain::order(inventory, options, &host, order).await, show::operate::ordered, |_| Found::Nothing)
            }
            Self::Drain { host, back, by_kernel: false } => {
                let verb = if back { Verb::Undrain } else { Verb::Drain };
                let wish = Wish { verb, server: host, pool: None };
                ended(backend::wished(inventory, options, &wish).await, show::backend::done, |_| Found::Nothing)
            }
            Self::Drill { name, .. } => {
                let outcome = match select(&[name.to_owned()], false, drill::in_a_lab()) {
                    Ok(scenarios) => drilled::run(inventory.map(Path::to_owned), &options, &scenarios, None).await,
                    Err(failure) => Err(failure),
                };
                let report = outcome.map(|run| {
                    let exit = if run.passed() { Exit::Done } else { Exit::Verification };
                    Report { value: run, problems: Vec::new(), exit }
                });
                ended(report, drill::text, Found::Drilled)
            }
        }
    }
}

fn ended<T>(outcome: Outcome<T>, words: impl FnOnce(&T) -> String, found: impl FnOnce(T) -> Found) -> Ended {
    let (well, mut text, problems, found) = match outcome {
        Ok(report) => (report.exit == Exit::Done, words(&report.value), report.problems, found(report.value)),
        Err(Failure { problems, .. }) => (false, String::new(), problems, Found::Nothing),
    };
    for problem in problems {
        text = format!("{}\n{}", text.trim_end(), in_short(&problem));
    }
    Ended { well, words: console::strip_ansi_codes(text.trim()).into_owned(), found }
}

fn in_short(problem: &Problem) -> String {
    let more = [&problem.why, &problem.next].into_iter().flatten().fold(String::new(), |text, more| text + "; " + more);
    format!("{} {}{more}", problem.code, problem.message)
}
