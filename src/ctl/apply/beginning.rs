//! The first owner of a VIP. A router that starts listens for three intervals and its skew before it claims an address,
//! since somebody may have it. In a first deploy that was found out already: nobody answered for the address before
//! anything was staged, and nobody was heard with the VRID while it was tested. So whoever shall own a VIP is promoted
//! as soon as it runs. Its guard asks the LAN once more before it takes anything, and a router that heard nobody has
//! nobody to outbid, so the configured priority stays in force.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hactl_engine::conf::parse;
use hactl_engine::control::{InstanceStatus, Request, RouterState};

use super::stage::Job;
use super::work::Work;
use crate::ctl::ask::ask;
use crate::ctl::cluster::{Cluster, Vip};
use crate::ctl::look::observe::{parse as seen, show};
use crate::ctl::progress::Event;
use crate::ctl::wanted::HA_CONFIG;
use crate::error::Code;

/// The VIPs that nobody has: for which nobody answers (`unanswered`) and that nobody advertises (`unheard`, by name),
/// where every load balancer that is to change asks before it takes one.
pub(super) fn free(
    cluster: &Cluster,
    jobs: &[&Job],
    unanswered: &BTreeSet<IpAddr>,
    unheard: &BTreeSet<String>,
) -> BTreeSet<String> {
    if !jobs.iter().filter(|job| job.wanted.binary).all(|job| is_guarded(job)) {
        return BTreeSet::new();
    }
    let nobody_has =
        |vip: &&Vip| unheard.contains(&vip.name) && vip.address().is_some_and(|address| unanswered.contains(&address));
    cluster.vips.iter().filter(nobody_has).map(|vip| vip.name.clone()).collect()
}

/// Whether its agent will ask who answers before it takes an address.
fn is_guarded(job: &Job) -> bool {
    let file = job.wanted.files.iter().find(|file| file.dest == HA_CONFIG);
    file.is_some_and(|file| parse(HA_CONFIG, &String::from_utf8_lossy(&file.content)).config.own.guard)
}

/// Promotes a load balancer that has just begun to owner of each free VIP that prefers it. Where that cannot be done it
/// claims by itself when its wait is over.
pub(super) async fn promote(work: &Work<'_>, host: &str, free: &BTreeSet<String>) {
    let desk = work.desk;
    let prefers = |vip: &&Vip| free.contains(&vip.name) && vip.preferred() == Some(host);
    let vips: Vec<&Vip> = desk.cluster.vips.iter().filter(prefers).collect();
    if vips.is_empty() {
        return;
    }
    let Ok(output) = desk.on(host, &show(), b"", desk.options.limit).await else { return };
    let instances = seen(output.text()).agent.map(|agent| agent.instances).unwrap_or_default();
    for vip in vips {
        if !instances.iter().any(|one| one.name == vip.name && only_waits(one)) {
            continue;
        }
        let request = Request::Promote {
            instance: Some(vip.name.clone()),
            force: false,
            expires_in_s: None,
            reason: Some("no other master heard, and nobody answers".into()),
        };
        match ask(desk, host, &request, desk.options.limit).await {
            Err(problem) if matches!(problem.code, Code::AgentRefused | Code::NoAgent) => {}
            // A router that was heard in this very moment has been outbid.
            Ok(_) | Err(_) => let_go(work, host, vip).await,
        }
    }
}

/// Nobody was heard, and nothing keeps it from being master.
fn only_waits(one: &InstanceStatus) -> bool {
    one.state == RouterState::Backup && one.master.is_none() && one.pinned.is_none() && one.fault_reasons.is_empty()
}

/// From now on the election decides.
async fn let_go(work: &Work<'_>, host: &str, vip: &Vip) {
    let request = Request::Unpin { instance: Some(vip.name.clone()) };
    if let Err(problem) = ask(work.desk, host, &request, work.desk.options.limit).await {
        work.desk.options.tell(Event::PriorityLeft { host, why: &problem.message });
    }
}
