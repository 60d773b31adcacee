//! The connection synchronisation: its daemons, and a connection that outlives its director.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use hactl::sys::ipvs::IpvsError;
use hactl_engine::ipvs::{Forward, Table};
use hactl_engine::lvs::sync::{SyncRole, SyncSettings};

use super::Case;
use super::cluster::{Cluster, VIP4};
use super::host::{Daemon, Host, wait};
use super::words::{by, make, service, tcp};

pub(crate) const CASES: &[Case] = crate::cases![
    daemons_start_and_stop,
    the_same_file_gives_keepalived_s_daemons,
    a_connection_survives_its_director,
];

fn daemons_start_and_stop() {
    let host = Host::alone("lb");
    host.ip(
        "link add eth0 type veth peer name far\nlink set eth0 up\nlink set far up\naddr add 10.37.0.11/24 dev eth0",
    );
    let mut ipvs = host.ipvs();
    assert!(ipvs.daemons().unwrap().is_empty());
    ipvs.start_daemon(SyncRole::Master, &on("eth0", 37)).unwrap();
    let shown = host.ipvsadm("-L --daemon");
    assert_eq!(shown, ["master sync daemon (mcast=eth0, syncid=37, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)"]);
    let all = SyncSettings {
        max_len: Some(1300),
        port: Some(8891),
        ttl: Some(3),
        group: Some("224.0.0.91".parse().unwrap()),
        ..on("eth0", 91)
    };
    ipvs.start_daemon(SyncRole::Backup, &all).unwrap();
    assert_eq!(ipvs.daemons().unwrap()[&SyncRole::Backup], all);
    let shown = host.ipvsadm("-L --daemon");
    assert_eq!(shown[1], "backup sync daemon (mcast=eth0, syncid=91, maxlen=1300, group=224.0.0.91, port=8891, ttl=3)");
    let refusals = [
        ipvs.start_daemon(SyncRole::Master, &on("eth0", 5)).unwrap_err(),
        {
            ipvs.stop_daemon(SyncRole::Master).unwrap();
            ipvs.start_daemon(SyncRole::Master, &on("eth7", 5)).unwrap_err()
        },
        ipvs.stop_daemon(SyncRole::Master).unwrap_err(),
    ];
    for (refusal, hint) in refusals.iter().zip(["runs already", "no such interface", "does not run"]) {
        println!("NOTE {refusal}");
        assert!(matches!(refusal, IpvsError::Refused { .. }) && refusal.to_string().contains(hint), "{refusal}");
    }
    ipvs.stop_daemon(SyncRole::Backup).unwrap();
    assert!(host.ipvsadm("-L --daemon").is_empty());
}

/// One file, run by keepalived and by hactl beside a better router that comes and goes: what the kernel runs as master,
/// as backup, as master again, and after the stop.
fn the_same_file_gives_keepalived_s_daemons() {
    for words in ["eth0 web", "eth0 web id 91 maxlen 1300 port 8891 ttl 3 group 224.0.0.91"] {
        let lives = [Host::keepalived, Host::agent].map(|run| life_of_daemons(words, run));
        assert_eq!(lives[0], lives[1], "{words}");
        println!("NOTE {words}: {:?}", lives[1]);
        assert!(lives[1][0].contains("master") && lives[1][1].contains("backup") && lives[1][3].is_empty());
        assert_eq!(lives[1][0], lives[1][2]);
    }
}

fn life_of_daemons(words: &str, run: fn(&Host, &str) -> Daemon) -> [String; 4] {
    let cluster = Cluster::new(2, 0);
    let [host, better] = &cluster.directors[..] else { panic!("two directors") };
    let router = |priority: u8| {
        format!(
            "vrrp_instance web {{\nstate BACKUP\ninterface eth0\nvirtual_router_id 37\npriority {priority}\nversion 3\nadvert_int 0.2\n\
             virtual_ipaddress {{\n{VIP4}/32\n}}\n}}\n"
        )
    };
    let daemon = run(host, &format!("global_defs {{\nlvs_sync_daemon {words}\n}}\n{}", router(91)));
    let shown = |role: &str| {
        let wanted = format!("{role} sync daemon");
        host.wait(&wanted, || matches!(host.ipvsadm("-L --daemon").as_slice(), [only] if only.starts_with(&wanted)));
        host.ipvsadm("-L --daemon").join("\n")
    };
    let master = shown("master");
    let other = better.agent(&router(200));
    let backup = shown("backup");
    other.stop();
    let again = shown("master");
    daemon.stop();
    host.wait("the end of the daemons", || host.ipvsadm("-L --daemon").is_empty());
    [master, backup, again, host.ipvsadm("-L --daemon").join("\n")]
}

/// A director vanishes; the client's connection goes on through the other director to the server that it had.
fn a_connection_survives_its_director() {
    let cluster = Cluster::new(2, 3);
    let [first, second] = &cluster.directors[..] else { panic!("two directors") };
    let _daemons: Vec<_> = cluster.servers.iter().map(|server| server.web()).collect();
    cluster.servers.iter().for_each(|server| server.hides(VIP4));
    let weights: Vec<_> = cluster.servers.iter().map(|server| (server.serves(VIP4, 80), 1)).collect();
    let wanted = Table::from([(tcp("10.37.0.3:80"), service(by("rr"), Forward::Direct, &weights))]);
    for (director, role) in [(first, SyncRole::Master), (second, SyncRole::Backup)] {
        let mut ipvs = director.ipvs();
        make(&mut ipvs, &wanted);
        ipvs.start_daemon(role, &on("eth0", 7)).unwrap();
    }
    first.carries(VIP4);
    cluster.client.get(SocketAddr::new(VIP4, 80)).unwrap(); // the next one is of another server
    let vip = SocketAddr::new(VIP4, 80);
    let mut stream = cluster.client.within(|| TcpStream::connect_timeout(&vip, Duration::from_secs(5))).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let server = ask(&mut stream).unwrap();
    let port = format!(":{} ", stream.local_addr().unwrap().port());
    // Every connection is told after its third packet.
    wait("the connection on the second director", || second.ipvsadm("-Lcn").iter().any(|line| line.contains(&port)));
    cluster.plug(first, false);
    second.carries(VIP4);
    cluster.client.sh("ip neigh flush dev eth0"); // the announcement is VRRP's affair
    for _ in 0..4 {
        assert_eq!(ask(&mut stream).unwrap(), server);
    }
    // A connection that nobody knows is scheduled; this one was not: it is the same server by memory, not by luck.
    let entries = second.ipvsadm("-Lcn");
    assert_eq!(
        entries.iter().filter(|line| line.contains(&port) && line.contains("ESTABLISHED")).count(),
        1,
        "{entries:#?}"
    );
}

fn on(interface: &str, id: u8) -> SyncSettings {
    SyncSettings { interface: interface.to_owned(), id, max_len: None, port: None, ttl: None, group: None }
}

/// A request on a connection that stays; who answered.
fn ask(stream: &mut TcpStream) -> io::Result<String> {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: vip\r\n\r\n")?;
    let mut answer = Vec::new();
    let mut buffer = [0; 512];
    while !answer.ends_with(b"\n") || answer.ends_with(b"\r\n") {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        answer.extend(&buffer[..length]);
    }
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next_back().unwrap_or_default().to_owned())
}
