//! The verdict on certificates that load balancers get by ACME, from what each of them tells.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hactl_engine::certificates::Held;
use serde::Serialize;

use super::sites::{CertificateStatus, another};
use crate::ctl::cluster::{Cluster, Group};
use crate::ctl::look::observe::Observed;
use crate::ctl::look::sites::SiteSeen;
use crate::error::{Code, Problem};

/// A certificate as a load balancer has it.
#[derive(Debug, Clone, Serialize)]
pub struct HeldStatus {
    /// The load balancer.
    pub host: String,
    /// The site, by its first name.
    pub site: String,
    /// Whether an authority has issued it; until then it is one that signs itself.
    pub issued: bool,
    /// What it says.
    pub certificate: CertificateStatus,
    /// What the authority said when a better one was tried for; `None` where all is well.
    pub failure: Option<String>,
    /// When that is tried again, Unix time in seconds.
    pub again_unix_s: Option<u64>,
}

/// What each load balancer that answered has for each site, in the inventory's order.
pub fn statuses(cluster: &Cluster, observed: &Observed) -> Vec<HeldStatus> {
    let held = found(cluster, observed).filter_map(|(host, _, held)| Some((host, held?)));
    let status = |(host, held): (&str, &Held)| HeldStatus {
        host: host.to_owned(),
        site: held.id.clone(),
        issued: held.directory.is_some(),
        certificate: CertificateStatus {
            names: held.names.clone(),
            issuer: held.issuer.clone(),
            days_left: days_left(held),
        },
        failure: held.failure.as_ref().map(|failure| failure.what.clone()),
        again_unix_s: held.failure.as_ref().map(|failure| failure.again_unix_s),
    };
    held.map(status).collect()
}

/// What is wrong with them, and with what is shown of them through the VIPs.
pub fn problems(cluster: &Cluster, observed: &Observed) -> Vec<Problem> {
    let one = |(host, id, held): (&str, &str, Option<&Held>)| match held {
        Some(held) => judge(Some(host), held),
        None => Some(not_issued(Some(host), id, "nobody has asked for it yet")),
    };
    let mut problems: Vec<Problem> = found(cluster, observed).filter_map(one).collect();
    problems.extend(observed.sites.iter().filter_map(|seen| shown(cluster, observed, seen)));
    problems
}

/// Whether what a site shows is what one of its load balancers has got. Where one of them has got none, or was not
/// asked, nothing is known: it may be the one that answers.
fn shown(cluster: &Cluster, observed: &Observed, seen: &SiteSeen) -> Option<Problem> {
    let certificate = seen.answer.as_ref().ok()?.certificate.as_ref()?;
    cluster.traffic.by_acme().find(|(site, _)| site.id == seen.site)?;
    let all: Vec<_> = found(cluster, observed).filter(|(_, id, _)| *id == seen.site).collect();
    let held: Vec<&Held> = all.iter().filter_map(|(_, _, held)| held.filter(|held| held.directory.is_some())).collect();
    let known = held.len() == cluster.group(Group::Lb).count();
    let none = held.iter().all(|held| held.fingerprint != certificate.fingerprint);
    (known && none).then(|| another(&seen.url, &seen.asked, certificate, "its load balancers have got"))
}

/// Each site with each load balancer that answered, and what that one has.
fn found<'a>(
    cluster: &'a Cluster,
    observed: &'a Observed,
) -> impl Iterator<Item = (&'a str, &'a str, Option<&'a Held>)> {
    let lbs = cluster.group(Group::Lb).filter_map(|host| Some((host.name.as_str(), observed.hosts.get(&host.name)?)));
    let lbs = lbs.filter(|(_, seen)| seen.reachable);
    lbs.flat_map(|(host, seen)| {
        let standing = seen.certificates.as_ref();
        let of = move |id: &str| standing.and_then(|all| all.certificates.iter().find(|held| held.id == id));
        cluster.traffic.by_acme().map(move |(site, _)| (host, site.id.as_str(), of(&site.id)))
    })
}

/// What is wrong with one, on this host; where no host is named it is said there.
pub fn judge(host: Option<&str>, held: &Held) -> Option<Problem> {
    let days = days_left(held);
    let Some(failure) = &held.failure else {
        return match held.directory {
            None => Some(not_issued(host, &held.id, "nobody has asked for it yet")),
            Some(_) if days < 0 => {
                Some(on(host, Code::CertificateExpired, format!("the certificate of {} has expired", held.id)))
            }
            Some(_) if is_overdue(held) => {
                let message =
                    format!("the certificate of {} ends in {days} days, and nobody has tried to renew it", held.id);
                let problem = on(host, Code::CertificateNotRenewed, message);
                Some(
                    problem
                        .next("`systemctl list-timers hactl-certificates.timer` there shows when it runs next")
                        .warn(),
                )
            }
            Some(_) => None,
        };
    };
    let again = shown_time(failure.again_unix_s);
    let times = if failure.times == 1 { "once".to_owned() } else { format!("{} times", failure.times) };
    let what = format!("{}; tried {times}, and again after {again}", failure.what);
    if held.directory.is_none() || days < 0 {
        return Some(not_issued(host, &held.id, &what));
    }
    let message = format!("the certificate of {} was not renewed: {what}", held.id);
    let problem =
        on(host, Code::CertificateNotRenewed, message).why(format!("the one that is there ends in {days} days"));
    Some(problem.next(AGAIN).warn())
}

fn not_issued(host: Option<&str>, id: &str, what: &str) -> Problem {
    let message = format!("no certificate was issued for {id}: {what}");
    on(host, Code::CertificateNotIssued, message).why("browsers see one that signs itself, or has ended").next(AGAIN)
}

fn on(host: Option<&str>, code: Code, message: String) -> Problem {
    match host {
        Some(host) => Problem::on(host, code, message),
        None => Problem::new(code, message),
    }
}

const AGAIN: &str = "mend that, then `hactl agent certificates --now` there tries at once";

/// Whether it should have been renewed long ago: that is due when a third of its time is left, each hour.
fn is_overdue(held: &Held) -> bool {
    let left = time(held.until_unix_s).duration_since(SystemTime::now()).unwrap_or_default();
    left < Duration::from_secs(held.until_unix_s.saturating_sub(held.from_unix_s)) / 4
}

fn time(unix_s: u64) -> SystemTime {
    UNIX_EPOCH.checked_add(Duration::from_secs(unix_s)).unwrap_or(UNIX_EPOCH)
}

/// A time for people.
fn shown_time(unix_s: u64) -> String {
    let at = i64::try_from(unix_s).ok().and_then(|unix_s| jiff::Timestamp::from_second(unix_s).ok());
    at.map_or_else(|| "a time that no clock shows".to_owned(), |at| at.to_string())
}

/// Whole days; negative where it has ended.
pub fn days_left(held: &Held) -> i64 {
    let until = time(held.until_unix_s);
    let days = |left: Duration| i64::try_from(left.as_secs() / (24 * 60 * 60)).unwrap_or(i64::MAX);
    match until.duration_since(SystemTime::now()) {
        Ok(left) => days(left),
        Err(since) => -days(since.duration()) - 1,
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use hactl_engine::certificates::{Failed, Standing};

    use super::*;
    use crate::certificate::{Certificate, make_up};
    use crate::ctl::inventory::load::parse;
    use crate::ctl::look::observe::Seen;
    use crate::ctl::look::sites::{Asked, SiteAnswer};

    const DAY_S: u64 = 24 * 60 * 60;

    fn held(days: u64, issued: bool, failure: Option<&str>) -> Held {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        Held {
            id: "www.example.cc".into(),
            names: vec!["www.example.cc".into()],
            issuer: "R11".into(),
            from_unix_s: (now + days * DAY_S).saturating_sub(190 * DAY_S),
            until_unix_s: (now + 3600 + days * DAY_S).saturating_sub(100 * DAY_S),
            directory: issued.then(|| "https://ca.example.cc/".into()),
            fingerprint: format!("{days}"),
            failure: failure.map(|what| Failed {
                what: what.into(),
                at_unix_s: now,
                again_unix_s: 1_795_000_000,
                times: 3,
                order: String::new(),
            }),
        }
    }

    #[test]
    fn each_state_has_its_verdict() {
        for (held, code, words) in [
            (held(160, true, None), None, ""),
            (held(121, true, None), Some(Code::CertificateNotRenewed), "nobody has tried to renew it"),
            (held(123, true, None), None, ""),
            (held(160, true, Some("too many certificates")), Some(Code::CertificateNotRenewed), "ends in 60 days"),
            (
                held(98, true, Some("too many certificates")),
                Some(Code::CertificateNotIssued),
                "tried 3 times, and again after 2026-11-18",
            ),
            (held(98, true, None), Some(Code::CertificateExpired), "has expired"),
            (
                held(160, false, Some("no route")),
                Some(Code::CertificateNotIssued),
                "no certificate was issued for www.example.cc: no route",
            ),
            (held(160, false, None), Some(Code::CertificateNotIssued), "nobody has asked"),
        ] {
            let problem = judge(Some("lb-5"), &held);
            assert_eq!(problem.as_ref().map(|problem| problem.code), code, "{held:?}");
            let text = problem.as_ref().map(ToString::to_string).unwrap_or_default();
            assert!(text.contains(words), "{words}: {text}");
            // Only what still holds is no more than a warning.
            assert_eq!(problem.is_some_and(|problem| problem.warning), code == Some(Code::CertificateNotRenewed));
        }
        assert!(judge(None, &held(160, false, None)).unwrap().message.starts_with("no certificate"));
    }

    #[test]
    fn what_is_shown_is_one_of_theirs() {
        let text = include_str!("../../../inventories/acme.yaml");
        let cluster = parse(Path::new("x.yaml"), text).unwrap().cluster;
        let (pem, _) = make_up(&["www.example.cc".to_owned()], SystemTime::now()).unwrap();
        let shown = Certificate::read(&pem).unwrap();
        let of = |fingerprints: [Option<&str>; 2]| {
            let mut observed = Observed::default();
            for (host, fingerprint) in ["lb-5", "lb-6"].iter().zip(fingerprints) {
                let one =
                    fingerprint.map(|fingerprint| Held { fingerprint: fingerprint.into(), ..held(160, true, None) });
                let certificates = Some(Standing { certificates: one.into_iter().collect(), ..Standing::default() });
                observed.hosts.insert((*host).to_owned(), Seen { reachable: true, certificates, ..Seen::default() });
            }
            observed.sites.push(SiteSeen {
                site: "www.example.cc".into(),
                asked: Asked::Vip([10, 0, 0, 3].into()),
                url: "https://www.example.cc/".into(),
                answer: Ok(SiteAnswer { status: 200, certificate: Some(shown.clone()) }),
            });
            problems(&cluster, &observed).iter().map(|problem| problem.code).collect::<Vec<_>>()
        };
        let own = shown.fingerprint.as_str();
        assert_eq!(of([Some(own), Some("b")]), []);
        assert_eq!(of([Some("a"), Some("b")]), [Code::CertificateServed]);
        assert_eq!(of([Some("a"), None]), [Code::CertificateNotIssued], "it may be what stands in on lb-6");
        let observed = Observed { hosts: [("lb-5".to_owned(), Seen::default())].into(), ..Observed::default() };
        assert_eq!(problems(&cluster, &observed), [], "of who does not answer nothing is known");
        assert_eq!(statuses(&cluster, &observed).len(), 0);
    }
}
