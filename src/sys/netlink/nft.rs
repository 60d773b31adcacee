//! Gates: tables of nf_tables that keep virtual addresses silent. One kind is closed for good (`no_accept`); the other
//! is a lease: it is open as long as its element lives, and the kernel lets that run out when nobody renews it.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use hactl_engine::action::Gate;

use super::attributes::Attributes;
use super::expressions::{
    INET, META_L4PROTO, META_NFPROTO, NETWORK, OUTPUT, TRANSPORT, equal, list, load, lookup, meta_is, verdict,
};
use super::netfilter::{Batch, Message, Nfnetlink};

/// What the tables shall do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Name of the tables.
    pub table: String,
    /// Addresses that answer only while their lease lives.
    pub leased: Vec<IpAddr>,
    /// Addresses that take no traffic (their ARP and neighbour discovery are answered).
    pub closed: Vec<IpAddr>,
    /// Other addresses may get a lease for a moment: see [`Gate::Part`].
    pub parting: bool,
}

impl Plan {
    /// Whether nothing is to be done.
    pub(crate) fn is_empty(&self) -> bool {
        self.leased.is_empty() && self.closed.is_empty() && !self.parting
    }
}

/// The tables, once made.
pub(crate) struct Gates {
    netfilter: Nfnetlink,
    plan: Plan,
}

impl Gates {
    /// Makes the tables. Leases that an earlier process left there live on.
    ///
    /// # Errors
    /// The kernel's: no nf_tables, or not permitted.
    pub(crate) fn make(plan: Plan) -> io::Result<Self> {
        let mut gates = Self { netfilter: Nfnetlink::open()?, plan: Plan::default() };
        gates.change(plan)?;
        Ok(gates)
    }

    /// Removes what an earlier process of ours left under this name, where nothing is wanted any more.
    ///
    /// # Errors
    /// The kernel's: no nf_tables, or not permitted.
    pub(crate) fn sweep(table: &str) -> io::Result<()> {
        let mut gates = Self { netfilter: Nfnetlink::open()?, plan: Plan::default() };
        let name = Attributes::default().text(1, table);
        let mut is_there = false;
        for family in [INET, ARP] {
            is_there |= gates.netfilter.has(Message::Table, family, &name)?;
        }
        if is_there && !gates.is_anothers(table)? {
            remove(&mut gates.netfilter, table)?;
        }
        Ok(())
    }

    /// Takes another plan, all at once.
    ///
    /// # Errors
    /// The kernel's; the old plan stays in force then.
    pub(crate) fn change(&mut self, plan: Plan) -> io::Result<()> {
        if self.plan == plan {
            return Ok(());
        }
        if self.plan.table != plan.table && self.is_anothers(&plan.table)? {
            let words = format!("the table `{}` is somebody else's and is left alone", plan.table);
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, words));
        }
        let mut batch = Batch::new();
        for family in [INET, ARP] {
            tables(&mut batch, family, &plan);
        }
        self.netfilter.commit(batch)?;
        if !self.plan.table.is_empty() && self.plan.table != plan.table {
            remove(&mut self.netfilter, &self.plan.table)?;
        }
        self.plan = plan;
        Ok(())
    }

    /// Whether there is a table of that name that an earlier process of ours did not make: rules and table would go
    /// with ours.
    fn is_anothers(&mut self, table: &str) -> io::Result<bool> {
        for family in [INET, ARP] {
            let name = Attributes::default().text(1, table);
            let set = Attributes::default().text(1, table).text(2, set("gated", false));
            if self.netfilter.has(Message::Table, family, &name)? && !self.netfilter.has(Message::Set, family, &set)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Opens, sets or lifts the gate of these addresses.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn set(&mut self, addresses: &[IpAddr], gate: Gate) -> io::Result<()> {
        let mut batch = Batch::new();
        for ipv6 in [false, true] {
            let mine: Vec<IpAddr> = addresses.iter().copied().filter(|one| one.is_ipv6() == ipv6).collect();
            let families: &[u8] = if ipv6 { &[INET] } else { &[INET, ARP] };
            for family in families.iter().filter(|_| !mine.is_empty()) {
                let elements = |kind, time| elements(&self.plan.table, set(kind, ipv6), &mine, time);
                let mut put = |kind, time| {
                    // An element's time cannot be changed: it is made (when it has run out), removed and made anew,
                    // and nobody sees the batch half done.
                    batch.add(Message::NewElement, *family, &elements(kind, time));
                    batch.add(Message::DeleteElement, *family, &elements(kind, None));
                    if time.is_some() {
                        batch.add(Message::NewElement, *family, &elements(kind, time));
                    }
                };
                // Whether neighbours are answered: a table of its own (ARP), or a set of its own (NA).
                let answers = match (*family, ipv6) {
                    (ARP, _) => Some("leased"),
                    (_, true) => Some("answered"),
                    (_, false) => None,
                };
                match gate {
                    Gate::Open(time) | Gate::Part(time) if *family == INET => put("leased", Some(time)),
                    Gate::Open(_) | Gate::Part(_) | Gate::Parted => {}
                }
                match (gate, answers) {
                    (Gate::Open(time), Some(kind)) => put(kind, Some(time)),
                    (Gate::Part(_), Some(kind)) => put(kind, None),
                    (Gate::Parted, _) => put("gated", None),
                    (Gate::Open(_) | Gate::Part(_), None) => {}
                }
                if let Gate::Part(_) = gate {
                    batch.add(Message::NewElement, *family, &elements("gated", None));
                }
            }
        }
        self.netfilter.commit(batch)
    }

    /// Removes the tables.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn remove(mut self) -> io::Result<()> {
        remove(&mut self.netfilter, &self.plan.table)
    }
}

fn remove(netfilter: &mut Nfnetlink, table: &str) -> io::Result<()> {
    let mut batch = Batch::new();
    for family in [INET, ARP] {
        batch.add(Message::NewTable, family, &Attributes::default().text(1, table)); // so that there is one
        batch.add(Message::DeleteTable, family, &Attributes::default().text(1, table));
    }
    netfilter.commit(batch)
}

fn tables(batch: &mut Batch, family: u8, plan: &Plan) {
    let table = plan.table.as_str();
    batch.add(Message::NewTable, family, &Attributes::default().text(1, table));
    let versions: &[bool] = if family == ARP { &[false] } else { &[false, true] };
    for (ipv6, (name, addresses)) in
        versions.iter().flat_map(|ipv6| [("gated", &plan.leased), ("closed", &plan.closed)].map(|kind| (*ipv6, kind)))
    {
        let mine: Vec<IpAddr> = addresses.iter().copied().filter(|one| one.is_ipv6() == ipv6).collect();
        batch.add(Message::NewSet, family, &new_set(table, set(name, ipv6), ipv6, 0));
        batch.add(Message::DeleteElement, family, &Attributes::default().text(1, table).text(2, set(name, ipv6)));
        if !mine.is_empty() {
            batch.add(Message::NewElement, family, &elements(table, set(name, ipv6), &mine, None));
        }
    }
    for ipv6 in versions {
        batch.add(Message::NewSet, family, &new_set(table, set("leased", *ipv6), *ipv6, SET_TIMEOUT));
    }
    if family == INET {
        batch.add(Message::NewSet, family, &new_set(table, set("answered", true), true, SET_TIMEOUT));
    }
    let chains: &[(&str, u32)] =
        if family == ARP { &[("output", ARP_OUT)] } else { &[("input", INPUT), ("output", OUTPUT)] };
    for (chain, hook) in chains {
        let hook = Attributes::default().number(1, *hook).number(2, PRIORITY.cast_unsigned());
        let chain = Attributes::default().text(1, table).text(3, chain).nest(4, &hook).text(7, "filter");
        batch.add(Message::NewChain, family, &chain);
    }
    batch.add(Message::DeleteRule, family, &Attributes::default().text(1, table));
    let rules = if family == ARP { arp_rules() } else { inet_rules() };
    for (chain, expressions) in rules {
        let rule = Attributes::default().text(1, table).text(2, chain).nest(4, &expressions);
        batch.add(Message::NewRule, family, &rule);
    }
}

/// ARP packets that speak for an address whose lease has run out.
fn arp_rules() -> Vec<(&'static str, Attributes)> {
    let sender = load(NETWORK, 14, 4);
    vec![("output", list(vec![sender, lookup("gated4", false), lookup("leased4", true), verdict(DROP)]))]
}

fn inet_rules() -> Vec<(&'static str, Attributes)> {
    let v4 = || meta_is(META_NFPROTO, 2);
    let v6 = || meta_is(META_NFPROTO, 10);
    let icmp6 = |kind: u8| [meta_is(META_L4PROTO, 58), vec![load(TRANSPORT, 0, 1), equal(&[kind])]].concat();
    let gated = |what: Vec<Attributes>, from: Attributes, [gated, leased]: [&str; 2]| {
        list([what, vec![from, lookup(gated, false), lookup(leased, true), verdict(DROP)]].concat())
    };
    let (four, six) = (["gated4", "leased4"], ["gated6", "leased6"]);
    vec![
        ("input", gated(v4(), load(NETWORK, 16, 4), four)),
        ("input", gated(v6(), load(NETWORK, 24, 16), six)),
        ("output", gated(v4(), load(NETWORK, 12, 4), four)),
        ("output", gated(v6(), load(NETWORK, 8, 16), six)),
        // A neighbour advertisement may come from another address of this host: its target counts.
        ("output", gated([v6(), icmp6(136)].concat(), load(TRANSPORT, 8, 16), ["gated6", "answered6"])),
        ("input", list([v4(), vec![load(NETWORK, 16, 4), lookup("closed4", false), verdict(DROP)]].concat())),
        ("input", list([v6(), icmp6(135), vec![verdict(ACCEPT)]].concat())),
        ("input", list([v6(), icmp6(136), vec![verdict(ACCEPT)]].concat())),
        ("input", list([v6(), vec![load(NETWORK, 24, 16), lookup("closed6", false), verdict(DROP)]].concat())),
    ]
}

fn new_set(table: &str, name: &str, ipv6: bool, flags: u32) -> Attributes {
    let (kind, length) = if ipv6 { (8, 16) } else { (7, 4) }; // nft's numbers for its listing
    Attributes::default().text(1, table).text(2, name).number(3, flags).number(4, kind).number(5, length).number(10, 1)
}

fn elements(table: &str, name: &str, addresses: &[IpAddr], timeout: Option<Duration>) -> Attributes {
    let mut all = Attributes::default();
    for address in addresses {
        let bytes = match address {
            IpAddr::V4(v4) => v4.octets().to_vec(),
            IpAddr::V6(v6) => v6.octets().to_vec(),
        };
        let mut element = Attributes::default().nest(1, &Attributes::default().bytes(1, &bytes));
        if let Some(timeout) = timeout {
            element = element.long(4, u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1));
        }
        all = all.nest(1, &element);
    }
    Attributes::default().text(1, table).text(2, name).nest(3, &all)
}

fn set(kind: &str, ipv6: bool) -> &'static str {
    match (kind, ipv6) {
        ("gated", false) => "gated4",
        ("gated", true) => "gated6",
        ("closed", false) => "closed4",
        ("closed", true) => "closed6",
        ("answered", _) => "answered6",
        (_, false) => "leased4",
        (_, true) => "leased6",
    }
}

const ARP: u8 = 3;
const INPUT: u32 = 1;
const ARP_OUT: u32 = 1;
/// Before the usual filter tables, as keepalived's.
const PRIORITY: i32 = -1;
const SET_TIMEOUT: u32 = 0x10;
const DROP: u32 = 0;
const ACCEPT: u32 = 1;
