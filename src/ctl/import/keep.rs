//! What becomes of each statement of a keepalived.conf: a key of the inventory, something that hactl does anyway, a
//! line kept as it is in a template, or one that cannot be carried over. Nothing is left out in silence.

use std::collections::{BTreeMap, BTreeSet};

use hactl_engine::conf::config::VrrpInstance;
use hactl_engine::conf::outline::Entry;
use serde::Serialize;

use super::conf::Read;
use super::template::{Kept, Target};

/// A statement and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The host that it was read on.
    pub host: String,
    /// The file there.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// The statement; of a secret the keyword alone.
    pub text: String,
    /// What became of it.
    pub fate: Fate,
    /// The key, or why.
    pub how: String,
}

/// What became of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// A key of the inventory says it.
    Key,
    /// hactl does it without being told, or has another way for it.
    Implied,
    /// It stands in `templates/hactl.conf.tera` as it was.
    Verbatim,
    /// It is not carried over.
    Left,
}

/// What follows from all statements of one host.
#[derive(Debug, Default)]
pub struct Sifted {
    /// Each statement, in the order of the files.
    pub lines: Vec<Line>,
    /// What goes into the template.
    pub kept: Vec<Kept>,
}

/// Judges every statement. `names` has the inventory's name of each instance; `keepalived_script` says that scripts run
/// as that user where the file names none.
pub fn sift(read: &Read, names: &BTreeMap<String, String>, keepalived_script: bool) -> Sifted {
    let tracked = read.config.instances.iter().flat_map(|one| &one.track_scripts).map(|track| track.name.clone());
    let tracked: BTreeSet<String> = tracked.collect();
    let mut work = Work { read, names, tracked, found: Sifted::default() };
    for entry in &read.entries {
        work.root(entry);
    }
    if keepalived_script && read.config.global.script_user.is_none() {
        work.found.kept.push(Kept {
            host: read.host.clone(),
            target: Target::Global,
            lines: vec!["    script_user keepalived_script".to_owned()],
        });
    }
    work.found
}

struct Work<'r> {
    read: &'r Read,
    names: &'r BTreeMap<String, String>,
    tracked: BTreeSet<String>,
    found: Sifted,
}

impl Work<'_> {
    fn root(&mut self, entry: &Entry) {
        match entry.keyword.as_str() {
            "global_defs" => {
                self.note(entry, Fate::Implied, "the same block of the template");
                entry.inside().iter().for_each(|inner| self.global(inner));
            }
            "vrrp_script" => self.script(entry),
            "vrrp_instance" => self.instance(entry),
            "hactl" => self.note_all(entry, Fate::Left, "the parameters `lease` and `guard` of the role `vip` say it"),
            _ => self.keep(Target::Root, entry),
        }
    }

    fn global(&mut self, entry: &Entry) {
        match (entry.keyword.as_str(), entry.arguments.as_slice()) {
            ("router_id", _) => self.note(entry, Fate::Implied, "the host's name stands there"),
            ("script_user", [user]) if user == "root" => self.note(entry, Fate::Implied, "hactl's own setting"),
            ("enable_script_security", _) => self.note(entry, Fate::Implied, "hactl's own setting"),
            _ => self.keep(Target::Global, entry),
        }
    }

    fn script(&mut self, entry: &Entry) {
        let name = entry.arguments.first().cloned().unwrap_or_default();
        if !self.tracked.contains(&name) {
            return self.note_all(entry, Fate::Implied, "no instance tracks it, so keepalived does not run it either");
        }
        self.note(entry, Fate::Key, "track: name");
        for inner in entry.inside() {
            match inner.keyword.as_str() {
                "script" => self.note(inner, Fate::Key, "track: command"),
                word @ ("interval" | "weight" | "rise" | "fall") => {
                    self.note(inner, Fate::Key, &format!("track: {word}"))
                }
                _ => self.keep(Target::Script(name.clone()), inner),
            }
        }
    }

    fn instance(&mut self, entry: &Entry) {
        let name = entry.arguments.first().map_or("", String::as_str);
        let known = self.read.config.instances.iter().find(|one| one.name == name).cloned();
        let (Some(instance), Some(vip)) = (known, self.names.get(name).cloned()) else {
            let why = self.read.fault(&entry.location).unwrap_or("it cannot run as it is written");
            return self.note_all(entry, Fate::Left, why);
        };
        self.note(entry, Fate::Key, "vips: name");
        for inner in entry.inside() {
            self.of_instance(inner, &instance, &vip);
        }
    }

    fn of_instance(&mut self, entry: &Entry, instance: &VrrpInstance, vip: &str) {
        if let Some(why) = self.read.fault(&entry.location).map(str::to_owned) {
            return self.note_all(entry, Fate::Left, &why);
        }
        let key = match entry.keyword.as_str() {
            "state" => {
                let why = "every load balancer starts as backup, and the priority decides";
                return self.note(entry, Fate::Implied, why);
            }
            "interface" => "vips: interface",
            "virtual_router_id" => "vips: vrid",
            "priority" => "vips: priorities",
            "advert_int" => "vips: interval",
            "version" => "vips: version",
            "nopreempt" | "preempt" => "vips: preempt",
            "preempt_delay" => "vips: preempt_delay",
            "unicast_src_ip" | "unicast_peer" => "vips: unicast, with the addresses of the load balancers",
            "authentication" if instance.password.is_some() => "vips: auth",
            "authentication" => {
                return self.note_all(entry, Fate::Left, "version 3 of VRRP has none, and AH is not supported");
            }
            "track_script" => "vips: track",
            "notify_master" | "notify_backup" | "notify_fault" | "notify_stop" | "notify"
                if entry.arguments.len() == 1 =>
            {
                "vips: notify"
            }
            "virtual_ipaddress" => return self.addresses(entry, instance, vip),
            _ => return self.keep(Target::Instance(vip.to_owned()), entry),
        };
        self.note_all(entry, Fate::Key, key);
    }

    fn addresses(&mut self, entry: &Entry, instance: &VrrpInstance, vip: &str) {
        self.note(entry, Fate::Key, "vips: address");
        for inner in entry.inside() {
            let options = options(inner, &instance.interface);
            let known = instance.addresses.iter().find(|one| address(&inner.keyword) == Some(one.address));
            match (known, options) {
                (None, _) => {
                    let why =
                        self.read.fault(&inner.location).unwrap_or("it is no address, or of another family").to_owned();
                    self.note(inner, Fate::Left, &why);
                }
                (Some(_), None) => self.note(inner, Fate::Key, "vips: address"),
                (Some(known), Some(words)) => {
                    self.note(inner, Fate::Verbatim, "vips: address, and its other words");
                    let target = Target::Address(vip.to_owned(), known.address.to_string());
                    self.found.kept.push(Kept { host: self.read.host.clone(), target, lines: vec![words] });
                }
            }
        }
    }

    /// Keeps a statement as it is, without what cannot be carried over.
    fn keep(&mut self, target: Target, entry: &Entry) {
        let Some(good) = self.good(entry) else { return };
        let indent = if target == Target::Root { 0 } else { 4 };
        let lines = good.lines(indent);
        self.found.kept.push(Kept { host: self.read.host.clone(), target, lines });
    }

    fn good(&mut self, entry: &Entry) -> Option<Entry> {
        if let Some(why) = self.read.fault(&entry.location).map(str::to_owned) {
            self.note_all(entry, Fate::Left, &why);
            return None;
        }
        self.note(entry, Fate::Verbatim, "");
        let block = entry.block.as_ref().map(|block| block.iter().filter_map(|inner| self.good(inner)).collect());
        Some(Entry { block, ..entry.clone() })
    }

    fn note_all(&mut self, entry: &Entry, fate: Fate, how: &str) {
        self.note(entry, fate, how);
        for inner in entry.inside() {
            self.note_all(inner, fate, how);
        }
    }

    fn note(&mut self, entry: &Entry, fate: Fate, how: &str) {
        let secret = SECRETS.contains(&entry.keyword.as_str());
        self.found.lines.push(Line {
            host: self.read.host.clone(),
            file: entry.location.file.to_string(),
            line: entry.location.line,
            text: if secret { format!("{} …", entry.keyword) } else { entry.line.clone() },
            fate,
            how: how.to_owned(),
        });
    }
}

/// What stands behind an address beside the interface that it is on anyway; `None` where there is nothing.
fn options(entry: &Entry, interface: &str) -> Option<String> {
    let mut words: Vec<&str> = entry.arguments.iter().map(String::as_str).collect();
    if let Some(at) = words.windows(2).position(|pair| pair == ["dev", interface]) {
        words.drain(at..at + 2);
    }
    (!words.is_empty()).then(|| words.join(" "))
}

/// An address as the language reads it: a host's own where no length is given.
pub fn address(text: &str) -> Option<ipnet::IpNet> {
    text.parse().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(ipnet::IpNet::from))
}

/// Keywords whose arguments are nobody's to read.
const SECRETS: [&str; 6] = ["auth_pass", "key", "password", "basic_auth", "smtp_password", "auth_key"];
