//! What is permitted but cannot be meant.

use std::time::Duration;

use crate::conf::config::lvs::{Check, Checker, VirtualServer};
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;

/// Looks at a virtual server once all of it is known; `places` are those of its real servers.
pub(crate) fn lint(server: &VirtualServer, place: Place, places: &[Place], sink: &mut Sink<'_>) {
    let name = &server.name;
    if server.real_servers.iter().all(|one| one.weight == 0) {
        let message = format!("every real server of {name} has weight 0: nobody gets new connections");
        sink.warning_help(place, message, "give one of them a weight");
    }
    if let Some(sorry) = &server.sorry_server
        && let Some((_, at)) = server.real_servers.iter().zip(places).find(|(one, _)| one.address == sorry.address)
    {
        let message = format!("`{}` is also the sorry server of {name}: it serves when it is dead", sorry.address);
        sink.warning_help(*at, message, "name another server as `sorry_server`");
    }
    slow(server, places, sink);
}

/// A try that may last longer than it is to the next one; said once for a virtual server.
fn slow(server: &VirtualServer, places: &[Place], sink: &mut Sink<'_>) {
    let longer =
        |one: &Checker| limit(&one.check).filter(|(_, limit)| *limit > one.interval).map(|found| (found, one.interval));
    let mut found = server.real_servers.iter().zip(places).filter_map(|(one, place)| {
        let ((keyword, limit), interval) = one.checkers.iter().find_map(longer)?;
        Some((keyword, limit, interval, *place))
    });
    if let Some((keyword, limit, interval, place)) = found.next() {
        let message = format!(
            "a check may take {limit:?} ({keyword}) and is due every {interval:?}: a dead server is found later than \
             `delay_loop` says"
        );
        sink.warning_help(place, message, format!("set `{keyword}` to less than `delay_loop`"));
    }
}

fn limit(check: &Check) -> Option<(&'static str, Duration)> {
    if let Check::Misc(misc) = check {
        return Some(("misc_timeout", misc.timeout));
    }
    Some(("connect_timeout", check.connection()?.timeout))
}
