//! The agent as a director: what a file makes of the kernel's table, and what checks, operators and restarts make of it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::Case;
use super::cluster::{Cluster, VIP4};
use super::host::{Daemon, HACTL, Host};

pub const CASES: &[Case] = crate::cases![
    the_same_file_gives_keepalived_s_table,
    a_dead_server_leaves_and_returns,
    a_drained_server_keeps_its_connections,
    a_restart_keeps_the_table_and_a_stop_clears_it,
    a_reload_changes_what_differs,
    the_sorry_server_serves_without_quorum,
];

/// An agent on a host.
pub struct Agent<'a> {
    host: &'a Host,
    pub daemon: Daemon,
}

impl<'a> Agent<'a> {
    pub fn start(host: &'a Host, config: &str) -> Self {
        Self::write(host, config);
        Self::again(host)
    }

    /// Starts with the file that is there.
    pub fn again(host: &'a Host) -> Self {
        let at = |name: &str| host.folder().join(name).display().to_string();
        let (file, socket, state) = (at("ha.conf"), at("sock/agent.sock"), at("state"));
        let words = [HACTL, "agent", "run", "-l", "-f", &file, "--socket", &socket, "--state-dir", &state];
        let agent = Self { host, daemon: host.spawn("agent", &words) };
        host.wait("the agent", || agent.try_ask("status").is_some());
        agent
    }

    pub fn write(host: &Host, config: &str) {
        fs::write(host.folder().join("ha.conf"), config).unwrap();
    }

    /// `hactl agent …`; what it printed.
    pub fn ask(&self, words: &str) -> String {
        self.try_ask(words).unwrap_or_else(|| panic!("{words}: {}", self.daemon.log()))
    }

    fn try_ask(&self, words: &str) -> Option<String> {
        let socket = self.host.folder().join("sock/agent.sock");
        let output = self.host.try_sh(&format!("{HACTL} agent {words} --socket {}", socket.display()));
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Waits until the kernel's table has exactly these lines for real servers: `ADDRESS WEIGHT`.
    pub fn until(&self, wanted: &[&str]) {
        let mut seen = Vec::new();
        self.host.wait(&format!("{wanted:?}"), || {
            seen = servers(self.host);
            seen == wanted
        });
    }
}

/// Real servers of the kernel's table, sorted: `ADDRESS WEIGHT`.
fn servers(host: &Host) -> Vec<String> {
    let mut lines: Vec<String> = host
        .ipvsadm("-Ln")
        .iter()
        .filter_map(|line| {
            let mut words = line.strip_prefix("  -> ")?.split_whitespace();
            let address = words.next().filter(|word| word.contains(':') && !word.starts_with("RemoteAddress"))?;
            Some(format!("{address} {}", words.nth(1)?))
        })
        .collect();
    lines.sort();
    lines
}

/// A pool at the virtual address; `servers` are last bytes with lines of their own.
fn pool(lines: &str, servers: &[(u8, &str)]) -> String {
    let server = |(last, lines): &(u8, &str)| {
        format!(
            "real_server 10.37.0.{last} 80 {{\n{lines}\nTCP_CHECK {{\nconnect_timeout 1\nretry 0\ndelay_before_retry 0.2\n}}\n}}\n"
        )
    };
    let servers: String = servers.iter().map(server).collect();
    format!(
        "virtual_server {VIP4} 80 {{\ndelay_loop 0.2\nwarmup 0\nlb_algo rr\nlb_kind DR\nprotocol TCP\n{lines}\n{servers}}}\n"
    )
}

/// A cluster whose real servers serve the virtual address by DR.
fn cluster(servers: u8) -> (Cluster, Vec<Daemon>) {
    let cluster = Cluster::new(1, servers);
    cluster.servers.iter().for_each(|server| server.hides(VIP4));
    cluster.director().carries(VIP4);
    let daemons = cluster.servers.iter().map(|server| server.web()).collect();
    (cluster, daemons)
}

/// One of everything that both understand.
fn everything() -> String {
    let mut text = String::from(
        "virtual_server_group vips {\n10.37.0.40-42 80\n10.37.0.50 443\nfwmark 7\n}\n\
         virtual_server group vips {\nlb_algo wlc\nlb_kind NAT\nprotocol TCP\nreal_server 10.37.0.21 80 {\nweight 3\n}\n}\n\
         virtual_server fwmark 91 {\nlb_algo sh\nlb_kind TUN\nprotocol TCP\nreal_server 10.37.0.22 80 {\nweight 7\n}\n}\n\
         virtual_server fd37::3 80 {\nlb_algo sed\nlb_kind DR\nprotocol TCP\nreal_server fd37::15 80 {\nweight 5\n}\n}\n\
         virtual_server 10.37.0.3 53 {\nlb_algo rr\nlb_kind NAT\nprotocol UDP\nops\nreal_server 10.37.0.21 53 {\nweight 1\n}\n}\n\
         virtual_server 10.37.0.60 80 {\nlb_algo mh\nmh-port\nmh-fallback\nlb_kind DR\nprotocol TCP\npersistence_timeout 360\n\
         persistence_granularity 255.255.255.0\nsorry_server 10.37.0.99 80\nreal_server 10.37.0.21 80 {\nweight 2\nuthreshold 100\n\
         lthreshold 50\n}\n}\n",
    );
    for (n, scheduler) in ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "fo", "ovf", "nq"].iter().enumerate() {
        let port = 1000 + n;
        text.push_str(&format!(
            "virtual_server 10.37.0.3 {port} {{\nlb_algo {scheduler}\nlb_kind NAT\nprotocol TCP\nreal_server 10.37.0.21 {port} {{\nweight {}\n}}\n}}\n",
            n + 1
        ));
    }
    text
}

fn the_same_file_gives_keepalived_s_table() {
    let cluster = Cluster::new(2, 0);
    let [ours, theirs] = &cluster.directors[..] else { panic!("two directors") };
    let agent = Agent::start(ours, &everything());
    let folder = theirs.folder();
    let at = |name: &str| folder.join(name).display().to_string();
    fs::write(at("ha.conf"), everything()).unwrap();
    let words =
        ["keepalived", "-n", "-l", "-C", "-f", &at("ha.conf"), "-p", &at("pid"), "-r", &at("r"), "-c", &at("c")];
    let keepalived = theirs.spawn("keepalived", &words);
    let table = |host: &Host| {
        let mut lines = host.ipvsadm("-Sn");
        lines.sort();
        lines
    };
    let wanted = 5 + 1 + 1 + 1 + 1 + 10;
    theirs.wait("keepalived's table", || table(theirs).iter().filter(|line| line.starts_with("-A")).count() >= wanted);
    ours.wait("our table", || table(ours).len() == table(theirs).len());
    assert_eq!(table(ours), table(theirs), "{}\n{}", agent.daemon.log(), keepalived.log());
}

fn a_dead_server_leaves_and_returns() {
    let (cluster, mut web) = cluster(2);
    let agent = Agent::start(cluster.director(), &pool("", &[(21, "weight 3"), (22, "weight 3")]));
    agent.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    let at = (VIP4, 80).into();
    assert_eq!(cluster.client.gets(10, at).len(), 2);
    drop(web.remove(1));
    agent.until(&["10.37.0.21:80 3"]);
    assert_eq!(cluster.client.gets(10, at).into_iter().collect::<Vec<_>>(), [("rs1".to_owned(), 10)]);
    assert!(agent.ask("status").contains("connection refused"), "{}", agent.ask("status"));
    web.push(cluster.servers[1].web());
    agent.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    web.remove(0).signal(Signal::SIGSTOP); // the kernel still accepts connections: TCP_CHECK cannot see it
    let history = agent.ask("history");
    assert!(history.contains("real server 10.37.0.22:80 is down") && history.contains("is up"), "{history}");
}

fn a_drained_server_keeps_its_connections() {
    let (cluster, _web) = cluster(2);
    let director = cluster.director();
    let agent = Agent::start(director, &pool("", &[(21, "weight 3"), (22, "weight 3")]));
    agent.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    agent.ask("drain 10.37.0.22:80");
    agent.until(&["10.37.0.21:80 3", "10.37.0.22:80 0"]);
    agent.ask("undrain 10.37.0.22");
    agent.ask("drain 10.37.0.21");
    agent.until(&["10.37.0.21:80 0", "10.37.0.22:80 3"]);
    let mut open = cluster.client.within(|| TcpStream::connect((VIP4, 80)).unwrap());
    open.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    agent.ask("undrain 10.37.0.21");
    agent.ask("drain 10.37.0.22");
    agent.until(&["10.37.0.21:80 3", "10.37.0.22:80 0"]);
    open.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    open.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("rs2\n"), "{answer}");
    assert_eq!(cluster.client.gets(6, (VIP4, 80).into()).into_iter().collect::<Vec<_>>(), [("rs1".to_owned(), 6)]);
    agent.daemon.stop();
    let agent = Agent::again(director);
    agent.until(&["10.37.0.21:80 3", "10.37.0.22:80 0"]);
    agent.ask("weight 10.37.0.21 37");
    agent.ask("undrain 10.37.0.22");
    agent.until(&["10.37.0.21:80 37", "10.37.0.22:80 3"]);
    agent.ask("weight 10.37.0.21");
    agent.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    assert!(
        director
            .try_sh(&format!("{HACTL} agent drain 10.37.0.77 --socket {}/sock/agent.sock", director.folder().display()))
            .status
            .code()
            != Some(0)
    );
}

fn a_restart_keeps_the_table_and_a_stop_clears_it() {
    let (cluster, _web) = cluster(2);
    let director = cluster.director();
    director.sh("ipvsadm -A -t 10.37.0.77:80 -s rr; ipvsadm -a -t 10.37.0.77:80 -r 10.37.0.88:80 -m -w 9");
    let agent = Agent::start(director, &pool("", &[(21, "weight 3"), (22, "weight 3")]));
    let both = ["10.37.0.21:80 3", "10.37.0.22:80 3", "10.37.0.88:80 9"];
    agent.until(&both);
    agent.daemon.signal(Signal::SIGKILL);
    drop(agent);
    assert_eq!(servers(director), both, "a crash leaves the table");
    let agent = Agent::again(director);
    agent.until(&both);
    agent.daemon.stop();
    assert_eq!(servers(director), ["10.37.0.88:80 9"], "what is not ours stays");
}

fn a_reload_changes_what_differs() {
    let (cluster, _web) = cluster(2);
    let director = cluster.director();
    let agent = Agent::start(director, &pool("", &[(21, "weight 3"), (22, "weight 3")]));
    agent.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    let _traffic = cluster.client.gets(4, (VIP4, 80).into());
    Agent::write(director, &pool("", &[(21, "weight 3"), (22, "weight 7")]));
    agent.ask("reload");
    agent.until(&["10.37.0.21:80 3", "10.37.0.22:80 7"]);
    // The kernel sums up now and then. A service made anew would have none.
    director.wait("four connections", || {
        director.ipvsadm("-Ln --stats").iter().any(|line| line.contains("10.37.0.3:80") && line.contains(" 4 "))
    });
    Agent::write(
        director,
        &pool("lb_algo wrr\npersistence_timeout 50", &[(22, "weight 7")]).replacen("lb_algo rr\n", "", 1),
    );
    agent.ask("reload");
    agent.until(&["10.37.0.22:80 7"]);
    assert!(
        director.ipvsadm("-Ln").iter().any(|line| line.contains("wrr persistent 50")),
        "{:?}",
        director.ipvsadm("-Ln")
    );
    Agent::write(director, "");
    agent.ask("reload");
    director.wait("an empty table", || !director.ipvsadm("-Ln").iter().any(|line| line.contains("10.37.0.3")));
}

fn the_sorry_server_serves_without_quorum() {
    let (cluster, mut web) = cluster(3);
    let lines = "sorry_server 10.37.0.23 80";
    let agent = Agent::start(cluster.director(), &pool(lines, &[(21, "weight 3"), (22, "weight 3")]));
    agent.until(&["10.37.0.21:80 3", "10.37.0.22:80 3"]);
    drop(web.drain(..2));
    agent.until(&["10.37.0.23:80 1"]);
    assert_eq!(cluster.client.gets(4, (VIP4, 80).into()).into_iter().collect::<Vec<_>>(), [("rs3".to_owned(), 4)]);
    assert!(agent.ask("status").contains("NO QUORUM"));
    web.push(cluster.servers[0].web());
    agent.until(&["10.37.0.21:80 3"]);
}
