//! `hactl failover --to HOST`: a planned move, measured.

use std::net::IpAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use hactl_engine::control::RouterState;
use serde_json::json;

use super::cluster::{Group, Vip};
use super::desk::{Desk, Manner, open};
use super::observe::{Sight, look};
use super::remote::quote;
use super::wanted::BINARY;
use crate::error::{Exit, Failure, Outcome, Problem};
use crate::sys::ping::{Prober, Recording};

/// Between two pings.
const PROBE_EVERY: Duration = Duration::from_millis(1);
/// Pings before the move, to know that they are answered.
const BEFORE: Duration = Duration::from_millis(300);
/// Pings after it, to see late losses.
const AFTER: Duration = Duration::from_millis(500);
/// How long a move may take.
const MOVE_LIMIT: Duration = Duration::from_secs(10);

/// What to move.
#[derive(Debug, Clone)]
pub struct Move {
    /// The load balancer that shall own it.
    pub to: String,
    /// Only this VIP.
    pub vip: Option<IpAddr>,
    /// Only say what would happen.
    pub dry_run: bool,
    /// The election decides again after this time.
    pub stay: Option<Duration>,
    /// Although the target's checks are bad.
    pub force: bool,
}

/// Moves VIPs.
///
/// # Errors
/// Exit 4 when the target must not be owner (nothing was changed), 7 when it does not become owner.
pub async fn failover(inventory: Option<&Path>, manner: Manner, order: &Move) -> Outcome {
    let cluster = open(inventory, &manner)?;
    let names: Vec<&str> = cluster.group(Group::Lb).map(|host| host.name.as_str()).collect();
    if !names.contains(&order.to.as_str()) {
        let problem =
            Problem::new("E143", format!("--to {}: no such load balancer; there is {}", order.to, names.join(", ")));
        return Err(Failure::one(Exit::Invalid, problem));
    }
    let vips: Vec<Vip> = cluster
        .vips
        .iter()
        .filter(|vip| order.vip.is_none_or(|wanted| vip.addresses.iter().any(|net| net.addr() == wanted)))
        .filter(|vip| vip.members.iter().any(|member| member.host == order.to))
        .cloned()
        .collect();
    if vips.is_empty() {
        let problem =
            Problem::new("E143", format!("{} serves no such VIP", order.to)).next("`hactl status` lists them");
        return Err(Failure::one(Exit::Invalid, problem));
    }
    let desk = Desk::connect(cluster, manner).await?;
    let before = look(&desk, false).await;
    for vip in &vips {
        move_one(&desk, order, vip, &before).await?;
    }
    Ok(Exit::Done)
}

async fn move_one(desk: &Desk, order: &Move, vip: &Vip, before: &Sight) -> Result<(), Failure> {
    let Some(address) = vip.address() else { return Ok(()) };
    let owners = before.owners(&desk.cluster, address);
    permitted(order, vip, before)?;
    if owners == [order.to.clone()] {
        return say(desk, address, &owners, order, None, "nothing to do");
    }
    if order.dry_run {
        return say(desk, address, &owners, order, None, "would move");
    }
    let (answered, recording) = measure(desk, order, vip, address).await?;
    answered?;
    if preferred(vip) == Some(order.to.as_str()) && order.stay.is_none() {
        // Back where the election wants it anyway: no override stays behind, here or there.
        unpin_all(desk, vip).await;
    }
    say(desk, address, &owners, order, recording.as_ref(), "moved")
}

/// The target's agent must answer and not be in FAULT.
fn permitted(order: &Move, vip: &Vip, before: &Sight) -> Result<(), Failure> {
    let refuse = |problem: Problem| Err(Failure::one(Exit::Preflight, problem.why("nothing was changed")));
    let agent = before.hosts.get(&order.to).and_then(|seen| seen.agent.as_ref());
    let Some(instance) = agent.and_then(|agent| agent.instances.iter().find(|i| i.name == vip.name)) else {
        let problem = Problem::new("E416", format!("{}: no agent with {} answers", order.to, vip.name));
        return refuse(problem.next("`hactl status`, then `hactl deploy`"));
    };
    if instance.state == RouterState::Fault {
        let reasons = instance.fault_reasons.join("; ");
        let problem = Problem::new("E417", format!("{}: {} is in FAULT: {reasons}", order.to, vip.name));
        return refuse(problem.next("mend that first; a node in FAULT cannot be owner"));
    }
    Ok(())
}

fn preferred(vip: &Vip) -> Option<&str> {
    vip.members.iter().max_by_key(|member| member.priority).map(|member| member.host.as_str())
}

/// Pings the VIP every millisecond while it moves.
async fn measure(
    desk: &Desk,
    order: &Move,
    vip: &Vip,
    address: IpAddr,
) -> Result<(Result<(), Failure>, Option<Recording>), Failure> {
    let prober = match address {
        IpAddr::V4(v4) => Prober::start(v4, PROBE_EVERY).map_err(|error| {
            desk.manner.say(&format!("the gap is not measured: raw sockets need root ({error})"));
        }),
        IpAddr::V6(_) => Err(()),
    };
    tokio::time::sleep(BEFORE).await;
    let answered = promote(desk, order, vip, address).await;
    tokio::time::sleep(AFTER).await;
    let recording = match prober {
        Ok(prober) => {
            let stopped = tokio::task::spawn_blocking(|| prober.stop()).await;
            Some(stopped.map_err(|error| Failure::internal(format!("the prober ended badly: {error}")))?)
        }
        Err(()) => None,
    };
    Ok((answered, recording))
}

async fn promote(desk: &Desk, order: &Move, vip: &Vip, address: IpAddr) -> Result<(), Failure> {
    let mut command = format!("{BINARY} agent promote --instance {}", quote(&vip.name));
    if order.force {
        command.push_str(" --force");
    }
    if let Some(stay) = order.stay {
        command.push_str(&format!(" --stay {}s", stay.as_secs().max(1)));
    }
    let output = desk.on(&order.to, &command, b"", desk.manner.limit).await;
    let output = output.map_err(|problem| Failure::one(Exit::Preflight, problem))?;
    if output.code != 0 {
        let problem = Problem::new("E418", format!("{}: {}", order.to, output.complaint()));
        return Err(Failure::one(Exit::Preflight, problem));
    }
    let end = Instant::now() + MOVE_LIMIT;
    loop {
        let owners = look(desk, false).await.owners(&desk.cluster, address);
        if owners == [order.to.clone()] {
            return Ok(());
        }
        if Instant::now() > end {
            let owned = if owners.is_empty() { "nobody".into() } else { owners.join(" and ") };
            let message =
                format!("VIP {address} is owned by {owned} {} s after {} was promoted", MOVE_LIMIT.as_secs(), order.to);
            let problem =
                Problem::new("E711", message).next("`hactl status` and `hactl agent history` on both load balancers");
            return Err(Failure::one(Exit::Verification, problem));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn unpin_all(desk: &Desk, vip: &Vip) {
    let script = format!("{BINARY} agent unpin --instance {}", quote(&vip.name));
    let members = vip.members.iter().filter(|member| desk.hosts.contains_key(&member.host));
    for (host, result) in desk.on_all(members.map(|m| (m.host.as_str(), script.clone(), Vec::new()))).await {
        if let Err(problem) = result {
            desk.manner.say(&format!("{host}: a raised priority may be left behind: {}", problem.message));
        }
    }
}

fn say(
    desk: &Desk,
    address: IpAddr,
    from: &[String],
    order: &Move,
    recording: Option<&Recording>,
    what: &str,
) -> Result<(), Failure> {
    let from = if from.is_empty() { "nobody".to_owned() } else { from.join(",") };
    let gap_ms = recording.map(|recording| recording.longest_gap().as_secs_f64() * 1000.0);
    if desk.manner.json {
        let value = json!({
            "vip": address,
            "from": from,
            "to": order.to,
            "gap_ms": gap_ms,
            "sent": recording.map(Recording::sent),
            "lost": recording.map(Recording::lost),
            "done": what == "moved",
        });
        println!("{value}");
        return Ok(());
    }
    println!("VIP {address}: {what}: {from} -> {}", order.to);
    if let (Some(recording), Some(gap_ms)) = (recording, gap_ms) {
        println!("  longest gap {gap_ms:.1} ms, {} of {} pings lost", recording.lost(), recording.sent());
    }
    if what == "moved" && order.stay.is_some() {
        println!("  the election decides again when its time is over");
    }
    Ok(())
}
