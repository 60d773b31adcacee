//! Questions to whoever sits at the terminal. Where nobody does, the answer is no, with a way to say yes beforehand.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use super::chinese::said::said;
use super::global::Global;
use super::show::deploy::planned;
use super::show::say;
use crate::ctl::apply::deploy::Planned;
use crate::ctl::apply::work::Signals;
use crate::ctl::drill::scenario::Scenario;
use crate::error::{Code, Exit, Failure, Problem};

/// Shows the plan, and asks unless `-y` answers.
///
/// # Errors
/// Exit 2 where nobody can be asked.
pub(crate) fn deploy(global: &Global, yes: bool, plan: &Planned) -> Result<bool, Failure> {
    // Who is asked must see what for.
    let silent = global.wants_json() || (global.quiet && yes);
    if !silent {
        say::out(planned(plan));
    }
    if yes {
        return Ok(true);
    }
    let changes: usize = plan.hosts.iter().map(|host| host.changes.len()).sum();
    let hosts = plan.hosts.iter().filter(|host| !host.changes.is_empty()).count();
    if global.wants_json() || !std::io::stdin().is_terminal() {
        let message = format!("{changes} changes on {hosts} hosts are pending and nobody can be asked");
        let problem = Problem::new(Code::NotConfirmed, message).next("add -y to carry them out");
        return Err(Failure::one(Exit::Pending, problem));
    }
    // A deploy that asks a second time heeds signals already; at a question they mean no.
    let asked = tokio::spawn(async {
        if let Ok(mut signals) = Signals::heed() {
            signals.one().await;
            std::process::exit(i32::from(Exit::Interrupted as u8));
        }
    });
    let answer = ask(&said!("carry out {changes} changes on {hosts} hosts? [y/N]", changes = changes, hosts = hosts));
    asked.abort();
    Ok(matches!(answer.as_deref(), Some("y" | "Y" | "yes")))
}

/// A drill breaks things: somebody has to say so.
///
/// # Errors
/// Exit 64 where nobody does.
pub(crate) fn drill(scenarios: &[&Scenario], cluster: &str) -> Result<(), Failure> {
    let names = scenarios.iter().map(|scenario| scenario.name).collect::<Vec<_>>().join(", ");
    if !std::io::stdin().is_terminal() {
        let message = format!("{names}: drills break things on purpose, and nobody can be asked");
        let problem = Problem::new(Code::DrillNotConfirmed, message).next("add -y to run them");
        return Err(Failure::one(Exit::Usage, problem));
    }
    let question = said!(
        "{names}: this breaks things on purpose and puts them right again. Type the cluster's name, {cluster}:",
        names = names,
        cluster = cluster
    );
    if agrees(ask(&question).as_deref(), cluster) {
        return Ok(());
    }
    Err(Failure::one(Exit::Usage, Problem::new(Code::DrillNotConfirmed, "not confirmed; nothing was broken")))
}

/// Only the cluster's name is consent: who types it knows which one is going to be broken.
fn agrees(answer: Option<&str>, cluster: &str) -> bool {
    answer == Some(cluster)
}

/// A lock that is broken ends somebody's deploy.
///
/// # Errors
/// Exit 64 where nobody says so.
pub(crate) fn break_lock(global: &Global) -> Result<(), Failure> {
    let refused = |message: &str| Failure::one(Exit::Usage, Problem::new(Code::NotConfirmed, message).next("add -y"));
    if global.wants_json() || !std::io::stdin().is_terminal() {
        return Err(refused("a lock that is broken ends somebody's deploy, and nobody can be asked"));
    }
    let answer = ask(&said!("a deploy that holds the lock goes back. Type yes:"));
    if answer.as_deref() == Some("yes") { Ok(()) } else { Err(refused("not confirmed; no lock was broken")) }
}

fn ask(question: &str) -> Option<String> {
    eprint!("{question} ");
    std::io::stderr().flush().ok()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).ok()?;
    Some(answer.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::agrees;

    #[test]
    fn only_the_name_of_the_cluster_is_consent() {
        assert!(agrees(Some("homework"), "homework"));
        for answer in [None, Some(""), Some("yes"), Some("y"), Some("Homework"), Some("homework2")] {
            assert!(!agrees(answer, "homework"), "{answer:?}");
        }
    }
}
