//! Before a first deploy: does somebody on the LAN use the VRID that would be ours? A derived one, the last byte of the
//! VIP, is only as unique as the VIP in its own subnet. A deploy asks this of the program that it has staged. A plan
//! brings nothing to hosts, so it asks where a program is already. (`hactl check FILE --listen` is the same for a file,
//! on its own host.)

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use super::stage::Job;
use crate::ctl::cluster::{Cluster, Vip};
use crate::ctl::desk::Desk;
use crate::ctl::host::Script;
use crate::ctl::look::facts::interfaces;
use crate::ctl::render::context::{Interfaces, interface};
use crate::error::{Code, Exit, Failure, Problem};

/// Adverts come every second by default.
const LISTEN: &str = "1300ms";
/// Of adverts that come this often one would have been heard.
const HEARD: Duration = Duration::from_secs(1);

/// What was heard on the LAN.
#[derive(Default)]
struct Heard {
    problems: Vec<Problem>,
    /// VIPs whose VRID nobody was heard with.
    silent: BTreeSet<String>,
}

/// Listens on one load balancer for each derived VRID, where none of them has an agent yet. Comes after staging, which
/// brings the binary that listens. Returns the names of the VIPs that nobody advertises, neither a stranger nor one of
/// ours.
///
/// # Errors
/// Exit 4 when a stranger uses one; nothing live was changed.
pub(super) async fn no_collision(desk: &Desk, jobs: &[&Job]) -> Result<BTreeSet<String>, Failure> {
    let Heard { problems, silent } = listen(desk, jobs).await;
    if problems.is_empty() { Ok(silent) } else { Err(Failure { exit: Exit::Preflight, problems }) }
}

/// The same for a plan, which stages nothing: what can be heard by programs that hosts have already.
pub(super) async fn heard_collisions(desk: &Desk, jobs: &[Job]) -> Vec<Problem> {
    let busy = jobs.iter().filter(|job| !job.plan.changes.is_empty()).collect::<Vec<_>>();
    let served = busy.iter().any(|job| job.facts.seen.agent.is_some());
    let able = busy.into_iter().filter(|job| !served && job.facts.binary.is_some()).collect::<Vec<_>>();
    listen(desk, &able).await.problems
}

async fn listen(desk: &Desk, jobs: &[&Job]) -> Heard {
    let mut heard = Heard::default();
    if jobs.iter().any(|job| job.facts.seen.agent.is_some()) {
        return heard; // in use already, by ourselves
    }
    for vip in desk.cluster.vips.iter().filter(|vip| !vip.vrid_given && !vip.unicast) {
        let Some(job) = jobs.iter().find(|job| vip.members.iter().any(|member| member.host == job.host())) else {
            continue;
        };
        let output = desk.on(job.host(), &script(&desk.cluster, vip, job), b"", desk.options.limit).await;
        // A host that cannot listen is no reason against a deploy: the agent itself will tell of strangers.
        let Ok(output) = output else { continue };
        let used = used(output.text());
        // What could not be understood may be somebody's, too.
        let understood = !output.text().lines().any(|line| line.starts_with("ignored from "));
        if output.code == 0 && understood && vip.interval <= HEARD && !used.contains_key(&vip.vrid) {
            heard.silent.insert(vip.name.clone());
        }
        heard.problems.extend(judge(&desk.cluster, vip, job.host(), &used));
    }
    heard
}

fn script(cluster: &Cluster, vip: &Vip, job: &Job) -> String {
    let known = Interfaces::from([(job.host().to_owned(), interfaces(&job.facts))]);
    let link = cluster.host(job.host()).map(|host| interface(host, vip, &known)).unwrap_or_default();
    let family = vip.address().filter(IpAddr::is_ipv6).map(|_| "--ipv6");
    let words = ["--for", LISTEN].into_iter().chain(family).chain([link.as_str()]);
    Script::new().call("listen", words).text()
}

/// By VRID who uses it.
type Used = BTreeMap<u8, BTreeSet<IpAddr>>;

/// Who uses which VRID, from lines `vrid N from ADDRESS with ADDRESSES`; those of 0.1.0 end before `with`.
fn used(heard: &str) -> Used {
    let mut used = Used::new();
    for line in heard.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let ["vrid", vrid, "from", source, ..] = words.as_slice()
            && let (Ok(vrid), Ok(source)) = (vrid.parse(), source.parse())
        {
            used.entry(vrid).or_default().insert(source);
        }
    }
    used
}

/// Whether a host that is none of ours uses the VIP's VRID.
fn judge(cluster: &Cluster, vip: &Vip, host: &str, used: &Used) -> Option<Problem> {
    let stranger =
        used.get(&vip.vrid)?.iter().find(|source| cluster.hosts.iter().all(|host| host.address != **source))?;
    let ours: Vec<u8> = cluster.vips.iter().map(|vip| vip.vrid).collect();
    let free = (vip.vrid..=255).chain(1..vip.vrid).find(|vrid| !used.contains_key(vrid) && !ours.contains(vrid))?;
    let message = format!("{host}: VRID {} of {} is in use on this LAN by {stranger}", vip.vrid, vip.name);
    let why =
        "two clusters with one VRID are one virtual router: one of them would lose its VIP; nothing live was changed";
    let address = vip.addresses.first().map(ToString::to_string).unwrap_or_default();
    let next = format!("give this cluster a free one: vip: {{ address: {address}, vrid: {free} }}");
    Some(Problem::new(Code::VridTaken, message).why(why).next(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_with_our_vrid_is_told_and_a_free_one_named() {
        let text = include_str!("../../../inventories/homework.yaml");
        let cluster = crate::ctl::inventory::load::parse(std::path::Path::new("x.yaml"), text).unwrap().cluster;
        let said =
            |heard: &str| judge(&cluster, &cluster.vips[0], "lb-5", &used(heard)).map(|problem| problem.to_string());
        assert_eq!(said(""), None);
        assert_eq!(said("vrid 3 from 10.0.0.6\nvrid 4 from 10.0.0.9\n"), None, "our own other balancer");
        let told = said("vrid 3 from 10.0.0.9\nvrid 4 from 10.0.0.9\n").unwrap();
        assert!(
            told.contains("VRID 3 of VI_1 is in use on this LAN by 10.0.0.9") && told.contains("vrid: 5 }"),
            "{told}"
        );
    }
}
