//! `global_defs`: what concerns the whole daemon goes into [`Global`], what instances take over into [`Defaults`].

use std::net::IpAddr;
use std::time::Duration;

use super::defaults::Defaults;
use super::lvs;
use crate::conf::config::{Fifo, Global, Mail, ScriptUser, TimedScript, Version};
use crate::conf::grammar::keywords::GLOBAL_DEFS;
use crate::conf::grammar::script;
use crate::conf::grammar::values::{
    SECONDS_MAX, address, integer, interface, seconds, single, surplus, switch, switched, version,
};
use crate::conf::grammar::walk::{inside, walk};
use crate::conf::text::lexer::Word;
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// Reads a block; blocks add up.
pub(crate) fn global_defs(block: &Statement, global: &mut Global, defaults: &mut Defaults, sink: &mut Sink<'_>) {
    surplus(block, &block.arguments, sink);
    let mut reader = Reader { global, defaults, mail: Mails::default(), scripts: [None, None, None] };
    let mut timeouts = [None, None];
    walk(inside(block), &GLOBAL_DEFS, sink, |line, sink| match line.name() {
        "startup_script_timeout" => timeouts[0] = script_timeout(line, sink),
        "shutdown_script_timeout" => timeouts[1] = script_timeout(line, sink),
        _ => reader.line(line, sink),
    });
    reader.finish(timeouts, sink);
}

struct Reader<'g> {
    global: &'g mut Global,
    defaults: &'g mut Defaults,
    mail: Mails,
    /// Readers of `notify_fifo`, `vrrp_notify_fifo` and `lvs_notify_fifo`, each a place, a command and who runs it.
    scripts: [Option<FifoScript>; 3],
}

type FifoScript = (Place, Vec<String>, Option<ScriptUser>);

/// The mail settings as far as they were given.
#[derive(Default)]
struct Mails {
    recipients: Vec<String>,
    from: Option<String>,
    server: Option<(String, u16)>,
    timeout: Option<Duration>,
    helo: Option<String>,
    no_faults: bool,
    place: Option<Place>,
}

impl Reader<'_> {
    fn line(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        match line.name() {
            "router_id" => self.global.router_id = text(line, sink),
            "script_user" => match script::user(line, &line.arguments, sink) {
                Some(user) => self.global.script_user = Some(user),
                None => sink.error(line.place(), "`script_user` needs a user"),
            },
            "enable_script_security" => self.global.enable_script_security = switched(line, true, sink),
            "startup_script" => self.global.startup_script = timed_script(line, sink),
            "shutdown_script" => self.global.shutdown_script = timed_script(line, sink),
            "log_unknown_vrids" => self.global.log_unknown_vrids = switched(line, true, sink),
            "vrrp_startup_delay" => self.global.startup_delay = delay(line, sink),
            "vrrp_delay_after_boot" => self.global.delay_after_boot = delay(line, sink),
            "vrrp_rt_priority" => {
                self.global.rt_priority = integer(line, 1..=99, "the agent chooses", sink);
            }
            "fifo_write_vrrp_states_on_reload" => self.global.fifo_states_on_reload = switched(line, true, sink),
            "nftables" => self.nftables(line, sink),
            "vmac_prefix" => self.global.vmac_prefix = single(line, sink).and_then(|word| interface(word, sink)),
            "vmac_addr_prefix" => {
                self.global.vmac_addr_prefix = single(line, sink).and_then(|word| interface(word, sink));
            }
            "state_dump_file" | "state_file_location" => self.global.state_dump_file = path(line, sink),
            "stats_dump_file" | "stats_file_location" => self.global.stats_dump_file = path(line, sink),
            "json_dump_file" | "json_file_location" => self.global.json_dump_file = path(line, sink),
            "json_version" => self.global.json_version = integer(line, 1..=2, "1 is used", sink).unwrap_or(1),
            "notify_fifo" => self.global.notify_fifo = fifo(line, sink),
            "vrrp_notify_fifo" => self.global.vrrp_notify_fifo = fifo(line, sink),
            "notify_fifo_script" => self.scripts[0] = fifo_script(line, sink),
            "vrrp_notify_fifo_script" => self.scripts[1] = fifo_script(line, sink),
            "lvs_notify_fifo" => self.global.lvs.notify_fifo = fifo(line, sink),
            "lvs_notify_fifo_script" => self.scripts[2] = fifo_script(line, sink),
            _ if lvs::line(line, &mut self.global.lvs, self.defaults, sink) => {}
            name if name.starts_with("smtp_") || name.contains("email") => self.mail_line(line, sink),
            _ => self.for_instances(line, sink),
        }
    }

    fn for_instances(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        let defaults = &mut *self.defaults;
        match line.name() {
            "vrrp_version" => defaults.version = version(line, "2 is used", sink).unwrap_or(Version::V2),
            "vrrp_min_garp" => {
                if switch(line, sink) == Some(true) {
                    defaults.timing.least();
                }
            }
            "vrrp_mcast_group4" => {
                if let Some(IpAddr::V4(group)) = multicast(line, false, sink) {
                    defaults.group4 = Some(group);
                }
            }
            "vrrp_mcast_group6" => {
                if let Some(IpAddr::V6(group)) = multicast(line, true, sink) {
                    defaults.group6 = Some(group);
                }
            }
            "vrrp_down_timer_adverts" => {
                defaults.down_adverts = integer(line, 1..=100, "3 is used", sink).unwrap_or(3);
            }
            "vrrp_lower_prio_no_advert" => defaults.lower_prio_no_advert = switched(line, true, sink),
            "vrrp_higher_prio_send_advert" => defaults.higher_prio_send_advert = switched(line, true, sink),
            "vrrp_owner_ignore_adverts" | "owner_ignore_adverts" => {
                defaults.owner_ignore_adverts = switched(line, true, sink);
            }
            "vrrp_check_unicast_src" => defaults.check_unicast_source = switched(line, true, sink),
            "v3_checksum_as_v2" => defaults.v3_checksum_as_v2 = switched(line, false, sink),
            "vrrp_strict" => defaults.strict = switched(line, true, sink),
            "vrrp_notify_priority_changes" => defaults.priority_changes = switched(line, true, sink),
            "default_interface" => {
                defaults.interface = single(line, sink).and_then(|word| interface(word, sink));
            }
            name => defaults.timing.line(name.strip_prefix("vrrp_").unwrap_or(name), line, sink),
        }
    }

    fn mail_line(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        let mail = &mut self.mail;
        mail.place.get_or_insert(line.place());
        match line.name() {
            "notification_email" => {
                for one in inside(line) {
                    let words = std::iter::once(&one.keyword).chain(&one.arguments);
                    mail.recipients.extend(words.filter_map(|word| mail_address(word, "ignored", sink)));
                }
            }
            "notification_email_from" => {
                mail.from =
                    single(line, sink).and_then(|word| mail_address(word, "the agent's own name is used", sink));
            }
            "smtp_server" => mail.server = server(line, sink),
            "smtp_connect_timeout" => {
                let range = Duration::from_millis(1)..=SECONDS_MAX;
                mail.timeout = seconds(line, range, "30 s is used", sink);
            }
            "smtp_helo_name" => mail.helo = text(line, sink),
            "no_email_faults" => mail.no_faults = switched(line, true, sink),
            "smtp_alert" => self.defaults.smtp_alert = Some(switched(line, true, sink)),
            _ => self.defaults.smtp_alert_vrrp = Some(switched(line, true, sink)),
        }
    }

    fn nftables(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        let Some((word, rest)) = line.arguments.split_first() else { return };
        surplus(line, rest, sink);
        let name = &word.text;
        let fits = (1..=32).contains(&name.len()) && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
        match fits {
            true => self.global.nftables_table = Some(name.clone()),
            false => {
                let message = format!("`{name}` is no table name; `hactl` is used");
                sink.warning_help(word.place, message, "1 to 32 letters, digits and `_`");
            }
        }
    }

    fn finish(self, timeouts: [Option<Duration>; 2], sink: &mut Sink<'_>) {
        let scripts = [&mut self.global.startup_script, &mut self.global.shutdown_script];
        for (script, timeout) in scripts.into_iter().zip(timeouts) {
            if let (Some(script), Some(timeout)) = (script, timeout) {
                script.timeout = timeout;
            }
        }
        let [first, second, third] = self.scripts;
        let fifos = [
            ("notify_fifo", first, &mut self.global.notify_fifo),
            ("vrrp_notify_fifo", second, &mut self.global.vrrp_notify_fifo),
            ("lvs_notify_fifo", third, &mut self.global.lvs.notify_fifo),
        ];
        for (name, script, fifo) in fifos {
            let Some((place, command, user)) = script else { continue };
            match fifo {
                Some(fifo) => (fifo.script, fifo.user) = (Some(command), user.or(fifo.user.take())),
                None => {
                    let message = format!("`{name}_script` without `{name}` has nothing to read; ignored");
                    sink.warning_help(place, message, format!("add `{name} PATH`"));
                }
            }
        }
        self.mail.complete(self.global, self.defaults.mails(), sink);
    }
}

impl Mails {
    fn complete(self, global: &mut Global, wanted: bool, sink: &mut Sink<'_>) {
        let Some(place) = self.place else { return };
        if self.recipients.is_empty() {
            if wanted && global.mail.is_none() {
                let help = "add `notification_email { YOU@EXAMPLE.ORG }`";
                sink.warning_help(place, "mail is asked for, but nobody is there to get it", help);
            }
            return;
        }
        let (host, port) = self.server.unwrap_or_else(|| ("127.0.0.1".to_owned(), SMTP_PORT));
        global.mail = Some(Mail {
            recipients: self.recipients,
            from: self.from,
            host,
            port,
            connect_timeout: self.timeout.unwrap_or(SMTP_TIMEOUT),
            helo: self.helo,
            no_faults: self.no_faults,
        });
    }
}

/// Good enough to be given to a mail server, and nothing in it that could end a line of its protocol.
fn mail_address(word: &Word, instead: &str, sink: &mut Sink<'_>) -> Option<String> {
    let plain = |c: char| c.is_ascii_graphic() && !"<>\"\\(),;:".contains(c);
    let sides = word.text.split_once('@').is_none_or(|(user, host)| !user.is_empty() && !host.is_empty());
    if !word.text.is_empty() && sides && word.text.chars().all(plain) {
        return Some(word.text.clone());
    }
    sink.warning(word.place, format!("`{}` is no mail address; {instead}", word.text));
    None
}

fn text(line: &Statement, sink: &mut Sink<'_>) -> Option<String> {
    single(line, sink).map(|word| word.text.clone())
}

fn path(line: &Statement, sink: &mut Sink<'_>) -> Option<String> {
    let word = single(line, sink)?;
    absolute(line, word, sink)
}

fn absolute(line: &Statement, word: &Word, sink: &mut Sink<'_>) -> Option<String> {
    if word.text.starts_with('/') {
        return Some(word.text.clone());
    }
    let message = format!("`{} {}` is not a path from the root; ignored", line.name(), word.text);
    sink.warning_help(word.place, message, "begin it with `/`");
    None
}

fn delay(line: &Statement, sink: &mut Sink<'_>) -> Duration {
    seconds(line, Duration::ZERO..=SECONDS_MAX, "0 is used", sink).unwrap_or(Duration::ZERO)
}

fn script_timeout(line: &Statement, sink: &mut Sink<'_>) -> Option<Duration> {
    seconds(line, Duration::from_secs(1)..=Duration::from_secs(1000), "10 s is used", sink)
}

fn timed_script(line: &Statement, sink: &mut Sink<'_>) -> Option<TimedScript> {
    let (command, user) = script::command_and_user(line, sink)?;
    Some(TimedScript { command, user, timeout: SCRIPT_TIMEOUT })
}

fn fifo(line: &Statement, sink: &mut Sink<'_>) -> Option<Fifo> {
    let (first, rest) = match line.arguments.split_first() {
        Some(found) => found,
        None => {
            sink.error(line.place(), format!("`{}` needs a path", line.name()));
            return None;
        }
    };
    let user = script::user(line, rest, sink);
    absolute(line, first, sink).map(|path| Fifo { path, script: None, user })
}

fn fifo_script(line: &Statement, sink: &mut Sink<'_>) -> Option<FifoScript> {
    script::command_and_user(line, sink).map(|(command, user)| (line.place(), command, user))
}

fn server(line: &Statement, sink: &mut Sink<'_>) -> Option<(String, u16)> {
    let Some((host, rest)) = line.arguments.split_first() else {
        sink.error(line.place(), "`smtp_server` needs a name or an address; 127.0.0.1 is used");
        return None;
    };
    let Some((word, more)) = rest.split_first() else { return Some((host.text.clone(), SMTP_PORT)) };
    surplus(line, more, sink);
    let port = word.text.parse().ok().filter(|port| *port != 0);
    if port.is_none() {
        sink.error(word.place, format!("port `{}` is not in 1..=65535; {SMTP_PORT} is used", word.text));
    }
    Some((host.text.clone(), port.unwrap_or(SMTP_PORT)))
}

/// A multicast address of the family asked for; for IPv6 of the link (ff02::/16 and its like).
fn multicast(line: &Statement, ipv6: bool, sink: &mut Sink<'_>) -> Option<IpAddr> {
    let word = single(line, sink)?;
    let group = address(word, sink)?;
    let (fits, wanted) = match group {
        _ if group.is_ipv6() != ipv6 => (false, if ipv6 { "IPv6" } else { "IPv4" }),
        IpAddr::V4(four) => (four.is_multicast(), "multicast (224.0.0.0/4)"),
        IpAddr::V6(six) => {
            let link_local = six.segments().first().is_some_and(|first| first & 0x000f == 2);
            (six.is_multicast() && link_local, "multicast of the link (ffX2::/16)")
        }
    };
    if fits {
        return Some(group);
    }
    sink.error(word.place, format!("`{} {group}` is ignored: {wanted} addresses only", line.name()));
    None
}

const SMTP_PORT: u16 = 25;
const SMTP_TIMEOUT: Duration = Duration::from_secs(30);
const SCRIPT_TIMEOUT: Duration = Duration::from_secs(10);
