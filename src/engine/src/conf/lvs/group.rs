//! `virtual_server_group`: addresses, ranges of them and marks, spread out to services within a bound.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

use super::head::{mark, port};
use crate::conf::grammar::values::surplus;
use crate::conf::grammar::walk::inside;
use crate::conf::text::lexer::Word;
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;
use crate::ipvs::{Family, Protocol, ServiceKey};

/// A group with its lines read.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) place: Place,
    entries: Vec<(Entry, Place)>,
}

/// One line.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entry {
    /// `IP[-END] [PORT]`, `IP/LENGTH [PORT]`.
    Range { first: IpAddr, count: u32, port: u16 },
    /// `fwmark N [inet|inet6]`.
    Mark { mark: u32, family: Option<Family> },
}

impl Group {
    /// Reads a block.
    pub(crate) fn read(block: &Statement, name: &str, place: Place, sink: &mut Sink<'_>) -> Self {
        let mut entries: Vec<(Entry, Place)> = Vec::new();
        let mut services = 0_u32;
        for line in inside(block) {
            if let Some(block) = &line.block {
                sink.error(block.open, "a line of a group takes no block; the block is ignored");
            }
            let Some(entry) = Entry::read(line, sink) else { continue };
            let count = entry.count();
            if services.saturating_add(count) > GROUP_SERVICES_MAX {
                let message = format!(
                    "virtual_server_group `{name}` has more than {GROUP_SERVICES_MAX} services with this line; the line is ignored"
                );
                let help = "each address is a service of its own in the kernel; mark the packets with nftables instead, and \
                            serve `fwmark N`";
                sink.error_help(line.place(), message, help);
                continue;
            }
            services += count;
            entries.push((entry, line.place()));
        }
        if entries.is_empty() {
            let message = format!("virtual_server_group `{name}` has no entries: nothing is served with it");
            sink.warning_help(place, message, "add lines such as `192.0.2.8 80` or `fwmark 5`");
        }
        Self { place, entries }
    }

    /// The services; marks that name no family get this one.
    pub(crate) fn services(&self, protocol: Protocol, marks: Family) -> Vec<(ServiceKey, Place)> {
        let mut services = Vec::new();
        for (entry, place) in &self.entries {
            match *entry {
                Entry::Mark { mark, family } => {
                    services.push((ServiceKey::Mark { family: family.unwrap_or(marks), mark }, *place));
                }
                Entry::Range { first, count, port } => {
                    let addresses = (0..count).filter_map(|step| plus(first, step));
                    services.extend(
                        addresses
                            .map(|ip| (ServiceKey::Address { protocol, address: SocketAddr::new(ip, port) }, *place)),
                    );
                }
            }
        }
        services
    }

    /// Families of the addresses, and of the marks that name theirs.
    pub(crate) fn families(&self) -> impl Iterator<Item = Family> {
        self.entries.iter().filter_map(|(entry, _)| match entry {
            Entry::Range { first, .. } => Some(Family::of(*first)),
            Entry::Mark { family, .. } => *family,
        })
    }

    /// Where a mark stands whose family can only be guessed: there are addresses of both.
    pub(super) fn doubtful_mark(&self) -> Option<Place> {
        let v4 = self.families().any(|family| family == Family::V4);
        let v6 = self.families().any(|family| family == Family::V6);
        let mark = self.entries.iter().find(|(entry, _)| matches!(entry, Entry::Mark { family: None, .. }));
        mark.filter(|_| v4 && v6).map(|(_, place)| *place)
    }

    /// Whether there are addresses, which have a protocol.
    pub(super) fn has_addresses(&self) -> bool {
        self.entries.iter().any(|(entry, _)| matches!(entry, Entry::Range { .. }))
    }

    /// The port of all of its services, if they have one in common.
    pub(super) fn common_port(&self) -> Option<u16> {
        let mut ports = self.entries.iter().map(|(entry, _)| match entry {
            Entry::Range { port, .. } => *port,
            Entry::Mark { .. } => 0,
        });
        let first = ports.next()?;
        ports.all(|port| port == first).then_some(first).filter(|port| *port != 0)
    }
}

impl Entry {
    fn read(line: &Statement, sink: &mut Sink<'_>) -> Option<Self> {
        if line.name() == "fwmark" {
            return Self::mark(line, sink);
        }
        let (first, count) = range(&line.keyword, sink)?;
        let port = match line.arguments.split_first() {
            None => 0,
            Some((word, rest)) => {
                surplus(line, rest, sink);
                port(word, sink)?.unwrap_or(0)
            }
        };
        Some(Self::Range { first, count, port })
    }

    fn mark(line: &Statement, sink: &mut Sink<'_>) -> Option<Self> {
        let Some((number, rest)) = line.arguments.split_first() else {
            sink.error_help(line.place(), "`fwmark` needs a number; ignored", "as in `fwmark 5 inet`");
            return None;
        };
        let mark = mark(number, sink)?;
        let Some((word, more)) = rest.split_first() else { return Some(Self::Mark { mark, family: None }) };
        surplus(line, more, sink);
        Some(Self::Mark { mark, family: family(word, sink) })
    }

    fn count(self) -> u32 {
        match self {
            Self::Range { count, .. } => count,
            Self::Mark { .. } => 1,
        }
    }
}

/// `inet`, `inet6`.
pub(super) fn family(word: &Word, sink: &mut Sink<'_>) -> Option<Family> {
    match word.text.as_str() {
        "inet" => Some(Family::V4),
        "inet6" => Some(Family::V6),
        other => {
            sink.error_help(word.place, format!("unknown family `{other}`; ignored"), "write inet or inet6");
            None
        }
    }
}

/// The first address and how many there are.
fn range(word: &Word, sink: &mut Sink<'_>) -> Option<(IpAddr, u32)> {
    let text = word.text.as_str();
    let wrong = |message: String, sink: &mut Sink<'_>| {
        sink.error_help(
            word.place,
            message,
            "as in `192.0.2.8`, `192.0.2.8-15`, `192.0.2.8-192.0.3.7` or `192.0.2.8/29`",
        );
        None
    };
    if let Some((start, end)) = text.split_once('-') {
        let Ok(first) = start.parse::<IpAddr>() else {
            return wrong(format!("`{start}` is not an IP address; ignored"), sink);
        };
        let Some(last) = end_of(first, end) else {
            return wrong(format!("`{end}` is no end for a range that begins with `{start}`; ignored"), sink);
        };
        return match number(last).checked_sub(number(first)) {
            Some(steps) => Some((first, u32::try_from(steps).unwrap_or(u32::MAX).saturating_add(1))),
            None => wrong(format!("the range `{text}` ends before it begins; ignored"), sink),
        };
    }
    if text.contains('/') {
        let Ok(net) = text.parse::<IpNet>() else { return wrong(format!("`{text}` is not a network; ignored"), sink) };
        if net.addr() != net.network() {
            return wrong(format!("`{text}` is ignored: the network begins at {}", net.network()), sink);
        }
        let bits = u32::from(net.max_prefix_len() - net.prefix_len());
        return Some((net.addr(), 1_u32.checked_shl(bits).unwrap_or(u32::MAX)));
    }
    match text.parse::<IpAddr>() {
        Ok(address) => Some((address, 1)),
        Err(_) if text.parse::<SocketAddr>().is_ok() => {
            wrong(format!("`{text}` is ignored: a blank stands before a port"), sink)
        }
        Err(_) => wrong(format!("`{text}` is neither an address nor a range nor `fwmark`; ignored"), sink),
    }
}

/// A whole address, or the last part of one.
fn end_of(first: IpAddr, end: &str) -> Option<IpAddr> {
    match (first, end.parse::<IpAddr>()) {
        (_, Ok(last)) => Some(last).filter(|last| last.is_ipv6() == first.is_ipv6()),
        (IpAddr::V4(first), Err(_)) => {
            let [a, b, c, _] = first.octets();
            end.parse().ok().map(|d| Ipv4Addr::new(a, b, c, d).into())
        }
        (IpAddr::V6(first), Err(_)) => {
            let last = u16::from_str_radix(end, 16).ok()?;
            let [a, b, c, d, e, f, g, _] = first.segments();
            Some(Ipv6Addr::new(a, b, c, d, e, f, g, last).into())
        }
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(four) => u128::from(u32::from(four)),
        IpAddr::V6(six) => u128::from(six),
    }
}

fn plus(first: IpAddr, step: u32) -> Option<IpAddr> {
    match first {
        IpAddr::V4(four) => u32::from(four).checked_add(step).map(|sum| Ipv4Addr::from(sum).into()),
        IpAddr::V6(six) => u128::from(six).checked_add(u128::from(step)).map(|sum| Ipv6Addr::from(sum).into()),
    }
}

/// Services that one group may have.
const GROUP_SERVICES_MAX: u32 = 4096;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, u32)> {
        let place = Place { line: 1, column: 1, length: 1 };
        let word = Word { text: text.into(), written: None, place };
        range(&word, &mut Sink::new("t")).map(|(first, count)| (first.to_string(), count))
    }

    #[test]
    fn ranges_of_every_form() {
        for (text, first, count) in [
            ("192.0.2.37", "192.0.2.37", 1),
            ("192.0.2.37-91", "192.0.2.37", 55),
            ("192.0.2.250-192.0.3.4", "192.0.2.250", 11),
            ("192.0.2.8/29", "192.0.2.8", 8),
            ("2001:db8::1-1f", "2001:db8::1", 31),
            ("2001:db8::/64", "2001:db8::", u32::MAX),
        ] {
            assert_eq!(read(text), Some((first.to_owned(), count)), "{text}");
        }
        for text in ["192.0.2.9/29", "192.0.2.9-3", "192.0.2.9-256", "192.0.2.9-::1", "192.0.2.9:80", "::1-g", "x", ""]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
