//! `SMTP_CHECK` and `DNS_CHECK`.

use std::time::Duration;

use super::check::{Around, Common, RETRY, RETRY_DELAY};
use super::connection::{ConnectionLines, Port};
use super::timing::Timing;
use crate::conf::config::lvs::{Check, Checker, Connection, DnsCheck, SmtpCheck};
use crate::conf::grammar::keywords::{DNS_CHECK, HOST, SMTP_CHECK};
use crate::conf::grammar::values::{single, surplus, unread};
use crate::conf::grammar::walk::{inside, walk};
use crate::conf::text::lexer::Word;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

pub(crate) fn smtp(block: &Statement, around: Around<'_>, sink: &mut Sink<'_>) -> Option<Checker> {
    let mut helo = None;
    let mut hosts: Vec<&Statement> = Vec::new();
    let common = Common::read(block, &SMTP_CHECK, around.target, around.timing, sink, |line, sink| match line.name() {
        "host" => hosts.push(line),
        "helo_name" => helo = single(line, sink).and_then(|word| host_name(line.name(), word, sink)),
        _ => unread(line, sink),
    });
    let hosts: Vec<Connection> = match hosts.as_slice() {
        [] => common.connection(Port::Usual(SMTP_PORT), sink).into_iter().collect(),
        blocks => blocks.iter().filter_map(|one| host(one, around, common.timeout(), sink)).collect(),
    };
    if hosts.is_empty() {
        return None; // which has been reported
    }
    Some(common.checker(Check::Smtp(Box::new(SmtpCheck { hosts, helo })), RETRY, RETRY_DELAY, sink))
}

/// `host { … }`.
fn host(block: &Statement, around: Around<'_>, timeout: Duration, sink: &mut Sink<'_>) -> Option<Connection> {
    surplus(block, &block.arguments, sink);
    let (mut lines, mut timing) = (ConnectionLines::default(), Timing::default());
    walk(inside(block), &HOST, sink, |line, sink| {
        if !lines.line(line, sink) && !timing.line(line, sink) {
            unread(line, sink);
        }
    });
    let timeout = timing.connect_timeout.unwrap_or(timeout);
    lines.complete(block, around.target, Port::Usual(SMTP_PORT), timeout, sink)
}

pub(crate) fn dns(block: &Statement, around: Around<'_>, sink: &mut Sink<'_>) -> Option<Checker> {
    let (mut record_type, mut name) = (SOA, ".".to_owned());
    let common = Common::read(block, &DNS_CHECK, around.target, around.timing, sink, |line, sink| match line.name() {
        "type" => record_type = single(line, sink).and_then(|word| record(word, sink)).unwrap_or(SOA),
        "name" => {
            if let Some(found) = single(line, sink).and_then(|word| domain(word, sink)) {
                name = found;
            }
        }
        _ => unread(line, sink),
    });
    let connection = common.connection(Port::Usual(DNS_PORT), sink)?;
    let interval = common.interval();
    let check = Check::Dns(Box::new(DnsCheck { connection, record_type, name }));
    Some(common.checker(check, DNS_RETRY, interval, sink))
}

fn record(word: &Word, sink: &mut Sink<'_>) -> Option<u16> {
    let name = word.text.to_ascii_uppercase();
    let known = RECORD_TYPES.iter().find(|(known, _)| *known == name).map(|(_, number)| *number);
    let number = known.or_else(|| word.text.parse().ok().filter(|number| *number != 0));
    if number.is_none() {
        let names: Vec<&str> = RECORD_TYPES.iter().map(|(name, _)| *name).collect();
        let message = format!("unknown record type `{}`; SOA is used", word.text);
        sink.error_help(word.place, message, format!("write one of {}, or a number", names.join(", ")));
    }
    number
}

/// A name that a question can carry: labels of 1 to 63 bytes, 253 in all.
fn domain(word: &Word, sink: &mut Sink<'_>) -> Option<String> {
    let bare = word.text.strip_suffix('.').unwrap_or(&word.text);
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_graphic());
    if word.text == "." || (bare.len() <= 253 && bare.split('.').all(label)) {
        return Some(word.text.clone());
    }
    sink.error(word.place, format!("`name {}` is no domain name; the root is asked for", word.text));
    None
}

/// A word that may stand in a line of a protocol made of lines.
pub(super) fn host_name(keyword: &str, word: &Word, sink: &mut Sink<'_>) -> Option<String> {
    if !word.text.is_empty() && word.text.chars().all(|c| !c.is_control() && !c.is_whitespace()) {
        return Some(word.text.clone());
    }
    let message = format!("`{keyword}` is ignored: a name has no blanks and no control characters");
    sink.error(word.place, message);
    None
}

/// Record types by name.
pub(crate) const RECORD_TYPES: &[(&str, u16)] = &[
    ("A", 1),
    ("NS", 2),
    ("CNAME", 5),
    ("SOA", SOA),
    ("PTR", 12),
    ("MX", 15),
    ("TXT", 16),
    ("AAAA", 28),
    ("SRV", 33),
    ("RRSIG", 46),
    ("DNSKEY", 48),
];
const SOA: u16 = 6;
const DNS_RETRY: u32 = 3;
const DNS_PORT: u16 = 53;
const SMTP_PORT: u16 = 25;
