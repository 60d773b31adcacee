//! One `vrrp_instance` as written: each value by itself is checked, what depends on others is left to `resolve`.

use std::net::IpAddr;
use std::time::Duration;

use super::address::virtual_address;
use super::build::{WEIGHTS, block_name, version, weight};
use super::config::{Argv, InitialState, Notify, Peer, ScriptUser, Version, VirtualAddress};
use super::keywords::{AUTHENTICATION, VRRP_INSTANCE};
use super::lexer::Word;
use super::sink::{Place, Sink};
use super::tree::Statement;
use super::values::{address, flag, interface, seconds, single, surplus, switch, whole};
use super::walk::{inside, walk};
use super::{options, script, tracking};

/// A value and where it stands.
pub(super) type At<T> = (T, Place);

/// A line of `track_script` or `track_interface`.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) name: String,
    pub(super) weight: Option<(i16, bool)>,
    pub(super) place: Place,
}

/// A line of `unicast_peer`.
#[derive(Debug)]
pub(super) enum PeerLine {
    Address(Peer),
    Name(String),
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
    pub(super) track_files: Vec<Tracked>,
    pub(super) track_processes: Vec<Tracked>,
    /// Lines that `options` reads.
    pub(super) options: Vec<Statement>,
    /// `use_vmac` and `vmac_xmit_base`.
    pub(super) vmac: Option<Statement>,
    pub(super) transmit_base: Option<Place>,
    pub(super) hmac: Option<Statement>,
    pub(super) routing: Vec<Statement>,
    pub(super) no_address: Option<Place>,
    pub(super) source: Option<At<IpAddr>>,
    pub(super) unicast_source: Option<Place>,
    pub(super) unicast_peers: Vec<At<PeerLine>>,
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
            track_files: Vec::new(),
            track_processes: Vec::new(),
            options: Vec::new(),
            vmac: None,
            transmit_base: None,
            hmac: None,
            routing: Vec::new(),
            no_address: None,
            source: None,
            unicast_source: None,
            unicast_peers: Vec::new(),
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
            "unicast_src_ip" | "mcast_src_ip" => self.source(line, sink),
            "use_vmac" => self.vmac = Some(line.clone()),
            "vmac_xmit_base" => self.transmit_base = switch(line, sink).unwrap_or(true).then_some(place),
            name if options::INSTANCE.contains(&name) => self.options.push(line.clone()),
            name if name.starts_with("notify") => notify_line(line, &mut self.notify, sink),
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
            _ => self.no_address = Some(line.place()),
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
            "track_file" => tracked(block, &mut self.track_files, sink),
            "track_process" => tracked(block, &mut self.track_processes, sink),
            "virtual_routes" | "virtual_rules" => self.routing.push(block.clone()),
            "auth_hmac" => self.hmac = Some(block.clone()),
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
}

/// One of the `notify…` lines that name a command.
pub(super) fn notify_line(line: &Statement, notify: &mut Notify, sink: &mut Sink<'_>) {
    let Some((command, user)) = script::command_and_user(line, sink) else { return };
    let users = &mut notify.users;
    let (slot, user_slot): (&mut Option<Argv>, &mut Option<ScriptUser>) = match line.name() {
        "notify_master" => (&mut notify.master, &mut users.master),
        "notify_backup" => (&mut notify.backup, &mut users.backup),
        "notify_fault" => (&mut notify.fault, &mut users.fault),
        "notify_stop" => (&mut notify.stop, &mut users.stop),
        "notify_deleted" => (&mut notify.deleted, &mut users.deleted),
        "notify_master_rx_lower_pri" => (&mut notify.master_rx_lower_pri, &mut users.master_rx_lower_pri),
        _ => (&mut notify.any, &mut users.any),
    };
    *slot = Some(command);
    *user_slot = user;
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

pub(super) fn tracked(block: &Statement, found: &mut Vec<Tracked>, sink: &mut Sink<'_>) {
    let range = if matches!(block.name(), "track_file" | "track_process") { tracking::WEIGHTS } else { WEIGHTS };
    for line in inside(block) {
        let (name, place) = (line.name().to_owned(), line.place());
        if let Some(block) = &line.block {
            sink.error(block.open, "a tracked name takes no block; the block is ignored");
        }
        let weight = match line.arguments.split_first() {
            None => None,
            Some((word, rest)) if word.text == "weight" => weight(line, rest, range.clone(), sink),
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

fn peers(block: &Statement, found: &mut Vec<At<PeerLine>>, sink: &mut Sink<'_>) {
    for line in inside(block) {
        let place = line.place();
        let (mut min_ttl, mut max_ttl) = (0, u8::MAX);
        let mut words = line.arguments.iter();
        while let Some(option) = words.next() {
            let limit = match option.text.as_str() {
                "min_ttl" => &mut min_ttl,
                "max_ttl" => &mut max_ttl,
                other => {
                    let message = format!("unknown option `{other}` of a peer");
                    sink.error_help(option.place, message, "put each peer on a line of its own");
                    break;
                }
            };
            match words.next().map(|word| (word, word.text.parse())) {
                Some((_, Ok(value))) => *limit = value,
                Some((word, Err(_))) => {
                    sink.error(word.place, format!("`{} {}` is not in 0..=255; ignored", option.text, word.text));
                }
                None => sink.error(option.place, format!("`{}` needs a value", option.text)),
            }
        }
        let text = line.name();
        let peer = match text.parse::<IpAddr>() {
            Ok(address) => PeerLine::Address(Peer { address, min_ttl, max_ttl }),
            Err(_) if host_name(text) => PeerLine::Name(text.to_owned()),
            Err(_) => {
                address(&line.keyword, sink);
                continue;
            }
        };
        let same = |(earlier, _): &At<PeerLine>| match (earlier, &peer) {
            (PeerLine::Address(one), PeerLine::Address(other)) => one.address == other.address,
            (PeerLine::Name(one), PeerLine::Name(other)) => one == other,
            _ => false,
        };
        if found.iter().any(same) {
            sink.warning(place, format!("peer {text} is listed twice"));
        } else {
            found.push((peer, place));
        }
    }
}

/// A name that may be looked up: letters, not an address with a mistake in it.
fn host_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let last = text.rsplit('.').next().unwrap_or_default();
    text.chars().all(fits) && last.chars().any(|c| c.is_ascii_alphabetic()) && !text.starts_with(['-', '.'])
}

/// `priority` when none is given.
pub const PRIORITY_DEFAULT: u8 = 100;
/// Largest `preempt_delay`.
pub const PREEMPT_DELAY_MAX: Duration = Duration::from_secs(1000);
