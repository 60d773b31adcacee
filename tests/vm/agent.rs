//! The agent on a host: started, asked, and judged by the kernel's table.

use std::fs;
use std::os::unix::net::UnixStream;

use super::cluster::{Cluster, VIP4};
use super::host::{Daemon, HACTL, Host, wait};

impl Host {
    /// hactl's agent with this configuration; it answers on its control socket.
    pub(crate) fn agent(&self, config: &str) -> Daemon {
        self.configure(config);
        self.agent_again()
    }

    /// The same with the file that is there.
    pub(crate) fn agent_again(&self) -> Daemon {
        let at = |name: &str| self.folder().join(name).display().to_string();
        let (config, socket, state) = (at("hactl.conf"), at("hactl.sock"), at("state"));
        let words = [HACTL, "agent", "run", "-l", "--use-file", &config, "--socket", &socket, "--state-dir", &state];
        let daemon = self.spawn("hactl", &words);
        wait("the control socket", || UnixStream::connect(&socket).is_ok());
        daemon
    }

    /// Writes the agent's file; a running one reads it at `tell("reload")`.
    pub(crate) fn configure(&self, config: &str) {
        fs::write(self.folder().join("hactl.conf"), config).unwrap();
    }

    /// `hactl agent VERB…` to this host's agent: what it printed.
    pub(crate) fn tell(&self, words: &str) -> String {
        self.sh(&agent_command(self, words))
    }

    /// The same when it is refused: what it said about it.
    pub(crate) fn tell_in_vain(&self, words: &str) -> String {
        let output = self.try_sh(&agent_command(self, words));
        assert!(!output.status.success(), "{words} was not refused");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Real servers of the kernel's table, sorted: `ADDRESS WEIGHT`.
    pub(crate) fn real_servers(&self) -> Vec<String> {
        let entry = |line: &String| {
            let mut words = line.strip_prefix("  -> ")?.split_whitespace();
            let address = words.next().filter(|word| word.contains(':') && !word.starts_with("RemoteAddress"))?;
            Some(format!("{address} {}", words.nth(1)?))
        };
        let mut lines: Vec<String> = self.ipvsadm("-Ln").iter().filter_map(entry).collect();
        lines.sort();
        lines
    }

    /// Waits until the kernel's table has exactly these real servers: `ADDRESS WEIGHT`.
    pub(crate) fn until(&self, wanted: &[&str]) {
        self.wait(&format!("{wanted:?}"), || self.real_servers() == wanted);
    }
}

fn agent_command(host: &Host, words: &str) -> String {
    format!("{HACTL} agent {words} --socket {}/hactl.sock", host.folder().display())
}

/// A pool at the virtual address that is checked five times a second: `lines` of the pool's own, and `servers` by the
/// last byte of their address with lines of theirs.
pub(crate) fn pool(lines: &str, servers: &[(u8, &str)]) -> String {
    let check = "TCP_CHECK {\nconnect_timeout 1\nretry 0\ndelay_before_retry 0.2\n}\n";
    let checked: Vec<_> = servers.iter().map(|(last, lines)| (*last, format!("{lines}\n{check}"))).collect();
    let checked: Vec<_> = checked.iter().map(|(last, lines)| (*last, lines.as_str())).collect();
    unchecked(&format!("lb_algo rr\n{lines}"), &checked)
}

/// A pool whose real servers have no checks but those in their lines.
pub(crate) fn unchecked(lines: &str, servers: &[(u8, &str)]) -> String {
    let server = |(last, lines): &(u8, &str)| format!("real_server 10.37.0.{last} 80 {{\n{lines}\n}}\n");
    let servers: String = servers.iter().map(server).collect();
    format!("virtual_server {VIP4} 80 {{\ndelay_loop 0.2\nwarmup 0\nlb_kind DR\nprotocol TCP\n{lines}\n{servers}}}\n")
}

/// A cluster with one director that carries the virtual address, whose real servers serve it by DR.
pub(crate) fn direct_cluster(servers: u8) -> (Cluster, Vec<Daemon>) {
    let cluster = Cluster::new(1, servers);
    cluster.servers.iter().for_each(|server| server.hides(VIP4));
    cluster.director().carries(VIP4);
    let daemons = cluster.servers.iter().map(|server| server.web()).collect();
    (cluster, daemons)
}
