//! A table of nf_tables that refuses this host's own connections to servers that are known to fail. Whoever connects, a
//! proxy, is told so at once and asks another server. Root may connect: the agent's checks must, and an administrator
//! who looks should see the server itself. Its elements are a lease: when nobody renews them the kernel forgets them,
//! so that an agent that died keeps no server out.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hactl_engine::lvs::upstream::Refused;

use super::attributes::Attributes;
use super::expressions::{
    INET, META_L4PROTO, META_NFPROTO, META_SKUID, NETWORK, OUTPUT, TRANSPORT, differs, equal, list, load, load_to,
    lookup, mask, meta, meta_is, reset,
};
use super::netfilter::{Batch, Message, Nfnetlink};

/// The table, once it was needed.
#[derive(Default)]
pub(crate) struct Refusals {
    netfilter: Option<Nfnetlink>,
}

/// How long a server is refused unless that is said again.
pub(crate) const LEASE: Duration = Duration::from_secs(15);

impl Refusals {
    /// Refuses these servers for [`LEASE`], and nobody else; nobody at all takes the table away.
    ///
    /// # Errors
    /// The kernel's: no nf_tables, or not permitted; or the table is somebody else's. What was refused before still is,
    /// until its lease is over.
    pub(crate) fn set(&mut self, refused: &Refused) -> io::Result<()> {
        let netfilter = match &mut self.netfilter {
            Some(open) => open,
            closed => {
                let mut opened = Nfnetlink::open()?;
                let table = Attributes::default().text(1, TABLE);
                let set = Attributes::default().text(1, TABLE).text(2, KINDS[0].set);
                if opened.has(Message::Table, INET, &table)? && !opened.has(Message::Set, INET, &set)? {
                    let words = format!("the table `{TABLE}` is somebody else's and is left alone");
                    return Err(io::Error::new(io::ErrorKind::AlreadyExists, words));
                }
                closed.insert(opened)
            }
        };
        let mut batch = Batch::new();
        // All of it anew, in one moment: whoever sends meanwhile sees the old table or the new one.
        let table = Attributes::default().text(1, TABLE);
        batch.add(Message::NewTable, INET, &table); // so that there is one
        batch.add(Message::DeleteTable, INET, &table);
        if !refused.is_empty() {
            batch.add(Message::NewTable, INET, &table);
            rules(&mut batch, refused);
        }
        netfilter.commit(batch)
    }
}

/// Servers of one family that are refused in one way.
struct Kind {
    set: &'static str,
    ipv6: bool,
    /// Open connections end, too.
    all: bool,
}

const KINDS: [Kind; 4] = [
    Kind { set: "new4", ipv6: false, all: false },
    Kind { set: "new6", ipv6: true, all: false },
    Kind { set: "all4", ipv6: false, all: true },
    Kind { set: "all6", ipv6: true, all: true },
];

fn rules(batch: &mut Batch, refused: &Refused) {
    for kind in &KINDS {
        // Keys are an address and a port, each filled up to four bytes; the first number is nft's for its listing.
        let (listed, length) = if kind.ipv6 { (8 << 6 | 13, 20) } else { (7 << 6 | 13, 8) };
        let set = Attributes::default().text(1, TABLE).text(2, kind.set).number(3, SET_TIMEOUT);
        batch.add(Message::NewSet, INET, &set.number(4, listed).number(5, length).number(10, 1));
        let servers = if kind.all { &refused.all } else { &refused.new };
        let mine: Vec<&SocketAddr> = servers.iter().filter(|one| one.is_ipv6() == kind.ipv6).collect();
        if !mine.is_empty() {
            let all = mine.iter().fold(Attributes::default(), |all, server| all.nest(1, &element(server)));
            batch.add(Message::NewElement, INET, &Attributes::default().text(1, TABLE).text(2, kind.set).nest(3, &all));
        }
    }
    let hook = Attributes::default().number(1, OUTPUT).number(2, 0);
    let chain = Attributes::default().text(1, TABLE).text(3, CHAIN).nest(4, &hook).text(7, "filter");
    batch.add(Message::NewChain, INET, &chain);
    for kind in &KINDS {
        let rule = Attributes::default().text(1, TABLE).text(2, CHAIN).nest(4, &rule(kind));
        batch.add(Message::NewRule, INET, &rule);
    }
}

fn rule(kind: &Kind) -> Attributes {
    let (family, address, length, port) = match kind.ipv6 {
        false => (2, 16, 4, REGISTER_AFTER_FOUR),
        true => (10, 24, 16, REGISTER_AFTER_SIXTEEN),
    };
    let tcp = [meta_is(META_NFPROTO, family), meta_is(META_L4PROTO, 6)].concat();
    let begins = if kind.all { Vec::new() } else { vec![load(TRANSPORT, 13, 1), mask(&[SYN | ACK]), equal(&[SYN])] };
    let to = vec![load(NETWORK, address, length), load_to(port, TRANSPORT, 2, 2), lookup(kind.set, false)];
    let not_root = vec![meta(META_SKUID), differs(&0_u32.to_ne_bytes()), reset()];
    list([tcp, begins, to, not_root].concat())
}

fn element(server: &SocketAddr) -> Attributes {
    let mut key = match server.ip() {
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => v6.octets().to_vec(),
    };
    key.extend(server.port().to_be_bytes());
    key.extend([0, 0]);
    let time = u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX);
    Attributes::default().nest(1, &Attributes::default().bytes(1, &key)).long(4, time)
}

const TABLE: &str = "hactl_upstreams";
const CHAIN: &str = "output";
const SET_TIMEOUT: u32 = 0x10;
/// NFT_REG32_01: the second four bytes of the first register.
const REGISTER_AFTER_FOUR: u32 = 9;
/// NFT_REG_2: what comes after the first register.
const REGISTER_AFTER_SIXTEEN: u32 = 2;
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;
