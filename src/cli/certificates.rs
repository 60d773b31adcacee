//! `hactl agent certificates`: one look at the certificates that this load balancer shall have by ACME.

use hactl_engine::certificates::{Held, Standing};

use super::agent_args::AgentCertificates;
use super::global::Global;
use super::show::finish;
use crate::agent::certificates::run::{self as certificates, Settings};
use crate::ctl::report::Report;
use crate::ctl::verify::certificates::{days_left, judge};
use crate::error::{Code, Exit, Failure, Outcome, Problem};

/// Runs it.
///
/// # Errors
/// It cannot begin. What was not issued is in the report, with exit 7.
pub(crate) fn run(global: &Global, command: AgentCertificates) -> Outcome {
    let AgentCertificates { now, orders, account_key, folder } = command;
    let settings = Settings { orders, account_key, folder, by_hand: now };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::internal(format!("cannot start the runtime: {error}")))?;
    let standing = runtime.block_on(certificates::run(&settings)).map_err(|why| {
        let problem = Problem::new(Code::NoCertificateRun, why.to_string());
        Failure::one(Exit::Preflight, problem.next("`hactl deploy` writes what is ordered; it needs root"))
    })?;
    let problems = standing.certificates.iter().filter_map(|held| judge(None, held)).collect();
    finish(global, "agent", Ok(Report::judged(standing, problems)), words)
}

fn words(standing: &Standing) -> String {
    standing.certificates.iter().map(line).collect()
}

fn line(held: &Held) -> String {
    let days = days_left(held);
    match held.directory {
        Some(_) => format!("{}: for {} by {}, {days} days left\n", held.id, held.names.join(", "), held.issuer),
        None => format!("{}: none was issued yet\n", held.id),
    }
}
