//! A table of nf_tables that passes on what belongs to connections of the host that had the virtual addresses before:
//! TCP segments to them, of a connection that was not opened to (or from) this host, are sent to that host and dropped
//! here. What was opened since then is known by its first segment (SYN), what was open already is written into the set.

use std::io;
use std::net::{IpAddr, SocketAddr};

use super::attributes::Attributes;
use super::expressions::{
    META_IIF, META_L4PROTO, NETWORK, OUTPUT, TRANSPORT, add_to_set, differs, dup, equal, immediate, list, load,
    load_to, lookup, mask, meta, verdict,
};
use super::netfilter::{Batch, Message, Nfnetlink};
use crate::sys::connections::Connection;

/// What is passed on, and the table, once it was needed.
#[derive(Default)]
pub(crate) struct Passes {
    netfilter: Option<Nfnetlink>,
    all: Vec<Pass>,
    /// Families that have the table. A kernel may know only one of them.
    made: Vec<u8>,
}

/// Segments to a virtual address, and where those go that are not this host's.
struct Pass {
    address: IpAddr,
    to: IpAddr,
    link: u32,
}

impl Passes {
    /// Passes on what is for these addresses, and for no connection of this host: `open` are those that it has already.
    ///
    /// # Errors
    /// The kernel's: no nf_tables, no `dup` of it, or not permitted.
    pub(crate) fn begin(&mut self, addresses: &[IpAddr], to: IpAddr, link: u32, open: &[Connection]) -> io::Result<()> {
        self.all.retain(|pass| !addresses.contains(&pass.address));
        self.all.extend(addresses.iter().map(|address| Pass { address: *address, to, link }));
        self.write(open).inspect_err(|_| self.all.retain(|pass| !addresses.contains(&pass.address)))
    }

    /// No longer.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn end(&mut self, addresses: &[IpAddr]) -> io::Result<()> {
        self.all.retain(|pass| !addresses.contains(&pass.address));
        if self.made.is_empty() { Ok(()) } else { self.write(&[]) }
    }

    /// Takes away what an earlier process of ours left.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn sweep(&mut self) -> io::Result<()> {
        let name = Attributes::default().text(1, TABLE);
        let set = Attributes::default().text(1, TABLE).text(2, OPEN);
        let netfilter = opened(&mut self.netfilter)?;
        let mut batch = Batch::new();
        for family in FAMILIES {
            if netfilter.has(Message::Table, family, &name)? && netfilter.has(Message::Set, family, &set)? {
                batch.add(Message::DeleteTable, family, &name);
            }
        }
        netfilter.commit(batch)
    }

    fn write(&mut self, open: &[Connection]) -> io::Result<()> {
        let netfilter = opened(&mut self.netfilter)?;
        let mut batch = Batch::new();
        let name = Attributes::default().text(1, TABLE);
        let mut made = Vec::new();
        for family in FAMILIES {
            let mine: Vec<&Pass> = self.all.iter().filter(|pass| family_of(pass.address) == family).collect();
            if mine.is_empty() && !self.made.contains(&family) {
                continue;
            }
            batch.add(Message::NewTable, family, &name); // so that there is one
            if mine.is_empty() {
                batch.add(Message::DeleteTable, family, &name);
            } else {
                table(&mut batch, family, &mine, open);
                made.push(family);
            }
        }
        netfilter.commit(batch)?;
        self.made = made;
        Ok(())
    }
}

fn opened(netfilter: &mut Option<Nfnetlink>) -> io::Result<&mut Nfnetlink> {
    match netfilter {
        Some(open) => Ok(open),
        closed => Ok(closed.insert(Nfnetlink::open()?)),
    }
}

/// All of it but the connections, which are known already where the table is there.
fn table(batch: &mut Batch, family: u8, passes: &[&Pass], open: &[Connection]) {
    let layout = Layout::of(family);
    let named = |set: &str| Attributes::default().text(1, TABLE).text(2, set);
    let size = Attributes::default().number(1, CONNECTIONS_MAX);
    let keys = named(OPEN).number(3, SET_EVAL).number(4, layout.key_type).number(5, layout.key_length);
    batch.add(Message::NewSet, family, &keys.nest(9, &size).number(10, 1));
    let addresses = named(ADDRESSES).number(3, 0).number(4, layout.address_type).number(5, layout.address);
    batch.add(Message::NewSet, family, &addresses.number(10, 2));
    batch.add(Message::DeleteElement, family, &named(ADDRESSES));
    let keyed = |key: &[u8]| Attributes::default().nest(1, &Attributes::default().bytes(1, key));
    let all = passes.iter().fold(Attributes::default(), |all, pass| all.nest(1, &keyed(&octets(pass.address))));
    batch.add(Message::NewElement, family, &named(ADDRESSES).nest(3, &all));
    for some in open.chunks(ELEMENTS_A_MESSAGE) {
        let mine = some.iter().filter(|one| family_of(one.local.ip()) == family);
        let all = mine.fold(Attributes::default(), |all, one| all.nest(1, &keyed(&key(one.remote, one.local))));
        if !all.as_bytes().is_empty() {
            batch.add(Message::NewElement, family, &named(OPEN).nest(3, &all));
        }
    }
    for (chain, hook) in [("input", PREROUTING), ("output", OUTPUT)] {
        let hook = Attributes::default().number(1, hook).number(2, PRIORITY.cast_unsigned());
        let chain = Attributes::default().text(1, TABLE).text(3, chain).nest(4, &hook).text(7, "filter");
        batch.add(Message::NewChain, family, &chain);
    }
    batch.add(Message::DeleteRule, family, &Attributes::default().text(1, TABLE));
    for (chain, expressions) in rules(&layout, passes) {
        let rule = Attributes::default().text(1, TABLE).text(2, chain).nest(4, &list(expressions));
        batch.add(Message::NewRule, family, &rule);
    }
}

fn rules(layout: &Layout, passes: &[&Pass]) -> Vec<(&'static str, Vec<Attributes>)> {
    let accept = || verdict(ACCEPT);
    // TCP flags: a fragment without them matches neither.
    let flags = || vec![load(TRANSPORT, 13, 1), mask(&[SYN | ACK])];
    let begins = || [flags(), vec![equal(&[SYN])]].concat();
    let to_ours = |rest: Vec<Attributes>| [vec![load(NETWORK, layout.destination, layout.address)], rest].concat();
    let tcp = || vec![meta(META_L4PROTO), equal(&[TCP])];
    let mut rules = vec![
        ("input", vec![meta(META_IIF), equal(&LOOPBACK.to_ne_bytes()), accept()]),
        ("input", vec![meta(META_L4PROTO), differs(&[TCP]), accept()]),
        ("input", to_ours(vec![lookup(ADDRESSES, true), accept()])),
        ("input", [tcp(), begins(), layout.key(true), vec![add_to_set(OPEN), accept()]].concat()),
        // Where the set is full, too.
        ("input", [tcp(), begins(), vec![accept()]].concat()),
        ("input", [tcp(), layout.key(true), vec![lookup(OPEN, false), accept()]].concat()),
    ];
    for pass in passes {
        let for_it = to_ours(vec![equal(&octets(pass.address))]);
        let goes_on = [flags(), vec![differs(&[SYN])]].concat();
        let away = vec![
            immediate(REGISTER_1, &octets(pass.to)),
            immediate(REGISTER_2, &pass.link.to_ne_bytes()),
            dup(REGISTER_1, REGISTER_2),
            verdict(DROP),
        ];
        rules.push(("input", [tcp(), for_it, goes_on, away].concat()));
    }
    // What this host opens itself from such an address.
    let from_ours = vec![load(NETWORK, layout.source, layout.address), lookup(ADDRESSES, false)];
    rules.push(("output", [tcp(), from_ours, begins(), layout.key(false), vec![add_to_set(OPEN)]].concat()));
    rules
}

/// Where a family has what, and how a key is laid out: the other end's address, ours, the other end's port, ours, each
/// filled up to whole registers of four bytes.
struct Layout {
    address: u32,
    source: u32,
    destination: u32,
    /// Registers of the four parts.
    registers: [u32; 4],
    /// nft's numbers, for its listing.
    address_type: u32,
    key_type: u32,
    key_length: u32,
}

impl Layout {
    fn of(family: u8) -> Self {
        let listed = |address: u32| ((address << 6 | address) << 6 | PORT) << 6 | PORT;
        match family {
            IPV4 => Self {
                address: 4,
                source: 12,
                destination: 16,
                registers: [REGISTER_1, REGISTER32 + 1, REGISTER32 + 2, REGISTER32 + 3],
                address_type: 7,
                key_type: listed(7),
                key_length: 16,
            },
            _ => Self {
                address: 16,
                source: 8,
                destination: 24,
                registers: [REGISTER_1, REGISTER_2, REGISTER32 + 8, REGISTER32 + 9],
                address_type: 8,
                key_type: listed(8),
                key_length: 40,
            },
        }
    }

    /// Loads the key of a segment that comes in, or of one that goes out.
    fn key(&self, comes: bool) -> Vec<Attributes> {
        let [theirs, ours, their_port, our_port] = self.registers;
        let (their_address, our_address) =
            if comes { (self.source, self.destination) } else { (self.destination, self.source) };
        let (their_place, our_place) = if comes { (0, 2) } else { (2, 0) };
        vec![
            load_to(theirs, NETWORK, their_address, self.address),
            load_to(ours, NETWORK, our_address, self.address),
            load_to(their_port, TRANSPORT, their_place, 2),
            load_to(our_port, TRANSPORT, our_place, 2),
        ]
    }
}

fn key(remote: SocketAddr, local: SocketAddr) -> Vec<u8> {
    let port = |port: u16| [port.to_be_bytes(), [0, 0]].concat();
    [octets(remote.ip()), octets(local.ip()), port(remote.port()), port(local.port())].concat()
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(four) => four.octets().to_vec(),
        IpAddr::V6(six) => six.octets().to_vec(),
    }
}

fn family_of(address: IpAddr) -> u8 {
    if address.is_ipv4() { IPV4 } else { IPV6 }
}

const TABLE: &str = "hactl_draining";
/// Connections of this host.
const OPEN: &str = "open";
/// Virtual addresses.
const ADDRESSES: &str = "addresses";
/// NFPROTO_IPV4 and NFPROTO_IPV6: `dup` is of one family.
const IPV4: u8 = 2;
const IPV6: u8 = 10;
const FAMILIES: [u8; 2] = [IPV4, IPV6];
const PREROUTING: u32 = 0;
/// As nft's `raw`: before whatever else judges packets.
const PRIORITY: i32 = -300;
/// NFT_SET_EVAL: rules add to it.
const SET_EVAL: u32 = 0x20;
/// Of 100 bytes each, as far as there are that many.
const CONNECTIONS_MAX: u32 = 1 << 18;
/// An attribute is 64 KiB at the most.
const ELEMENTS_A_MESSAGE: usize = 1000;
const REGISTER_1: u32 = 1;
const REGISTER_2: u32 = 2;
/// NFT_REG32_00: the registers of sixteen bytes in parts of four.
const REGISTER32: u32 = 8;
const LOOPBACK: u32 = 1;
const TCP: u8 = 6;
/// nft's number of a port.
const PORT: u32 = 13;
const DROP: u32 = 0;
const ACCEPT: u32 = 1;
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
