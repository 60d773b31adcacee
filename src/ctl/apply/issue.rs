//! What comes after a deploy of sites with `acme:`: the load balancers get their certificates, now that the VIP
//! answers. The deploy stands whatever comes of it, since nginx serves with what stands in, and each load balancer goes
//! on trying by itself.

use std::time::Duration;

use super::prepare::Prepared;
use super::stage::Job;
use crate::ctl::cluster::Group;
use crate::ctl::host::Script;
use crate::ctl::look::observe::{self, Observed};
use crate::ctl::progress::Event;
use crate::ctl::verify::certificates::problems;
use crate::error::{Code, Problem};

/// For how long a deploy waits for an authority.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whether load balancers lack certificates, as far as they were looked at.
pub(super) fn lacking(prepared: &Prepared, jobs: &[Job]) -> bool {
    let hosts = jobs.iter().map(|job| (job.host().to_owned(), job.facts.seen.clone())).collect();
    !problems(&prepared.desk.cluster, &Observed { hosts, ..Observed::default() }).is_empty()
}

/// Has the load balancers that take part get what they lack. Returns what they did not get, as warnings.
pub(super) async fn issue(prepared: &Prepared) -> Vec<Problem> {
    let desk = &prepared.desk;
    let lbs = desk.cluster.group(Group::Lb).filter(|host| prepared.chosen.contains(&host.name));
    let lbs: Vec<&str> = lbs.map(|host| host.name.as_str()).collect();
    // A deploy of some roles alone, such as that of `backend drain`, waits for no authority.
    if desk.cluster.traffic.by_acme().next().is_none() || lbs.is_empty() || !prepared.is_whole() {
        return Vec::new();
    }
    desk.options.tell(Event::Begin { what: "getting certificates", steps: lbs.len() });
    let script = Script::new().call("issue", []).text();
    // All at once: whoever has the VIP answers for each of them.
    let asks = lbs.iter().map(|host| async {
        let answer = desk.on(host, &script, b"", PATIENCE).await;
        desk.options.tell(Event::Step);
        (*host, answer)
    });
    let mut observed = Observed::default();
    let mut silent = Vec::new();
    for (host, answer) in futures_util::future::join_all(asks).await {
        match answer {
            Ok(output) => drop(observed.hosts.insert(host.to_owned(), observe::parse(output.text()))),
            Err(problem) => {
                let said = problem.message.strip_prefix(&format!("{host}: ")).unwrap_or(&problem.message).to_owned();
                let message = format!("whether it got its certificates is not known: {said}");
                let problem = Problem::on(host, Code::CertificateNotIssued, message);
                silent.push(problem.next("it goes on by itself; `hactl verify` shows what became of it"));
            }
        }
    }
    problems(&desk.cluster, &observed).into_iter().chain(silent).map(Problem::warn).collect()
}
