//! `use_vmac [NAME] [MAC] …`: the name and address of the macvlan.

use crate::conf::config::{Vmac, VrrpInstance};
use crate::conf::grammar::values::INTERFACE_BYTES_MAX;
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;
use crate::wire::arp::Mac;

/// `use_vmac` as written.
#[derive(Debug)]
pub(crate) struct VmacLine {
    pub(crate) place: Place,
    name: Option<(String, Place)>,
    /// Five bytes ask for the VRID as the sixth.
    mac: Option<[u8; 5]>,
    last: Option<u8>,
}

impl VmacLine {
    /// Reads the line.
    pub(crate) fn read(line: &Statement, sink: &mut Sink<'_>) -> Self {
        let mut found = Self { place: line.place(), name: None, mac: None, last: None };
        let mut words = line.arguments.iter();
        while let Some(word) = words.next() {
            let text = word.text.as_str();
            if let Some((five, last)) = mac_bytes(text) {
                (found.mac, found.last) = (Some(five), last);
            } else if text == "netlink_notify_msg" {
                sink.warning(word.place, "`netlink_notify_msg` is known but not supported; ignored");
            } else if text == "group" {
                let number = words.next().map(|word| word.text.as_str()).unwrap_or_default();
                let message = format!("`group {number}` is known but not supported; the macvlan stays in group 0");
                sink.warning(word.place, message);
            } else if found.name.is_some() {
                sink.warning(word.place, format!("`{text}` is not read: the macvlan has its name already"));
            } else if text.is_empty() || text.len() > INTERFACE_BYTES_MAX || text.contains('/') {
                let message = format!("`{text}` is no interface name: 1 to {INTERFACE_BYTES_MAX} bytes without `/`");
                sink.error(word.place, message);
            } else {
                found.name = Some((text.to_owned(), word.place));
            }
        }
        found
    }

    /// The macvlan of an instance; `taken` tells the names that others use.
    pub(crate) fn complete(
        self,
        prefix: &str,
        vrid: u8,
        ipv6: bool,
        transmit_base: bool,
        taken: impl Fn(&str) -> bool,
        sink: &mut Sink<'_>,
    ) -> Vmac {
        let mac: Mac = match self.mac {
            Some([a, b, c, d, e]) => [a, b, c, d, e, self.last.unwrap_or(vrid)],
            None => standard_mac(vrid, ipv6),
        };
        let mut free = names(prefix, vrid, ipv6).filter(|name| !taken(name));
        let name = match self.name {
            Some((name, place)) if taken(&name) => {
                let instead = free.next().unwrap_or_default();
                sink.error(place, format!("another instance calls its macvlan `{name}`; `{instead}` is used"));
                instead
            }
            Some((name, _)) => name,
            None => free.next().unwrap_or_default(),
        };
        Vmac { name: cut(name, sink, self.place), mac, transmit_base }
    }
}

/// The names that keepalived gives, in its order: `vrrp.11`, for IPv6 then `vrrp6.11`, and `vrrp1.11`, `vrrp2.11` …
pub fn names(prefix: &str, vrid: u8, ipv6: bool) -> impl Iterator<Item = String> {
    let six = ipv6.then(|| format!("{prefix}6.{vrid}"));
    let numbers = (1..=u16::MAX).filter(move |number| !ipv6 || *number != 6);
    let rest = numbers.map(move |number| (number, vrid));
    let prefix = prefix.to_owned();
    std::iter::once(format!("{prefix}.{vrid}"))
        .chain(six)
        .chain(rest.map(move |(number, vrid)| format!("{prefix}{number}.{vrid}")))
}

/// RFC 9568 §7.3.
fn standard_mac(vrid: u8, ipv6: bool) -> Mac {
    [0, 0, 0x5e, 0, if ipv6 { 2 } else { 1 }, vrid]
}

/// Settles where each address of an instance stands. Those of its family without an interface of their own, or with the
/// instance's, are on its macvlan; of the other family they are on the interface below, since the MAC would be wrong.
/// With `use_vmac`, and with `use_vmac_addr` (`every`) wherever the macvlan of the instance is not meant, an address
/// gets a macvlan on its own interface; addresses of one interface and family share it.
pub(super) fn settle(instance: &mut VrrpInstance, every: bool, prefix: &str, taken: impl Fn(&str) -> bool) {
    let (vrid, own) = (instance.vrid, instance.interface.clone());
    let main = instance.vmac.as_ref().map(|vmac| vmac.name.clone());
    let mut made: Vec<(String, bool, Vmac)> = Vec::new();
    for address in instance.addresses.iter_mut().chain(&mut instance.excluded) {
        let asked = address.vmac.take().is_some();
        let ipv6 = address.address.addr().is_ipv6();
        let here = address.interface.as_ref().is_none_or(|name| *name == own);
        let ours = here && ipv6 == instance.ipv6;
        if main.is_some() && ours {
            address.interface = None;
        } else if asked || every && !ours {
            let base = address.interface.clone().unwrap_or_else(|| own.clone());
            let known = made.iter().find(|(on, six, _)| *on == base && *six == ipv6).map(|(_, _, vmac)| vmac.clone());
            let vmac = known.unwrap_or_else(|| {
                let used = |name: &String| {
                    taken(name) || main.as_ref() == Some(name) || made.iter().any(|(_, _, vmac)| vmac.name == *name)
                };
                let name = names(prefix, vrid, ipv6).find(|name| !used(name)).unwrap_or_default();
                let vmac = Vmac { name, mac: standard_mac(vrid, ipv6), transmit_base: false };
                made.push((base, ipv6, vmac.clone()));
                vmac
            });
            address.vmac = Some(Box::new(vmac));
        } else if main.is_some() && here {
            address.interface = Some(own.clone());
        }
    }
}

fn cut(name: String, sink: &mut Sink<'_>, place: Place) -> String {
    if name.len() <= INTERFACE_BYTES_MAX {
        return name;
    }
    let mut bytes = 0;
    let fits = |letter: &char| {
        bytes += letter.len_utf8();
        bytes <= INTERFACE_BYTES_MAX
    };
    let tail: Vec<char> = name.chars().rev().take_while(fits).collect();
    let short: String = tail.into_iter().rev().collect();
    sink.error(place, format!("`{name}` is longer than {INTERFACE_BYTES_MAX} bytes; the macvlan is called `{short}`"));
    short
}

/// Five or six bytes in hexadecimal, with colons between.
fn mac_bytes(text: &str) -> Option<([u8; 5], Option<u8>)> {
    let parts: Option<Vec<u8>> = text
        .split(':')
        .map(|part| match part.len() {
            1 | 2 if part.bytes().all(|c| c.is_ascii_hexdigit()) => u8::from_str_radix(part, 16).ok(),
            _ => None,
        })
        .collect();
    match parts?.as_slice() {
        [a, b, c, d, e] => Some(([*a, *b, *c, *d, *e], None)),
        [a, b, c, d, e, last] => Some(([*a, *b, *c, *d, *e], Some(*last))),
        _ => None,
    }
}
