//! `hactl takeover`: a deploy to load balancers where keepalived owns the VIP. It is rehearsed first: what keepalived
//! runs with is read anew and held against what hactl would run with, since for a while one of each must understand the
//! other. Then it is a deploy as any other, with its way back: keepalived is stopped and kept ready.

use std::net::IpAddr;

use serde::Serialize;

use super::deploy::{Confirm, Deployed, deploy};
use super::order::Order;
use crate::ctl::cluster::{Cluster, Vip};
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::import::ask::{Running, look};
use crate::ctl::import::compare::Difference;
use crate::ctl::import::conf::Read;
use crate::ctl::import::draft::Names;
use crate::ctl::import::run::{against, told};
use crate::ctl::progress::Event;
use crate::ctl::report::Outcome;
use crate::error::{Code, Exit, Failure, Problem};

/// What a takeover did.
#[derive(Debug, Clone, Serialize)]
pub struct TakenOver {
    /// What the deploy did.
    #[serde(flatten)]
    pub deployed: Deployed,
    /// Load balancers where keepalived ran, and what it owned.
    pub keepalived: Vec<Ran>,
    /// What hactl does otherwise than keepalived did.
    pub differences: Vec<Difference>,
}

/// A keepalived that ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ran {
    /// The host.
    pub host: String,
    /// VIPs that it owned when it was looked at.
    pub owned: Vec<IpAddr>,
}

/// Rehearses, and deploys where nothing speaks against it.
///
/// # Errors
/// Exit 4 where the rehearsal finds that a takeover would not go well, with nothing changed; else as a deploy.
pub async fn takeover(order: &Order, options: Options, confirm: Confirm<'_>) -> Outcome<TakenOver> {
    let cluster = open(order.inventory.as_deref(), &options)?;
    let (keepalived, differences) = rehearse(cluster, options.clone(), order.accept_gap).await?;
    for difference in &differences {
        options.tell(Event::Warning(&told(difference)));
    }
    let report = deploy(order, options, confirm).await?;
    Ok(report.map(|deployed| TakenOver { deployed, keepalived, differences }))
}

/// Looks whether keepalived can be replaced.
async fn rehearse(
    cluster: Cluster,
    options: Options,
    accept_gap: bool,
) -> Result<(Vec<Ran>, Vec<Difference>), Failure> {
    let names = cluster.agents().map(|host| host.name.clone()).collect();
    let desk = Desk::connect_to(cluster, options, names).await?.whole()?;
    let running = look(&desk).await?;
    let cluster = &desk.cluster;
    let refuse = |problems: Vec<Problem>| Err(Failure { exit: Exit::Preflight, problems });
    let outside: Vec<Problem> = running.iter().filter(|one| !one.unit.active).flat_map(outside).collect();
    if !outside.is_empty() {
        return refuse(outside);
    }
    let ran: Vec<Ran> = running.iter().filter(|one| one.unit.active).map(|one| ran(cluster, one)).collect();
    if ran.is_empty() {
        return refuse(vec![nothing(&running)]);
    }
    let torn: Vec<Problem> = cluster.vips.iter().filter_map(|vip| torn(&ran, vip)).collect();
    if !torn.is_empty() {
        return refuse(torn);
    }
    if !accept_gap && let Some(problem) = nobody_free(&running, &ran) {
        return refuse(vec![problem]);
    }
    let read = |one: &Running| Some(Read::new(&one.host.name, &one.hostname, one.config.as_ref()?));
    let reads: Vec<Read> = running.iter().filter(|one| one.unit.active).filter_map(read).collect();
    let differences = against(cluster, &running, &reads, |read| called(cluster, read))?;
    let wire: Vec<Problem> = differences.iter().filter(|one| one.wire).map(differs).collect();
    if wire.is_empty() { Ok((ran, differences)) } else { refuse(wire) }
}

fn ran(cluster: &Cluster, one: &Running) -> Ran {
    let owned = cluster.vips.iter().filter_map(Vip::address).filter(|address| one.seen.has(*address));
    Ran { host: one.host.name.clone(), owned: owned.collect() }
}

/// What the inventory calls a host's instances: they are known by VRID and family.
fn called(cluster: &Cluster, read: &Read) -> Names {
    let family = |vip: &Vip| vip.address().is_some_and(|address| address.is_ipv6());
    let name = |vrid: u8, ipv6: bool| cluster.vips.iter().find(|vip| vip.vrid == vrid && family(vip) == ipv6);
    let known =
        read.config.instances.iter().filter_map(|one| Some((one.name.clone(), name(one.vrid, one.ipv6)?.name.clone())));
    known.collect()
}

fn outside(one: &Running) -> Option<Problem> {
    let line = one.processes.first()?;
    let host = &one.host.name;
    let problem = Problem::on(host, Code::OutsideItsUnit, format!("`{line}` runs, and the unit keepalived does not"));
    let problem = problem.why("stopping the unit would leave it there beside hactl; nothing was changed");
    Some(problem.next(format!("end it and `systemctl start keepalived` on {host}, then run the same command again")))
}

fn nothing(running: &[Running]) -> Problem {
    let names: Vec<&str> = running.iter().map(|one| one.host.name.as_str()).collect();
    let agents = running.iter().all(|one| one.seen.agent.is_some());
    let problem = Problem::new(Code::NothingToTakeOver, format!("keepalived runs on none of {}", names.join(", ")));
    let problem = problem.why("a takeover takes the VIP from a keepalived that owns it; nothing was changed");
    problem.next(if agents {
        "hactl owns it already: `hactl status`, `hactl plan`"
    } else {
        "`hactl deploy` starts from nothing"
    })
}

/// Two keepalived that own one address do not hear each other, and would not hear hactl.
fn torn(ran: &[Ran], vip: &Vip) -> Option<Problem> {
    let address = vip.address()?;
    let owners: Vec<&str> =
        ran.iter().filter(|one| one.owned.contains(&address)).map(|one| one.host.as_str()).collect();
    if owners.len() < 2 {
        return None;
    }
    let message = format!("VIP {address} ({}) is owned by {}", vip.name, owners.join(" and "));
    let problem =
        Problem::new(Code::TwoOwners, message).why("their keepalived do not hear each other; nothing was changed");
    Some(
        problem.next(
            "mend that first: a firewall, or different VRID, password or interval (`hactl import` compares them)",
        ),
    )
}

/// The first host to change must own nothing: nobody is there yet to take it over without a gap.
fn nobody_free(running: &[Running], ran: &[Ran]) -> Option<Problem> {
    let owns = |one: &Running| ran.iter().any(|known| known.host == one.host.name && !known.owned.is_empty());
    let busy: Vec<&str> = running.iter().filter(|one| owns(one)).map(|one| one.host.name.as_str()).collect();
    if busy.len() < running.len() {
        return None;
    }
    let message = format!("{} own addresses, so none of them can change first without a gap", busy.join(" and "));
    let problem = Problem::new(Code::NobodyFree, message)
        .why("what the first one owns is without an owner until the others notice; nothing was changed");
    Some(problem.next("let one of them own all (in keepalived.conf: priorities), or accept the gap: --accept-gap"))
}

fn differs(one: &Difference) -> Problem {
    let problem = Problem::new(Code::TakeoverDiffers, one.to_string());
    let mut problem = problem.why(
        "while one of them has hactl and the other keepalived they would not hear each other; nothing was changed",
    );
    problem.host = Some(one.host.clone());
    problem.next("take over what runs first (`hactl import` writes that inventory), and change it afterwards")
}
