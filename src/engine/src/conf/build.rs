//! The tree to a [`Config`]: every block is read first, then what refers to something else in the file is
//! resolved, so that the order of blocks does not matter.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::address::virtual_address;
use super::config::{Config, Version, VrrpScript};
use super::draft::Draft;
use super::global::{self, Defaults};
use super::group::GroupDraft;
use super::keywords::{ROOT, VRRP_SCRIPT};
use super::lexer::Word;
use super::resolve::{Tracked, resolve};
use super::routing::{self, FIRST_PREFERENCE};
use super::sink::{Place, Sink};
use super::tree::Statement;
use super::values::{flag, seconds, surplus, whole};
use super::walk::{inside, walk};
use super::{own, script, tracking};

/// Builds the configuration. Never fails: what is wrong is reported and replaced by its default, and an instance
/// that cannot run without what is missing is left out.
pub fn build(statements: &[Statement], sink: &mut Sink<'_>) -> Config {
    let mut defaults = Defaults::default();
    let mut config = Config::default();
    let mut broken_scripts: Vec<String> = Vec::new();
    let mut later: Vec<&Statement> = Vec::new();
    let mut preference = FIRST_PREFERENCE;
    if statements.is_empty() {
        sink.warning_whole("nothing is configured", "add a vrrp_instance");
    }
    walk(statements, &ROOT, sink, |statement, sink| match statement.name() {
        "global_defs" => global::read(statement, &mut config.global, &mut defaults, sink),
        "hactl" => own::read(statement, &mut config.own, sink),
        "vrrp_script" => vrrp_script(statement, &mut config.scripts, &mut broken_scripts, sink),
        "track_file" | "vrrp_track_file" => tracking::file(statement, &mut config.files, sink),
        "vrrp_track_process" => tracking::process(statement, &mut config.processes, sink),
        "static_routes" => config.static_routes.extend(routing::routes(statement, sink)),
        "static_rules" => config.static_rules.extend(routing::rules(statement, &mut preference, sink)),
        "static_ipaddress" => static_addresses(statement, &mut config, sink),
        // They begin with what `global_defs` says, wherever that stands.
        _ => later.push(statement),
    });
    let mut drafts: Vec<Draft> = Vec::new();
    let mut groups: Vec<GroupDraft> = Vec::new();
    for statement in later {
        match statement.name() {
            "vrrp_sync_group" => groups.extend(GroupDraft::read(statement, &defaults.instance, sink)),
            _ => drafts.extend(Draft::read(statement, sink)),
        }
    }
    let tracked = Tracked {
        scripts: &config.scripts,
        broken_scripts: &broken_scripts,
        files: &config.files,
        processes: &config.processes,
    };
    let (instances, groups) = resolve(drafts, groups, &tracked, &defaults, &mut preference, sink);
    (config.instances, config.groups) = (instances, groups);
    unused_scripts(&config, sink);
    config
}

fn static_addresses(block: &Statement, config: &mut Config, sink: &mut Sink<'_>) {
    surplus(block, &block.arguments, sink);
    for line in inside(block) {
        let Some(address) = virtual_address(line, sink) else { continue };
        match &address.interface {
            Some(_) => config.static_addresses.push(address),
            None => {
                let message = format!("`{}` is ignored: a static address needs its interface", address.address.addr());
                sink.error_help(line.place(), message, "add `dev INTERFACE`");
            }
        }
    }
}

/// The name in `KEYWORD NAME { … }`.
pub(super) fn block_name(statement: &Statement, sink: &mut Sink<'_>) -> Option<(String, Place)> {
    let Some((name, rest)) = statement.arguments.split_first() else {
        let help = format!("write `{} NAME {{ … }}`", statement.name());
        sink.error_help(statement.place(), format!("`{}` needs a name; ignored", statement.name()), help);
        return None;
    };
    surplus(statement, rest, sink);
    Some((name.text.clone(), name.place))
}

/// `version` and `vrrp_version`.
pub(super) fn version(line: &Statement, instead: &str, sink: &mut Sink<'_>) -> Option<Version> {
    whole::<u8>(line, 2..=3, instead, sink).map(|number| if number == 2 { Version::V2 } else { Version::V3 })
}

fn vrrp_script(block: &Statement, scripts: &mut Vec<VrrpScript>, broken: &mut Vec<String>, sink: &mut Sink<'_>) {
    let Some((name, place)) = block_name(block, sink) else { return };
    if let Some(earlier) = scripts.iter().find(|script| script.name == name) {
        let message = format!("vrrp_script `{name}` exists already on line {}; ignored", earlier.location.line);
        sink.error(place, message);
        return;
    }
    let mut command = None;
    let mut timeout = None;
    let mut script = VrrpScript {
        name,
        command: Vec::new(),
        interval: Duration::from_secs(1),
        timeout: Duration::ZERO,
        weight: 0,
        reverse: false,
        rise: 1,
        fall: 1,
        user: None,
        init_fail: false,
        location: sink.locate(block.place()),
    };
    let mut command_given = false;
    walk(inside(block), &VRRP_SCRIPT, sink, |line, sink| match line.name() {
        "script" => {
            command_given = true;
            command = script::command(line, sink);
        }
        "interval" => {
            script.interval = seconds(line, INTERVAL_MIN..=SECONDS_MAX, "1 s is used", sink).unwrap_or(script.interval)
        }
        "timeout" => timeout = seconds(line, INTERVAL_MIN..=SECONDS_MAX, "the interval is used", sink),
        "weight" => (script.weight, script.reverse) = weight(line, &line.arguments, WEIGHTS, sink).unwrap_or_default(),
        "rise" => script.rise = whole(line, 1..=COUNT_MAX, "1 is used", sink).unwrap_or(1),
        "fall" => script.fall = whole(line, 1..=COUNT_MAX, "1 is used", sink).unwrap_or(1),
        "user" => match script::user(line, &line.arguments, sink) {
            Some(user) => script.user = Some(user),
            None => sink.error(line.place(), "`user` needs a user"),
        },
        _ => {
            flag(line, sink);
            script.init_fail = true;
        }
    });
    match command {
        Some(command) => {
            script.command = command;
            script.timeout = timeout.unwrap_or(script.interval);
            scripts.push(script);
        }
        None => {
            if !command_given {
                let message = format!("vrrp_script `{}` has no `script`; ignored", script.name);
                sink.error_help(place, message, "add `script \"/path/to/check arguments\"`");
            }
            broken.push(script.name);
        }
    }
}

/// `N [reverse|noreverse]` after `weight`.
pub(super) fn weight(
    line: &Statement,
    words: &[Word],
    range: RangeInclusive<i16>,
    sink: &mut Sink<'_>,
) -> Option<(i16, bool)> {
    let Some((number, rest)) = words.split_first() else {
        sink.error(line.place(), "`weight` needs a value");
        return None;
    };
    let Some(weight) = number.text.parse().ok().filter(|weight| range.contains(weight)) else {
        let message =
            format!("`weight {}` is not in {}..={}; the default is used", number.text, range.start(), range.end());
        sink.error(number.place, message);
        return None;
    };
    let Some((word, more)) = rest.split_first() else { return Some((weight, false)) };
    let reverse = match word.text.as_str() {
        "reverse" => true,
        "noreverse" | "no_reverse" => false,
        other => {
            sink.error_help(word.place, format!("unknown word `{other}` after a weight"), "did you mean `reverse`?");
            return Some((weight, false));
        }
    };
    surplus(line, more, sink);
    Some((weight, reverse))
}

fn unused_scripts(config: &Config, sink: &mut Sink<'_>) {
    for script in &config.scripts {
        let used = |instance: &super::config::VrrpInstance| {
            instance.track_scripts.iter().any(|track| track.name == script.name)
        };
        if !config.instances.iter().any(used) {
            let message = format!("vrrp_script `{}` is tracked by no instance, so it never runs", script.name);
            sink.warning_at(&script.location, message, "name it in a `track_script` block");
        }
    }
}

/// Longest time accepted anywhere: a day.
pub const SECONDS_MAX: Duration = Duration::from_secs(86_400);
/// Shortest interval between two runs of a script.
pub const INTERVAL_MIN: Duration = Duration::from_millis(1);
/// Largest `rise` and `fall`.
pub const COUNT_MAX: u32 = 1_000_000;
/// Most announcements for one address and burst.
pub const GARP_REPEAT_MAX: u32 = 255;
/// Weights, so that a priority of 254 can go down to 1 and 1 up to 254.
pub const WEIGHTS: RangeInclusive<i16> = -253..=253;
