//! What the tests of this folder share.

use std::sync::Arc;

use crate::conf::config::{Config, VrrpInstance};
use crate::conf::print::{Secrets, print};
use crate::conf::text::diagnostic::{Location, Severity};
use crate::conf::{Parsed, parse};

/// Every kind of setting once, no fault in it.
pub(super) const BIG: &str = include_str!("big.conf");

/// Diagnostics as `E 3:7 message`.
pub(super) fn faults(text: &str) -> Vec<String> {
    shown(&parse("ha.conf", text))
}

/// The same for a text that was read already.
pub(super) fn shown(parsed: &Parsed) -> Vec<String> {
    // Samples of virtual servers are short: what they leave out is told of in a test of its own.
    let short = |message: &str| message.starts_with("without `lb_algo`") || message.starts_with("without `lb_kind`");
    let diagnostics = parsed.diagnostics.iter().filter(|one| !short(&one.message));
    diagnostics
        .map(|one| {
            let letter = if one.severity == Severity::Error { 'E' } else { 'W' };
            let at = one.location.as_ref().map_or("-".into(), |at| format!("{}:{}", at.line, at.column));
            format!("{letter} {at} {}", one.message)
        })
        .collect()
}

/// The configuration of a text in which nothing is wrong.
pub(super) fn clean(text: &str) -> Config {
    let parsed = parse("ha.conf", text);
    assert_eq!(shown(&parsed), Vec::<String>::new());
    parsed.config
}

/// The only instance, and what was said.
pub(super) fn one(text: &str) -> (VrrpInstance, Vec<String>) {
    let parsed = parse("ha.conf", text);
    let said = shown(&parsed);
    assert_eq!(parsed.config.instances.len(), 1, "{said:?}");
    (Arc::unwrap_or_clone(parsed.config.instances.into_iter().next().unwrap()), said)
}

/// An instance with these lines, its first on line 2, in which nothing else is worth a word.
pub(super) fn instance(lines: &str) -> String {
    format!(
        "vrrp_instance web {{\n{lines}\ninterface eth7\nvirtual_router_id 37\nvirtual_ipaddress {{\n10.1.2.3/27\n}}\n}}\n"
    )
}

/// The same without the places where things stand.
pub(super) fn without_places(mut config: Config) -> Config {
    let nowhere = Location { file: "".into(), line: 0, column: 0, length: 0 };
    config.scripts.iter_mut().for_each(|one| one.location = nowhere.clone());
    config.files.iter_mut().for_each(|one| one.location = nowhere.clone());
    config.processes.iter_mut().for_each(|one| one.location = nowhere.clone());
    config.groups.iter_mut().for_each(|one| one.location = nowhere.clone());
    config.instances.iter_mut().for_each(|one| Arc::make_mut(one).location = nowhere.clone());
    for server in config.virtual_servers.iter_mut().map(Arc::make_mut) {
        server.location = nowhere.clone();
        for real in &mut server.real_servers {
            real.location = nowhere.clone();
            real.checkers.iter_mut().for_each(|one| one.location = nowhere.clone());
        }
    }
    config
}

/// Reads a text in which nothing is wrong, and reads it back from its own print.
pub(super) fn read(text: &str) -> Config {
    let config = clean(text);
    let printed = print(&config, Secrets::Shown);
    let again = parse("again.conf", &printed);
    assert_eq!(again.diagnostics, [], "{printed}");
    assert_eq!(without_places(again.config), without_places(config.clone()), "{printed}");
    config
}
