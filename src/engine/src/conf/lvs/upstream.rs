//! `virtual_server upstream NAME`: servers that a proxy of this host, such as nginx, spreads requests to. The agent
//! checks them.

use crate::conf::config::lvs::RealServer;
use crate::conf::grammar::walk::inside;
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// What only the kernel's balancing has a use for.
const IN_VAIN: [&str; 18] = [
    "lb_algo",
    "lvs_sched",
    "lb_kind",
    "lvs_method",
    "protocol",
    "ip_family",
    "persistence_timeout",
    "persistence_granularity",
    "sorry_server",
    "sorry_server_inhibit",
    "sorry_server_lvs_method",
    "inhibit_on_failure",
    "slow_start",
    "ha_suspend",
    "master_only",
    "ops",
    "uthreshold",
    "lthreshold",
];

/// A server of an upstream has a port; lines that mean nothing here are told.
pub(super) fn proxied(servers: &mut Vec<(RealServer, Place)>, block: &Statement, sink: &mut Sink<'_>) {
    servers.retain(|(server, place)| {
        let has_port = server.address.port() != 0;
        if !has_port {
            let message = format!("real server `{}` of an upstream needs a port; ignored", server.address.ip());
            sink.error_help(*place, message, "write `real_server ADDRESS PORT { … }`");
        }
        has_port
    });
    for line in inside(block).iter().filter(|line| IN_VAIN.contains(&line.name())) {
        let message = format!("`{}` changes nothing: the proxy spreads the requests of an upstream", line.name());
        sink.warning_help(line.place(), message, "take it out");
    }
}
