//! Load balancers change one at a time, the owner of a VIP last. Where keepalived is replaced, what it owns is taken
//! from it before it stops: the host that changed before is promoted, which has the address before keepalived lets go
//! of it, so nobody misses a packet. Where keepalived comes back it is the other way round: hactl hands over well and
//! keepalived does not, so the owner goes back first, and what hactl still has goes to a keepalived that runs.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use hactl_engine::control::{InstanceStatus, Request, RouterState};

use super::activate::{Keepalived, Turn, UNIT, activate};
use super::work::Work;
use crate::ctl::ask::ask;
use crate::ctl::cluster::{Member, Vip};
use crate::ctl::host::Script;
use crate::ctl::look::facts::services;
use crate::ctl::look::observe::{Seen, parse, sections, show};
use crate::ctl::progress::Event;
use crate::error::{Code, Problem};

/// How long a move between two living hosts may take.
const MOVE_LIMIT: Duration = Duration::from_secs(10);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How long keepalived takes from its start to its first word, beside what VRRP lets it wait.
const STARTING: Duration = Duration::from_secs(3);

/// Changes all of them, and tells of each.
///
/// # Errors
/// What failed; the caller takes everything back.
pub(super) async fn balancers(
    work: &Work<'_>,
    mut turns: Vec<&Turn>,
    patience: Duration,
    done: impl Fn(&Turn),
) -> Result<(), Problem> {
    // Stable: the inventory's order among equals.
    turns.sort_by_key(|turn| turn.owner != (turn.keepalived == Keepalived::ComesBack));
    let mut ready: Vec<&str> = Vec::new();
    let mut promoted: Vec<(String, String)> = Vec::new();
    for turn in turns {
        if turn.keepalived == Keepalived::GivesWay && !ready.is_empty() {
            promoted.extend(relieve(work, &ready, &turn.host, patience).await?);
        }
        activate(work, turn, patience).await?;
        if turn.keepalived == Keepalived::ComesBack && turn.owner {
            came_back(work, &turn.host, patience).await?;
        }
        if turn.agent {
            ready.push(&turn.host);
        }
        done(turn);
    }
    for (host, instance) in promoted {
        let unpin = Request::Unpin { instance: Some(instance) };
        if let Err(problem) = ask(work.desk, &host, &unpin, work.desk.options.limit).await {
            work.desk.options.tell(Event::PriorityLeft { host: &host, why: &problem.message });
        }
    }
    Ok(())
}

/// Takes each VIP that a host owns to one that is ready. Returns who was promoted, with the instance.
async fn relieve(
    work: &Work<'_>,
    ready: &[&str],
    from: &str,
    patience: Duration,
) -> Result<Vec<(String, String)>, Problem> {
    let owned = seen(work, from).await?;
    if owned.agent.is_some() {
        return Ok(Vec::new()); // what is there is our own already, and a restart moves nothing
    }
    let mut promoted = Vec::new();
    for vip in &work.desk.cluster.vips {
        let Some(address) = vip.address().filter(|address| owned.has(*address)) else { continue };
        let to = heir(work, vip, ready, patience).await?;
        let request = Request::Promote {
            instance: Some(vip.name.clone()),
            // The guard would wait for keepalived to let go; it does so on our advert, which comes after the addresses
            // are here.
            force: true,
            expires_in_s: None,
            reason: Some(format!("keepalived on {from} is replaced")),
        };
        ask(work.desk, &to, &request, work.desk.options.limit).await?;
        moved(work, vip, address, from, &to).await?;
        promoted.push((to, vip.name.clone()));
    }
    Ok(promoted)
}

/// The best of those that are ready that could be owner now.
async fn heir(work: &Work<'_>, vip: &Vip, ready: &[&str], patience: Duration) -> Result<String, Problem> {
    let mut members: Vec<&Member> = vip.members.iter().filter(|member| ready.contains(&member.host.as_str())).collect();
    members.sort_by_key(|member| std::cmp::Reverse(member.priority));
    let end = Instant::now() + patience;
    loop {
        let mut why = format!("no load balancer with hactl serves {}", vip.name);
        for member in &members {
            let seen = seen(work, &member.host).await?;
            let instance =
                seen.agent.as_ref().and_then(|agent| agent.instances.iter().find(|one| one.name == vip.name));
            match instance {
                Some(one) if could_own(one) => return Ok(member.host.clone()),
                Some(one) if one.fault_reasons.is_empty() => {
                    why = format!("{} hears no advert of {}", member.host, vip.name);
                }
                Some(one) => {
                    why =
                        format!("{} is {:?} on {}: {}", vip.name, one.state, member.host, one.fault_reasons.join("; "))
                }
                None => why = format!("no agent with {} answers on {}", vip.name, member.host),
            }
        }
        if Instant::now() > end {
            let problem = Problem::new(Code::TargetFault, format!("nobody can take {} over: {why}", vip.name));
            return Err(problem
                .why("keepalived was to be relieved of it without a gap")
                .next("mend that first: `hactl agent status` there"));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Whether this router could become the owner: one that has not heard the owner yet does not know which priority to
/// outbid.
fn could_own(one: &InstanceStatus) -> bool {
    let ready = match one.state {
        RouterState::Master => true,
        RouterState::Backup => one.last_advert_ms.is_some(),
        RouterState::Init | RouterState::Handover | RouterState::Fault | RouterState::Stopped => false,
    };
    ready && one.fault_reasons.is_empty()
}

/// Waits until the address is at one host and not at the other.
async fn moved(work: &Work<'_>, vip: &Vip, address: IpAddr, from: &str, to: &str) -> Result<(), Problem> {
    let end = Instant::now() + MOVE_LIMIT;
    loop {
        let (left, came) = tokio::join!(seen(work, from), seen(work, to));
        if came?.has(address) && !left?.has(address) {
            return Ok(());
        }
        if Instant::now() > end {
            let seconds = MOVE_LIMIT.as_secs();
            let message = format!("keepalived on {from} still has VIP {address} {seconds} s after {to} was promoted");
            return Err(Problem::new(Code::NotMoved, message)
                .why(format!("it does not hear the adverts of {to}: another VRID, password or interval, or a firewall"))
                .next(format!("`hactl takeover` compares what {} runs with before anything is changed", vip.name)));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// After a host was taken back: where keepalived runs there again it has the time to take its place before the next
/// host lets go.
pub(super) async fn let_it_come_back(work: &Work<'_>, host: &str, patience: Duration) {
    let script = Script::new().call("show", []).call("services", [UNIT]).text();
    let Ok(output) = work.desk.on(host, &script, b"", work.desk.options.limit).await else { return };
    let ours = parse(output.text()).agent.is_some();
    if !ours && is_active(output.text()) {
        // Whatever comes of it, the others are taken back as well.
        let _ = came_back(work, host, patience).await;
    }
}

/// Whether keepalived's unit is active, of what `services` prints.
fn is_active(text: &str) -> bool {
    let sections = sections(text);
    let units = services(sections.get("services").map_or(&[][..], Vec::as_slice));
    units.get(UNIT).is_some_and(|unit| unit.active)
}

/// Waits until a keepalived that came back has had the time to take what is its: its own address, or its place as
/// backup. Until then the other host must not stop.
async fn came_back(work: &Work<'_>, host: &str, patience: Duration) -> Result<(), Problem> {
    let vips = &work.desk.cluster.vips;
    let longest = vips.iter().map(|vip| vip.interval).max().unwrap_or_default();
    let end = Instant::now() + (longest * 4 + STARTING).min(patience);
    let script = Script::new().call("show", []).call("services", [UNIT]).text();
    loop {
        let output = work.desk.on(host, &script, b"", work.desk.options.limit).await?;
        let (seen, runs) = (parse(output.text()), is_active(output.text()));
        if runs && vips.iter().filter_map(Vip::address).any(|address| seen.has(address)) {
            return Ok(());
        }
        if Instant::now() > end {
            return if runs { Ok(()) } else { Err(silent(host)) };
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn silent(host: &str) -> Problem {
    let problem = Problem::on(host, Code::ActivateFailed, "keepalived does not run again");
    problem
        .why("the other load balancers keep hactl until it does")
        .next(format!("`journalctl -u keepalived -n 50` on {host}"))
}

async fn seen(work: &Work<'_>, host: &str) -> Result<Seen, Problem> {
    let output = work.desk.on(host, &show(), b"", work.desk.options.limit).await?;
    Ok(parse(output.text()))
}
