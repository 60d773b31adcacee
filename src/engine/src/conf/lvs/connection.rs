//! Where a check goes and where it comes from: `connect_ip`, `bindto` and their like.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::conf::config::lvs::{Connection, Endpoint};
use crate::conf::grammar::values::{address, integer, interface, single};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// The lines as far as they were given.
#[derive(Debug, Clone, Default)]
pub(super) struct ConnectionLines {
    ip: Option<IpAddr>,
    port: Option<u16>,
    from: Endpoint,
}

/// The real server that a check belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    /// Address, and port as written; 0 when neither it nor its virtual server has one.
    pub(crate) address: SocketAddr,
}

impl ConnectionLines {
    /// Reads a line if it is one of these.
    pub(crate) fn line(&mut self, line: &Statement, sink: &mut Sink<'_>) -> bool {
        match line.name() {
            "connect_ip" => self.ip = single(line, sink).and_then(|word| address(word, sink)),
            "connect_port" => self.port = integer(line, 1..=u16::MAX, "the real server's is used", sink),
            "bindto" => self.from.address = single(line, sink).and_then(|word| address(word, sink)),
            "bind_port" => self.from.port = integer(line, 1..=u16::MAX, "any is used", sink),
            "bind_if" => self.from.interface = single(line, sink).and_then(|word| interface(word, sink)),
            "fwmark" => self.from.mark = integer(line, 1..=u32::MAX, "no mark is set", sink),
            _ => return false,
        }
        true
    }

    /// With what the real server says. Nothing when there is no port, which is reported.
    pub(crate) fn complete(
        mut self,
        block: &Statement,
        target: Target,
        usual_port: Port,
        timeout: Duration,
        sink: &mut Sink<'_>,
    ) -> Option<Connection> {
        let ip = self.ip.unwrap_or(target.address.ip());
        let port = match (self.port, target.address.port(), usual_port) {
            (Some(port), ..) => port,
            (None, _, Port::None) => target.address.port(),
            (None, 0, Port::Usual(usual)) => usual,
            (None, 0, Port::Required) => {
                let message = format!("{} has no port to go to: the real server has none; not checked", block.name());
                sink.error_help(block.place(), message, "add `connect_port PORT`");
                return None;
            }
            (None, port, _) => port,
        };
        if let Some(from) = self.from.address.filter(|from| from.is_ipv6() != ip.is_ipv6()) {
            let message = format!("`bindto {from}` is ignored: the check goes to `{ip}`, which is of another family");
            sink.error(block.place(), message);
            self.from.address = None;
        }
        let from = Some(self.from).filter(|from| *from != Endpoint::default()).map(Box::new);
        Some(Connection { to: SocketAddr::new(ip, port), timeout, from })
    }
}

/// The port of a check whose real server has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Port {
    /// The check knows no ports.
    None,
    /// What the protocol usually has.
    Usual(u16),
    /// It must be given.
    Required,
}
