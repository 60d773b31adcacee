//! A [`Config`] as keepalived.conf text: stable, complete, and read back to the same configuration.

use std::fmt::{self, Write as _};

use super::address::{FLAGS, SCOPES};
use super::config::{
    Config, Global, InitialState, Notify, Peer, ScriptUser, Track, Version, VirtualAddress, VrrpInstance, VrrpScript,
};
use super::values::show_seconds;

/// Whether secrets appear in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// As `********`, for people and logs.
    Masked,
    /// As they are, for a file that the agent will read.
    Shown,
}

/// Writes the configuration, every value spelt out.
///
/// Reading the text back gives the same configuration except for locations, for a password that is not text, and
/// for a line that its escapes make longer than [`super::lexer::LINE_BYTES_MAX`].
pub fn print(config: &Config, secrets: Secrets) -> String {
    let mut page = Page { text: String::new(), depth: 0 };
    page.global(config);
    page.own(&config.own);
    page.statics(config);
    for script in &config.scripts {
        page.script(script);
    }
    config.files.iter().for_each(|file| page.file(file));
    config.processes.iter().for_each(|process| page.process(process));
    for instance in &config.instances {
        page.instance(instance, secrets);
    }
    config.groups.iter().for_each(|group| page.group(group));
    page.text
}

pub(super) struct Page {
    pub(super) text: String,
    depth: usize,
}

impl Page {
    pub(super) fn line(&mut self, line: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{:indent$}{line}", "", indent = self.depth * 4);
    }

    pub(super) fn open(&mut self, head: fmt::Arguments<'_>) {
        if self.depth == 0 && !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line(format_args!("{head} {{"));
        self.depth += 1;
    }

    pub(super) fn close(&mut self) {
        self.depth -= 1;
        self.line(format_args!("}}"));
    }

    pub(super) fn flag(&mut self, on: bool, name: &str) {
        if on {
            self.line(format_args!("{name}"));
        }
    }

    pub(super) fn list<T>(&mut self, head: &str, items: &[T], show: impl Fn(&T) -> String) {
        if items.is_empty() {
            return;
        }
        self.open(format_args!("{head}"));
        for item in items {
            self.line(format_args!("{}", show(item)));
        }
        self.close();
    }

    fn global(&mut self, config: &Config) {
        let global = &config.global;
        // They are the file's, and every instance bears them.
        let timing = config.instances.first().map(|first| first.announcement).unwrap_or_default();
        let pauses = [("vrrp_garp_interval", timing.interval), ("vrrp_gna_interval", timing.na_interval)];
        if *global == Global::default() && pauses.iter().all(|(_, pause)| pause.is_zero()) {
            return;
        }
        self.open(format_args!("global_defs"));
        if let Some(id) = &global.router_id {
            self.line(format_args!("router_id {}", word(id)));
        }
        if let Some(user) = &global.script_user {
            self.line(format_args!("script_user{}", user_words(Some(user))));
        }
        self.flag(global.enable_script_security, "enable_script_security");
        self.global_rest(global);
        for (name, pause) in pauses.iter().filter(|(_, pause)| !pause.is_zero()) {
            self.line(format_args!("{name} {}", show_seconds(*pause)));
        }
        self.close();
    }

    fn script(&mut self, script: &VrrpScript) {
        self.open(format_args!("vrrp_script {}", word(&script.name)));
        self.line(format_args!("script {}", command(&script.command)));
        self.line(format_args!("interval {}", show_seconds(script.interval)));
        self.line(format_args!("timeout {}", show_seconds(script.timeout)));
        self.line(format_args!("weight {}{}", script.weight, if script.reverse { " reverse" } else { "" }));
        self.line(format_args!("rise {}", script.rise));
        self.line(format_args!("fall {}", script.fall));
        if let Some(user) = &script.user {
            self.line(format_args!("user{}", user_words(Some(user))));
        }
        self.flag(script.init_fail, "init_fail");
        self.close();
    }

    fn instance(&mut self, instance: &VrrpInstance, secrets: Secrets) {
        self.open(format_args!("vrrp_instance {}", word(&instance.name)));
        let state = match instance.initial_state {
            InitialState::Master => "MASTER",
            InitialState::Backup => "BACKUP",
        };
        self.line(format_args!("state {state}"));
        self.line(format_args!("interface {}", word(&instance.interface)));
        self.line(format_args!("virtual_router_id {}", instance.vrid));
        self.line(format_args!("priority {}", instance.priority));
        self.line(format_args!("version {}", if instance.version == Version::V2 { 2 } else { 3 }));
        self.line(format_args!("advert_int {}", show_seconds(instance.advert_interval)));
        self.flag(instance.nopreempt, "nopreempt");
        if !instance.preempt_delay.is_zero() {
            self.line(format_args!("preempt_delay {}", show_seconds(instance.preempt_delay)));
        }
        self.flag(instance.dont_track_primary, "dont_track_primary");
        self.flag(instance.v3_checksum_as_v2, "v3_checksum_as_v2");
        self.options(instance, secrets);
        self.announcement(instance);
        self.authentication(instance, secrets);
        self.network(instance);
        self.list("track_interface", &instance.track_interfaces, track);
        self.list("track_script", &instance.track_scripts, track);
        self.list("track_file", &instance.track_files, track);
        self.list("track_process", &instance.track_processes, track);
        self.notify(&instance.notify);
        self.close();
    }

    fn announcement(&mut self, instance: &VrrpInstance) {
        let timing = &instance.announcement;
        self.line(format_args!("garp_master_delay {}", show_seconds(timing.delay)));
        self.line(format_args!("garp_master_repeat {}", timing.repeat));
        self.line(format_args!("garp_master_refresh {}", show_seconds(timing.refresh)));
        self.line(format_args!("garp_master_refresh_repeat {}", timing.refresh_repeat));
        self.line(format_args!("garp_lower_prio_delay {}", show_seconds(timing.lower_delay)));
        self.line(format_args!("garp_lower_prio_repeat {}", timing.lower_repeat));
    }

    fn authentication(&mut self, instance: &VrrpInstance, secrets: Secrets) {
        let Some(password) = &instance.password else { return };
        let text = String::from_utf8_lossy(&password.0);
        let shown = match secrets {
            Secrets::Masked => "********".to_owned(),
            Secrets::Shown => word(text.trim_end_matches('\0')),
        };
        self.open(format_args!("authentication"));
        self.line(format_args!("auth_type PASS"));
        self.line(format_args!("auth_pass {shown}"));
        self.close();
    }

    fn network(&mut self, instance: &VrrpInstance) {
        if let Some(source) = instance.source {
            let keyword = if instance.is_unicast() { "unicast_src_ip" } else { "mcast_src_ip" };
            self.line(format_args!("{keyword} {source}"));
        }
        let named = instance.peer_names.iter().map(|name| word(name));
        let peers: Vec<String> = instance.unicast_peers.iter().map(peer).chain(named).collect();
        self.list("unicast_peer", &peers, String::clone);
        self.list("virtual_ipaddress", &instance.addresses, address);
        self.list("virtual_ipaddress_excluded", &instance.excluded, address);
    }

    pub(super) fn notify(&mut self, notify: &Notify) {
        let users = &notify.users;
        let lines = [
            ("notify_master", &notify.master, &users.master),
            ("notify_backup", &notify.backup, &users.backup),
            ("notify_fault", &notify.fault, &users.fault),
            ("notify_stop", &notify.stop, &users.stop),
            ("notify_deleted", &notify.deleted, &users.deleted),
            ("notify_master_rx_lower_pri", &notify.master_rx_lower_pri, &users.master_rx_lower_pri),
            ("notify", &notify.any, &users.any),
        ];
        for (name, argv, user) in lines {
            if let Some(argv) = argv {
                self.line(format_args!("{name} {}{}", command(argv), user_words(user.as_ref())));
            }
        }
    }
}

fn peer(peer: &Peer) -> String {
    let mut line = peer.address.to_string();
    if peer.min_ttl > 0 {
        line += &format!(" min_ttl {}", peer.min_ttl);
    }
    if peer.max_ttl < u8::MAX {
        line += &format!(" max_ttl {}", peer.max_ttl);
    }
    line
}

fn track(track: &Track) -> String {
    let reverse = if track.reverse { " reverse" } else { "" };
    format!("{} weight {}{reverse}", word(&track.name), track.weight)
}

pub(super) fn address(one: &VirtualAddress) -> String {
    let mut line = one.address.to_string();
    if let Some(broadcast) = one.broadcast {
        line += &format!(" brd {broadcast}");
    }
    if let Some(interface) = &one.interface {
        line += &format!(" dev {}", word(interface));
    }
    match SCOPES.iter().find(|(_, number)| *number == one.scope) {
        Some((_, 0)) => {}
        Some((name, _)) => line += &format!(" scope {name}"),
        None => line += &format!(" scope {}", one.scope),
    }
    if let Some(label) = &one.label {
        line += &format!(" label {}", word(label));
    }
    if let Some(peer) = &one.peer {
        line += &format!(" peer {peer}");
    }
    if let Some(seconds) = one.preferred_s {
        line += &format!(" preferred_lft {seconds}");
    }
    for flag in &one.flags {
        let name = FLAGS.iter().find(|(_, known)| known == flag).map_or("", |(name, _)| name);
        line += &format!(" {name}");
    }
    if one.no_track {
        line += " no_track";
    }
    line
}

pub(super) fn user_words(user: Option<&ScriptUser>) -> String {
    let Some(user) = user else { return String::new() };
    let group = user.group.as_ref().map(|group| format!(" {}", word(group))).unwrap_or_default();
    format!(" {}{group}", word(&user.user))
}

/// A word as the language reads it back: quoted when it must be.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "._-:/@+,=%*~^$()[]<>|&?;".contains(c);
    // A bare word at the start of a line must not be taken for a line of its own kind.
    let directive = text.starts_with(['@', '$', '~']) || text.starts_with("include");
    if !text.is_empty() && !directive && text.chars().all(plain) && !text.contains("${") {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

/// An argument vector as one quoted word: inner quotes keep arguments together, escapes protect both kinds.
pub(super) fn command(argv: &[String]) -> String {
    let mut inner = String::new();
    for (index, argument) in argv.iter().enumerate() {
        if index > 0 {
            inner.push(' ');
        }
        inner += &inner_argument(argument);
    }
    let mut outer = String::from("\"");
    for c in inner.chars() {
        match c {
            '"' | '\\' => outer.extend(['\\', c]),
            control if control.is_ascii_control() => {
                let _ = write!(outer, "\\{:03o}", u32::from(control));
            }
            other => outer.push(other),
        }
    }
    outer.push('"');
    outer
}

/// Runs of characters in the kind of quotes that they do not hold.
fn inner_argument(argument: &str) -> String {
    let plain = |c: char| !c.is_ascii_whitespace() && c != '\'' && c != '"' && c != '<';
    if !argument.is_empty() && argument.chars().all(plain) {
        return argument.to_owned();
    }
    let mut quoted = String::new();
    for (index, part) in argument.split('\'').enumerate() {
        if index > 0 {
            quoted += "\"'\"";
        }
        if !part.is_empty() || !argument.contains('\'') {
            quoted += &format!("'{part}'");
        }
    }
    quoted
}
