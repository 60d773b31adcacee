//! The tree to a [`Config`]: every block is read first, then what refers to something else in the file is
//! resolved, so that the order of blocks does not matter.

use std::sync::Arc;

use super::config::{Config, VirtualAddress, VrrpInstance};
use super::global::defaults::Defaults;
use super::global::global_defs::global_defs;
use super::global::link_delays;
use super::global::namespace::{judge, namespace};
use super::global::own::own;
use super::grammar::keywords::ROOT;
use super::grammar::values::{surplus, unread};
use super::grammar::walk::{inside, walk};
use super::text::place::Place;
use super::text::sink::Sink;
use super::text::statement::Statement;
use super::vrrp::address::virtual_address;
use super::vrrp::instance::Draft;
use super::vrrp::lint::lint;
use super::vrrp::resolve::resolve;
use super::vrrp::resolved::Resolved;
use super::vrrp::route::route;
use super::vrrp::rule::{give_preferences, rule};
use super::vrrp::sync_group::groups;
use super::vrrp::tracked::Objects;
use super::{global, lvs};

/// Builds the configuration. Never fails: what is wrong is reported and replaced by its default, and an instance
/// that cannot run without what is missing is left out.
pub(super) fn build(statements: &[Statement], sink: &mut Sink<'_>) -> Config {
    let mut defaults = Defaults::default();
    let mut config = Config::default();
    let mut objects = Objects::default();
    let mut blocks: Vec<&Statement> = Vec::new();
    let mut group_blocks: Vec<&Statement> = Vec::new();
    let mut lvs_blocks = lvs::read::Blocks::default();
    let (mut ipvs_place, mut delays) = (None, Vec::new());
    if statements.is_empty() {
        sink.warning_whole("nothing is configured", "add a vrrp_instance");
    }
    walk(statements, &ROOT, sink, |statement, sink| match statement.name() {
        "global_defs" => global_defs(statement, &mut config.global, &mut defaults, sink),
        "net_namespace" => namespace(statement, &mut config.namespaces, sink),
        "net_namespace_ipvs" => {
            namespace(statement, &mut config.namespaces, sink);
            ipvs_place.get_or_insert(statement.place());
        }
        "hactl" => own(statement, &mut config.own, sink),
        "interface_up_down_delays" => link_delays::link_delays(statement, &mut delays, sink),
        "vrrp_script" => objects.script(statement, sink),
        "track_file" | "vrrp_track_file" => objects.file(statement, sink),
        "vrrp_track_process" => objects.process(statement, sink),
        "vrrp_sync_group" => group_blocks.push(statement),
        _ if lvs_blocks.keep(statement) => {}
        _ => blocks.push(statement),
    });
    defaults.macvlan_prefixes = [false, true].map(|address| config.global.macvlan_prefix(address).to_owned());
    let mut drafts = Vec::new();
    for block in blocks {
        match block.name() {
            "static_ipaddress" | "static_routes" | "static_rules" => fixed(block, &mut config, &defaults, sink),
            "vrrp_instance" => drafts.extend(Draft::read(block, &defaults, sink)),
            _ => unread(block, sink),
        }
    }
    let asked = drafts.iter().filter_map(|draft| Some((&draft.name.0, draft.sync_interface.as_ref()?)));
    global::lvs::sync_interfaces(asked, &mut config.global.lvs, &mut defaults, sink);
    let names: Vec<String> = drafts.iter().map(|draft| draft.name.0.clone()).collect();
    let mut resolved = resolve(drafts, &objects, &defaults, sink);
    config.groups = groups(&group_blocks, &mut resolved, &names, &objects, &defaults, sink);
    let found = lvs::read::read(&lvs_blocks, &objects, &defaults, config.global.mail.is_some(), sink);
    lint(&resolved, &objects, &found.files, sink);
    // Not collected: that would keep the room of the larger drafts.
    config.instances.reserve_exact(resolved.len());
    config.instances.extend(resolved.into_iter().map(finished).map(Arc::new));
    (config.virtual_servers, config.global.lvs.client) = (found.servers, found.client);
    global::lvs::complete(&mut config.global.lvs, defaults.sync_place, &config.instances, sink);
    config.scripts = objects.scripts.into_iter().map(|(script, _)| script).collect();
    config.files = objects.files.into_iter().map(|(file, _)| file).collect();
    config.processes = objects.processes.into_iter().map(|(process, _)| process).collect();
    give_preferences(&mut config);
    link_delays::judge(&delays, &config.instances.iter().map(Arc::as_ref).collect::<Vec<_>>(), sink);
    config.link_delays = link_delays::plain(delays);
    judge(&config, ipvs_place, sink);
    config
}

/// `static_ipaddress`, `static_routes`, `static_rules`.
fn fixed(block: &Statement, config: &mut Config, defaults: &Defaults, sink: &mut Sink<'_>) {
    surplus(block, &block.arguments, sink);
    let lines = inside(block).iter();
    match block.name() {
        "static_ipaddress" => {
            for line in lines {
                let Some(read) = virtual_address(line, sink) else { continue };
                add_address(read, line.place(), config, defaults, sink);
            }
        }
        "static_routes" => config.static_routes.extend(lines.filter_map(|line| route(line, sink))),
        "static_rules" => config.static_rules.extend(lines.filter_map(|line| rule(line, sink))),
        _ => unread(block, sink),
    }
}

fn add_address(mut read: VirtualAddress, place: Place, config: &mut Config, defaults: &Defaults, sink: &mut Sink<'_>) {
    if read.interface.is_none() {
        let name = defaults.interface.clone().unwrap_or_else(|| INTERFACE_DEFAULT.to_owned());
        if defaults.interface.is_none() {
            let message = format!("a static address without `dev` stands on {name}");
            sink.warning_help(place, message, "add `dev INTERFACE`, or `default_interface` to global_defs");
        }
        read.interface = Some(name);
    }
    if read.vmac.take().is_some() {
        sink.warning(place, "`use_vmac` is ignored: a static address belongs to no virtual router");
    }
    let same = |one: &VirtualAddress| one.address.addr() == read.address.addr() && one.interface == read.interface;
    if config.static_addresses.iter().any(same) {
        sink.warning(place, format!("`{}` is listed twice; this line is ignored", read.address.addr()));
        return;
    }
    config.static_addresses.push(read);
}

fn finished(resolved: Resolved) -> VrrpInstance {
    let tracks = resolved.tracks;
    let only = |list: Vec<(super::config::Track, Place)>| list.into_iter().map(|(track, _)| track).collect();
    VrrpInstance {
        track_interfaces: only(tracks.interfaces),
        track_scripts: only(tracks.scripts),
        track_files: only(tracks.files),
        track_processes: only(tracks.processes),
        ..resolved.instance
    }
}

/// Where a static address stands that names no interface.
const INTERFACE_DEFAULT: &str = "eth0";
