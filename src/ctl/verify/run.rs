//! `hactl verify`: looks, judges, and with `--for` keeps asking the service meanwhile.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::certificates::HeldStatus;
use super::sites::{self, SiteStatus};
use super::vips::judge;
use super::{certificates, lvs, pools, strangers};
use crate::ctl::cluster::{Cluster, Vip};
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::look::observe::{Observed, ask, look};
use crate::ctl::look::standbys::ask_standbys;
use crate::ctl::look::way::can_answer;
use crate::ctl::report::{Outcome, Report};
use crate::error::{Code, Exit, Failure, Problem};

/// Between two requests of `--for`.
const REQUEST_EVERY: Duration = Duration::from_millis(50);
/// Between two looks of `--for`.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What was looked at, and what of it is as it should be.
#[derive(Debug, Clone, Serialize)]
pub struct Verified {
    /// Everything is as it should be; the problems say what is not.
    pub verified: bool,
    /// VIPs judged.
    pub vips: usize,
    /// Whether the service was asked through them, and answered.
    pub service: Service,
    /// One entry a site and VIP, where the inventory has `sites`, and one a site and standby.
    pub sites: Vec<SiteStatus>,
    /// What each load balancer got by ACME, where sites ask for that.
    pub certificates: Vec<HeldStatus>,
    /// The longest time without a good answer in milliseconds, where it was watched.
    pub gap_ms: Option<u64>,
}

/// What was asked and answered; nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// Through every VIP.
    Answers,
    /// Where it could be asked; not everywhere.
    AnswersWhereAsked,
    /// NAT answers other networks than this desk's, or there is no way to the VIP from here.
    NotAsked,
    /// No director's kernel has IPVS.
    NotBalanced,
}

/// Verifies once, or for a while.
///
/// # Errors
/// Only what keeps it from looking; what is not as it should be is in the report, with exit 7.
pub async fn verify(
    inventory: Option<&Path>,
    options: Options,
    duration: Option<Duration>,
    max_gap: Option<Duration>,
) -> Outcome<Verified> {
    if duration.is_none() && max_gap.is_some() {
        let problem =
            Problem::new(Code::GapWithoutTime, "--max-gap without --for: a gap is only seen by who asks for a while");
        return Err(Failure::one(Exit::Usage, problem.next("add --for 10s")));
    }
    let cluster = open(inventory, &options)?;
    let desk = Desk::connect(cluster, options).await?;
    let ((mut problems, observed), gap) = tokio::join!(watch(&desk, duration), longest_gap(&desk, duration));
    if let (Some(gap), Some(most)) = (gap, max_gap.filter(|most| gap.is_some_and(|gap| gap > *most))) {
        let message = format!(
            "the service was without an answer for {:.3} s, allowed is {:.3} s",
            gap.as_secs_f64(),
            most.as_secs_f64()
        );
        problems.push(
            Problem::new(Code::GapTooLong, message)
                .next("`hactl agent history` on the load balancers tells who moved when"),
        );
    }
    let value = Verified {
        verified: problems.iter().all(|problem| problem.warning),
        vips: desk.cluster.vips.len(),
        service: service(&desk.cluster, &observed),
        sites: sites::statuses(&desk.cluster, &observed),
        certificates: certificates::statuses(&desk.cluster, &observed),
        gap_ms: gap.map(|gap| u64::try_from(gap.as_millis()).unwrap_or(u64::MAX)),
    };
    Ok(Report::judged(value, problems))
}

fn service(cluster: &Cluster, observed: &Observed) -> Service {
    let answers =
        cluster.vips.iter().filter_map(Vip::address).filter(|vip| matches!(observed.service.get(vip), Some(Ok(_))));
    if !lvs::is_balanced(cluster, observed) {
        return Service::NotBalanced;
    }
    match (observed.service.len(), answers.count()) {
        (0, _) => Service::NotAsked,
        (asked, answered) if asked == answered && asked == cluster.vips.len() => Service::Answers,
        _ => Service::AnswersWhereAsked,
    }
}

async fn watch(desk: &Desk, duration: Option<Duration>) -> (Vec<Problem>, Observed) {
    let end = Instant::now() + duration.unwrap_or_default();
    let mut known = BTreeSet::new();
    let mut problems = Vec::new();
    loop {
        let mut observed = look(desk, true).await;
        observed.sites.extend(ask_standbys(&desk.cluster, &observed).await);
        for problem in judge(&desk.cluster, &observed)
            .into_iter()
            .chain(pools::hopeless(&observed))
            .chain(certificates::problems(&desk.cluster, &observed))
            .chain(strangers::told(&desk.cluster, &observed))
        {
            if known.insert(problem.message.clone()) {
                problems.push(problem);
            }
        }
        if Instant::now() + LOOK_EVERY > end {
            return (problems, observed);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The longest time the service was without an answer; `None` when it was not watched.
async fn longest_gap(desk: &Desk, duration: Option<Duration>) -> Option<Duration> {
    let end = Instant::now() + duration?;
    let vip = desk.cluster.vips.iter().find(|vip| can_answer(&desk.cluster, vip))?;
    let target = SocketAddr::new(vip.address()?, desk.cluster.site.port);
    let (mut last_good, mut longest) = (Instant::now(), Duration::ZERO);
    while Instant::now() < end {
        let begin = Instant::now();
        let site = &desk.cluster.site;
        let good = ask(target, site.host_name(), "/").await.is_ok_and(|status| site.expects(status));
        if good {
            longest = longest.max(begin.saturating_duration_since(last_good).saturating_sub(REQUEST_EVERY));
            last_good = begin;
        }
        tokio::time::sleep(REQUEST_EVERY.saturating_sub(begin.elapsed())).await;
    }
    Some(longest.max(end.saturating_duration_since(last_good).saturating_sub(REQUEST_EVERY)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::inventory::load::parse;
    use crate::ctl::look::no_answer::NoAnswer;
    use crate::ctl::look::observe::Seen;

    const TWO_VIPS: (&str, &str) = ("vip: 10.0.0.3/24", "vip: [10.0.0.3/24, 10.0.0.4/24]");

    /// What was asked, and answered: each VIP by its last byte.
    fn said(cluster: &Cluster, answers: &[(u8, Result<u16, NoAnswer>)]) -> Service {
        let service = answers.iter().map(|(last, answer)| ([10, 0, 0, *last].into(), answer.clone())).collect();
        super::service(cluster, &Observed { service, ..Observed::default() })
    }

    #[test]
    fn a_service_answers_only_where_it_did() {
        let homework = include_str!("../../../inventories/homework.yaml").replace(TWO_VIPS.0, TWO_VIPS.1);
        let cluster = parse(Path::new("x.yaml"), &homework).unwrap().cluster;
        let refused = || Err(NoAnswer("refused".to_owned()));
        for (answers, expected) in [
            (vec![], Service::NotAsked),
            (vec![(3, Ok(200)), (4, Ok(301))], Service::Answers),
            (vec![(3, Ok(200))], Service::AnswersWhereAsked),
            (vec![(3, Ok(200)), (4, refused())], Service::AnswersWhereAsked),
        ] {
            assert_eq!(said(&cluster, &answers), expected, "{answers:?}");
        }
    }

    #[test]
    fn nobody_asks_a_kernel_that_does_not_balance() {
        let text = include_str!("../../../inventories/lvs-dr.yaml").to_owned();
        let without = text.clone() + "roles: { lvs-director: { require_ipvs: no } }\n";
        for (text, in_kernel, expected) in [
            (&text, None, Service::Answers),
            (&without, None, Service::NotBalanced),
            (&without, Some(true), Service::Answers),
        ] {
            let cluster = parse(Path::new("x.yaml"), text).unwrap().cluster;
            let mut observed = Observed::default();
            observed.service.insert([10, 0, 0, 3].into(), Ok(200));
            let agent = serde_json::json!({"version": "0", "pid": 1, "started_unix_s": 0, "now_unix_ms": 0, "config": "", "instances": [],
                "virtual_servers": [{"name": "10.0.0.3:80", "services": [], "scheduler": "rr", "persistence_s": null, "quorum": true,
                    "quorum_for_ms": 7, "alive": 0, "needed": 0, "sorry_server": null, "in_kernel": in_kernel, "real_servers": [],
                    "traffic": {"connections": 0, "bytes_in": 0, "bytes_out": 0, "connections_per_s": 0, "bytes_in_per_s": 0, "bytes_out_per_s": 0}}]});
            let agent = Some(serde_json::from_value(agent).unwrap());
            observed.hosts.insert("lb-5".into(), Seen { reachable: true, agent, ..Seen::default() });
            assert_eq!(super::service(&cluster, &observed), expected);
        }
    }
}
