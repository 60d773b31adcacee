//! Virtual servers, real servers, groups.

use std::collections::HashMap;
use std::net::IpAddr;

use super::page::{Page, command, user_words, word};
use crate::conf::config::lvs::{ClientCertificate, RealServer, SorryServer, VirtualServer};
use crate::conf::config::{Config, Script};
use crate::conf::grammar::values::show_seconds;
use crate::ipvs::{Family, Forward, Protocol, Scheduling, ServiceKey, Tunnel, TunnelChecksum};

impl Page {
    pub(crate) fn lvs(&mut self, config: &Config) {
        self.client(&config.global.lvs.client);
        // A group is written once for all virtual servers that have the same services of it.
        let mut groups: HashMap<&str, Vec<Vec<String>>> = HashMap::new();
        for server in &config.virtual_servers {
            let Some(name) = server.name.strip_prefix("group ") else {
                self.virtual_server(&head(server), server);
                continue;
            };
            let lines = group_lines(&server.services);
            let known = groups.entry(name).or_default();
            let at = known.iter().position(|known| *known == lines);
            let number = at.unwrap_or(known.len());
            let shown = if number == 0 { name.to_owned() } else { format!("{name} {}", number + 1) };
            if at.is_none() {
                self.list(&format!("virtual_server_group {}", word(&shown)), &lines, Clone::clone);
                known.push(lines);
            }
            self.virtual_server(&format!("group {}", word(&shown)), server);
        }
    }

    fn client(&mut self, client: &ClientCertificate) {
        if *client == ClientCertificate::default() {
            return;
        }
        self.open(format_args!("SSL"));
        self.word("certificate", client.certificate.as_ref());
        self.word("key", client.key.as_ref());
        self.word("ca", client.ca.as_ref());
        self.close();
    }

    fn virtual_server(&mut self, head: &str, server: &VirtualServer) {
        self.open(format_args!("virtual_server {head}"));
        if !server.upstream {
            self.scheduling(&server.scheduling);
        }
        for key in &server.services {
            match key {
                ServiceKey::Address { protocol, .. } => {
                    self.line(format_args!("protocol {}", protocol_word(*protocol)));
                    break;
                }
                ServiceKey::Mark { family, .. } if !server.name.starts_with("group ") => {
                    self.line(format_args!("ip_family {}", family_word(*family)));
                }
                ServiceKey::Mark { .. } => {}
            }
        }
        if let Some(persistence) = server.persistence {
            self.line(format_args!("persistence_timeout {}", persistence.timeout.as_secs()));
            let ipv6 = server.services.iter().any(|key| key.family() == Family::V6);
            if persistence.prefix != if ipv6 { 128 } else { 32 } {
                self.line(format_args!("persistence_granularity {}", persistence.prefix));
            }
        }
        self.line(format_args!("quorum {}", server.quorum));
        self.line(format_args!("hysteresis {}", server.hysteresis));
        self.command("quorum_up", server.quorum_up.as_ref());
        self.command("quorum_down", server.quorum_down.as_ref());
        self.flag(server.alpha, "alpha");
        self.flag(server.omega, "omega");
        self.flag(server.ha_suspend, "ha_suspend");
        self.flag(server.master_only, "master_only");
        self.flag(server.smtp_alert, "smtp_alert");
        if !server.slow_start.is_zero() {
            self.line(format_args!("slow_start {}", show_seconds(server.slow_start)));
        }
        if let Some(sorry) = &server.sorry_server {
            self.sorry_server(sorry);
        }
        for one in &server.real_servers {
            self.real_server(one, server.alpha);
        }
        self.close();
    }

    fn scheduling(&mut self, scheduling: &Scheduling) {
        self.line(format_args!("lb_algo {}", scheduling.name));
        self.flag(scheduling.one_packet, "ops");
        for (name, on) in ["flag-1", "flag-2", "flag-3"].iter().zip(scheduling.flags) {
            self.flag(on, name);
        }
    }

    fn sorry_server(&mut self, sorry: &SorryServer) {
        self.line(format_args!("sorry_server {}{}", sorry.address.ip(), port_words(sorry.address.port())));
        self.line(format_args!("sorry_server_lvs_method {}", forward(sorry.forward)));
        self.flag(sorry.inhibit, "sorry_server_inhibit");
    }

    fn real_server(&mut self, server: &RealServer, alpha: bool) {
        self.open(format_args!("real_server {}{}", server.address.ip(), port_words(server.address.port())));
        self.line(format_args!("weight {}", server.weight));
        self.line(format_args!("lvs_method {}", forward(server.forward)));
        let thresholds = [("uthreshold", server.upper_threshold), ("lthreshold", server.lower_threshold)];
        for (name, threshold) in thresholds {
            if threshold != 0 {
                self.line(format_args!("{name} {threshold}"));
            }
        }
        self.flag(server.inhibit_on_failure, "inhibit_on_failure");
        self.command("notify_up", server.notify_up.as_deref());
        self.command("notify_down", server.notify_down.as_deref());
        self.flag(!server.smtp_alert, "smtp_alert off");
        for checker in &server.checkers {
            self.checker(checker, alpha);
        }
        self.close();
    }

    fn command(&mut self, name: &str, found: Option<&Script>) {
        if let Some(Script { argv, user }) = found {
            self.line(format_args!("{name} {}{}", command(argv), user_words(user.as_ref())));
        }
    }
}

fn head(server: &VirtualServer) -> String {
    if let Some(name) = server.name.strip_prefix("upstream ").filter(|_| server.upstream) {
        return format!("upstream {}", word(name));
    }
    match server.services.first() {
        Some(ServiceKey::Address { address, .. }) => format!("{}{}", address.ip(), port_words(address.port())),
        Some(ServiceKey::Mark { mark, .. }) => format!("fwmark {mark}"),
        None => String::new(),
    }
}

/// One line for neighbours that have the same port.
fn group_lines(services: &[ServiceKey]) -> Vec<String> {
    let mut runs: Vec<(ServiceKey, ServiceKey)> = Vec::new();
    for key in services {
        match runs.last_mut() {
            Some((_, last)) if follows(last, key) => *last = *key,
            _ => runs.push((*key, *key)),
        }
    }
    runs.into_iter().map(|(first, last)| group_line(&first, &last)).collect()
}

fn follows(last: &ServiceKey, next: &ServiceKey) -> bool {
    let (ServiceKey::Address { address: last, .. }, ServiceKey::Address { address: next, .. }) = (last, next) else {
        return false;
    };
    let neighbours = match (last.ip(), next.ip()) {
        (IpAddr::V4(last), IpAddr::V4(next)) => u32::from(last).checked_add(1) == Some(u32::from(next)),
        (IpAddr::V6(last), IpAddr::V6(next)) => u128::from(last).checked_add(1) == Some(u128::from(next)),
        _ => false,
    };
    neighbours && last.port() == next.port()
}

fn group_line(first: &ServiceKey, last: &ServiceKey) -> String {
    match (first, last) {
        (ServiceKey::Mark { family, mark }, _) => format!("fwmark {mark} {}", family_word(*family)),
        (ServiceKey::Address { address, .. }, ServiceKey::Address { address: end, .. }) if address != end => {
            format!("{}-{}{}", address.ip(), end.ip(), port_words(address.port()))
        }
        (ServiceKey::Address { address, .. }, _) => format!("{}{}", address.ip(), port_words(address.port())),
    }
}

fn port_words(port: u16) -> String {
    if port == 0 { String::new() } else { format!(" {port}") }
}

fn protocol_word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
        Protocol::Sctp => "SCTP",
    }
}

fn family_word(family: Family) -> &'static str {
    match family {
        Family::V4 => "inet",
        Family::V6 => "inet6",
    }
}

fn forward(forward: Forward) -> String {
    let sum = |checksum: TunnelChecksum| match checksum {
        TunnelChecksum::None => "nocsum",
        TunnelChecksum::Outer => "csum",
        TunnelChecksum::Remote => "remcsum",
    };
    match forward {
        Forward::Nat => "NAT".to_owned(),
        Forward::Direct => "DR".to_owned(),
        Forward::Tunnel(Tunnel::Ipip) => "TUN type ipip".to_owned(),
        Forward::Tunnel(Tunnel::Gre { checksum }) => format!("TUN type gre {}", sum(checksum)),
        Forward::Tunnel(Tunnel::Gue { port, checksum }) => format!("TUN type gue port {port} {}", sum(checksum)),
    }
}
