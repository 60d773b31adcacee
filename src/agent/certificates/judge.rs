//! Whether a certificate is to be had, and when a try that failed is made again. Pure: what lies there, what is wanted,
//! the time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hactl_engine::certificates::{Failed, Held, Order};

use super::bundle::Bundle;

/// The first pause after a failure; each further one doubles it. Authorities count failures (Let's Encrypt: five an
/// hour for a name).
const PAUSE: Duration = Duration::from_secs(60 * 60);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Somebody who asks for it by hand gets a try this long after the last one.
const PAUSE_BY_HAND: Duration = Duration::from_secs(60);

/// Whether another certificate is wanted than the one that was issued last: there is none, it is for other names or of
/// another authority, or less than a third of its time is left.
pub(super) fn is_due(order: &Order, stored: Option<&Bundle>, before: Option<&Held>, now: SystemTime) -> bool {
    let Some(stored) = stored.filter(|stored| stored.is_for(&order.names)) else { return true };
    let known = before.filter(|held| held.fingerprint == stored.certificate.fingerprint);
    let elsewhere = known.and_then(|held| held.directory.as_ref()).is_some_and(|from| *from != order.directory);
    let of = &stored.certificate;
    let lifetime = of.until.duration_since(of.from).unwrap_or_default();
    let left = of.until.duration_since(now).unwrap_or_default();
    elsewhere || left < lifetime / 3
}

/// Whether a failure keeps the next try of what is ordered from being made now.
pub(super) fn must_wait(failure: &Failed, order: &str, by_hand: bool, now: SystemTime) -> bool {
    let (now, at) = (unix_s(now), failure.at_unix_s);
    // A clock that was set back must not make it wait for ever.
    let until = if by_hand { at + PAUSE_BY_HAND.as_secs() } else { failure.again_unix_s };
    failure.order == order && now >= at && now < until
}

/// What is remembered of a failure that comes after another one.
pub(super) fn failed(what: String, order: &str, before: Option<&Failed>, now: SystemTime) -> Failed {
    let before = before.filter(|before| before.order == order);
    let times = before.map_or(0, |before| before.times).saturating_add(1);
    let pause = PAUSE.saturating_mul(1 << (times - 1).min(8)).min(PAUSE_MAX);
    let at_unix_s = unix_s(now);
    Failed { what, at_unix_s, again_unix_s: at_unix_s + pause.as_secs(), times, order: order.to_owned() }
}

/// Unix time in seconds.
pub(super) fn unix_s(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::{Certificate, make_up};

    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    fn order(names: &[&str]) -> Order {
        Order {
            id: "www.example.cc".into(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            file: "/x".into(),
            port: None,
            email: "ops@example.cc".into(),
            directory: "https://ca.example.cc/directory".into(),
            authorities: None,
            binding: None,
        }
    }

    fn bundle(names: &[&str]) -> Bundle {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let (chain, key) = make_up(&names, SystemTime::now()).unwrap();
        let text = key + &chain;
        Bundle { certificate: Certificate::read(&text).unwrap(), text }
    }

    #[test]
    fn what_is_lacking_or_about_to_end_is_due() {
        let now = SystemTime::now();
        let order = order(&["www.example.cc", "example.cc"]);
        assert!(is_due(&order, None, None, now));
        let good = bundle(&["example.cc", "www.example.cc"]);
        assert!(!is_due(&order, Some(&good), None, now));
        assert!(is_due(&order, Some(&bundle(&["www.example.cc"])), None, now), "a name more");
        assert!(is_due(&order, Some(&bundle(&["example.cc", "www.example.cc", "a.cc"])), None, now), "a name less");
        // It holds for 398 days, the one before today among them.
        assert!(!is_due(&order, Some(&good), None, now + DAY * 263));
        assert!(is_due(&order, Some(&good), None, now + DAY * 266));
        assert!(is_due(&order, Some(&good), None, now + DAY * 500), "it has ended");
        let held = |directory: &str, fingerprint: &str| Held {
            id: "www.example.cc".into(),
            names: Vec::new(),
            issuer: String::new(),
            from_unix_s: 0,
            until_unix_s: 0,
            directory: Some(directory.into()),
            fingerprint: fingerprint.into(),
            failure: None,
        };
        let own = &good.certificate.fingerprint;
        assert!(!is_due(&order, Some(&good), Some(&held(&order.directory, own)), now));
        assert!(is_due(&order, Some(&good), Some(&held("https://other.cc/", own)), now), "of another authority");
        assert!(!is_due(&order, Some(&good), Some(&held("https://other.cc/", "another")), now), "said of another one");
    }

    #[test]
    fn an_authority_that_refuses_is_left_alone_for_longer_and_longer() {
        let now = UNIX_EPOCH + DAY * 20_000;
        let hours = |failure: &Failed| (failure.again_unix_s - failure.at_unix_s) / 3600;
        let mut failure = failed("no".into(), "a", None, now);
        let mut all = vec![hours(&failure)];
        for _ in 0..12 {
            failure = failed("no".into(), "a", Some(&failure), now);
            all.push(hours(&failure));
        }
        assert_eq!(all, [1, 2, 4, 8, 16, 24, 24, 24, 24, 24, 24, 24, 24]);
        let first = failed("no".into(), "a", None, now);
        let after = |seconds| now + Duration::from_secs(seconds);
        assert!(must_wait(&first, "a", false, after(3599)) && !must_wait(&first, "a", false, after(3600)));
        assert!(must_wait(&first, "a", true, after(59)) && !must_wait(&first, "a", true, after(60)));
        assert!(!must_wait(&first, "a", false, now - DAY), "the clock was set back");
        assert!(!must_wait(&first, "b", false, after(1)), "something else is ordered now");
        assert_eq!(failed("no".into(), "b", Some(&failure), now).times, 1);
    }
}
