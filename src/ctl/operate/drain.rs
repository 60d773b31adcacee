//! `hactl drain HOST`, `undrain` and `weight`: a real server's part in the balancing, on every director at once,
//! without a reload. A deploy uses the same around its changes of a web host.

use std::path::Path;
use std::time::{Duration, Instant};

use hactl_engine::control::{AgentStatus, RealServerStatus, Request};
use serde::Serialize;

use crate::ctl::ask::ask_all;
use crate::ctl::cluster::{Cluster, Group, Host};
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::look::observe::{Observed, look};
use crate::ctl::progress::Event;
use crate::ctl::report::{Outcome, Report};
use crate::ctl::verify::lvs;
use crate::error::{Code, Exit, Failure, Problem};

/// What shall become of a real server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "order", content = "value")]
pub enum Order {
    /// No new connections; with a limit, wait until the old ones have ended.
    Drain {
        /// At the longest.
        #[serde(skip)]
        wait: Option<Duration>,
    },
    /// New connections again.
    Undrain,
    /// Another weight; `None`: as configured.
    Weight(Option<u32>),
}

/// Between two looks at the connections that are left.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What a real server's part in the balancing is now.
#[derive(Debug, Clone, Serialize)]
pub struct Ordered {
    /// The host's name.
    pub host: String,
    /// What was ordered.
    #[serde(flatten)]
    pub order: Order,
    /// Connections that are left on it, on all directors.
    pub connections: u64,
}

/// Carries an order out on every load balancer.
///
/// # Errors
/// Exit 3 for a host that is no real server, 4 when a load balancer could not be told; the report says 7 when
/// connections outlast the wait.
pub async fn order(inventory: Option<&Path>, options: Options, name: &str, order: Order) -> Outcome<Ordered> {
    let cluster = open(inventory, &options)?;
    let host = real_server(&cluster, name)?.clone();
    // The directors alone: a web host need not be up to be drained.
    let directors = cluster.group(Group::Lb).map(|host| host.name.clone()).collect();
    let desk = Desk::connect_to(cluster, options, directors).await?.whole()?;
    tell_all(&desk, &host, order).await.map_err(|problems| Failure { exit: Exit::Preflight, problems })?;
    let observed = look(&desk, false).await;
    let mut problems: Vec<Problem> = lvs::without_quorum(&observed).into_iter().map(Problem::warn).collect();
    let mut connections = connections(&observed, &host);
    if let Order::Drain { wait: Some(limit) } = order {
        connections = wait_for_end(&desk, &host, limit).await;
        if connections > 0 {
            let message = format!("{name}: {connections} connections have not ended in time");
            let problem = Problem::new(Code::StillConnected, message);
            problems.push(problem.next("wait on: `hactl drain` again with --wait"));
        }
    }
    Ok(Report::judged(Ordered { host: name.to_owned(), order, connections }, problems))
}

fn real_server<'c>(cluster: &'c Cluster, name: &str) -> Result<&'c Host, Failure> {
    if cluster.lvs.is_none() {
        let problem =
            Problem::new(Code::NotDrainable, "this cluster is balanced by nginx, which is told by the inventory").next(
                format!("`hactl backend drain {name}` writes it there and reloads nginx; `undrain`, `weight` likewise"),
            );
        return Err(Failure::one(Exit::Invalid, problem));
    }
    let known: Vec<&str> = cluster.backends().map(|host| host.name.as_str()).collect();
    let found = cluster.backends().find(|host| host.name == name);
    found.ok_or_else(|| {
        let problem =
            Problem::new(Code::NoSuchRealServer, format!("{name}: no such real server; there is {}", known.join(", ")));
        Failure::one(Exit::Invalid, problem)
    })
}

async fn tell_all(desk: &Desk, host: &Host, order: Order) -> Result<(), Vec<Problem>> {
    let (server, virtual_server) = (host.address.to_string(), None);
    let request = match order {
        Order::Drain { .. } => Request::Drain { server, virtual_server },
        Order::Undrain => Request::Undrain { server, virtual_server },
        Order::Weight(weight) => Request::Weight { server, virtual_server, weight },
    };
    let directors = desk.group(Group::Lb).into_iter().map(|host| (host.name.as_str(), request.clone()));
    let answers = ask_all(desk, directors).await;
    let problems: Vec<Problem> = answers.into_iter().filter_map(|(_, answer)| answer.err()).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// Established connections to a real server, on all directors.
fn connections(observed: &Observed, host: &Host) -> u64 {
    entries(observed, host).map(|real| u64::from(real.active)).sum()
}

fn entries<'s>(observed: &'s Observed, host: &Host) -> impl Iterator<Item = &'s RealServerStatus> {
    let address = host.address;
    let agents = observed.hosts.values().filter_map(|seen| seen.agent.as_ref());
    agents
        .flat_map(move |agent: &AgentStatus| agent.virtual_servers.iter())
        .flat_map(|server| &server.real_servers)
        .filter(move |real| real.address.parse::<std::net::SocketAddr>().is_ok_and(|real| real.ip() == address))
}

async fn wait_for_end(desk: &Desk, host: &Host, limit: Duration) -> u64 {
    let end = Instant::now() + limit;
    loop {
        let left = connections(&look(desk, false).await, host);
        if left == 0 || Instant::now() + LOOK_EVERY > end {
            return left;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// How long a deploy waits for the connections of a web host that it is about to change.
const DEPLOY_WAIT: Duration = Duration::from_secs(10);

/// Takes web hosts out of the balancing before a deploy changes them. Returns those that this did, for [`put_back`]:
/// who was drained already stays so, and where no director answers yet there is nothing to do.
pub async fn take_out<'h>(desk: &Desk, hosts: impl Iterator<Item = &'h Host>) -> Vec<Host> {
    if desk.cluster.lvs.is_none() {
        return Vec::new();
    }
    let observed = look(desk, false).await;
    let mut drained = Vec::new();
    for host in hosts {
        let serves = entries(&observed, host).next().is_some() && entries(&observed, host).all(|real| !real.drained);
        if serves && tell_all(desk, host, Order::Drain { wait: None }).await.is_ok() {
            desk.options.tell(Event::Drained { host: &host.name });
            let left = wait_for_end(desk, host, DEPLOY_WAIT).await;
            if left > 0 {
                desk.options.tell(Event::ConnectionsLeft { host: &host.name, left });
            }
            drained.push(host.clone());
        }
    }
    drained
}

/// Puts them back.
///
/// # Errors
/// When a director could not be told: the host stays drained there, and the words say so.
pub async fn put_back(desk: &Desk, hosts: Vec<Host>) -> Result<(), Problem> {
    for host in hosts {
        if let Err(problems) = tell_all(desk, &host, Order::Undrain).await {
            let why = problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>().join("; ");
            let problem = Problem::new(Code::StaysDrained, format!("{} stays drained: {why}", host.name));
            return Err(problem.next(format!("`hactl undrain {}`", host.name)));
        }
    }
    Ok(())
}
