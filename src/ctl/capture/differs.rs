//! Adverts of our own hosts that are not as the inventory has them.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hactl_engine::conf::config::HmacMode;
use hactl_engine::wire::ip::TTL;
use hactl_engine::wire::vrrp::Auth;

use super::timeline::Line;
use crate::ctl::cluster::Vip;
use crate::ctl::packet::Advertised;
use crate::error::{Code, Problem};

/// Bytes of a password of version 2.
const PASSWORD: usize = 8;

/// What differs, each with a problem of its own.
pub(super) fn differs(vip: &Vip, host: &str, line: &Line, seen: &Advertised) -> Vec<Problem> {
    let advert = &seen.advert;
    let seconds = |time: std::time::Duration| format!("{} s", time.as_secs_f64());
    let mut found: Vec<(String, &str)> = Vec::new();
    if advert.version != vip.version {
        let (is, wanted) = (advert.version.number(), vip.version.number());
        found.push((format!("it speaks version {is}, and the inventory says {wanted}"), DROPPED));
    }
    if advert.interval != vip.interval {
        let (is, wanted) = (seconds(advert.interval), seconds(vip.interval));
        let message = format!("it advertises every {is}, and the inventory says {wanted}");
        found.push((
            message,
            "backups wait by another interval than the one they are sent by: they take over too early, or late",
        ));
    }
    let of_family = |address: &IpAddr| line.packet.from.is_some_and(|from| from.is_ipv6() == address.is_ipv6());
    let wanted: BTreeSet<IpAddr> = vip.addresses.iter().map(|net| net.addr()).filter(of_family).collect();
    let is: BTreeSet<IpAddr> = advert.addresses.iter().copied().collect();
    if is != wanted {
        let list = |all: &BTreeSet<IpAddr>| all.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ");
        let message = format!("it advertises {}, and the inventory says {}", list(&is), list(&wanted));
        found.push((message, "some receivers drop adverts with another list than their own"));
    }
    found.extend(authentication(vip, seen).map(|message| (message, DROPPED)));
    if !seen.sound {
        found.push(("the checksum of its adverts is wrong".into(), DROPPED));
    }
    if line.packet.told.remarks.iter().any(|remark| remark.starts_with("the TTL is")) {
        found.push((format!("the TTL of its adverts is not {TTL}"), DROPPED));
    }
    let problem = |(message, why): (String, &str)| {
        let problem = Problem::on(host, Code::AdvertDiffers, format!("{}: {message}", vip.name)).why(why);
        problem.next(format!("`hactl plan` shows whether {host} has the inventory's configuration"))
    };
    found.into_iter().map(problem).collect()
}

const DROPPED: &str = "whoever has the inventory's configuration drops them, as if their sender were silent";

/// How adverts are signed, in words that tell no secret.
fn authentication(vip: &Vip, seen: &Advertised) -> Option<String> {
    let padded = |secret: &str| -> [u8; PASSWORD] {
        let mut bytes = secret.bytes().take(PASSWORD);
        std::array::from_fn(|_| bytes.next().unwrap_or(0))
    };
    match (&vip.auth, seen.advert.auth) {
        (None, Auth::None) => {}
        (None, Auth::Simple(_)) => return Some("its adverts bear a password, and the inventory has none".into()),
        (Some(secret), Auth::Simple(found)) if padded(&secret.0) == found => {}
        (Some(_), Auth::Simple(_)) => return Some("its adverts bear another password than the inventory's".into()),
        (Some(_), Auth::None) => return Some("its adverts bear no password, and the inventory has one".into()),
        (_, Auth::Other(kind)) => return Some(format!("its adverts bear an authentication of kind {kind}")),
    }
    // While signing comes or goes both are right, and whether a signature is good knows who has the key.
    let enforced = vip.hmac.as_ref().is_some_and(|hmac| hmac.mode == HmacMode::Enforce);
    (enforced && seen.signed.is_none()).then(|| "its adverts are not signed, and the inventory wants that".into())
}
