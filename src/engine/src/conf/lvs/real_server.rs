//! `real_server`.

use std::net::SocketAddr;

use super::check::Around;
use super::checker::checker;
use super::connection::Target;
use super::head::address_port;
use super::network::host_name;
use super::scheduling::forward;
use super::shared::Shared;
use super::timing::Timing;
use crate::conf::config::Script;
use crate::conf::config::lvs::RealServer;
use crate::conf::grammar::keywords::REAL_SERVER;
use crate::conf::grammar::script;
use crate::conf::grammar::values::{integer, single, switched};
use crate::conf::grammar::walk::{inside, walk};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;
use crate::ipvs::Forward;

/// What a virtual server says for its real servers.
#[derive(Debug)]
pub(super) struct Outer {
    /// Port of the virtual server; 0 when it has none.
    pub(crate) port: u16,
    /// Port that its checks go to when the real server names none; 0 when there is none.
    pub(super) check_port: u16,
    pub(crate) forward: Forward,
    pub(crate) weight: u32,
    pub(crate) inhibit: bool,
    pub(crate) host: Option<String>,
    pub(crate) timing: Timing,
}

/// Reads a block. Nothing when its address cannot be read, which is reported.
pub(crate) fn real_server(
    block: &Statement,
    outer: &Outer,
    shared: &mut Shared<'_>,
    sink: &mut Sink<'_>,
) -> Option<RealServer> {
    let (ip, port) = address_port(block, &block.arguments, sink)?;
    let mut server = RealServer {
        address: SocketAddr::new(ip, port.unwrap_or(outer.port)),
        weight: outer.weight,
        forward: outer.forward,
        upper_threshold: 0,
        lower_threshold: 0,
        inhibit_on_failure: outer.inhibit,
        notify_up: None,
        notify_down: None,
        smtp_alert: shared.smtp_alert.unwrap_or(true),
        checkers: Vec::new(),
        location: sink.locate(block.place()),
    };
    let (mut timing, mut host, mut checks) = (Timing::default(), None, Vec::new());
    walk(inside(block), &REAL_SERVER, sink, |line, sink| match line.name() {
        name if name.ends_with("_CHECK") || name.ends_with("_GET") => checks.push(line),
        "weight" => server.weight = weight(line, sink),
        "lvs_method" => server.forward = forward(line, sink).unwrap_or(outer.forward),
        "uthreshold" => server.upper_threshold = integer(line, 0..=u32::MAX, "there is none", sink).unwrap_or(0),
        "lthreshold" => server.lower_threshold = integer(line, 0..=u32::MAX, "there is none", sink).unwrap_or(0),
        "inhibit_on_failure" => server.inhibit_on_failure = switched(line, true, sink),
        "notify_up" => server.notify_up = command(line, sink).map(Box::new),
        "notify_down" => server.notify_down = command(line, sink).map(Box::new),
        "smtp_alert" => server.smtp_alert = shared.alert(line, sink),
        "virtualhost" => host = single(line, sink).and_then(|word| host_name("virtualhost", word, sink)),
        _ => {
            let _read = timing.line(line, sink); // these are all that the table knows beside
        }
    });
    if server.upper_threshold != 0 && server.lower_threshold > server.upper_threshold {
        let (lower, upper) = (server.lower_threshold, server.upper_threshold);
        let message =
            format!("`lthreshold {lower}` is ignored: it is above `uthreshold {upper}`, which the kernel refuses");
        sink.warning(block.place(), message);
        server.lower_threshold = 0;
    }
    let target = Target { address: SocketAddr::new(ip, port.unwrap_or(outer.check_port)) };
    let host = host.as_deref().or(outer.host.as_deref());
    let around = Around { target, timing: timing.within(outer.timing), host };
    server.checkers.reserve_exact(checks.len()); // there are many servers with one check each
    server.checkers.extend(checks.into_iter().filter_map(|block| checker(block, around, shared, sink)));
    Some(server)
}

/// `KEYWORD "command …" [user [group]]`.
pub(super) fn command(line: &Statement, sink: &mut Sink<'_>) -> Option<Script> {
    script::command_and_user(line, sink).map(|(argv, user)| Script { argv, user })
}

/// `weight`. keepalived takes larger ones, which mean as much as the largest.
pub(super) fn weight(line: &Statement, sink: &mut Sink<'_>) -> u32 {
    let large = line.arguments.first().and_then(|word| Some((word, word.text.parse::<u32>().ok()?)));
    if let Some((word, large)) = large.filter(|(_, number)| *number > WEIGHT_MAX) {
        sink.warning(word.place, format!("`weight {large}` is more than {WEIGHT_MAX}, which is used"));
        return WEIGHT_MAX;
    }
    integer(line, 0..=WEIGHT_MAX, "1 is used", sink).unwrap_or(1)
}

/// Largest weight.
const WEIGHT_MAX: u32 = 65_535;
