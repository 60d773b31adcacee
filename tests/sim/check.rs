//! What must hold at every step, whatever happens.

use hactl_engine::action::{Batch, Frame};
use hactl_engine::control::RouterState;
use hactl_engine::vrrp::state::public;
use hactl_engine::wire::arp::Arp;

use super::world::{Host, World};

/// The actions of one step are bounded.
pub(crate) fn bounded(batches: &[Batch]) -> Result<(), String> {
    let actions: usize = batches.iter().map(|batch| batch.actions.len()).sum();
    if actions > 64 { Err(format!("{actions} actions in one step")) } else { Ok(()) }
}

/// No announcement before its address is there.
pub(crate) fn announced_is_here(host: &Host, frames: &[Frame]) -> Result<(), String> {
    for frame in frames {
        let arp = Arp::parse(&frame.payload).ok_or("an announcement that is not ARP")?;
        if !host.addresses.contains_key(&arp.sender.into()) {
            return Err(format!("{} announced by {} before it was there", arp.sender, host.own));
        }
    }
    Ok(())
}

/// Address present ⇔ master or handing over.
pub(crate) fn kernel_agrees(number: usize, host: &Host) -> Result<(), String> {
    let Some(agent) = &host.agent else { return Ok(()) };
    if agent.is_stopped() {
        return Ok(()); // stopped for a successor: the addresses may stay
    }
    for router in agent.routers() {
        let state = public(router.state());
        let holds = matches!(state, RouterState::Master | RouterState::Handover);
        for address in router.config().addresses.iter().map(|a| a.address.addr()) {
            // Nobody renews the lease of a router that has given up.
            let let_go = state == RouterState::Handover && host.config.own.lease;
            if state != RouterState::Init && !let_go && host.addresses.contains_key(&address) != holds {
                return Err(format!("host {number} is {state:?} but has {address}: {}", !holds));
            }
        }
    }
    Ok(())
}

/// Connections are kept where the addresses are silent, and passed on by whoever owns them.
pub(crate) fn draining_agrees(world: &World, number: usize) -> Result<(), String> {
    let host = &world.hosts[number];
    if let Some((address, _)) =
        host.kept.iter().find(|(one, until)| **until > world.now && world.answers(number, **one))
        && !host.addresses.contains_key(address)
    {
        return Err(format!("host {number} keeps connections to {address} and answers for it"));
    }
    let Some(agent) = host.agent.as_ref().filter(|agent| !agent.is_stopped()) else { return Ok(()) };
    for router in agent.routers() {
        let state = public(router.state());
        for address in router.config().addresses.iter().map(|a| a.address.addr()) {
            let (keeps, passes) = (host.kept.contains_key(&address), host.passing.get(&address));
            let holds = matches!(state, RouterState::Master | RouterState::Handover);
            if keeps && holds {
                return Err(format!("host {number} is {state:?} and still keeps {address} apart"));
            }
            if passes.is_some() && !holds {
                return Err(format!("host {number} is {state:?} and passes on what is for {address}"));
            }
            if passes == Some(&host.own) {
                return Err(format!("host {number} passes on to itself what is for {address}"));
            }
        }
    }
    Ok(())
}

/// With lease and guard, on a LAN where ARP passes: two hosts never answer for one address, but for the moment in which
/// a living master hands over to another.
pub(crate) fn one_answers(world: &mut World) -> Result<(), String> {
    let Some(allowed) = world.overlap_max else { return Ok(()) };
    let addresses: Vec<_> = world.hosts[0].config.instances.iter().flat_map(|one| &one.addresses).cloned().collect();
    let all = 0..world.hosts.len();
    for (one, other) in all.clone().flat_map(|one| all.clone().map(move |other| (one, other))).filter(|(a, b)| a < b) {
        let both = |address| world.answers(one, address) && world.answers(other, address);
        let Some(address) = addresses.iter().map(|one| one.address.addr()).find(|address| both(*address)) else {
            world.doubled_since.remove(&(one, other));
            continue;
        };
        let now = world.now;
        let since = *world.doubled_since.entry((one, other)).or_insert(now);
        if now.since(since) > allowed {
            return Err(format!(
                "hosts {one} and {other} both answer for {address} from {:.4} s to {:.4} s",
                since.0 as f64 / 1e9,
                now.0 as f64 / 1e9
            ));
        }
    }
    Ok(())
}

/// Priority 0 is the last advert of a clean stop.
pub(crate) fn goodbye_is_last(host: &Host, payload: &[u8]) -> Result<(), String> {
    match payload.get(2) {
        Some(priority) if host.said_goodbye && *priority != 0 => {
            Err(format!("{} advertises priority {priority} after its goodbye", host.own))
        }
        Some(_) => Ok(()),
        None => Err(format!("{} sent an advert without a priority", host.own)),
    }
}

/// At rest: one master a VRID, and everybody else is backup.
pub(crate) fn one_master(world: &World) -> Result<(), String> {
    let instances = world.hosts.first().map(|host| host.config.instances.len()).unwrap_or_default();
    for n in 0..instances {
        let states: Vec<Option<RouterState>> =
            world.hosts.iter().map(|host| Some(public(host.agent.as_ref()?.routers().nth(n)?.state()))).collect();
        let masters = states.iter().filter(|state| **state == Some(RouterState::Master)).count();
        if masters != 1 {
            return Err(format!("{masters} masters of instance {n} at rest: {states:?}"));
        }
    }
    Ok(())
}
