//! The order of blocks.

use super::address::address;
use super::page::{Page, Secrets, word};
use super::route::{route, rule};
use crate::conf::config::{Config, LinkDelay};
use crate::conf::grammar::values::show_seconds;

/// Writes the configuration, every value spelt out.
///
/// Reading the text back gives the same configuration except for locations, for a password that is not text, and
/// for a line that its escapes make longer than [`crate::conf::text::lexer::LINE_BYTES_MAX`].
pub fn print(config: &Config, secrets: Secrets) -> String {
    let mut page = Page::new();
    // The pauses are settings of the whole file: every instance has the same.
    let timing = config.instances.first().map(|one| one.announcement).unwrap_or_default();
    page.word("net_namespace", config.namespaces.own.as_ref());
    page.word("net_namespace_ipvs", config.namespaces.ipvs.as_ref());
    page.global(&config.global, &timing);
    page.own(&config.own);
    page.list("interface_up_down_delays", &config.link_delays, link_delay);
    page.list("static_ipaddress", &config.static_addresses, address);
    page.list("static_routes", &config.static_routes, route);
    page.list("static_rules", &config.static_rules, rule);
    for script in &config.scripts {
        page.script(script);
    }
    for file in &config.files {
        page.file(file);
    }
    for process in &config.processes {
        page.process(process);
    }
    for group in &config.groups {
        page.group(group, config);
    }
    for instance in &config.instances {
        page.instance(instance, secrets);
    }
    page.lvs(config);
    page.finish()
}

fn link_delay(one: &LinkDelay) -> String {
    format!("{} {} {}", word(&one.interface), show_seconds(one.down), show_seconds(one.up))
}
