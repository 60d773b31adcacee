//! One request to every agent of an inventory, or to one of them.

use std::path::Path;

use hactl_engine::control::{Request, Response};

use crate::ctl::ask::ask_all;
use crate::ctl::desk::{Desk, Options, open};
use crate::error::{Code, Exit, Failure, Problem};

/// What those said that answered, in the inventory's order, and why the others did not: who is down keeps nobody else
/// from being asked.
///
/// # Errors
/// Exit 3 for a host without agent in the inventory.
pub(super) async fn ask_agents(
    inventory: Option<&Path>,
    options: Options,
    host: Option<&str>,
    request: &Request,
) -> Result<(Vec<(String, Response)>, Vec<Problem>), Failure> {
    let cluster = open(inventory, &options)?;
    let mut names: Vec<String> = cluster.agents().map(|host| host.name.clone()).collect();
    if let Some(host) = host {
        no_balancer(&names, host, "")?;
        names.retain(|name| name == host);
    }
    let desk = Desk::connect_to(cluster, options, names.clone()).await?;
    let mut problems: Vec<Problem> = desk.unreachable.iter().map(|(_, problem)| problem.clone()).collect();
    names.retain(|name| desk.hosts.contains_key(name));
    let mut answers = Vec::new();
    for (host, answer) in ask_all(&desk, names.iter().map(|name| (name.as_str(), request.clone()))).await {
        match answer {
            Ok(answer) => answers.push((host.to_owned(), answer)),
            Err(problem) => problems.push(problem),
        }
    }
    Ok((answers, problems))
}

/// Refuses a host that has no agent in the inventory; the option is what stands before its name.
pub(super) fn no_balancer(names: &[String], host: &str, option: &str) -> Result<(), Failure> {
    if names.iter().any(|name| name == host) {
        return Ok(());
    }
    let message =
        format!("{option}{host}: no host of this inventory that carries a VIP; there is {}", names.join(", "));
    Err(Failure::one(Exit::Invalid, Problem::new(Code::NoSuchBalancer, message).next("name one of these")))
}
