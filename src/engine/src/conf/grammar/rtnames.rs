//! Names of ip-route(8) and ip-rule(8) with the numbers the kernel knows them by. Names from /etc/iproute2 are another
//! host's business: files are not read here.

use crate::conf::text::lexer::Word;
use crate::conf::text::sink::Sink;

/// The number that a word stands for: a name of the table, a decimal number, or hexadecimal after `0x`.
pub(crate) fn number<T>(word: &Word, names: &[(&str, T)]) -> Option<T>
where
    T: Copy + TryFrom<u64>,
{
    let named = names.iter().find(|(name, _)| *name == word.text).map(|(_, number)| *number);
    named.or_else(|| plain(&word.text).and_then(|wide| T::try_from(wide).ok()))
}

/// A decimal number, or hexadecimal after `0x`.
pub(crate) fn plain(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) if digits.bytes().all(|c| c.is_ascii_hexdigit()) => u64::from_str_radix(digits, 16).ok(),
        Some(_) => None,
        None if text.bytes().all(|c| c.is_ascii_digit()) => text.parse().ok(),
        None => None,
    }
}

/// As [`number`]; what is neither is reported as `what`.
pub(crate) fn named<T>(word: &Word, what: &str, names: &[(&str, T)], sink: &mut Sink<'_>) -> Option<T>
where
    T: Copy + TryFrom<u64>,
{
    let found = number(word, names);
    if found.is_none() {
        let known: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let help = match known.len() {
            0 => "write a number".to_owned(),
            _ => format!("write a number; of the names only {} are known here", known.join(", ")),
        };
        sink.error_help(word.place, format!("`{what} {}` is not understood; it is left out", word.text), help);
    }
    found
}

/// The name of a number, or the number.
pub(crate) fn show<T: Copy + PartialEq + std::fmt::Display>(number: T, names: &[(&str, T)]) -> String {
    let name = names.iter().find(|(_, known)| *known == number).map(|(name, _)| (*name).to_owned());
    name.unwrap_or_else(|| number.to_string())
}

/// Routing tables (rtnetlink(7)).
pub(crate) const TABLES: &[(&str, u32)] = &[("default", 253), ("main", 254), ("local", 255)];

/// Who installed a route or rule (rtnetlink(7)).
pub(crate) const PROTOCOLS: &[(&str, u8)] = &[
    ("redirect", 1),
    ("kernel", 2),
    ("boot", 3),
    ("static", 4),
    ("gated", 8),
    ("ra", 9),
    ("mrt", 10),
    ("zebra", 11),
    ("bird", 12),
    ("dnrouted", 13),
    ("xorp", 14),
    ("ntk", 15),
    ("dhcp", 16),
    ("mrouted", 17),
    ("keepalived", KEEPALIVED),
    ("babel", 42),
    ("bgp", 186),
    ("isis", 187),
    ("ospf", 188),
    ("rip", 189),
    ("eigrp", 192),
];

/// The protocol number of what is installed here.
pub(crate) const KEEPALIVED: u8 = 18;

/// IP protocols of rules (protocols(5)).
pub(crate) const IP_PROTOCOLS: &[(&str, u8)] = &[
    ("icmp", 1),
    ("igmp", 2),
    ("tcp", 6),
    ("udp", 17),
    ("dccp", 33),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("ipv6-icmp", 58),
    ("ospf", 89),
    ("vrrp", 112),
    ("sctp", 132),
    ("udplite", 136),
    ("ICMP", 1),
    ("TCP", 6),
    ("UDP", 17),
    ("SCTP", 132),
];
