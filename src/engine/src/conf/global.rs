//! `global_defs`: what concerns the daemon, and what every instance begins with.

use std::net::IpAddr;
use std::time::Duration;

use super::build::{SECONDS_MAX, version};
use super::config::{Fifo, Global, Mail, TimedScript, Version, VrrpInstance};
use super::keywords::GLOBAL_DEFS;
use super::options::{self, Said};
use super::script;
use super::sink::Sink;
use super::tree::Statement;
use super::values::{seconds, single, surplus, switch, whole};
use super::walk::{inside, walk};

/// What `global_defs` sets for every instance.
#[derive(Debug, Clone)]
pub(super) struct Defaults {
    pub(super) version: Version,
    /// What an instance is before its own lines are read.
    pub(super) instance: VrrpInstance,
    pub(super) group_v4: Option<IpAddr>,
    pub(super) group_v6: Option<IpAddr>,
    /// Begins the names of macvlans.
    pub(super) vmac_prefix: String,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            version: Version::V2,
            instance: VrrpInstance::new("", "", 0),
            group_v4: None,
            group_v6: None,
            vmac_prefix: "vrrp".into(),
        }
    }
}

/// What is put together only when all of it is known.
#[derive(Default)]
struct Parts {
    mail: MailParts,
    announcements: Vec<Statement>,
    startup_timeout: Option<Duration>,
    shutdown_timeout: Option<Duration>,
    min_garp: bool,
}

#[derive(Default)]
struct MailParts {
    recipients: Vec<String>,
    from: Option<String>,
    server: Option<(String, u16)>,
    connect_timeout: Option<Duration>,
    helo: Option<String>,
    no_faults: bool,
}

pub(super) fn read(block: &Statement, global: &mut Global, defaults: &mut Defaults, sink: &mut Sink<'_>) {
    surplus(block, &block.arguments, sink);
    let mut parts = Parts::default();
    walk(inside(block), &GLOBAL_DEFS, sink, |line, sink| one(line, global, defaults, &mut parts, sink));
    defaults.instance.announcement = options::announcements(&parts.announcements, Default::default(), sink);
    if parts.min_garp {
        let timing = &mut defaults.instance.announcement;
        (timing.repeat, timing.delay, timing.lower_repeat, timing.lower_delay) = (1, Duration::ZERO, 1, Duration::ZERO);
    }
    if let (Some(script), Some(timeout)) = (&mut global.startup_script, parts.startup_timeout) {
        script.timeout = timeout;
    }
    if let (Some(script), Some(timeout)) = (&mut global.shutdown_script, parts.shutdown_timeout) {
        script.timeout = timeout;
    }
    let mail = parts.mail;
    if !mail.recipients.is_empty() {
        let (host, port) = mail.server.unwrap_or_else(|| ("127.0.0.1".into(), SMTP_PORT));
        global.mail = Some(Mail {
            recipients: mail.recipients,
            from: mail.from,
            host,
            port,
            connect_timeout: mail.connect_timeout.unwrap_or(Duration::from_secs(30)),
            helo: mail.helo,
            no_faults: mail.no_faults,
        });
    }
}

fn one(line: &Statement, global: &mut Global, defaults: &mut Defaults, parts: &mut Parts, sink: &mut Sink<'_>) {
    let text = |sink: &mut Sink<'_>| single(line, sink).map(|word| word.text.clone());
    let delays = Duration::ZERO..=SECONDS_MAX;
    match line.name() {
        "router_id" => global.router_id = text(sink),
        "script_user" => match script::user(line, &line.arguments, sink) {
            Some(user) => global.script_user = Some(user),
            None => sink.error(line.place(), "`script_user` needs a user"),
        },
        "enable_script_security" => global.enable_script_security = switch(line, sink).unwrap_or(true),
        "vrrp_version" => defaults.version = version(line, "2 is used", sink).unwrap_or(Version::V2),
        "vrrp_min_garp" => parts.min_garp = switch(line, sink) == Some(true),
        "vrrp_mcast_group4" => defaults.group_v4 = single(line, sink).and_then(|word| options::group(word, sink)),
        "vrrp_mcast_group6" => defaults.group_v6 = single(line, sink).and_then(|word| options::group(word, sink)),
        "vmac_prefix" => defaults.vmac_prefix = text(sink).unwrap_or_else(|| "vrrp".into()),
        "vrrp_startup_delay" => global.startup_delay = seconds(line, delays, "0 is used", sink).unwrap_or_default(),
        "vrrp_delay_after_boot" => {
            global.delay_after_boot = seconds(line, delays, "0 is used", sink).unwrap_or_default();
        }
        "log_unknown_vrids" => global.log_unknown_vrids = switch(line, sink).unwrap_or(false),
        "vrrp_rt_priority" => global.rt_priority = whole(line, 1..=99, "the default is used", sink),
        "nftables" => global.nftables_table = line.arguments.first().map(|word| word.text.clone()),
        "state_dump_file" | "state_file_location" => global.state_dump_file = text(sink),
        "stats_dump_file" | "stats_file_location" => global.stats_dump_file = text(sink),
        "json_dump_file" | "json_file_location" => global.json_dump_file = text(sink),
        "json_version" => global.json_version = whole(line, 1..=2, "1 is used", sink).unwrap_or(1),
        "startup_script" => global.startup_script = timed(line, sink),
        "shutdown_script" => global.shutdown_script = timed(line, sink),
        "startup_script_timeout" => parts.startup_timeout = script_timeout(line, sink),
        "shutdown_script_timeout" => parts.shutdown_timeout = script_timeout(line, sink),
        "notify_fifo" => fifo(line, &mut global.notify_fifo, sink),
        "vrrp_notify_fifo" => fifo(line, &mut global.vrrp_notify_fifo, sink),
        "notify_fifo_script" => fifo_script(line, &mut global.notify_fifo, sink),
        "vrrp_notify_fifo_script" => fifo_script(line, &mut global.vrrp_notify_fifo, sink),
        "fifo_write_vrrp_states_on_reload" => global.fifo_states_on_reload = switch(line, sink).unwrap_or(false),
        name if name.contains("garp_") || name.contains("gna_") => parts.announcements.push(line.clone()),
        name => match options::in_instance(name) {
            Some(name) => options::apply(name, line, &mut defaults.instance, &mut Said::default(), sink),
            None => mail(line, &mut parts.mail, sink),
        },
    }
}

fn mail(line: &Statement, mail: &mut MailParts, sink: &mut Sink<'_>) {
    let text = |sink: &mut Sink<'_>| single(line, sink).map(|word| word.text.clone());
    match line.name() {
        "notification_email" => {
            for word in inside(line).iter().flat_map(|line| std::iter::once(&line.keyword).chain(&line.arguments)) {
                match address(&word.text) {
                    true => mail.recipients.push(word.text.clone()),
                    false => sink.error(word.place, format!("`{}` is no mail address; ignored", word.text)),
                }
            }
        }
        "notification_email_from" => {
            mail.from = single(line, sink).and_then(|word| match address(&word.text) {
                true => Some(word.text.clone()),
                false => {
                    sink.error(word.place, format!("`{}` is no mail address; the default is used", word.text));
                    None
                }
            });
        }
        "smtp_server" => {
            let Some((host, rest)) = line.arguments.split_first() else {
                return sink.error(line.place(), "`smtp_server` needs a host");
            };
            let port = rest.first().map(|word| (word, word.text.parse::<u16>()));
            if let Some((word, Err(_))) = &port {
                sink.error(word.place, format!("`{}` is no port; {SMTP_PORT} is used", word.text));
            }
            surplus(line, rest.get(1..).unwrap_or_default(), sink);
            mail.server = Some((host.text.clone(), port.and_then(|(_, port)| port.ok()).unwrap_or(SMTP_PORT)));
        }
        "smtp_connect_timeout" => {
            mail.connect_timeout = seconds(line, Duration::from_secs(1)..=SECONDS_MAX, "30 s is used", sink);
        }
        "smtp_helo_name" => mail.helo = text(sink),
        _ => mail.no_faults = switch(line, sink).unwrap_or(false),
    }
}

/// Good enough to be given to a mail server, and nothing that could end a line of its protocol.
fn address(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_graphic() && !"<>\"\\(),;:".contains(c);
    text.chars().all(plain) && text.split_once('@').is_none_or(|(user, host)| !user.is_empty() && !host.is_empty())
}

fn timed(line: &Statement, sink: &mut Sink<'_>) -> Option<TimedScript> {
    let (command, user) = script::command_and_user(line, sink)?;
    Some(TimedScript { command, user, timeout: Duration::from_secs(10) })
}

fn script_timeout(line: &Statement, sink: &mut Sink<'_>) -> Option<Duration> {
    seconds(line, Duration::from_secs(1)..=Duration::from_secs(1000), "10 s is used", sink)
}

fn fifo(line: &Statement, into: &mut Option<Fifo>, sink: &mut Sink<'_>) {
    let Some((path, rest)) = line.arguments.split_first() else {
        return sink.error(line.place(), format!("`{}` needs a path", line.name()));
    };
    let script = into.take().and_then(|fifo| fifo.script);
    let user = script::user(line, rest, sink);
    *into = Some(Fifo { path: path.text.clone(), script, user });
}

fn fifo_script(line: &Statement, into: &mut Option<Fifo>, sink: &mut Sink<'_>) {
    let Some((command, user)) = script::command_and_user(line, sink) else { return };
    match into {
        Some(fifo) => (fifo.script, fifo.user) = (Some(command), user.or(fifo.user.take())),
        None => sink.error_help(line.place(), "there is no FIFO for this script; ignored", "name the FIFO first"),
    }
}

const SMTP_PORT: u16 = 25;
