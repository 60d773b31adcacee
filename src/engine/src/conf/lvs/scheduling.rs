//! How connections are shared out and how packets get there: `lb_algo` with its flags, `lb_kind`, `persistence_…`.

use std::net::Ipv4Addr;

use super::head::port;
use crate::conf::grammar::values::{single, surplus, unread};
use crate::conf::text::lexer::Word;
use crate::conf::text::place::{At, Place};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;
use crate::ipvs::{Forward, Protocol, Scheduling, Tunnel, TunnelChecksum};

/// The scheduler's lines as far as they were given.
#[derive(Debug, Default)]
pub(super) struct SchedulingLines {
    name: Option<&'static str>,
    ops: Option<Place>,
    /// Position of the flag, and the scheduler that its name belongs to.
    flags: Vec<(usize, Option<&'static str>, At<String>)>,
}

impl SchedulingLines {
    /// `lb_algo`, `lvs_sched`.
    pub(super) fn algorithm(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        let Some(word) = single(line, sink) else { return };
        self.name = Scheduling::NAMES.iter().find(|name| **name == word.text).copied();
        if self.name.is_none() {
            let message = format!("unknown scheduler `{}`; {SCHEDULER_DEFAULT} is used", word.text);
            sink.error_help(word.place, message, format!("write one of {}", Scheduling::NAMES.join(", ")));
        }
    }

    /// `ops`, `flag-1`, `sh-port` and their like.
    pub(crate) fn flag(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        let (at, of) = match line.name() {
            "flag-1" => (0, None),
            "flag-2" => (1, None),
            "flag-3" => (2, None),
            "sh-fallback" => (0, Some("sh")),
            "sh-port" => (1, Some("sh")),
            "mh-fallback" => (0, Some("mh")),
            "mh-port" => (1, Some("mh")),
            "ops" => {
                self.ops = Some(line.place());
                return;
            }
            _ => return unread(line, sink),
        };
        self.flags.push((at, of, (line.name().to_owned(), line.place())));
    }

    /// `protocol` is that of the addresses; a pool behind marks alone has none.
    pub(crate) fn complete(self, protocol: Option<Protocol>, sink: &mut Sink<'_>) -> Scheduling {
        let name = self.name.unwrap_or(SCHEDULER_DEFAULT);
        let mut scheduling = Scheduling { name, one_packet: false, flags: [false; 3] };
        for (at, of, (keyword, place)) in self.flags {
            if let Some(of) = of.filter(|of| *of != name) {
                let message = format!("`{keyword}` is ignored: it belongs to the scheduler {of}, and this is {name}");
                sink.error(place, message);
            } else if let Some(flag) = scheduling.flags.get_mut(at) {
                *flag = true;
            }
        }
        if let Some(place) = self.ops {
            scheduling.one_packet = protocol.is_none_or(|protocol| protocol == Protocol::Udp);
            if !scheduling.one_packet {
                sink.error(place, "`ops` is ignored: only packets of UDP can be scheduled one by one");
            }
        }
        scheduling
    }
}

/// `protocol`.
pub(super) fn protocol(line: &Statement, sink: &mut Sink<'_>) -> Option<Protocol> {
    let word = single(line, sink)?;
    match word.text.to_ascii_uppercase().as_str() {
        "TCP" => Some(Protocol::Tcp),
        "UDP" => Some(Protocol::Udp),
        "SCTP" => Some(Protocol::Sctp),
        _ => {
            let message = format!("unknown protocol `{}`; ignored", word.text);
            sink.error_help(word.place, message, "write TCP, UDP or SCTP");
            None
        }
    }
}

/// `NAT`, `DR`, `TUN [type …]`.
pub(super) fn forward(line: &Statement, sink: &mut Sink<'_>) -> Option<Forward> {
    let Some((word, rest)) = line.arguments.split_first() else {
        sink.error_help(line.place(), format!("`{}` needs a value", line.name()), "write NAT, DR or TUN");
        return None;
    };
    match word.text.to_ascii_uppercase().as_str() {
        "NAT" => {
            surplus(line, rest, sink);
            Some(Forward::Nat)
        }
        "DR" => {
            surplus(line, rest, sink);
            Some(Forward::Direct)
        }
        "TUN" => tunnel(line, rest, sink).map(Forward::Tunnel),
        _ => {
            let message = format!("unknown forwarding method `{}`; ignored", word.text);
            sink.error_help(word.place, message, "write NAT, DR or TUN: the kernel has no other");
            None
        }
    }
}

/// `[type ipip|gue port N|gre] [nocsum|csum|remcsum]`.
fn tunnel(line: &Statement, words: &[Word], sink: &mut Sink<'_>) -> Option<Tunnel> {
    let (mut kind, mut number, mut checksum) = (None, None, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.text.as_str() {
            "type" => kind = words.next().or_else(|| incomplete(word, "a type: ipip, gue or gre", sink)),
            "port" => {
                let given = words.next().or_else(|| incomplete(word, "a number", sink));
                number = given.and_then(|given| port(given, sink).flatten().map(|port| (port, word.place)));
            }
            "nocsum" => checksum = Some((TunnelChecksum::None, word)),
            "csum" => checksum = Some((TunnelChecksum::Outer, word)),
            "remcsum" => checksum = Some((TunnelChecksum::Remote, word)),
            other => {
                let message = format!("`{other}` is not read after `TUN`");
                sink.error_help(word.place, message, "as in `TUN type gue port 6080 csum`");
            }
        }
    }
    let kind_name = kind.map_or("ipip", |word: &Word| word.text.as_str());
    if let Some((_, place)) = number.filter(|_| kind_name != "gue") {
        sink.error(place, format!("`port` is ignored: a tunnel of type {kind_name} has none"));
    }
    let sum = checksum.map(|(sum, _)| sum).unwrap_or_default();
    let refuse = |sink: &mut Sink<'_>| {
        if let Some((_, word)) = checksum {
            sink.error(word.place, format!("`{}` is ignored: a tunnel of type {kind_name} has no such sum", word.text));
        }
    };
    match kind_name {
        "ipip" => {
            refuse(sink);
            Some(Tunnel::Ipip)
        }
        "gre" => {
            if sum == TunnelChecksum::Remote {
                refuse(sink);
                return Some(Tunnel::Gre { checksum: TunnelChecksum::None });
            }
            Some(Tunnel::Gre { checksum: sum })
        }
        "gue" => match number {
            Some((port, _)) => Some(Tunnel::Gue { port, checksum: sum }),
            None => {
                sink.error_help(
                    line.place(),
                    "a tunnel of type gue needs a port; ignored",
                    "as in `TUN type gue port 6080`",
                );
                None
            }
        },
        other => {
            sink.error_help(
                line.place(),
                format!("unknown type of tunnel `{other}`; ignored"),
                "write ipip, gue or gre",
            );
            None
        }
    }
}

fn incomplete<'w>(word: &Word, what: &str, sink: &mut Sink<'_>) -> Option<&'w Word> {
    sink.error(word.place, format!("`{}` needs {what}", word.text));
    None
}

/// `persistence_granularity`: a netmask of IPv4, or a prefix length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Granularity {
    /// `255.255.255.0`: of IPv4 only.
    Mask(u8),
    /// `64`.
    Length(u8),
}

/// `persistence_granularity`.
pub(super) fn granularity(line: &Statement, sink: &mut Sink<'_>) -> Option<At<Granularity>> {
    let word = single(line, sink)?;
    let mask = word.text.parse::<Ipv4Addr>().ok().map(|mask| (u32::from(mask), mask));
    let found = match mask {
        Some((bits, _)) => {
            let length = u8::try_from(bits.leading_ones()).ok();
            length.filter(|_| bits != 0 && bits.leading_ones() + bits.trailing_zeros() == 32).map(Granularity::Mask)
        }
        None => word.text.parse().ok().filter(|length| (1..=128).contains(length)).map(Granularity::Length),
    };
    if found.is_none() {
        let message =
            format!("`persistence_granularity {}` is neither a netmask nor a prefix length; ignored", word.text);
        sink.warning_help(word.place, message, "as in `persistence_granularity 255.255.255.0`, or `64` for IPv6");
    }
    found.map(|found| (found, word.place))
}

/// `lb_algo` when none is given.
pub(super) const SCHEDULER_DEFAULT: &str = "wlc";
