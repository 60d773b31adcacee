//! The lines of `global_defs` that are about LVS as a whole.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::defaults::Defaults;
use crate::conf::config::VrrpInstance;
use crate::conf::config::lvs::{FlushOnStop, Lvs, SyncDaemon, Timeouts};
use crate::conf::grammar::values::{address, interface, surplus, switched};
use crate::conf::text::lexer::Word;
use crate::conf::text::place::{At, Place};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// Reads a line if it is one of these.
pub(crate) fn line(line: &Statement, lvs: &mut Lvs, defaults: &mut Defaults, sink: &mut Sink<'_>) -> bool {
    match line.name() {
        "lvs_sync_daemon" => {
            if let Some(found) = sync_daemon(line, sink) {
                lvs.sync_daemon = Some(found);
                defaults.sync_place = Some(line.place());
            }
        }
        "lvs_timeouts" => lvs.timeouts = timeouts(line, sink),
        "lvs_flush" => lvs.flush = switched(line, true, sink),
        "lvs_flush_on_stop" | "lvs_flush_onstop" => lvs.flush_on_stop = flush_on_stop(line, sink),
        "rs_init_notifies" => lvs.init_notifies = switched(line, true, sink),
        "no_checker_emails" => lvs.no_emails = switched(line, true, sink),
        "checker_log_all_failures" => defaults.log_all_failures = Some(switched(line, true, sink)),
        "smtp_alert_checker" => defaults.smtp_alert_checker = Some(switched(line, true, sink)),
        _ => return false,
    }
    true
}

/// `lvs_sync_daemon_interface` of instances, the old form, where `global_defs` says nothing: each the name of an
/// instance and the interface it names.
pub(crate) fn sync_interfaces<'d>(
    asked: impl Iterator<Item = (&'d String, &'d At<String>)>,
    lvs: &mut Lvs,
    defaults: &mut Defaults,
    sink: &mut Sink<'_>,
) {
    for (name, (interface, place)) in asked {
        if let Some(earlier) = defaults.sync_place {
            let line = sink.earlier(earlier);
            sink.warning(
                *place,
                format!("`lvs_sync_daemon_interface` is ignored: the sync daemon is configured on {line}"),
            );
            continue;
        }
        sink.warning_help(
            *place,
            "`lvs_sync_daemon_interface` is an old form",
            format!("write `lvs_sync_daemon {interface} {name}` in global_defs"),
        );
        lvs.sync_daemon = Some(blank(interface.clone(), Some(name.clone())));
        defaults.sync_place = Some(*place);
    }
}

/// The instance that the sync daemon follows must be there.
pub(crate) fn complete(lvs: &mut Lvs, place: Option<Place>, instances: &[Arc<VrrpInstance>], sink: &mut Sink<'_>) {
    let (Some(daemon), Some(place)) = (&mut lvs.sync_daemon, place) else { return };
    match &daemon.instance {
        None if daemon.id.is_none() => {
            let help = "add the name of a vrrp_instance, or `id N`";
            sink.warning_help(
                place,
                "the sync daemon follows no vrrp_instance: both directors send and receive with id 0",
                help,
            );
        }
        None => {}
        Some(name) if instances.iter().any(|one| one.name == *name) => {}
        Some(name) => {
            let message =
                format!("`lvs_sync_daemon` follows `{name}`, which is no vrrp_instance; no connections are told");
            match sink.guess(name, instances.iter().map(|one| one.name.as_str())) {
                Some(near) => sink.warning_help(place, message, format!("did you mean `{near}`?")),
                None => sink.warning_help(place, message, "name a vrrp_instance of this file"),
            }
            lvs.sync_daemon = None;
        }
    }
}

fn blank(interface: String, instance: Option<String>) -> SyncDaemon {
    SyncDaemon { interface, instance, id: None, max_len: None, port: None, ttl: None, group: None }
}

/// `INTERFACE [[inst] INSTANCE] [id N] [maxlen N] [port N] [ttl N] [group A]`.
fn sync_daemon(line: &Statement, sink: &mut Sink<'_>) -> Option<SyncDaemon> {
    let Some((first, rest)) = line.arguments.split_first() else {
        let help = "write `lvs_sync_daemon INTERFACE INSTANCE`";
        sink.error_help(line.place(), "`lvs_sync_daemon` needs an interface; ignored", help);
        return None;
    };
    let mut daemon = blank(interface(first, sink)?, None);
    let mut options: HashMap<&str, &Word> = HashMap::new();
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        let name = word.text.as_str();
        if !OPTIONS.contains(&name) {
            if daemon.instance.is_none() {
                daemon.instance = Some(word.text.clone());
            } else {
                sink.error(word.place, format!("`{name}` is not read after `lvs_sync_daemon`"));
            }
            continue;
        }
        let Some(value) = words.next() else {
            sink.error(word.place, format!("`{name}` needs a value"));
            break;
        };
        match name {
            "inst" => daemon.instance = Some(value.text.clone()),
            _ => _ = options.insert(name, value),
        }
    }
    let mut number = |name: &str, range: std::ops::RangeInclusive<u32>| -> Option<u32> {
        let word = options.get(name)?;
        let value = word.text.parse().ok().filter(|value| range.contains(value));
        if value.is_none() {
            let (first, last) = (range.start(), range.end());
            sink.error(word.place, format!("`{name} {}` is not in {first}..={last}; the default is used", word.text));
        }
        value
    };
    daemon.id = number("id", 0..=255).and_then(|id| u8::try_from(id).ok());
    daemon.max_len = number("maxlen", 1..=65_507).and_then(|length| u16::try_from(length).ok());
    daemon.port = number("port", 1..=65_535).and_then(|port| u16::try_from(port).ok());
    daemon.ttl = number("ttl", 1..=255).and_then(|ttl| u8::try_from(ttl).ok());
    daemon.group = options.get("group").and_then(|word| group(word, sink));
    Some(daemon)
}

fn group(word: &Word, sink: &mut Sink<'_>) -> Option<IpAddr> {
    let group = address(word, sink)?;
    if !group.is_multicast() {
        sink.error(word.place, format!("`group {group}` is ignored: not a multicast address"));
    }
    Some(group).filter(IpAddr::is_multicast)
}

/// `[tcp N] [tcpfin N] [udp N]`.
fn timeouts(line: &Statement, sink: &mut Sink<'_>) -> Timeouts {
    let mut timeouts = Timeouts::default();
    if line.arguments.is_empty() {
        sink.error_help(
            line.place(),
            "`lvs_timeouts` needs a value",
            "as in `lvs_timeouts tcp 900 tcpfin 120 udp 300`",
        );
    }
    let mut words = line.arguments.iter();
    while let Some(word) = words.next() {
        let slot = match word.text.as_str() {
            "tcp" => &mut timeouts.tcp,
            "tcpfin" => &mut timeouts.tcp_fin,
            "udp" => &mut timeouts.udp,
            other => {
                let message = format!("`{other}` is not read after `lvs_timeouts`");
                sink.error_help(word.place, message, "write tcp, tcpfin or udp, each with seconds");
                continue;
            }
        };
        let Some(value) = words.next() else {
            sink.error(word.place, format!("`{}` needs seconds", word.text));
            break;
        };
        let seconds = value.text.parse::<u64>().ok().filter(|seconds| (1..=TIMEOUT_MAX_S).contains(seconds));
        if seconds.is_none() {
            let message = format!("`{} {}` is not in 1..={TIMEOUT_MAX_S}; the kernel's is kept", word.text, value.text);
            sink.error(value.place, message);
        }
        *slot = seconds.map(Duration::from_secs);
    }
    timeouts
}

/// `lvs_flush_on_stop [VS]`.
fn flush_on_stop(line: &Statement, sink: &mut Sink<'_>) -> FlushOnStop {
    let Some((word, rest)) = line.arguments.split_first() else { return FlushOnStop::All };
    surplus(line, rest, sink);
    if word.text != "VS" {
        let message =
            format!("unknown word `{}` after `{}`; what the agent made is taken away", word.text, line.name());
        sink.error_help(word.place, message, "write VS, or nothing");
        return FlushOnStop::Ours;
    }
    FlushOnStop::Services
}

const OPTIONS: &[&str] = &["inst", "id", "maxlen", "port", "ttl", "group"];
/// 31 days.
const TIMEOUT_MAX_S: u64 = 31 * 86_400;
