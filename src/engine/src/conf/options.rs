//! Settings of an instance that depend on nothing else. Many may also stand in `global_defs`, where they are read into
//! the instance that every other one begins as.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::build::{GARP_REPEAT_MAX, SECONDS_MAX};
use super::config::{Announcement, OldChecksum, VrrpInstance};
use super::lexer::Word;
use super::sink::Sink;
use super::tree::Statement;
use super::values::{address, flag, seconds, single, surplus, switch, whole};

/// The keywords read here, as they stand in an instance.
pub(super) const INSTANCE: &[&str] = &[
    "down_timer_adverts",
    "lower_prio_no_advert",
    "higher_prio_send_advert",
    "owner_ignore_adverts",
    "check_unicast_src",
    "unicast_fault_no_peer",
    "unicast_ttl",
    "old_unicast_checksum",
    "mcast_dst_ip",
    "track_src_ip",
    "v3_checksum_as_v2",
    "strict_mode",
    "accept",
    "no_accept",
    "smtp_alert",
    "notify_priority_changes",
    "dont_track_primary",
];

/// What a keyword of `global_defs` is called in an instance.
pub(super) fn in_instance(global: &str) -> Option<&'static str> {
    GLOBAL.iter().find(|(name, _)| *name == global).map(|(_, instance)| *instance)
}

const GLOBAL: &[(&str, &str)] = &[
    ("vrrp_down_timer_adverts", "down_timer_adverts"),
    ("vrrp_lower_prio_no_advert", "lower_prio_no_advert"),
    ("vrrp_higher_prio_send_advert", "higher_prio_send_advert"),
    ("vrrp_owner_ignore_adverts", "owner_ignore_adverts"),
    ("owner_ignore_adverts", "owner_ignore_adverts"),
    ("vrrp_check_unicast_src", "check_unicast_src"),
    ("v3_checksum_as_v2", "v3_checksum_as_v2"),
    ("vrrp_strict", "strict_mode"),
    ("smtp_alert", "smtp_alert"),
    ("smtp_alert_vrrp", "smtp_alert"),
    ("vrrp_notify_priority_changes", "notify_priority_changes"),
];

/// What more an instance says than its fields can hold before all of it is read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Said {
    /// `accept` or `no_accept`.
    pub(super) accept: Option<bool>,
}

/// Reads one of [`INSTANCE`].
pub(super) fn apply(name: &str, line: &Statement, into: &mut VrrpInstance, said: &mut Said, sink: &mut Sink<'_>) {
    let on = |sink: &mut Sink<'_>| switch(line, sink).unwrap_or(false);
    match name {
        "down_timer_adverts" => into.down_adverts = whole(line, 1..=100, "3 is used", sink).unwrap_or(3),
        "lower_prio_no_advert" => into.lower_prio_no_advert = on(sink),
        "higher_prio_send_advert" => into.higher_prio_send_advert = on(sink),
        "owner_ignore_adverts" => into.owner_ignore_adverts = on(sink),
        "check_unicast_src" => into.check_unicast_source = on(sink),
        "unicast_fault_no_peer" => into.fault_without_peer = on(sink),
        "unicast_ttl" => into.unicast_ttl = whole(line, 0..=255, "255 is used", sink),
        "old_unicast_checksum" => into.old_checksum = old_checksum(line, sink),
        "mcast_dst_ip" => into.group_address = single(line, sink).and_then(|word| group(word, sink)),
        "track_src_ip" => into.track_source = on(sink),
        "v3_checksum_as_v2" => into.v3_checksum_as_v2 = on(sink),
        "strict_mode" => into.strict = on(sink),
        "smtp_alert" => into.smtp_alert = on(sink),
        "notify_priority_changes" => Arc::make_mut(&mut into.notify).priority_changes = on(sink),
        "accept" | "no_accept" => {
            flag(line, sink);
            said.accept = Some(name == "accept");
        }
        _ => {
            flag(line, sink);
            into.dont_track_primary = true;
        }
    }
}

/// A multicast group.
pub(super) fn group(word: &Word, sink: &mut Sink<'_>) -> Option<IpAddr> {
    let group = address(word, sink)?;
    if !group.is_multicast() {
        sink.error(word.place, format!("`{group}` is no multicast group; the standard one is used"));
        return None;
    }
    Some(group)
}

fn old_checksum(line: &Statement, sink: &mut Sink<'_>) -> OldChecksum {
    match line.arguments.split_first() {
        None => OldChecksum::Send,
        Some((word, rest)) => {
            surplus(line, rest, sink);
            if word.text == "never" {
                return OldChecksum::Never;
            }
            let message = format!("`old_unicast_checksum {}`: only `never` may follow", word.text);
            sink.error(word.place, message);
            OldChecksum::Detect
        }
    }
}

/// The `garp_…` family. `name` is without `vrrp_` before it.
pub(super) fn announcement(name: &str, line: &Statement, into: &mut Announcement, sink: &mut Sink<'_>) {
    let standard = Announcement::default();
    let times = Duration::ZERO..=SECONDS_MAX;
    let repeat = |sink: &mut Sink<'_>, instead: &str| whole(line, 1..=GARP_REPEAT_MAX, instead, sink);
    match name {
        "garp_master_delay" => {
            into.delay = seconds(line, times, "5 s is used", sink).unwrap_or(standard.delay);
        }
        "garp_master_repeat" => into.repeat = repeat(sink, "5 is used").unwrap_or(standard.repeat),
        "garp_master_refresh" => into.refresh = seconds(line, times, "0 is used", sink).unwrap_or(standard.refresh),
        "garp_lower_prio_delay" => {
            into.lower_delay = seconds(line, times, "5 s is used", sink).unwrap_or(standard.lower_delay);
        }
        "garp_lower_prio_repeat" => {
            into.lower_repeat = whole(line, 0..=GARP_REPEAT_MAX, "5 is used", sink).unwrap_or(standard.lower_repeat);
        }
        "garp_interval" => into.interval = seconds(line, times, "0 is used", sink).unwrap_or_default(),
        "gna_interval" => into.na_interval = seconds(line, times, "0 is used", sink).unwrap_or_default(),
        _ => into.refresh_repeat = repeat(sink, "1 is used").unwrap_or(standard.refresh_repeat),
    }
}

/// Applies lines in file order; what is said of a lower claim follows what is said of becoming master, unless it is
/// said itself.
pub(super) fn announcements(lines: &[Statement], mut standard: Announcement, sink: &mut Sink<'_>) -> Announcement {
    let name = |line: &Statement| line.name().trim_start_matches("vrrp_").to_owned();
    let says = |wanted: &str| lines.iter().any(|line| name(line) == wanted);
    for line in lines {
        announcement(&name(line), line, &mut standard, sink);
    }
    if says("garp_master_delay") && !says("garp_lower_prio_delay") {
        standard.lower_delay = standard.delay;
    }
    if says("garp_master_repeat") && !says("garp_lower_prio_repeat") {
        standard.lower_repeat = standard.repeat;
    }
    standard
}
