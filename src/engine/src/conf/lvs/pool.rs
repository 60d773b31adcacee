//! What the servers of a pool must be together: ports that the way of forwarding can keep, and a quorum that can be
//! met.

use super::head::Head;
use crate::conf::config::lvs::RealServer;
use crate::conf::text::place::{At, Place};
use crate::conf::text::sink::Sink;
use crate::ipvs::{Forward, ServiceKey};

/// `DR` and `TUN` leave packets as they are, so the port of the virtual server is the real server's.
pub(super) fn ports(head: &Head, services: &[ServiceKey], servers: &mut [(RealServer, Place)], sink: &mut Sink<'_>) {
    let wanted = match head {
        Head::Address(address) => address.port(),
        Head::Mark(_) => {
            mark_ports(servers, sink);
            return;
        }
        Head::Upstream(_) => return, // see `upstream`
        Head::Group(_) => {
            group_ports(services, servers, sink);
            return;
        }
    };
    for (server, place) in servers.iter_mut() {
        let port = server.address.port();
        if port == wanted || server.forward == Forward::Nat {
            continue;
        }
        let (method, address) = (method(server.forward), server.address);
        let message = match wanted {
            0 => format!("`{address}`: {method} leaves the port as it is, so traffic to every port goes there"),
            _ => format!("`{address}`: {method} leaves the port as it is; traffic goes to port {wanted}"),
        };
        sink.warning_help(*place, message, "leave the port out; `connect_port` is where a check goes");
        server.address.set_port(wanted);
    }
}

/// A mark gathers many ports, and each packet keeps its own: as keepalived has it.
fn mark_ports(servers: &mut [(RealServer, Place)], sink: &mut Sink<'_>) {
    for (server, place) in servers.iter_mut().filter(|(server, _)| server.address.port() != 0) {
        let message =
            format!("`{}`: behind a mark every packet keeps its port; the port is for checks only", server.address);
        sink.warning_help(*place, message, "leave the port out; `connect_port` is where a check goes");
        server.address.set_port(0);
    }
}

/// In a group ports may differ: told, not changed.
fn group_ports(services: &[ServiceKey], servers: &[(RealServer, Place)], sink: &mut Sink<'_>) {
    let port = |key: &ServiceKey| match key {
        ServiceKey::Address { address, .. } => Some(address.port()),
        ServiceKey::Mark { .. } => None,
    };
    for (server, place) in servers {
        let own = server.address.port();
        if own == 0 || server.forward == Forward::Nat {
            continue;
        }
        if let Some(other) = services.iter().filter_map(port).find(|port| *port != own && *port != 0) {
            let (address, method) = (server.address, method(server.forward));
            let message =
                format!("`{address}`: {method} leaves the port as it is, and the group serves port {other}, too");
            sink.warning_help(*place, message, "leave the port out; `connect_port` is where a check goes");
        }
    }
}

fn method(forward: Forward) -> &'static str {
    match forward {
        Forward::Nat => "NAT",
        Forward::Direct => "DR",
        Forward::Tunnel(_) => "TUN",
    }
}

/// `quorum` and `hysteresis`, cut to what the weights can give.
pub(crate) fn quorum(
    given: Option<At<u32>>,
    hysteresis: Option<At<u32>>,
    servers: &[(RealServer, Place)],
    block: Place,
    sink: &mut Sink<'_>,
) -> (u32, u32) {
    let sum: u64 = servers.iter().map(|(server, _)| u64::from(server.weight)).sum();
    let most = u32::try_from(sum).unwrap_or(u32::MAX).max(1);
    let (mut quorum, place) = given.unwrap_or((1, block));
    if quorum > most {
        let message = format!("`quorum {quorum}` is above the sum of weights; {most} is used");
        sink.warning(place, message);
        quorum = most;
    }
    let (mut slack, place) = hysteresis.unwrap_or((0, block));
    if slack >= quorum {
        if slack > 0 {
            let message = format!("`hysteresis {slack}` is not below the quorum of {quorum}; {} is used", quorum - 1);
            sink.warning(place, message);
        }
        slack = slack.min(quorum - 1);
    }
    if u64::from(quorum) + u64::from(slack) > u64::from(most) {
        let message = format!(
            "once lost, the quorum is never gained again: that needs a weight of {}, and all servers have {most}",
            u64::from(quorum) + u64::from(slack)
        );
        sink.warning_help(place, message, "lower `quorum` or `hysteresis`");
    }
    (quorum, slack)
}
