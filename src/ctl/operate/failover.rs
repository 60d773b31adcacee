//! `hactl failover --to HOST`: a planned move, measured; and `hactl unpin`, which ends what moves left.
//!
//! The agents settle a move between themselves by adverts. Where those do not pass (a firewall on the host that owns
//! the VIP), the owner is asked to resign over SSH: the desk has a way to both.

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use hactl_engine::control::{Request, RouterState};
use ipnet::IpNet;
use serde::Serialize;

use crate::ctl::ask::{self, ask, ask_all};
use crate::ctl::cluster::{Cluster, Vip};
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::look::observe::{Observed, Owners, look};
use crate::ctl::operate::agents::{ask_agents, no_balancer};
use crate::ctl::progress::Event;
use crate::ctl::report::{Outcome, Report};
use crate::ctl::verify::{database, standby};
use crate::error::{Code, Exit, Failure, Problem};
use crate::sys::packet::ping::{Prober, Recording};

/// Between two pings.
const PROBE_EVERY: Duration = Duration::from_millis(1);
/// Pings before the move, to know that they are answered.
const BEFORE: Duration = Duration::from_millis(300);
/// Pings after it, to see late losses.
const AFTER: Duration = Duration::from_millis(500);
/// How long a move may take.
const MOVE_LIMIT: Duration = Duration::from_secs(10);
/// And so long until the owner is asked over SSH: a move by adverts takes milliseconds.
const BY_ADVERTS: Duration = Duration::from_secs(3);
/// Between two promotions while somebody lets go.
const INSIST_EVERY: Duration = Duration::from_millis(500);
/// Between two looks at who owns it.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How long a database may take to be written to where its VIP is: the new host asks the old one for all that it took.
const DATABASE_LIMIT: Duration = Duration::from_secs(40);
/// Between two questions how far it is; each costs the hosts a login to the database.
const DATABASE_EVERY: Duration = Duration::from_millis(200);

/// What to move.
#[derive(Debug, Clone)]
pub struct Move {
    /// The load balancer that shall own it.
    pub to: String,
    /// Only this VIP.
    pub vip: Option<String>,
    /// Only say what would happen.
    pub dry_run: bool,
    /// The election decides again after this time.
    pub stay: Option<Duration>,
    /// Although the target's checks are bad.
    pub force: bool,
}

/// What became of one VIP.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moved {
    /// The VIP.
    pub vip: IpAddr,
    /// Who owned it before.
    pub from: Vec<String>,
    /// Hosts that may have owned it and did not answer.
    pub unknown: Vec<String>,
    /// Who shall own it.
    pub to: String,
    /// How it ended.
    pub result: Moving,
    /// The longest time between two answers, in milliseconds; `None` when it was not measured.
    pub gap_ms: Option<f64>,
    /// Pings sent and lost meanwhile.
    pub sent: Option<usize>,
    /// See `sent`.
    pub lost: Option<usize>,
    /// The election decides again after so many seconds.
    pub stay_s: Option<u64>,
    /// The VIP of a database that two hosts have: so many seconds after the move it was written to there, and the other
    /// host followed.
    pub database_s: Option<f64>,
}

/// How a move ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Moving {
    /// The target owns the VIP now.
    Moved,
    /// It owned it before.
    NothingToDo,
    /// `--dry-run`: it would move.
    WouldMove,
}

/// What became of all of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moves {
    /// One entry a VIP, in the order moved.
    pub moves: Vec<Moved>,
}

/// Moves VIPs.
///
/// # Errors
/// Exit 4 when the target must not be owner (nothing was changed), 7 when it does not become owner.
pub async fn failover(inventory: Option<&Path>, options: Options, order: &Move) -> Outcome<Moves> {
    let cluster = open(inventory, &options)?;
    let names: Vec<String> = cluster.agents().map(|host| host.name.clone()).collect();
    no_balancer(&names, &order.to, "--to ")?;
    let vips: Vec<Vip> = cluster
        .vips
        .iter()
        .filter(|vip| order.vip.as_ref().is_none_or(|wanted| vip.is_called(wanted)))
        .filter(|vip| vip.is_carried_by(&order.to))
        .cloned()
        .collect();
    if vips.is_empty() {
        let problem =
            Problem::new(Code::NoSuchVip, format!("{} serves no such VIP", order.to)).next("`hactl status` lists them");
        return Err(Failure::one(Exit::Invalid, problem));
    }
    let desk = Desk::connect_to(cluster, options, names).await?;
    desk.say_unreachable_but(Some(&order.to));
    // Its own reason says more than that no agent answers there.
    if let Some((_, problem)) = desk.unreachable.iter().find(|(host, _)| *host == order.to) {
        return Err(Failure::one(Exit::Preflight, problem.clone()));
    }
    let before = look(&desk, false).await;
    let mut moves = Vec::new();
    for vip in &vips {
        match move_one(&desk, order, vip, &before).await {
            Ok(Some(mut moved)) => {
                let followed = database_follows(&desk, &mut moved).await;
                moves.push(moved);
                if let Err(failure) = followed {
                    return Ok(Report::failed(Moves { moves }, failure));
                }
            }
            Ok(None) => {}
            Err(failure) if moves.is_empty() => return Err(failure),
            Err(failure) => return Ok(Report::failed(Moves { moves }, failure)),
        }
    }
    Ok(Report::done(Moves { moves }))
}

async fn move_one(desk: &Desk, order: &Move, vip: &Vip, before: &Observed) -> Result<Option<Moved>, Failure> {
    let Some(address) = vip.address() else { return Ok(None) };
    let owners = before.who_owns(&desk.cluster, address);
    permitted(&desk.cluster, order, vip, before)?;
    if owners.names == [order.to.clone()] {
        return Ok(Some(told(address, &owners, order, None, Moving::NothingToDo)));
    }
    if order.dry_run {
        return Ok(Some(told(address, &owners, order, None, Moving::WouldMove)));
    }
    let (moved, recording) = measure(desk, order, vip, address, &owners).await?;
    if let Err(failure) = moved {
        return Err(taken_back(desk, order, vip, failure).await);
    }
    if vip.preferred() == Some(order.to.as_str()) && order.stay.is_none() {
        // Back where the election wants it anyway: no override stays behind, here or there.
        unpin_all(desk, vip).await;
    }
    Ok(Some(told(address, &owners, order, recording.as_ref(), Moving::Moved)))
}

/// After a move of a database's VIP, waits until it is written to there: before that nobody can post.
///
/// # Errors
/// Exit 7: what its hosts say when the time is over.
async fn database_follows(desk: &Desk, moved: &mut Moved) -> Result<(), Failure> {
    let database = desk.cluster.wordpress.as_ref().map(|site| &site.database);
    if moved.result != Moving::Moved || database.and_then(|database| database.vip) != Some(moved.vip) {
        return Ok(());
    }
    let begun = Instant::now();
    loop {
        let problems = database::judge(&desk.cluster, &look(desk, false).await);
        if problems.is_empty() {
            moved.database_s = Some(begun.elapsed().as_secs_f64());
            return Ok(());
        }
        if begun.elapsed() > DATABASE_LIMIT {
            return Err(Failure { exit: Exit::Verification, problems });
        }
        tokio::time::sleep(DATABASE_EVERY).await;
    }
}

/// A move that failed leaves no raised priority: the VIP would move by itself when nobody thinks of it any more.
async fn taken_back(desk: &Desk, order: &Move, vip: &Vip, mut failure: Failure) -> Failure {
    let unpin = Request::Unpin { instance: Some(vip.name.clone()) };
    if ask(desk, &order.to, &unpin, desk.options.limit).await.is_ok() {
        if let Some(problem) = failure.problems.first_mut().filter(|problem| problem.code == Code::NotMoved) {
            let why = problem.why.take().map(|why| format!("{why}; ")).unwrap_or_default();
            problem.why = Some(format!("{why}the raised priority on {} was dropped again", order.to));
        }
        return failure;
    }
    let message = format!("{}: the raised priority of {} may be left behind", order.to, vip.name);
    let problem = Problem::new(Code::PriorityLeft, message).why("the VIP may move there by itself later");
    failure.problems.push(problem.next(format!("`hactl unpin {}`", order.to)));
    failure
}

/// The target's agent must answer and not be in FAULT, and its web server must be reached.
fn permitted(cluster: &Cluster, order: &Move, vip: &Vip, before: &Observed) -> Result<(), Failure> {
    let refuse = |problem: Problem| {
        let why = problem.why.as_ref().map_or_else(String::new, |why| format!("{why}; "));
        Err(Failure::one(Exit::Preflight, problem.why(format!("{why}nothing was changed"))))
    };
    let seen = before.hosts.get(&order.to);
    // Of an agent that could not be asked nothing is known.
    if let Some(problem) = seen.and_then(|seen| seen.why.clone()) {
        return refuse(problem);
    }
    let agent = seen.and_then(|seen| seen.agent.as_ref());
    let Some(instance) = agent.and_then(|agent| agent.instances.iter().find(|i| i.name == vip.name)) else {
        let problem = Problem::on(&order.to, Code::NoInstance, format!("no agent with {} answers", vip.name))
            .why("only an agent takes a VIP");
        return refuse(problem.next("`hactl status`, then `hactl deploy`"));
    };
    let carries = |wanted: &IpAddr| {
        let addresses = instance.addresses.iter().filter_map(|text| text.split('/').next());
        addresses.filter_map(|text| text.parse::<IpAddr>().ok()).any(|own| own == *wanted)
    };
    if let Some(missing) = vip.addresses.iter().map(IpNet::addr).find(|address| !carries(address)) {
        let (to, name, has) = (&order.to, &vip.name, instance.addresses.join(" "));
        let message = format!("{to}: {name} is there with {has}, and not with {missing} of this inventory");
        let problem = Problem::new(Code::OtherInventory, message)
            .why("another inventory, or another version of it, is deployed: the wrong VIP would move");
        return refuse(problem.next("`hactl plan` shows the differences; name the deployed inventory with -i"));
    }
    if instance.state == RouterState::Fault {
        let reasons = instance.fault_reasons.join("; ");
        let problem = Problem::on(&order.to, Code::TargetFault, format!("{} is in FAULT: {reasons}", vip.name));
        return refuse(problem.next("mend that first; a node in FAULT cannot be owner"));
    }
    // A move to a host whose web server nobody reaches would be an outage by order.
    let host = cluster.host(&order.to).filter(|_| !order.force);
    match host.and_then(|host| standby::unheard(cluster, before, host, before.hosts.get(&order.to)?)) {
        Some(problem) => refuse(problem),
        None => Ok(()),
    }
}

/// Pings the VIP every millisecond while it moves.
async fn measure(
    desk: &Desk,
    order: &Move,
    vip: &Vip,
    address: IpAddr,
    owners: &Owners,
) -> Result<(Result<(), Failure>, Option<Recording>), Failure> {
    let prober = match Prober::start(address, PROBE_EVERY) {
        Ok(prober) => Some(prober),
        Err(error) => {
            desk.options.tell(Event::GapNotMeasured { why: &format!("raw sockets need root ({error})") });
            None
        }
    };
    tokio::time::sleep(BEFORE).await;
    let moved = carry_out(desk, order, vip, address, owners).await;
    tokio::time::sleep(AFTER).await;
    let recording = match prober {
        Some(prober) => {
            let stopped = tokio::task::spawn_blocking(|| prober.stop()).await;
            Some(stopped.map_err(|error| Failure::internal(format!("the prober ended badly: {error}")))?)
        }
        None => None,
    };
    Ok((moved, recording))
}

/// Promotes the target, and where that does not move the VIP, has its owner resign over SSH.
async fn carry_out(desk: &Desk, order: &Move, vip: &Vip, address: IpAddr, owners: &Owners) -> Result<(), Failure> {
    let owned = |limit| owned_by(desk, address, &order.to, limit);
    let refused = promote(desk, order, vip).await;
    let why = match &refused {
        Ok(()) if owned(BY_ADVERTS).await.is_ok() => return Ok(()),
        Ok(()) => format!("the VIP did not move within {} s", BY_ADVERTS.as_secs()),
        // The target hears no adverts of a host that still answers: what cannot be settled between them.
        Err(failure) if failure.problems.iter().any(|problem| problem.code == Code::AgentRefused) => {
            "adverts do not pass between them".to_owned()
        }
        Err(_) => return refused,
    };
    let resigned = resign(desk, order, vip, owners, &why).await;
    if resigned.is_empty() {
        return match refused {
            Err(failure) => Err(failure),
            Ok(()) => not_moved(desk, address, order, owned(MOVE_LIMIT - BY_ADVERTS).await, &[]),
        };
    }
    insist(desk, order, vip, address, &resigned).await
}

/// Promotes again and again while the host that resigned lets go; who owns the VIP by then is promoted to stay.
async fn insist(desk: &Desk, order: &Move, vip: &Vip, address: IpAddr, resigned: &[String]) -> Result<(), Failure> {
    let end = Instant::now() + MOVE_LIMIT;
    loop {
        let promoted = promote(desk, order, vip).await;
        let left = end.saturating_duration_since(Instant::now());
        let owned =
            owned_by(desk, address, &order.to, if promoted.is_ok() { left } else { left.min(INSIST_EVERY) }).await;
        match (owned, promoted) {
            (Ok(()), Ok(())) => return Ok(()),
            (_, Err(mut failure)) if Instant::now() >= end => {
                failure.exit = Exit::Verification; // somebody resigned: it is not true that nothing was changed
                return Err(failure);
            }
            (late, Ok(())) => return not_moved(desk, address, order, late, resigned),
            (_, Err(_)) => {}
        }
    }
}

/// Asks every owner but the target to hand over. Returns those that did.
async fn resign(desk: &Desk, order: &Move, vip: &Vip, owners: &Owners, why: &str) -> Vec<String> {
    let request = Request::Resign { instance: Some(vip.name.clone()) };
    let others = owners.names.iter().filter(|name| **name != order.to && desk.hosts.contains_key(*name));
    let mut resigned = Vec::new();
    for (host, answer) in ask_all(desk, others.map(|host| (host.as_str(), request.clone()))).await {
        match answer {
            Ok(_) => {
                desk.options.tell(Event::AskedToResign { host, why, refused: None });
                resigned.push(host.to_owned());
            }
            Err(problem) if problem.code == Code::AgentRefused => {
                desk.options.tell(Event::AskedToResign { host, why, refused: Some(&problem.message) });
            }
            Err(problem) => desk.options.tell(Event::Warning(&problem)),
        }
    }
    resigned
}

fn not_moved(
    desk: &Desk,
    address: IpAddr,
    order: &Move,
    late: Result<(), Owners>,
    resigned: &[String],
) -> Result<(), Failure> {
    let Err(owners) = late else { return Ok(()) };
    let seconds = MOVE_LIMIT.as_secs();
    let message = format!("the owner of VIP {address} is {owners} {seconds} s after {} was promoted", order.to);
    let names: Vec<&str> = desk.cluster.agents().map(|host| host.name.as_str()).collect();
    let next = format!("`hactl status`, and `hactl agent history` on {}", names.join(" and "));
    let mut problem = Problem::new(Code::NotMoved, message).next(next);
    problem.why = (!resigned.is_empty()).then(|| format!("although {} resigned", resigned.join(" and ")));
    Err(Failure::one(Exit::Verification, problem))
}

async fn promote(desk: &Desk, order: &Move, vip: &Vip) -> Result<(), Failure> {
    let request = Request::Promote {
        instance: Some(vip.name.clone()),
        force: order.force,
        expires_in_s: order.stay.map(|stay| stay.as_secs().max(1)),
        reason: Some("moved by `hactl failover`".into()),
    };
    let answer = ask(desk, &order.to, &request, desk.options.limit).await;
    answer.map(drop).map_err(|problem| Failure::one(Exit::Preflight, problem))
}

/// Waits until a host alone owns an address.
///
/// # Errors
/// Who owns it instead when the time is over.
async fn owned_by(desk: &Desk, address: IpAddr, host: &str, limit: Duration) -> Result<(), Owners> {
    let end = Instant::now() + limit;
    loop {
        let begun = Instant::now();
        let owners = look(desk, false).await.who_owns(&desk.cluster, address);
        if owners.names == [host] {
            return Ok(());
        }
        // One look may take longer than the whole move: what was seen before the end counts for nothing.
        if begun > end {
            return Err(owners);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A load balancer that drops the priorities that moves left.
#[derive(Debug, Clone, Serialize)]
pub struct Unpinned {
    /// The host's name.
    pub host: String,
    /// What its agent said, a line an instance.
    pub said: Vec<String>,
}

/// Those that were asked.
#[derive(Debug, Clone, Serialize)]
pub struct Unpins {
    /// Those that did.
    pub hosts: Vec<Unpinned>,
}

/// `hactl unpin [HOST]`: drops the priorities that moves left.
///
/// # Errors
/// Exit 3 for a host that is no load balancer; the report says 4 when one does not answer.
pub async fn unpin(inventory: Option<&Path>, options: Options, host: Option<&str>) -> Outcome<Unpins> {
    let (answers, problems) = ask_agents(inventory, options, host, &Request::Unpin { instance: None }).await?;
    let said = |done| ask::words(done).lines().map(str::to_owned).collect();
    let hosts = answers.into_iter().map(|(host, done)| Unpinned { host, said: said(done) }).collect();
    let exit = if problems.is_empty() { Exit::Done } else { Exit::Preflight };
    Ok(Report { value: Unpins { hosts }, problems, exit })
}

async fn unpin_all(desk: &Desk, vip: &Vip) {
    let request = Request::Unpin { instance: Some(vip.name.clone()) };
    let members = vip.members.iter().filter(|member| desk.hosts.contains_key(&member.host));
    for (host, answer) in ask_all(desk, members.map(|member| (member.host.as_str(), request.clone()))).await {
        if let Err(problem) = answer {
            desk.options.tell(Event::PriorityLeft { host, why: &problem.message });
        }
    }
}

fn told(vip: IpAddr, from: &Owners, order: &Move, recording: Option<&Recording>, result: Moving) -> Moved {
    Moved {
        vip,
        from: from.names.clone(),
        unknown: from.unknown.iter().map(|(host, _)| host.clone()).collect(),
        to: order.to.clone(),
        result,
        gap_ms: recording.map(|recording| recording.longest_gap().as_secs_f64() * 1000.0),
        sent: recording.map(Recording::sent),
        lost: recording.map(Recording::lost),
        stay_s: order.stay.map(|stay| stay.as_secs()),
        database_s: None,
    }
}
