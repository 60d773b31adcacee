//! keepalived's FIFO lines about virtual servers and real servers.

use std::collections::HashMap;
use std::net::SocketAddr;

use hactl_engine::conf::config::Config;
use hactl_engine::ipvs::{Protocol, ServiceKey};
use hactl_engine::notice::{Notice, What};

/// The services of each virtual server, which its lines name.
#[derive(Default)]
pub(crate) struct LvsLines {
    services: HashMap<String, Vec<ServiceKey>>,
}

impl LvsLines {
    /// Takes a configuration.
    pub(crate) fn configure(&mut self, config: &Config) {
        let servers = config.virtual_servers.iter();
        self.services = servers.map(|server| (server.name.clone(), server.services.clone())).collect();
    }

    /// `VS [10.0.0.3]:tcp:80 UP`, `RS [10.0.0.7]:tcp:80 [10.0.0.3]:tcp:80 DOWN`: a line for each service of the virtual
    /// server; empty for what is not about LVS.
    pub(crate) fn line(&self, notice: &Notice) -> String {
        let (real, up) = match &notice.what {
            What::RealServer { address, up, .. } => (Some(*address), *up),
            What::Quorum { up, .. } => (None, *up),
            _ => return String::new(),
        };
        let word = if up { "UP" } else { "DOWN" };
        let services = self.services.get(&notice.instance).map(Vec::as_slice).unwrap_or_default();
        let line = |service: &ServiceKey| match real {
            Some(real) => format!("RS {} {} {word}\n", real_server(real, service), name(service)),
            None => format!("VS {} {word}\n", name(service)),
        };
        services.iter().map(line).collect()
    }
}

fn name(service: &ServiceKey) -> String {
    match service {
        ServiceKey::Address { protocol, address } => endpoint(*address, protocol_word(*protocol)),
        ServiceKey::Mark { mark, .. } => format!("[fwmark {mark}]"),
    }
}

fn real_server(address: SocketAddr, service: &ServiceKey) -> String {
    match service {
        ServiceKey::Address { protocol, .. } => endpoint(address, protocol_word(*protocol)),
        ServiceKey::Mark { .. } => format!("[{}]", address.ip()),
    }
}

fn endpoint(address: SocketAddr, protocol: &str) -> String {
    format!("[{}]:{protocol}:{}", address.ip(), address.port())
}

fn protocol_word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
        Protocol::Sctp => "sctp",
    }
}

#[cfg(test)]
mod tests {
    use hactl_engine::conf::parse;

    use super::*;

    #[test]
    fn lines_are_keepalived_s() {
        let text = "virtual_server 10.0.0.3 53 {\nprotocol UDP\nreal_server 10.0.0.7 53 {\nweight 1\n}\n}\n\
                    virtual_server 2001:db8::3 80 {\nprotocol TCP\nreal_server 2001:db8::7 80 {\nweight 1\n}\n}\n";
        let mut lines = LvsLines::default();
        lines.configure(&parse("ha.conf", text).config);
        let say = |instance: &str, what| lines.line(&Notice { instance: instance.into(), what });
        let down = What::RealServer {
            address: "10.0.0.7:53".parse().unwrap(),
            up: false,
            reason: "silence".into(),
            lasted_ms: 7,
        };
        assert_eq!(say("10.0.0.3:53", down.clone()), "RS [10.0.0.7]:udp:53 [10.0.0.3]:udp:53 DOWN\n");
        let gained = What::Quorum { up: true, alive: 3, quorum: 2, sorry: None, begun: false };
        assert_eq!(say("[2001:db8::3]:80", gained), "VS [2001:db8::3]:tcp:80 UP\n");
        assert_eq!(say("VI_1", What::Failed { error: "no".into() }), "");
        assert_eq!(say("elsewhere", down), "");
    }
}
