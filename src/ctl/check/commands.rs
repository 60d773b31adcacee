//! Every command that a keepalived.conf names, with what it is for.

use std::collections::HashSet;

use hactl_engine::conf::config::lvs::Check;
use hactl_engine::conf::config::{Argv, Config};
use hactl_engine::conf::text::diagnostic::Location;

/// Every command with what it is for and the block that it stands in.
pub fn commands(config: &Config) -> Vec<(String, Option<&Location>, &Argv)> {
    let mut found = Vec::new();
    let global = &config.global;
    for (what, script) in [("startup_script", &global.startup_script), ("shutdown_script", &global.shutdown_script)] {
        found.extend(script.iter().map(|script| (what.to_owned(), None, &script.command)));
    }
    let fifos = [
        ("notify_fifo_script", &global.notify_fifo),
        ("vrrp_notify_fifo_script", &global.vrrp_notify_fifo),
        ("lvs_notify_fifo_script", &global.lvs.notify_fifo),
    ];
    for (what, fifo) in fifos {
        let script = fifo.as_ref().and_then(|fifo| fifo.script.as_ref());
        found.extend(script.map(|script| (what.to_owned(), None, script)));
    }
    for script in &config.scripts {
        found.push((format!("vrrp_script {}", script.name), Some(&script.location), &script.command));
    }
    let groups = config.groups.iter().map(|one| ("vrrp_sync_group", &one.name, &one.location, &one.notify));
    let instances = config.instances.iter().map(|one| ("vrrp_instance", &one.name, &one.location, &*one.notify));
    for (kind, name, block, notify) in groups.chain(instances) {
        let lines = [
            ("notify_master", &notify.master),
            ("notify_backup", &notify.backup),
            ("notify_fault", &notify.fault),
            ("notify_stop", &notify.stop),
            ("notify_deleted", &notify.deleted),
            ("notify_master_rx_lower_pri", &notify.master_rx_lower_pri),
            ("notify", &notify.any),
        ];
        for (keyword, command) in lines {
            let command = command.as_ref();
            found.extend(command.map(|command| (format!("{keyword} of {kind} {name}"), Some(block), command)));
        }
    }
    found
}

/// The same for LVS; a program that many servers name in the same way stands here once.
pub fn lvs_commands<'c>(config: &'c Config) -> Vec<(String, Option<&'c Location>, &'c Argv)> {
    let mut known = HashSet::new();
    let mut found = Vec::new();
    let mut add = |keyword: &'static str, server: &str, block, argv: &'c Argv| {
        if known.insert((keyword, argv.first())) {
            found.push((format!("{keyword} of virtual_server {server}"), Some(block), argv));
        }
    };
    for server in &config.virtual_servers {
        for (keyword, command) in [("quorum_up", &server.quorum_up), ("quorum_down", &server.quorum_down)] {
            command.iter().for_each(|command| add(keyword, &server.name, &server.location, &command.argv));
        }
        for real in &server.real_servers {
            for (keyword, command) in [("notify_up", &real.notify_up), ("notify_down", &real.notify_down)] {
                command.as_deref().iter().for_each(|command| add(keyword, &server.name, &real.location, &command.argv));
            }
            for checker in &real.checkers {
                if let Check::Misc(misc) = &checker.check {
                    add("misc_path", &server.name, &checker.location, &misc.command);
                }
            }
        }
    }
    found
}
