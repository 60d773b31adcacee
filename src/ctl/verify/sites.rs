//! The verdict on each site: whether it answers well through every VIP and on who stands by, and with the certificate
//! that was deployed.

use std::net::IpAddr;
use std::time::SystemTime;

use serde::Serialize;

use crate::certificate::Certificate;
use crate::ctl::certificate::validity;
use crate::ctl::cluster::Cluster;
use crate::ctl::inventory::virtual_hosts;
use crate::ctl::look::observe::Observed;
use crate::ctl::look::sites::{Asked, SiteSeen};
use crate::ctl::sites::VirtualHost;
use crate::error::{Code, Problem};

/// A site as it was seen through one VIP, or on one load balancer that stands by.
#[derive(Debug, Clone, Serialize)]
pub struct SiteStatus {
    /// What was asked for.
    pub url: String,
    /// Through which VIP; `None` where a standby was asked.
    pub vip: Option<IpAddr>,
    /// The standby that was asked at its own address; `None` where the VIP was.
    pub host: Option<String>,
    /// The HTTP status; `None` when nothing answered.
    pub status: Option<u16>,
    /// Why nothing did.
    pub error: Option<String>,
    /// Whether it is what the inventory expects.
    pub expected: bool,
    /// The certificate that was shown; `None` over plain HTTP.
    pub certificate: Option<CertificateStatus>,
}

/// A certificate as it was shown.
#[derive(Debug, Clone, Serialize)]
pub struct CertificateStatus {
    /// What it is for.
    pub names: Vec<String>,
    /// Who signed it.
    pub issuer: String,
    /// Whole days until it ends; negative where it has.
    pub days_left: i64,
}

/// What was seen of each site, in the inventory's order.
pub fn statuses(cluster: &Cluster, observed: &Observed) -> Vec<SiteStatus> {
    let sites = virtual_hosts::of(cluster);
    let of = |seen: &SiteSeen| sites.iter().find(|site| site.id == seen.site);
    let one = |seen: &SiteSeen| {
        let answer = seen.answer.as_ref().ok();
        let certificate = answer.and_then(|answer| answer.certificate.as_ref());
        let (vip, host) = match &seen.asked {
            Asked::Vip(vip) => (Some(*vip), None),
            Asked::Standby(host) => (None, Some(host.clone())),
        };
        SiteStatus {
            url: seen.url.clone(),
            vip,
            host,
            status: answer.map(|answer| answer.status),
            error: seen.answer.as_ref().err().map(ToString::to_string),
            expected: of(seen).zip(answer).is_some_and(|(site, answer)| site.expects(answer.status)),
            certificate: certificate.map(|one| CertificateStatus {
                names: one.names.clone(),
                issuer: one.issuer.clone(),
                days_left: one.days_left(SystemTime::now()),
            }),
        }
    };
    observed.sites.iter().map(one).collect()
}

/// Judges what came back. Of a standby only those sites are judged that it was asked for.
pub fn judge(cluster: &Cluster, observed: &Observed) -> Vec<Problem> {
    let sites = virtual_hosts::of(cluster);
    let of = |seen: &SiteSeen| sites.iter().find(|site| site.id == seen.site);
    observed.sites.iter().filter_map(|seen| Some(one(of(seen)?, seen))).flatten().collect()
}

/// What a bad answer means, by who gave it.
fn harm(asked: &Asked, why: &'static str) -> String {
    match asked {
        Asked::Vip(_) => why.to_owned(),
        Asked::Standby(host) => format!("{why} as soon as {host} has the VIP"),
    }
}

fn one(site: &VirtualHost, seen: &SiteSeen) -> Vec<Problem> {
    let mut problems = Vec::new();
    let (url, asked) = (&seen.url, &seen.asked);
    let place = asked.to_string();
    let code = match asked {
        Asked::Vip(_) => Code::ServiceBad,
        Asked::Standby(_) => Code::StandbyServesBadly,
    };
    let answer = match &seen.answer {
        Err(why) => {
            let problem = Problem::new(code, format!("{url} does not answer {place}: {why}"));
            let problem = problem.why(harm(asked, "browsers get no answer"));
            return vec![match asked {
                Asked::Vip(_) => {
                    problem.next("nginx's error log on the owner; `hactl status` shows who owns the address")
                }
                Asked::Standby(host) => problem
                    .next(format!("nginx's error log and `nginx -T` on {host}; `hactl plan` shows what differs there")),
            }];
        }
        Ok(answer) => answer,
    };
    if !site.expects(answer.status) {
        let status = answer.status;
        let problem = Problem::new(code, format!("{url} answers with status {status} {place}"));
        let (why, next) = match status {
            500.. => (
                "no server of its pool could be reached, or none could answer",
                match asked {
                    Asked::Vip(_) => "nginx's error log on the owner and on the servers".to_owned(),
                    Asked::Standby(host) => format!("nginx's error log on {host} and on the servers"),
                },
            ),
            _ => (
                "browsers get an error page",
                format!(
                    "if that is the right answer: `expect_status: [{status}]`, or another path as `verify: /health`"
                ),
            ),
        };
        problems.push(problem.why(harm(asked, why)).next(next));
    }
    let Some(tls) = &site.tls else { return problems };
    if site.acme().is_some() {
        return problems; // `certificates` compares it with what each load balancer has got
    }
    match (&answer.certificate, &tls.certificate) {
        (Some(shown), Some(own)) if shown.fingerprint == own.fingerprint => {
            problems.extend(validity(shown, &format!("of {}", site.id), SystemTime::now()));
        }
        (Some(shown), Some(_)) => {
            problems.push(another(url, asked, shown, "the inventory has"));
        }
        // What this desk does not have it cannot compare.
        (Some(shown), None) => problems.extend(validity(shown, &format!("of {}", site.id), SystemTime::now())),
        (None, _) => problems.push(
            Problem::new(Code::CertificateServed, format!("{url} shows a certificate {asked} that cannot be read"))
                .why("browsers would refuse it as well")
                .next("`openssl s_client -connect` shows it"),
        ),
    }
    problems
}

/// It shows another one than it should.
pub(super) fn another(url: &str, asked: &Asked, shown: &Certificate, than: &str) -> Problem {
    let message = format!(
        "{url} shows another certificate {asked} than {than}: for {}, by {}",
        shown.names.join(", "),
        shown.issuer
    );
    let problem = Problem::new(Code::CertificateServed, message)
        .why("browsers see that one: it was not deployed yet, nginx was not reloaded, or another machine answers");
    problem.next("`hactl plan` shows whether it is deployed")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::certificate::make_up;
    use crate::ctl::inventory::load::parse;
    use crate::ctl::look::no_answer::NoAnswer;
    use crate::ctl::look::sites::SiteAnswer;

    #[test]
    fn each_trouble_of_a_site_is_told() {
        let text = include_str!("../../../inventories/homework.yaml").replace(
            "site: { kind: static, server_name: www.example.cc }",
            "sites: [{ names: [www.example.cc], tls: { self_signed: yes }, pool: web }]",
        );
        let mut cluster = parse(Path::new("x.yaml"), &text).unwrap().cluster;
        let made =
            |names: &str| Certificate::read(&make_up(&[names.to_owned()], SystemTime::now()).unwrap().0).unwrap();
        let (own, other) = (made("www.example.cc"), made("other.cc"));
        cluster.traffic.sites[0].tls.as_mut().unwrap().certificate = Some(own.clone());
        let told_by = |asked: Asked, answer: Result<SiteAnswer, NoAnswer>| -> Vec<String> {
            let seen = SiteSeen { site: "www.example.cc".into(), asked, url: "https://www.example.cc/".into(), answer };
            let observed = Observed { sites: vec![seen], ..Observed::default() };
            judge(&cluster, &observed).iter().map(ToString::to_string).collect()
        };
        let told = |answer| told_by(Asked::Vip([10, 0, 0, 3].into()), answer);
        let answer =
            |status, certificate: Option<&Certificate>| Ok(SiteAnswer { status, certificate: certificate.cloned() });
        assert_eq!(told(answer(200, Some(&own))), [] as [String; 0]);
        for (answer, code, word) in [
            (Err(NoAnswer("refused".to_owned())), "E704", "browsers get no answer"),
            (answer(502, Some(&own)), "E704", "no server of its pool"),
            (answer(404, Some(&own)), "E704", "expect_status: [404]"),
            (answer(200, Some(&other)), "E725", "for other.cc, by other.cc"),
            (answer(200, None), "E725", "cannot be read"),
        ] {
            let said = told(answer);
            assert!(said.len() == 1 && said[0].contains(code) && said[0].contains(word), "{said:?}");
        }
        let standby = |answer| told_by(Asked::Standby("lb-6".to_owned()), answer);
        assert_eq!(standby(answer(200, Some(&own))), [] as [String; 0]);
        for (answer, code, word) in [
            (Err(NoAnswer("refused".to_owned())), "E732", "on lb-6, which stands by: refused"),
            (answer(502, Some(&own)), "E732", "as soon as lb-6 has the VIP"),
            (answer(200, Some(&other)), "E725", "another certificate on lb-6, which stands by"),
        ] {
            let said = standby(answer);
            assert!(said.len() == 1 && said[0].contains(code) && said[0].contains(word), "{said:?}");
        }
    }

    #[test]
    fn a_standby_has_the_short_form_as_well() {
        let cluster = parse(Path::new("x.yaml"), include_str!("../../../inventories/homework.yaml")).unwrap().cluster;
        let seen = |status| SiteSeen {
            site: "www.example.cc".into(),
            asked: Asked::Standby("lb-6".to_owned()),
            url: "http://www.example.cc/".into(),
            answer: Ok(SiteAnswer { status, certificate: None }),
        };
        let observed = Observed { sites: vec![seen(200), seen(500)], ..Observed::default() };
        let shown = statuses(&cluster, &observed);
        assert_eq!(shown.iter().map(|site| site.expected).collect::<Vec<_>>(), [true, false]);
        assert_eq!((shown[0].vip, shown[0].host.as_deref()), (None, Some("lb-6")));
        let codes: Vec<Code> = judge(&cluster, &observed).iter().map(|problem| problem.code).collect();
        assert_eq!(codes, [Code::StandbyServesBadly]);
    }
}
