//! One line of `virtual_ipaddress`.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use crate::conf::config::{AddressFlag, VirtualAddress, Vmac};
use crate::conf::grammar::values::{INTERFACE_BYTES_MAX, interface};
use crate::conf::text::lexer::Word;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// Reads `ADDRESS[/LENGTH] [brd …] [dev …] [scope …] [label …] …`.
pub(crate) fn virtual_address(line: &Statement, sink: &mut Sink<'_>) -> Option<VirtualAddress> {
    let address = network(&line.keyword, sink)?;
    if let Some(block) = &line.block {
        sink.error(block.open, "an address takes no block; the block is ignored");
    }
    let mut read = VirtualAddress::new(address);
    let mut words = line.arguments.iter();
    while let Some(word) = words.next() {
        option(word, &mut words, &mut read, sink);
    }
    Some(read)
}

fn network(word: &Word, sink: &mut Sink<'_>) -> Option<IpNet> {
    let text = &word.text;
    if let Ok(address) = text.parse::<IpAddr>() {
        let host = IpNet::from(address);
        let message = format!("`{text}` has no prefix length; /{} is used", host.prefix_len());
        let usual = if address.is_ipv6() { 64 } else { 24 };
        sink.warning_help(word.place, message, format!("write `{text}/{usual}`, or what the subnet has"));
        return Some(host);
    }
    match text.parse::<IpNet>() {
        Ok(network) => Some(network),
        Err(_) => {
            sink.error(word.place, format!("`{text}` is not an IP address with a prefix length; ignored"));
            None
        }
    }
}

fn option<'w>(
    word: &'w Word,
    words: &mut impl Iterator<Item = &'w Word>,
    read: &mut VirtualAddress,
    sink: &mut Sink<'_>,
) {
    let name = word.text.as_str();
    if let Some((_, flag)) = ADDRESS_FLAGS.iter().find(|(flag, _)| *flag == name) {
        if !read.flags.contains(flag) {
            read.flags.push(*flag);
        }
        return;
    }
    if name == "no_track" {
        read.no_track = true;
        return;
    }
    if name == "use_vmac" {
        // Which one is found out when the instance is known.
        read.vmac = Some(Box::new(Vmac { name: String::new(), mac: [0; 6], transmit_base: false }));
        return;
    }
    if !VALUED.contains(&name) {
        unknown_option(word, sink);
        return;
    }
    let Some(value) = words.next() else {
        sink.error(word.place, format!("`{name}` needs a value"));
        return;
    };
    match name {
        "dev" => read.interface = interface(value, sink).or_else(|| read.interface.take()),
        "label" => label(value, read, sink),
        "scope" => scope(value, read, sink),
        "brd" | "broadcast" => broadcast(value, read, sink),
        "peer" => peer(value, read, sink),
        "preferred_lft" => preferred(value, read, sink),
        _ => sink.warning(word.place, format!("`{name}` is known but not supported yet for an address; ignored")),
    }
}

fn unknown_option(word: &Word, sink: &mut Sink<'_>) {
    let name = &word.text;
    if name.parse::<IpAddr>().is_ok() || name.parse::<IpNet>().is_ok() {
        let message = format!("`{name}` is ignored: only the first address of a line is read");
        sink.error_help(word.place, message, "put each address on a line of its own");
        return;
    }
    let known =
        VALUED.iter().copied().chain(ADDRESS_FLAGS.iter().map(|(name, _)| *name)).chain(["no_track", "use_vmac"]);
    let message = format!("unknown option `{name}` of an address");
    match sink.guess(name, known) {
        Some(near) => sink.error_help(word.place, message, format!("did you mean `{near}`?")),
        None => sink.error(word.place, message),
    }
}

fn label(word: &Word, read: &mut VirtualAddress, sink: &mut Sink<'_>) {
    let text = &word.text;
    if read.address.addr().is_ipv6() {
        sink.error(word.place, format!("`label {text}` is ignored: IPv6 addresses have no labels"));
    } else if text.is_empty() || text.len() > INTERFACE_BYTES_MAX {
        sink.error(word.place, format!("`label {text}` is ignored: a label has 1 to {INTERFACE_BYTES_MAX} bytes"));
    } else {
        read.label = Some(text.clone());
    }
}

fn scope(word: &Word, read: &mut VirtualAddress, sink: &mut Sink<'_>) {
    let named = SCOPES.iter().find(|(name, _)| *name == word.text).map(|(_, number)| *number);
    match named.or_else(|| word.text.parse().ok()) {
        Some(number) => read.scope = number,
        None => sink.error_help(
            word.place,
            format!("unknown scope `{}`; global is used", word.text),
            "write global, site, link, host, nowhere or a number from 0 to 255",
        ),
    }
}

fn broadcast(word: &Word, read: &mut VirtualAddress, sink: &mut Sink<'_>) {
    let IpNet::V4(network) = read.address else {
        sink.error(word.place, format!("`brd {}` is ignored: IPv6 has no broadcast", word.text));
        return;
    };
    match word.text.as_str() {
        sign @ ("-" | "+") if network.prefix_len() > 30 => {
            let length = network.prefix_len();
            sink.warning(word.place, format!("`brd {sign}` is ignored: a /{length} has no broadcast address"));
        }
        // As in ip-address(8): all host bits 0, and all 1.
        "-" => read.broadcast = Some(network.network()),
        "+" => read.broadcast = Some(network.broadcast()),
        text => match text.parse::<Ipv4Addr>() {
            Ok(address) => read.broadcast = Some(address),
            Err(_) => sink.error(word.place, format!("`brd {text}` is ignored: not an IPv4 address, `+` or `-`")),
        },
    }
}

fn peer(word: &Word, read: &mut VirtualAddress, sink: &mut Sink<'_>) {
    let text = &word.text;
    if text.contains('/') {
        let help = "leave the prefix length out here, and give it to the address";
        sink.warning_help(
            word.place,
            format!("`peer {text}`: keepalived leaves out a peer with a prefix length"),
            help,
        );
    }
    let found = text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>());
    match found {
        Ok(peer) if peer.addr().is_ipv6() == read.address.addr().is_ipv6() => read.peer = Some(peer),
        Ok(peer) => sink.error(word.place, format!("`peer {}` is ignored: it is of another family", peer.addr())),
        Err(_) => sink.error(word.place, format!("`peer {text}` is ignored: not an IP address")),
    }
}

fn preferred(word: &Word, read: &mut VirtualAddress, sink: &mut Sink<'_>) {
    match (word.text.as_str(), word.text.parse::<u32>()) {
        ("forever", _) => read.preferred_s = Some(FOREVER),
        (_, Ok(seconds)) => read.preferred_s = Some(seconds),
        (text, Err(_)) => {
            sink.error(word.place, format!("`preferred_lft {text}` is ignored: neither whole seconds nor `forever`"));
        }
    }
}

/// The kernel's number for "without end".
pub(crate) const FOREVER: u32 = u32::MAX;

/// Scope names and their kernel numbers (rtnetlink(7)).
pub(crate) const SCOPES: &[(&str, u8)] =
    &[("global", 0), ("site", 200), ("link", 253), ("host", 254), ("nowhere", 255)];

/// Flags and their words.
pub(crate) const ADDRESS_FLAGS: &[(&str, AddressFlag)] = &[
    ("home", AddressFlag::Home),
    ("-nodad", AddressFlag::DetectDuplicates),
    ("mngtmpaddr", AddressFlag::ManageTemporary),
    ("noprefixroute", AddressFlag::NoPrefixRoute),
    ("autojoin", AddressFlag::AutoJoin),
];

const VALUED: &[&str] = &["dev", "label", "scope", "brd", "broadcast", "peer", "preferred_lft", "track_group"];
