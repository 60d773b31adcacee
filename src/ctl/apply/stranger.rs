//! Who else answers for a VIP that is about to be ours.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::stage::Job;
use crate::ctl::desk::Desk;
use crate::ctl::host::Script;
use crate::error::{Code, Exit, Failure, Problem};

/// A VIP that nobody of ours has must not answer. Balancers of the inventory that take no part in this deploy are ours,
/// too: their hardware addresses are asked for in the same breath. Returns the addresses for which nobody answers at
/// all.
///
/// # Errors
/// Exit 4 when a stranger answers, or when nobody could be asked.
pub(super) async fn no_stranger(desk: &Desk, jobs: &[Job]) -> Result<BTreeSet<IpAddr>, Failure> {
    let others = desk.cluster.agents().filter(|host| !jobs.iter().any(|job| job.host() == host.name));
    let others: Vec<String> = others.map(|host| host.address.to_string()).collect();
    let (mut problems, mut silent) = (Vec::new(), BTreeSet::new());
    for vip in desk.cluster.vips.iter().filter_map(|vip| vip.address()) {
        if jobs.iter().any(|job| job.facts.seen.has(vip)) {
            continue;
        }
        // Somebody on the LAN of the VIP.
        let carriers = desk.cluster.carriers(vip);
        let carries = |job: &&Job| job.wanted.binary && carriers.iter().any(|host| host.name == job.host());
        let Some(asker) = jobs.iter().find(carries) else { continue };
        let address = vip.to_string();
        let asked = std::iter::once(address.as_str()).chain(others.iter().map(String::as_str));
        let script = Script::new().call("forget", [address.as_str()]).call("neighbours", asked).text();
        let output = desk.on(asker.host(), &script, b"", desk.options.limit).await;
        let answer = output.map_err(|problem| Failure::one(Exit::Preflight, problem.why("nothing was changed")))?;
        if let Some(mac) = stranger(answer.text(), vip) {
            let problem =
                Problem::new(Code::Stranger, format!("{}: VIP {vip} is answered by a stranger at {mac}", asker.host()))
                    .why("two machines with one address would fight for it; nothing was changed")
                    .next(format!("find that machine (`ip neigh` on {}), or choose another VIP", asker.host()));
            problems.push(problem);
        } else if answer.code == 0 && is_silent(answer.text(), vip) {
            silent.insert(vip);
        }
    }
    if problems.is_empty() { Ok(silent) } else { Err(Failure { exit: Exit::Preflight, problems }) }
}

/// Who answers for the VIP, when no other address in `ip neigh show` has that hardware address.
fn stranger(neighbours: &str, vip: IpAddr) -> Option<&str> {
    let is_vip = |address: &str| address.parse() == Ok(vip);
    let (_, mac) = answers(neighbours).find(|(address, _)| is_vip(address))?;
    let ours = answers(neighbours).any(|(address, other)| !is_vip(address) && other == mac);
    (!ours).then_some(mac)
}

/// Whether nobody answers for the VIP, neither a stranger nor one of ours.
fn is_silent(neighbours: &str, vip: IpAddr) -> bool {
    answers(neighbours).all(|(address, _)| address.parse() != Ok(vip))
}

/// Each address of `ip neigh show` for which somebody answers, with the hardware address.
fn answers(neighbours: &str) -> impl Iterator<Item = (&str, &str)> {
    neighbours.lines().filter_map(|line| {
        let address = line.split_whitespace().next()?;
        Some((address, line.split_whitespace().skip_while(|word| *word != "lladdr").nth(1)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balancer_of_ours_is_no_stranger() {
        let vip = "10.0.0.3".parse().unwrap();
        let line = |address: &str, mac: &str| format!("{address} dev eth0 lladdr {mac} REACHABLE\n");
        let (ours, other) = (line("10.0.0.5", "02:aa:00:00:00:05"), line("10.0.0.3", "02:aa:00:00:00:99"));
        assert_eq!(stranger(&(other.clone() + &ours), vip), Some("02:aa:00:00:00:99"));
        assert_eq!(stranger(&(line("10.0.0.3", "02:aa:00:00:00:05") + &ours), vip), None);
        let nobody = "10.0.0.3 dev eth0 FAILED\n";
        assert_eq!(stranger(nobody, vip), None);
        assert!(is_silent(&(nobody.to_owned() + &ours), vip) && is_silent("", vip));
        assert!(!is_silent(&other, vip) && !is_silent(&(line("10.0.0.3", "02:aa:00:00:00:05") + &ours), vip));
    }
}
