//! What a keepalived.conf names that should be on the host it is read on: interfaces, users, files, a network
//! namespace. For `hactl check FILE` alone, and only where it looks at this host; the file may be meant for another
//! one, so each is a warning, said once for a name.

use std::collections::HashSet;
use std::path::Path;

use hactl_engine::conf::config::lvs::{Check, Checker};
use hactl_engine::conf::config::{Config, Route, Rule, ScriptUser, VirtualAddress, VrrpInstance};
use hactl_engine::conf::text::diagnostic::Location;
use nix::unistd::{Group, User};

use super::commands::{commands, lvs_commands};
use super::pages::Pages;
use crate::error::{Code, Problem};

/// Everything that is not here.
pub(super) fn missing(config: &Config, pages: &Pages<'_>) -> Vec<Problem> {
    let mut problems = namespace(config, pages);
    if config.namespaces.own.is_none() {
        problems.extend(interfaces(config, pages)); // those of another namespace are not seen from here
    }
    problems.extend(users(config, pages));
    problems.extend(files(config, pages));
    problems.extend(security(config, pages));
    problems.extend(kept_from_root(config, pages));
    problems
}

fn namespace(config: &Config, pages: &Pages<'_>) -> Vec<Problem> {
    let missing = config.namespaces.own.as_ref().filter(|name| !Path::new("/run/netns").join(name).exists());
    let problem = |name: &String| {
        Problem::new(Code::NamespaceMissing, format!("there is no network namespace `{name}` on this host"))
            .at(pages.span(&pages.find_word(&pages.top(), name)))
            .why("the agent refuses to start without it")
            .next(format!("`ip netns add {name}`; {ELSEWHERE}"))
            .warn()
    };
    missing.map(problem).into_iter().collect()
}

/// A name, who names it, and the block that it stands in.
struct Named<'c> {
    name: &'c str,
    by: String,
    block: Option<&'c Location>,
}

fn interfaces(config: &Config, pages: &Pages<'_>) -> Vec<Problem> {
    let Ok(there) = nix::net::if_::if_nameindex() else { return Vec::new() };
    let there: HashSet<String> = there.iter().map(|one| one.name().to_string_lossy().into_owned()).collect();
    let made: HashSet<&str> =
        config.instances.iter().filter_map(|one| one.vmac.as_ref()).map(|vmac| vmac.name.as_str()).collect();
    let mut told: HashSet<&str> = HashSet::new();
    let mut problems = Vec::new();
    for Named { name, by, block } in named_interfaces(config) {
        if name.is_empty() || there.contains(name) || made.contains(name) || !told.insert(name) {
            continue;
        }
        let at = pages.find_word(block.unwrap_or(&pages.top()), name);
        problems.push(
            Problem::new(Code::InterfaceMissing, format!("there is no interface `{name}` on this host: {by}"))
                .at(pages.span(&at))
                .why("what stands on it waits until it exists; an instance is in FAULT")
                .next(format!("`ip -br link` shows what there is; {ELSEWHERE}"))
                .warn(),
        );
    }
    problems
}

fn named_interfaces(config: &Config) -> Vec<Named<'_>> {
    let mut found = Vec::new();
    for instance in &config.instances {
        of_instance(instance, &mut found);
    }
    for address in &config.static_addresses {
        found.extend(device(address, "static_ipaddress", None));
    }
    found.extend(config.static_routes.iter().flat_map(|route| hops(route, "static_routes", None)));
    found.extend(config.static_rules.iter().flat_map(|rule| selectors(rule, "static_rules", None)));
    if let Some(daemon) = &config.global.lvs.sync_daemon {
        found.push(Named { name: &daemon.interface, by: "lvs_sync_daemon names it".into(), block: None });
    }
    for real in config.virtual_servers.iter().flat_map(|server| &server.real_servers) {
        for checker in &real.checkers {
            let by = format!("`bind_if` of {} names it", real.address);
            found.extend(bound(checker).map(|name| Named { name, by, block: Some(&checker.location) }));
        }
    }
    found
}

fn of_instance<'c>(instance: &'c VrrpInstance, found: &mut Vec<Named<'c>>) {
    let (name, block) = (&instance.name, Some(&instance.location));
    let by = |what: &str| format!("{what} of vrrp_instance {name} names it");
    found.push(Named { name: &instance.interface, by: by("`interface`"), block });
    for track in &instance.track_interfaces {
        found.push(Named { name: &track.name, by: by("`track_interface`"), block });
    }
    for address in instance.addresses.iter().chain(&instance.excluded) {
        found.extend(device(address, &format!("`dev` of vrrp_instance {name}"), block));
    }
    found.extend(instance.routes.iter().flat_map(|route| hops(route, &by("a route"), block)));
    found.extend(instance.rules.iter().flat_map(|rule| selectors(rule, &by("a rule"), block)));
}

fn device<'c>(address: &'c VirtualAddress, what: &str, block: Option<&'c Location>) -> Option<Named<'c>> {
    let name = address.interface.as_deref()?;
    Some(Named { name, by: format!("{what} puts {} there", address.address.addr()), block })
}

fn hops<'c>(route: &'c Route, by: &str, block: Option<&'c Location>) -> Vec<Named<'c>> {
    let names = route.hops.iter().filter_map(|hop| hop.interface.as_deref());
    names.map(|name| Named { name, by: by.to_owned(), block }).collect()
}

fn selectors<'c>(rule: &'c Rule, by: &str, block: Option<&'c Location>) -> Vec<Named<'c>> {
    let names = [&rule.iif, &rule.oif].into_iter().flatten();
    names.map(|name| Named { name, by: by.to_owned(), block }).collect()
}

fn bound(checker: &Checker) -> Option<&str> {
    checker.check.connection()?.from.as_ref()?.interface.as_deref()
}

fn users(config: &Config, pages: &Pages<'_>) -> Vec<Problem> {
    let mut told: HashSet<String> = HashSet::new();
    let mut problems = Vec::new();
    for (user, block) in named_users(config) {
        let user_missing = unknown(&user.user, |name| User::from_name(name).is_ok_and(|found| found.is_none()));
        let group = user.group.as_deref().unwrap_or_default();
        let group_missing = unknown(group, |name| Group::from_name(name).is_ok_and(|found| found.is_none()));
        let missing = [(user_missing, "user", user.user.as_str()), (group_missing, "group", group)];
        for (_, kind, name) in missing.into_iter().filter(|(missing, ..)| *missing) {
            if !told.insert(format!("{kind} {name}")) {
                continue;
            }
            let at = pages.find_word(block.unwrap_or(&pages.top()), name);
            problems.push(
                Problem::new(Code::UserMissing, format!("there is no {kind} `{name}` on this host"))
                    .at(pages.span(&at))
                    .why("a script that should run as this one is not run")
                    .next(format!("create it, or name another; {ELSEWHERE}"))
                    .warn(),
            );
        }
    }
    problems
}

fn unknown(name: &str, missing: impl Fn(&str) -> bool) -> bool {
    !name.is_empty() && name.parse::<u32>().is_err() && missing(name)
}

fn named_users(config: &Config) -> Vec<(&ScriptUser, Option<&Location>)> {
    let global = &config.global;
    let timed = [&global.startup_script, &global.shutdown_script].into_iter().flatten().map(|one| &one.user);
    let fifos = [&global.notify_fifo, &global.vrrp_notify_fifo, &global.lvs.notify_fifo];
    let fifos = fifos.into_iter().flatten().map(|one| &one.user);
    let mut found: Vec<(&Option<ScriptUser>, Option<&Location>)> = vec![(&global.script_user, None)];
    found.extend(timed.chain(fifos).map(|user| (user, None)));
    found.extend(config.scripts.iter().map(|script| (&script.user, Some(&script.location))));
    let groups = config.groups.iter().map(|one| (&one.notify.users, &one.location));
    let instances = config.instances.iter().map(|one| (&one.notify.users, &one.location));
    for (users, block) in groups.chain(instances) {
        let all = [&users.master, &users.backup, &users.fault, &users.stop, &users.deleted];
        let all = all.into_iter().chain([&users.master_rx_lower_pri, &users.any]);
        found.extend(all.map(|user| (user, Some(block))));
    }
    for server in &config.virtual_servers {
        let quorum = [&server.quorum_up, &server.quorum_down].into_iter().flatten();
        found.extend(quorum.map(|command| (&command.user, Some(&server.location))));
        for real in &server.real_servers {
            let notify = [&real.notify_up, &real.notify_down].into_iter().flatten();
            found.extend(notify.map(|command| (&command.user, Some(&real.location))));
            for checker in &real.checkers {
                if let Check::Misc(misc) = &checker.check {
                    found.push((&misc.user, Some(&checker.location)));
                }
            }
        }
    }
    found.into_iter().filter_map(|(user, block)| Some((user.as_ref()?, block))).collect()
}

/// Files whose content is tracked.
fn files(config: &Config, pages: &Pages<'_>) -> Vec<Problem> {
    let missing = config.files.iter().filter(|file| file.init.is_none() && !Path::new(&file.path).exists());
    missing
        .map(|file| {
            Problem::new(
                Code::FileMissing,
                format!("track_file {}: there is no file `{}` on this host", file.name, file.path),
            )
            .at(pages.span(&pages.find_word(&file.location, &file.path)))
            .why("it counts as 0 until it exists")
            .next(format!("create it, or add `init_file 0`; {ELSEWHERE}"))
            .warn()
        })
        .collect()
}

/// Scripts that root runs although nobody asked that their files be looked at.
fn security(config: &Config, pages: &Pages<'_>) -> Option<Problem> {
    let default_user = || User::from_name(DEFAULT_USER).ok().flatten();
    let root = |user: &ScriptUser| user.user == "root" || user.user == "0";
    let by_default = config.global.script_user.as_ref().map_or_else(|| default_user().is_none(), root);
    if config.global.enable_script_security || !by_default {
        return None;
    }
    let others = config.scripts.iter().filter(|one| one.user.as_ref().is_some_and(|user| !root(user)));
    let others: Vec<String> = others.map(|one| format!("vrrp_script {}", one.name)).collect();
    let mut all = commands(config).into_iter().chain(lvs_commands(config));
    let (what, block, command) = all.find(|(what, ..)| !others.contains(what))?;
    let top = pages.top();
    let at = pages.find_word(block.unwrap_or(&top), command.first()?);
    let problem =
        Problem::new(Code::ScriptWritable, format!("{what} runs as root, and `enable_script_security` is not on"))
            .at(pages.span(&at))
            .why("whoever may write such a file becomes root")
            .next("add `enable_script_security`, and `script_user USER` for scripts that need no root, to global_defs");
    Some(problem.warn())
}

/// Checks that `enable_script_security` leaves out, since nobody but root is there to run them.
fn kept_from_root(config: &Config, pages: &Pages<'_>) -> Vec<Problem> {
    let nobody = config.global.script_user.is_none() && User::from_name(DEFAULT_USER).ok().flatten().is_none();
    let concerned = config.scripts.iter().filter(|one| one.user.is_none());
    let concerned = concerned.filter(|_| config.global.enable_script_security && nobody);
    concerned
        .map(|script| {
            let name = &script.name;
            let program = script.command.first().map_or("", String::as_str);
            Problem::new(
                Code::ScriptRefused,
                format!("vrrp_script {name} is left out: enable_script_security keeps root from running it"),
            )
            .at(pages.span(&pages.find_word(&script.location, program)))
            .why(format!("it names no user, there is no `script_user`, and no user {DEFAULT_USER} on this host"))
            .next(format!("`script_user USER` in global_defs, or `useradd -r {DEFAULT_USER}`; {ELSEWHERE}"))
            .warn()
        })
        .collect()
}

const ELSEWHERE: &str = "a file for another host is checked with --elsewhere";
/// Who runs scripts that name nobody, if there is such a user.
const DEFAULT_USER: &str = "keepalived_script";
