//! One line of `virtual_rules` or `static_rules`, in the words of ip-rule(8); and preferences for rules without one.

use std::collections::HashSet;
use std::sync::Arc;

use ipnet::IpNet;

use super::route::{Words, prefix};
use crate::conf::config::{Config, PortRange, Rule, RuleAction};
use crate::conf::grammar::rtnames::{IP_PROTOCOLS, KEEPALIVED, PROTOCOLS, TABLES, named, plain};
use crate::conf::grammar::values::interface;
use crate::conf::text::lexer::Word;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// Reads `[not] [from PREFIX] [to PREFIX] … [table TABLE]`; `None` when the rule cannot be installed, which is
/// reported.
pub(crate) fn rule(line: &Statement, sink: &mut Sink<'_>) -> Option<Rule> {
    if let Some(block) = &line.block {
        sink.error(block.open, "a rule takes no block; the block is ignored");
    }
    let mut reader = Reader { rule: blank(), action: None, inet6: None, dropped: false };
    let mut words = Words { rest: std::iter::once(&line.keyword).chain(&line.arguments).collect(), at: 0 };
    while let Some(word) = words.next() {
        reader.word(word, &mut words, sink);
    }
    reader.finish(line, sink)
}

/// Gives a preference to every rule that has none: downwards from 16384, past those that are taken.
pub(crate) fn give_preferences(config: &mut Config) {
    let all = || config.static_rules.iter().chain(config.instances.iter().flat_map(|one| &one.rules));
    let taken: HashSet<(bool, u32)> = all().map(|rule| (rule.ipv6, rule.preference)).collect();
    let mut free = [PREFERENCE_FIRST, PREFERENCE_FIRST];
    let instances = config.instances.iter_mut().flat_map(|one| &mut Arc::make_mut(one).rules);
    for rule in config.static_rules.iter_mut().chain(instances).filter(|rule| rule.preference == UNSET) {
        let [four, six] = &mut free;
        let next = if rule.ipv6 { six } else { four };
        while taken.contains(&(rule.ipv6, *next)) && *next > 1 {
            *next -= 1;
        }
        rule.preference = *next;
        *next = next.saturating_sub(1).max(1);
    }
}

struct Reader {
    rule: Rule,
    action: Option<RuleAction>,
    inet6: Option<bool>,
    dropped: bool,
}

fn blank() -> Rule {
    Rule {
        ipv6: false,
        invert: false,
        from: None,
        to: None,
        preference: UNSET,
        tos: 0,
        fwmark: None,
        iif: None,
        oif: None,
        suppress_prefix_length: None,
        suppress_interface_group: None,
        uids: None,
        ip_protocol: None,
        source_ports: None,
        destination_ports: None,
        protocol: KEEPALIVED,
        action: RuleAction::Table(254),
        no_track: false,
    }
}

impl Reader {
    fn word(&mut self, word: &Word, words: &mut Words<'_>, sink: &mut Sink<'_>) {
        let name = word.text.as_str();
        if let Some((_, action)) = ACTIONS.iter().find(|(action, _)| *action == name) {
            self.action = Some(*action);
            return;
        }
        match name {
            "not" => self.rule.invert = true,
            "inet" | "inet6" => self.inet6 = Some(name == "inet6"),
            "no_track" => self.rule.no_track = true,
            "l3mdev" | "tunnel-id" | "tun_id" => {
                if name != "l3mdev" {
                    words.next();
                }
                self.dropped = true;
                let message =
                    format!("`{name}` is known but not supported: the rule is left out, for it would match more");
                sink.warning(word.place, message);
            }
            "realms" | "track_group" => {
                words.next();
                sink.warning(word.place, format!("`{name}` of a rule is known but not supported; left out"));
            }
            _ if VALUED.contains(&name) => {
                if let Some(value) = words.value(word, sink) {
                    let understood = self.valued(word, value, sink);
                    self.dropped |= !understood;
                }
            }
            _ => {
                let known = VALUED.iter().copied().chain(ACTIONS.iter().map(|(name, _)| *name));
                let message = format!("unknown option `{name}` of a rule; the rule is ignored");
                self.dropped = true;
                match sink.guess(name, known.chain(["not", "no_track", "inet6"])) {
                    Some(near) => sink.error_help(word.place, message, format!("did you mean `{near}`?")),
                    None => sink.error(word.place, message),
                }
            }
        }
    }

    /// Whether the value was understood: a rule without one of its conditions would match more than it should.
    fn valued(&mut self, name: &Word, value: &Word, sink: &mut Sink<'_>) -> bool {
        let rule = &mut self.rule;
        let what = name.text.as_str();
        match what {
            "from" | "to" => {
                let slot = if what == "from" { &mut rule.from } else { &mut rule.to };
                if value.text == "all" || value.text == "any" || value.text == "default" {
                    *slot = None;
                    return true;
                }
                *slot = prefix(value, sink);
                if let Some(IpNet::V6(_)) = slot
                    && slot.is_some_and(|all| all.prefix_len() == 0)
                {
                    self.inet6.get_or_insert(true);
                }
                slot.is_some()
            }
            "table" | "lookup" => filled(named(value, what, TABLES, sink), |table| {
                self.action = Some(RuleAction::Table(table));
            }),
            "goto" => filled(named(value, what, &[], sink), |to| self.action = Some(RuleAction::Goto(to))),
            "type" => {
                let found = ACTIONS.iter().find(|(action, _)| *action == value.text).map(|(_, action)| *action);
                if found.is_none() {
                    sink.error(value.place, format!("unknown type `{}` of a rule; the rule is ignored", value.text));
                }
                filled(found, |action| self.action = Some(action))
            }
            "preference" | "pref" | "order" | "priority" => {
                let read = named(value, what, &[], sink).filter(|number| *number != UNSET);
                filled(read, |preference| rule.preference = preference)
            }
            "tos" | "dsfield" => filled(named(value, what, &[], sink), |tos| rule.tos = tos),
            "fwmark" => mark(value, sink, &mut rule.fwmark),
            "iif" | "dev" => filled(interface(value, sink), |name| rule.iif = Some(name)),
            "oif" => filled(interface(value, sink), |name| rule.oif = Some(name)),
            "suppress_prefixlength" | "suppress_prefixlen" => {
                filled(named(value, what, &[], sink), |length| rule.suppress_prefix_length = Some(length))
            }
            "suppress_ifgroup" => {
                filled(named(value, what, &[("default", 0)], sink), |group| rule.suppress_interface_group = Some(group))
            }
            "protocol" | "proto" => filled(named(value, what, PROTOCOLS, sink), |protocol| rule.protocol = protocol),
            "ipproto" | "ip_proto" => {
                filled(named(value, what, IP_PROTOCOLS, sink), |number| rule.ip_protocol = Some(number))
            }
            "uidrange" => filled(range(value, what, sink), |uids| rule.uids = Some(uids)),
            "sport" => filled(range(value, what, sink), |ports| rule.source_ports = Some(ports)),
            _ => filled(range(value, what, sink), |ports| rule.destination_ports = Some(ports)),
        }
    }

    fn finish(mut self, line: &Statement, sink: &mut Sink<'_>) -> Option<Rule> {
        if self.dropped {
            return None;
        }
        let place = line.place();
        let spoken: Vec<bool> =
            [self.rule.from, self.rule.to].into_iter().flatten().map(|net| net.addr().is_ipv6()).collect();
        let ipv6 = spoken.first().copied().or(self.inet6).unwrap_or(false);
        if spoken.iter().any(|other| *other != ipv6) || self.inet6.is_some_and(|asked| asked != ipv6) {
            sink.error(place, "the rule names addresses of both families; ignored");
            return None;
        }
        self.rule.ipv6 = ipv6;
        for slot in [&mut self.rule.from, &mut self.rule.to] {
            *slot = slot.map(|net| net.trunc()).filter(|net| net.prefix_len() > 0);
        }
        match self.action {
            Some(action) => self.rule.action = action,
            None => sink.warning_help(place, "the rule says nothing to do; table main is used", "add `table TABLE`"),
        }
        if self.rule.preference == UNSET {
            let help = "add `preference NUMBER`, the same on all hosts";
            sink.warning_help(place, "the rule has no preference; one is given out downwards from 16384", help);
        }
        Some(self.rule)
    }
}

fn filled<T>(value: Option<T>, fill: impl FnOnce(T)) -> bool {
    let found = value.is_some();
    if let Some(value) = value {
        fill(value);
    }
    found
}

fn mark(word: &Word, sink: &mut Sink<'_>, slot: &mut Option<(u32, u32)>) -> bool {
    let (value, mask) = word.text.split_once('/').unwrap_or((&word.text, "0xffffffff"));
    let read = |text: &str| plain(text).and_then(|wide| u32::try_from(wide).ok());
    *slot = read(value).zip(read(mask));
    if slot.is_none() {
        sink.error_help(
            word.place,
            format!("`fwmark {}` is not understood; the rule is ignored", word.text),
            "write VALUE or VALUE/MASK",
        );
    }
    slot.is_some()
}

fn range<T>(word: &Word, what: &str, sink: &mut Sink<'_>) -> Option<PortRange<T>>
where
    T: TryFrom<u64> + PartialOrd,
{
    let (first, last) = word.text.split_once('-').unwrap_or((&word.text, &word.text));
    let read = |text: &str| plain(text).and_then(|wide| T::try_from(wide).ok());
    let found = read(first).zip(read(last)).filter(|(first, last)| first <= last);
    if found.is_none() {
        let message = format!("`{what} {}` is not understood; the rule is ignored", word.text);
        sink.error_help(word.place, message, "write NUMBER or FIRST-LAST");
    }
    found.map(|(first, last)| PortRange { first, last })
}

const ACTIONS: &[(&str, RuleAction)] = &[
    ("nop", RuleAction::Nop),
    ("blackhole", RuleAction::Blackhole),
    ("unreachable", RuleAction::Unreachable),
    ("prohibit", RuleAction::Prohibit),
];

const VALUED: &[&str] = &[
    "from",
    "to",
    "table",
    "lookup",
    "goto",
    "type",
    "preference",
    "pref",
    "order",
    "priority",
    "tos",
    "dsfield",
    "fwmark",
    "iif",
    "dev",
    "oif",
    "suppress_prefixlength",
    "suppress_prefixlen",
    "suppress_ifgroup",
    "protocol",
    "proto",
    "ipproto",
    "ip_proto",
    "uidrange",
    "sport",
    "dport",
];

/// Stands for "none given" until [`give_preferences`].
const UNSET: u32 = u32::MAX;
/// The first preference given out.
const PREFERENCE_FIRST: u32 = 16_384;
