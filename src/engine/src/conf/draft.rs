//! One `vrrp_instance` as written: each value by itself is checked, what depends on others is left to `resolve`.

use std::net::IpAddr;
use std::time::Duration;

use super::address::virtual_address;
use super::build::{announcement, block_name, version, weight};
use super::config::{Announcement, Argv, InitialState, Notify, ScriptUser, Version, VirtualAddress};
use super::keywords::{AUTHENTICATION, VRRP_INSTANCE};
use super::lexer::Word;
use super::script;
use super::sink::{Place, Sink};
use super::tree::Statement;
use super::values::{address, flag, interface, seconds, single, surplus, switch, whole};
use super::walk::{inside, walk};

/// A value and where it stands.
pub(super) type At<T> = (T, Place);

/// A line of `track_script` or `track_interface`.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) name: String,
    pub(super) weight: Option<(i16, bool)>,
    pub(super) place: Place,
}

/// `authentication`, as far as it was given.
#[derive(Debug, Default)]
pub(super) struct Authentication {
    pub(super) place: Option<Place>,
    pub(super) type_given: bool,
    pub(super) pass: bool,
    /// `auth_pass` stands behind `auth_type` on one line, which has been reported.
    pub(super) misplaced: bool,
    pub(super) password: Option<At<String>>,
}

/// A `vrrp_instance` with its own lines read.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: At<String>,
    /// The keyword `vrrp_instance` itself.
    pub(super) place: Place,
    pub(super) state: Option<At<InitialState>>,
    pub(super) interface: Option<String>,
    pub(super) interface_given: bool,
    pub(super) vrid: Option<At<u8>>,
    pub(super) vrid_given: bool,
    pub(super) priority: Option<u8>,
    pub(super) version: Option<At<Version>>,
    pub(super) advert_interval: Option<At<Duration>>,
    pub(super) authentication: Authentication,
    pub(super) addresses: Vec<At<VirtualAddress>>,
    pub(super) excluded: Vec<At<VirtualAddress>>,
    pub(super) nopreempt: Option<Place>,
    pub(super) preempt_delay: Option<At<Duration>>,
    pub(super) track_interfaces: Vec<Tracked>,
    pub(super) track_scripts: Vec<Tracked>,
    pub(super) dont_track_primary: bool,
    pub(super) source: Option<At<IpAddr>>,
    pub(super) unicast_source: Option<Place>,
    pub(super) unicast_peers: Vec<At<IpAddr>>,
    pub(super) v3_checksum_as_v2: bool,
    pub(super) announcements: Vec<Statement>,
    pub(super) notify: Notify,
}

impl Draft {
    /// Reads a block; `None` when it has no name.
    pub(super) fn read(block: &Statement, sink: &mut Sink<'_>) -> Option<Self> {
        let name = block_name(block, sink)?;
        let mut draft = Self::empty(name, block.place());
        walk(inside(block), &VRRP_INSTANCE, sink, |line, sink| draft.line(line, sink));
        Some(draft)
    }

    /// The announcement settings: those of the file, with this instance's own lines over them.
    pub(super) fn announcement(&self, mut standard: Announcement, sink: &mut Sink<'_>) -> Announcement {
        for line in &self.announcements {
            announcement(line.name(), line, &mut standard, sink);
        }
        standard
    }

    fn empty(name: At<String>, place: Place) -> Self {
        Self {
            name,
            place,
            state: None,
            interface: None,
            interface_given: false,
            vrid: None,
            vrid_given: false,
            priority: None,
            version: None,
            advert_interval: None,
            authentication: Authentication::default(),
            addresses: Vec::new(),
            excluded: Vec::new(),
            nopreempt: None,
            preempt_delay: None,
            track_interfaces: Vec::new(),
            track_scripts: Vec::new(),
            dont_track_primary: false,
            source: None,
            unicast_source: None,
            unicast_peers: Vec::new(),
            v3_checksum_as_v2: false,
            announcements: Vec::new(),
            notify: Notify::default(),
        }
    }

    fn line(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        let place = line.place();
        match line.name() {
            "state" => self.state = state(line, sink).map(|state| (state, place)),
            "interface" => {
                self.interface_given = true;
                self.interface = single(line, sink).and_then(|word| interface(word, sink));
            }
            "virtual_router_id" => {
                self.vrid_given = true;
                let ignored = "the instance is ignored";
                self.vrid = whole(line, 1..=255, ignored, sink).map(|vrid| (vrid, place));
            }
            "priority" => self.priority = whole(line, 1..=255, "100 is used", sink).or(Some(PRIORITY_DEFAULT)),
            "advert_int" => self.advert_interval = advert_interval(line, sink),
            "version" => self.version = version(line, "the default is used", sink).map(|version| (version, place)),
            "preempt_delay" => {
                let range = Duration::ZERO..=PREEMPT_DELAY_MAX;
                self.preempt_delay = seconds(line, range, "0 is used", sink).map(|delay| (delay, place));
            }
            "v3_checksum_as_v2" => self.v3_checksum_as_v2 = switch(line, sink).unwrap_or(false),
            "unicast_src_ip" | "mcast_src_ip" => self.source(line, sink),
            name if name.starts_with("notify") => self.notify(line, sink),
            name if name.starts_with("garp_") => self.announcements.push(line.clone()),
            _ if line.block.is_some() => self.block(line, sink),
            _ => self.flag(line, sink),
        }
    }

    fn flag(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        flag(line, sink);
        match line.name() {
            "nopreempt" => self.nopreempt = Some(line.place()),
            "preempt" => self.nopreempt = None,
            _ => self.dont_track_primary = true,
        }
    }

    fn block(&mut self, block: &Statement, sink: &mut Sink<'_>) {
        surplus(block, &block.arguments, sink);
        match block.name() {
            "authentication" => self.authentication(block, sink),
            "virtual_ipaddress" => self.addresses.extend(addresses(block, sink)),
            "virtual_ipaddress_excluded" => self.excluded.extend(addresses(block, sink)),
            "track_interface" => tracked(block, &mut self.track_interfaces, sink),
            "track_script" => tracked(block, &mut self.track_scripts, sink),
            _ => peers(block, &mut self.unicast_peers, sink),
        }
    }

    fn source(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        let Some(word) = single(line, sink) else { return };
        self.source = address(word, sink).map(|address| (address, word.place));
        if line.name() == "unicast_src_ip" {
            self.unicast_source = Some(line.place());
        }
    }

    fn authentication(&mut self, block: &Statement, sink: &mut Sink<'_>) {
        let read = &mut self.authentication;
        read.place = Some(block.place());
        walk(inside(block), &AUTHENTICATION, sink, |line, sink| {
            let Some(word) = line.arguments.first() else {
                sink.error(line.place(), format!("`{}` needs a value", line.name()));
                return;
            };
            let rest = line.arguments.get(1..).unwrap_or_default();
            match (line.name(), rest.first()) {
                // Part of a secret perhaps: it stays out of the message.
                ("auth_pass", Some(extra)) => {
                    let help = "put a password with blanks in quotes";
                    sink.error_help(extra.place, "`auth_pass` takes one word; what follows is not read", help);
                }
                _ => surplus(line, rest, sink),
            }
            read.misplaced |= rest.iter().any(|word| word.text == "auth_pass");
            match line.name() {
                "auth_pass" => read.password = Some((word.text.clone(), word.place)),
                _ => {
                    read.type_given = true;
                    read.pass = auth_type(word, sink);
                }
            }
        });
    }

    fn notify(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        let Some((command, user)) = script::command_and_user(line, sink) else { return };
        let users = &mut self.notify.users;
        let (slot, user_slot): (&mut Option<Argv>, &mut Option<ScriptUser>) = match line.name() {
            "notify_master" => (&mut self.notify.master, &mut users.master),
            "notify_backup" => (&mut self.notify.backup, &mut users.backup),
            "notify_fault" => (&mut self.notify.fault, &mut users.fault),
            "notify_stop" => (&mut self.notify.stop, &mut users.stop),
            _ => (&mut self.notify.any, &mut users.any),
        };
        *slot = Some(command);
        *user_slot = user;
    }
}

fn state(line: &Statement, sink: &mut Sink<'_>) -> Option<InitialState> {
    let word = single(line, sink)?;
    match word.text.as_str() {
        "MASTER" => Some(InitialState::Master),
        "BACKUP" => Some(InitialState::Backup),
        other => {
            let message = format!("unknown state `{other}`; BACKUP is used");
            sink.error_help(word.place, message, "write MASTER or BACKUP");
            None
        }
    }
}

fn advert_interval(line: &Statement, sink: &mut Sink<'_>) -> Option<At<Duration>> {
    let range = Duration::from_millis(10)..=Duration::from_secs(255);
    seconds(line, range, "1 s is used", sink)
        .map(|interval| (interval, line.arguments.first().map_or(line.place(), |word| word.place)))
}

/// Whether the type is PASS; anything else is reported and means no authentication, as in keepalived.
fn auth_type(word: &Word, sink: &mut Sink<'_>) -> bool {
    match word.text.as_str() {
        "PASS" => return true,
        "AH" => sink.error_help(
            word.place,
            "`auth_type AH` is not supported; adverts carry no authentication and a peer that uses AH drops them",
            "use PASS, or no authentication, on all hosts",
        ),
        other => {
            let message = format!("unknown auth_type `{other}`; adverts carry no authentication");
            sink.error_help(word.place, message, "write PASS");
        }
    }
    false
}

fn addresses(block: &Statement, sink: &mut Sink<'_>) -> Vec<At<VirtualAddress>> {
    let lines = inside(block).iter();
    lines.filter_map(|line| virtual_address(line, sink).map(|address| (address, line.place()))).collect()
}

fn tracked(block: &Statement, found: &mut Vec<Tracked>, sink: &mut Sink<'_>) {
    for line in inside(block) {
        let (name, place) = (line.name().to_owned(), line.place());
        if let Some(block) = &line.block {
            sink.error(block.open, "a tracked name takes no block; the block is ignored");
        }
        let weight = match line.arguments.split_first() {
            None => None,
            Some((word, rest)) if word.text == "weight" => weight(line, rest, sink),
            Some((word, _)) => {
                let message = format!("unknown option `{}` of `{name}`", word.text);
                sink.error_help(word.place, message, "one name a line; only `weight N [reverse]` may follow");
                None
            }
        };
        if found.iter().any(|earlier| earlier.name == name) {
            sink.warning(place, format!("`{name}` is tracked twice; this line is ignored"));
            continue;
        }
        found.push(Tracked { name, weight, place });
    }
}

fn peers(block: &Statement, found: &mut Vec<At<IpAddr>>, sink: &mut Sink<'_>) {
    for line in inside(block) {
        if let Some(option) = line.arguments.first() {
            match option.text.as_str() {
                "min_ttl" | "max_ttl" => {
                    let message = format!("`{}` is known but not supported yet; ignored", option.text);
                    sink.warning(option.place, message);
                }
                other => {
                    let message = format!("unknown option `{other}` of a peer");
                    sink.error_help(option.place, message, "put each peer on a line of its own");
                }
            }
        }
        let Some(peer) = address(&line.keyword, sink) else { continue };
        if found.iter().any(|(earlier, _)| *earlier == peer) {
            sink.warning(line.place(), format!("peer {peer} is listed twice"));
        } else {
            found.push((peer, line.place()));
        }
    }
}

/// `priority` when none is given.
pub const PRIORITY_DEFAULT: u8 = 100;
/// Largest `preempt_delay`.
pub const PREEMPT_DELAY_MAX: Duration = Duration::from_secs(1000);
