//! What is wrong with a site's certificate or its key, in words for people.

use std::time::{Duration, SystemTime};

use crate::certificate::{Certificate, CertificateError};
use crate::error::{Code, Problem};

/// A certificate that ends sooner is told of.
pub const SOON_DAYS: i64 = 21;

/// What is wrong with a key; never with what it is.
pub fn bad_key(name: &str, error: &CertificateError) -> Problem {
    let problem = Problem::new(Code::BadCertificate, format!("key {name}: {error}"));
    problem
        .why("nginx would refuse the whole configuration")
        .next("`openssl pkey -pubout -in KEY` and `openssl x509 -pubkey -noout -in CERTIFICATE` print the same where they belong together")
}

/// What is wrong with the time that a certificate holds.
pub fn validity(certificate: &Certificate, name: &str, now: SystemTime) -> Option<Problem> {
    let days = certificate.days_left(now);
    if certificate.from > now + Duration::from_secs(300) {
        let problem = Problem::new(Code::CertificateExpired, format!("certificate {name} does not hold yet"));
        return Some(
            problem.why("browsers would refuse the site").next("wait, or compare this machine's clock: `date -u`"),
        );
    }
    if days < 0 {
        let message = format!("certificate {name} has expired {} days ago", -days);
        let problem = Problem::new(Code::CertificateExpired, message).why("browsers refuse the site");
        return Some(problem.next("renew it, put the new one in its place, and deploy again"));
    }
    (days < SOON_DAYS).then(|| {
        let problem = Problem::new(Code::CertificateEnds, format!("certificate {name} ends in {days} days"));
        problem
            .why("browsers will refuse the site then")
            .next("renew it, put the new one in its place, and deploy again")
            .warn()
    })
}
