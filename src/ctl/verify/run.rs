//! `hactl verify`: looks, judges, and with `--for` keeps asking the service meanwhile.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::lvs;
use super::vips::judge;
use crate::ctl::cluster::{Cluster, Vip};
use crate::ctl::desk::{Desk, Manner, open};
use crate::ctl::look::observe::{Sight, ask, can_answer, look};
use crate::error::{Code, Exit, Failure, Outcome, Problem};

/// Between two requests of `--for`.
const REQUEST_EVERY: Duration = Duration::from_millis(50);
/// Between two looks of `--for`.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Verifies once, or for a while.
///
/// # Errors
/// Exit 7 with everything that is not as it should be.
pub async fn verify(
    inventory: Option<&Path>,
    manner: Manner,
    duration: Option<Duration>,
    max_gap: Option<Duration>,
) -> Outcome {
    if duration.is_none() && max_gap.is_some() {
        let problem =
            Problem::new(Code::GapWithoutTime, "--max-gap without --for: a gap is only seen by who asks for a while");
        return Err(Failure::one(Exit::Usage, problem.next("add --for 10s")));
    }
    let cluster = open(inventory, &manner)?;
    let desk = Desk::connect(cluster, manner).await?;
    let ((mut problems, sight), gap) = tokio::join!(watch(&desk, duration), longest_gap(&desk, duration));
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
    let gap_ms = gap.map(|gap| u64::try_from(gap.as_millis()).unwrap_or(u64::MAX));
    let good = problems.iter().all(|problem| problem.warning);
    if desk.manner.json {
        let words: Vec<&String> = problems.iter().map(|problem| &problem.message).collect();
        let findings: Vec<_> = problems.iter().map(Problem::as_json).collect();
        println!("{}", json!({"verified": good, "problems": words, "findings": findings, "gap_ms": gap_ms}));
    } else if good {
        problems.iter().for_each(|warning| desk.manner.say(&warning.to_string()));
        let gap = gap.map(|gap| format!(", longest gap {} ms", gap.as_millis())).unwrap_or_default();
        let (vips, service) = (desk.cluster.vips.len(), service(&desk.cluster, &sight));
        println!("verified: {vips} VIPs, one owner each, {service}, every web host reached{gap}");
    }
    if good { Ok(Exit::Done) } else { Err(Failure { exit: Exit::Verification, problems }) }
}

/// What was asked and answered; nothing more.
fn service(cluster: &Cluster, sight: &Sight) -> &'static str {
    let answers =
        cluster.vips.iter().filter_map(Vip::address).filter(|vip| matches!(sight.service.get(vip), Some(Ok(_))));
    if !lvs::is_balanced(cluster, sight) {
        return "service not asked (no director's kernel has IPVS)";
    }
    match (sight.service.len(), answers.count()) {
        (0, _) => {
            "service not asked (NAT answers other networks than this desk's, or there is no way to the VIP from here)"
        }
        (asked, answered) if asked == answered && asked == cluster.vips.len() => "service answers",
        _ => "service answers where it could be asked",
    }
}

async fn watch(desk: &Desk, duration: Option<Duration>) -> (Vec<Problem>, Sight) {
    let end = Instant::now() + duration.unwrap_or_default();
    let mut known = BTreeSet::new();
    let mut problems = Vec::new();
    loop {
        let sight = look(desk, true).await;
        for problem in judge(&desk.cluster, &sight) {
            if known.insert(problem.message.clone()) {
                problems.push(problem);
            }
        }
        if Instant::now() + LOOK_EVERY > end {
            return (problems, sight);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The longest time the service was without an answer; `None` when it was not watched.
async fn longest_gap(desk: &Desk, duration: Option<Duration>) -> Option<Duration> {
    let end = Instant::now() + duration?;
    let vip = desk.cluster.vips.first().filter(|vip| can_answer(&desk.cluster, vip))?;
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
