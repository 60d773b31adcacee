//! Virtual servers as people read them in `status`.

use super::status::{RealServerStatus, VirtualServerStatus};
use crate::time::span;

/// A virtual server and a line for each of its real servers.
pub fn virtual_server_text(server: &VirtualServerStatus) -> String {
    let persistence = server.persistence_s.map(|seconds| format!(" persistent {seconds} s")).unwrap_or_default();
    let quorum = if server.quorum { "up" } else { "NO QUORUM" };
    let alive = match server.upstream {
        true => {
            let up = server.real_servers.iter().filter(|real| real.up && real.judged && !real.drained).count();
            format!("{up} of {} servers", server.real_servers.len())
        }
        false => format!("{}{persistence}, weight {} of {} alive", server.scheduler, server.alive, server.needed),
    };
    let mut text = format!("{} {quorum} for {}, {alive}\n", server.name, span(server.quorum_for_ms));
    if let Some(sorry) = &server.sorry_server {
        text.push_str(&format!("  sorry server {sorry} serves\n"));
    }
    if server.suspended {
        text.push_str("  checks rest: this host does not hold the address (ha_suspend)\n");
    }
    match server.in_kernel {
        _ if server.upstream => {}
        _ if server.absent => {
            text.push_str("  not in the kernel's table: this host does not hold the address (master_only)\n")
        }
        Some(true) => {}
        Some(false) => text.push_str("  the kernel's table lacks it; see the log, and `ipvsadm -Ln`\n"),
        None => text.push_str("  the kernel's table cannot be read: is the module ip_vs there?\n"),
    }
    let traffic = server.traffic;
    if traffic.connections > 0 {
        text.push_str(&format!(
            "  {} connections, {}/s, {} in, {} out\n",
            traffic.connections,
            traffic.connections_per_s,
            amount(traffic.bytes_in),
            amount(traffic.bytes_out)
        ));
    }
    let width = server.real_servers.iter().map(|real| real.address.len()).max().unwrap_or_default();
    for real in &server.real_servers {
        text.push_str(&if server.upstream { proxied(server, real, width) } else { real_server_text(real, width) });
        for check in real.checks.iter().filter(|check| !check.passing) {
            let last = check.last.as_deref().unwrap_or("not tried yet");
            text.push_str(&format!("  {:width$}   {}: {last}\n", "", check.name));
        }
    }
    text
}

/// A server that a proxy of this host asks, which knows its weight and its connections.
fn proxied(pool: &VirtualServerStatus, real: &RealServerStatus, width: usize) -> String {
    if real.up && !real.judged && !real.drained {
        let words = "not judged yet since the agent began with it; it may still be refused";
        return format!("  {:<width$} unknown for {}: {words}\n", real.address, span(real.for_ms));
    }
    let refused = match (real.refused, real.up) {
        (true, _) => ", gets no connections",
        (false, true) => "",
        (false, false) if pool.real_servers.iter().any(|real| real.up) => {
            ", still asked: another pool has nobody else, or nftables fails (see the log)"
        }
        (false, false) => ", still asked: nobody else is up",
    };
    let why = real.reason.as_deref().filter(|_| !real.up);
    let reason = why.map(|reason| format!(": {reason}")).unwrap_or_default();
    // How long it has been drained nobody has written down.
    let since = if real.drained { String::new() } else { format!(" for {}", span(real.for_ms)) };
    format!("  {:<width$} {:<7}{since}{refused}{reason}\n", real.address, state(real))
}

fn state(real: &RealServerStatus) -> &'static str {
    match (real.up, real.drained) {
        (true, false) => "up",
        (true, true) => "drained",
        (false, _) => "DOWN",
    }
}

fn real_server_text(real: &RealServerStatus, width: usize) -> String {
    let state = state(real);
    let weight = match real.weight_now {
        Some(now) if now == real.weight => format!("weight {now}"),
        Some(now) => format!("weight {now} of {}", real.weight),
        None => format!("out of {}", real.weight),
    };
    let by = if real.weight_by_operator { " by operator" } else { "" };
    let reason = real.reason.as_deref().map(|reason| format!(": {reason}")).unwrap_or_default();
    format!(
        "  {:<width$} {} {state:<7} {weight}{by}, {} active {} inactive, for {}{reason}\n",
        real.address,
        real.forward,
        real.active,
        real.inactive,
        span(real.for_ms)
    )
}

/// `1.5 MB`.
fn amount(bytes: u64) -> String {
    let mut scaled = (bytes, "B");
    let mut rest = 0;
    for unit in ["kB", "MB", "GB", "TB", "PB"] {
        if scaled.0 < 1000 {
            break;
        }
        rest = scaled.0 % 1000 / 100;
        scaled = (scaled.0 / 1000, unit);
    }
    if scaled.1 == "B" || scaled.0 >= 100 {
        return format!("{} {}", scaled.0, scaled.1);
    }
    format!("{}.{rest} {}", scaled.0, scaled.1)
}

#[cfg(test)]
mod tests {
    use super::super::status::{CheckStatus, TrafficStatus};
    use super::*;

    fn real(address: &str) -> RealServerStatus {
        RealServerStatus {
            address: address.into(),
            up: true,
            judged: true,
            reason: None,
            for_ms: 3_725_000,
            drained: false,
            refused: false,
            weight: 37,
            weight_by_operator: false,
            weight_now: Some(37),
            forward: "DR".into(),
            active: 12,
            inactive: 5,
            traffic: TrafficStatus::default(),
            checks: vec![],
        }
    }

    #[test]
    fn every_state_has_its_words() {
        let down = RealServerStatus {
            up: false,
            reason: Some("connection refused".into()),
            weight_now: None,
            checks: vec![CheckStatus {
                name: "TCP_CHECK 10.0.0.8:80".into(),
                passing: false,
                last: Some("connection refused".into()),
                reason: None,
                failures: Default::default(),
            }],
            ..real("10.0.0.8:80")
        };
        let drained =
            RealServerStatus { drained: true, weight_now: Some(0), weight_by_operator: true, ..real("10.0.0.19:80") };
        let server = VirtualServerStatus {
            upstream: false,
            name: "10.0.0.3:80".into(),
            services: vec!["TCP 10.0.0.3:80".into()],
            scheduler: "wrr".into(),
            persistence_s: Some(50),
            quorum: false,
            quorum_for_ms: 700,
            alive: 37,
            needed: 91,
            sorry_server: Some("127.0.0.1:8080".into()),
            suspended: true,
            absent: false,
            in_kernel: Some(false),
            traffic: TrafficStatus { connections: 1234, bytes_in: 1_530_000, ..TrafficStatus::default() },
            real_servers: vec![real("10.0.0.7:80"), down, drained],
        };
        assert_eq!(
            virtual_server_text(&server),
            "10.0.0.3:80 NO QUORUM for 0.700 s, wrr persistent 50 s, weight 37 of 91 alive\n\
             \x20 sorry server 127.0.0.1:8080 serves\n\
             \x20 checks rest: this host does not hold the address (ha_suspend)\n\
             \x20 the kernel's table lacks it; see the log, and `ipvsadm -Ln`\n\
             \x20 1234 connections, 0/s, 1.5 MB in, 0 B out\n\
             \x20 10.0.0.7:80  DR up      weight 37, 12 active 5 inactive, for 1 h 2 min\n\
             \x20 10.0.0.8:80  DR DOWN    out of 37, 12 active 5 inactive, for 1 h 2 min: connection refused\n\
             \x20                TCP_CHECK 10.0.0.8:80: connection refused\n\
             \x20 10.0.0.19:80 DR drained weight 0 of 37 by operator, 12 active 5 inactive, for 1 h 2 min\n"
        );
    }

    /// A server that may be refused by what an earlier agent knew is not called good.
    #[test]
    fn what_was_not_judged_yet_is_unknown() {
        let not_yet = RealServerStatus { judged: false, for_ms: 700, ..real("10.0.0.8:80") };
        let drained = RealServerStatus { drained: true, judged: false, refused: true, ..real("10.0.0.9:80") };
        let server = VirtualServerStatus {
            upstream: true,
            name: "upstream web".into(),
            services: vec![],
            scheduler: "wlc".into(),
            persistence_s: None,
            quorum: true,
            quorum_for_ms: 700,
            alive: 3,
            needed: 1,
            sorry_server: None,
            suspended: false,
            absent: false,
            in_kernel: None,
            traffic: TrafficStatus::default(),
            real_servers: vec![real("10.0.0.7:80"), not_yet, drained],
        };
        assert_eq!(
            virtual_server_text(&server),
            "upstream web up for 0.700 s, 1 of 3 servers\n\
             \x20 10.0.0.7:80 up      for 1 h 2 min\n\
             \x20 10.0.0.8:80 unknown for 0.700 s: not judged yet since the agent began with it; it may still be refused\n\
             \x20 10.0.0.9:80 drained, gets no connections\n"
        );
        // What an agent of before says nothing of is not called unknown.
        let mut old = serde_json::to_value(real("10.0.0.7:80")).unwrap();
        old.as_object_mut().unwrap().remove("judged");
        assert!(serde_json::from_value::<RealServerStatus>(old).unwrap().judged);
    }

    #[test]
    fn amounts_stay_short() {
        let words: Vec<String> = [0, 999, 1000, 1530, 99_900, 100_000, 2_500_000_000].map(amount).into();
        assert_eq!(words, ["0 B", "999 B", "1.0 kB", "1.5 kB", "99.9 kB", "100 kB", "2.5 GB"]);
    }
}
