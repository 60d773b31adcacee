//! What comes after a deploy of nginx's pools: each agent tries each server, and who does not pass gets no requests.
//! The deploy stands, since nginx serves with the others, and whoever deployed is told.

use std::time::{Duration, Instant};

use super::prepare::Prepared;
use crate::ctl::cluster::Group;
use crate::ctl::look::observe::{self, Observed};
use crate::ctl::progress::Event;
use crate::ctl::render::upstreams::upstreams;
use crate::ctl::verify::pools;
use crate::error::Problem;

/// For how long a deploy waits until agents know: some tries of checks that are silent.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks.
const POLL: Duration = Duration::from_millis(200);

/// Waits until the agents that take part have judged each server once, for no longer than `patience`. Returns who does
/// not pass, and what is not known by then, as warnings.
pub(super) async fn judged(prepared: &Prepared, patience: Duration) -> Vec<Problem> {
    let desk = &prepared.desk;
    let names: Vec<String> = upstreams(&desk.cluster).iter().map(|pool| pool.status_name()).collect();
    let lbs = desk.cluster.group(Group::Lb).filter(|host| prepared.chosen.contains(&host.name));
    let lbs: Vec<&str> = lbs.map(|host| host.name.as_str()).collect();
    if names.is_empty() || lbs.is_empty() {
        return Vec::new();
    }
    desk.options.tell(Event::Begin { what: "waiting for checks", steps: lbs.len() });
    let end = Instant::now() + patience.min(PATIENCE);
    let show = observe::show();
    loop {
        let answers = desk.on_all(lbs.iter().map(|host| (*host, show.clone(), Vec::new()))).await;
        let mut observed = Observed::default();
        for (host, answer) in answers {
            // That a host does not answer any more is no news of its pools; `hactl status` tells it.
            if let Ok(output) = answer {
                observed.hosts.insert(host, observe::parse(output.text()));
            }
        }
        let open: Vec<Problem> = lacking(&observed, &names).into_iter().chain(pools::unknown(&observed)).collect();
        if open.is_empty() || Instant::now() > end {
            let bad = pools::out(&observed).into_iter().chain(pools::hopeless(&observed)).map(Problem::warn);
            return bad.chain(open).collect();
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Pools that an agent does not tell of yet.
fn lacking(observed: &Observed, names: &[String]) -> Vec<Problem> {
    let hosts = observed.hosts.iter().filter(|(_, seen)| seen.agent.is_some()).map(|(host, _)| host.as_str());
    let told =
        |host: &str, name: &str| pools::upstreams(observed).any(|(known, pool)| known == host && pool.name == name);
    let missing =
        hosts.flat_map(|host| names.iter().filter(move |name| !told(host, name)).map(move |name| (host, name)));
    missing.map(|(host, name)| pools::not_judged(format!("the agent of {host} does not tell of {name} yet"))).collect()
}
