//! `connection_draining`: a connection that is open goes on with the host that it was opened to, whoever owns the VIP
//! by now; new ones go to the owner, and nobody else is found under the address.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sched::{CloneFlags, setns};
use nix::sys::signal::Signal;
use socket2::{Domain, Socket, Type};

use crate::lan::{Daemon, Lan, wait};
use crate::need_root;

const VIP: &str = "10.77.0.3";
const VIP_6: &str = "fd77::3";
const PORT: u16 = 8002;
/// The host with the clients.
const CLIENT: usize = 2;
const SECONDS: u64 = 4;

fn config(priority: u8, vip: &str, interval: &str) -> String {
    let (version, addresses) = match vip.contains(':') {
        true => (3, format!("fe80::77:3/64\n{vip}/64")),
        false => (2, format!("{vip}/24")),
    };
    let version = if interval == "1" { version } else { 3 };
    format!(
        "hactl {{\nlease on\nguard on\nconnection_draining {SECONDS}\n}}\nvrrp_instance VI_1 {{\ninterface eth0\nversion {version}\n\
         virtual_router_id 51\npriority {priority}\nadvert_int {interval}\nvirtual_ipaddress {{\n{addresses}\n}}\n}}\n"
    )
}

/// Work on a host; what it opens there stays there.
fn on<T: Send + 'static>(lan: &Lan, n: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    let space = File::open(format!("/run/netns/{}", lan.host(n))).unwrap();
    let inside = move || {
        setns(space, CloneFlags::CLONE_NEWNET).unwrap(); // this thread, and those that it starts
        work()
    };
    std::thread::spawn(inside).join().unwrap()
}

/// A server that answers each line with its host's number: on every address, or on the virtual one alone.
fn serve(lan: &Lan, n: usize, only: Option<&str>) {
    let at: SocketAddr = only.map_or(SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, PORT)), |vip| {
        SocketAddr::new(vip.parse().unwrap(), PORT)
    });
    on(lan, n, move || {
        let socket = Socket::new(Domain::for_address(at), Type::STREAM, None).unwrap();
        socket.set_freebind_v4(true).unwrap();
        socket.bind(&at.into()).unwrap();
        socket.listen(64).unwrap();
        let answer = move |mut stream: TcpStream| {
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            lines.map_while(Result::ok).for_each(|_| drop(stream.write_all(format!("{n}\n").as_bytes())));
        };
        std::thread::spawn(move || {
            let listener = std::net::TcpListener::from(socket);
            listener.incoming().flatten().for_each(|stream| drop(std::thread::spawn(move || answer(stream))));
        });
    });
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn open(lan: &Lan, vip: &str) -> Self {
        let at = SocketAddr::new(vip.parse().unwrap(), PORT);
        let stream = on(lan, CLIENT, move || TcpStream::connect_timeout(&at, Duration::from_secs(5))).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        Self(BufReader::new(stream))
    }

    /// Which host answers.
    fn ask(&mut self) -> Result<usize, String> {
        self.0.get_mut().write_all(b"who\n").map_err(|error| error.to_string())?;
        let mut line = String::new();
        self.0.read_line(&mut line).map_err(|error| error.to_string())?;
        line.trim().parse().map_err(|_| format!("`{line}`"))
    }
}

fn pair(lan: &Lan, vip: &str, interval: &str) -> [Daemon; 2] {
    let both = [lan.hactl(0, &config(150, vip, interval)), lan.hactl(1, &config(100, vip, interval))];
    lan.wait_owner(0, vip);
    both
}

fn promote(lan: &Lan, n: usize, vip: &str) {
    assert!(lan.agent(n, &["promote"]).status.success());
    lan.wait_owner(n, vip);
}

fn run(lan: &Lan, n: usize, line: &str) -> String {
    let output = Command::new("ip").args(["netns", "exec", &lan.host(n), "sh", "-c", line]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn keeps(lan: &Lan, n: usize, vip: &str) -> bool {
    run(lan, n, "ip -o addr show dev lo").contains(&format!(" {vip}/"))
}

fn passes(lan: &Lan, n: usize) -> bool {
    run(lan, n, "nft list tables").contains("hactl_draining")
}

/// Whoever asks anew who has the address finds the owner.
fn found(lan: &Lan, vip: &str) -> Vec<usize> {
    let ask = |_| {
        run(lan, CLIENT, "ip neigh flush all");
        Client::open(lan, vip).ask().unwrap()
    };
    let mut all: Vec<usize> = (0..8).map(ask).collect();
    all.dedup();
    all
}

#[test]
fn open_connections_go_on_with_their_host() {
    need_root!();
    for (vip, interval, alone) in [(VIP, "1", false), (VIP, "0.2", true), (VIP_6, "1", true), (VIP_6, "0.2", false)] {
        let lan = Lan::new(3);
        let _agents = pair(&lan, vip, interval);
        for n in [0, 1] {
            serve(&lan, n, alone.then_some(vip));
        }
        let mut first = Client::open(&lan, vip);
        assert_eq!(first.ask(), Ok(0));
        // Requests all the while: each is answered, and by the host that the connection was opened to.
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let mut busy = Client::open(&lan, vip);
        let busy = std::thread::spawn(move || {
            let mut answers = Vec::new();
            while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
                answers.push(busy.ask());
            }
            answers
        });
        promote(&lan, 1, vip);
        let moved = Instant::now();
        assert!(keeps(&lan, 0, vip) && passes(&lan, 1), "{vip} {interval}");
        assert_eq!((first.ask(), found(&lan, vip)), (Ok(0), vec![1]), "{vip} {interval}");
        let mut second = Client::open(&lan, vip);
        assert_eq!(second.ask(), Ok(1));
        // And back, once the first promotion is older than an advert: either host knows its own.
        std::thread::sleep(Duration::from_millis(1200));
        promote(&lan, 0, vip);
        assert!(!keeps(&lan, 0, vip) && keeps(&lan, 1, vip) && passes(&lan, 0) && !passes(&lan, 1));
        assert_eq!((first.ask(), second.ask(), found(&lan, vip)), (Ok(0), Ok(1), vec![0]), "{vip} {interval}");
        drop(stop);
        let answers = busy.join().unwrap();
        assert!(answers.len() > 50 && answers.iter().all(|one| *one == Ok(0)), "{vip} {interval}: {answers:?}");
        // In time both are as before, and who is still there is told.
        wait("the end", || !keeps(&lan, 1, vip) && !passes(&lan, 0));
        assert!(moved.elapsed() >= Duration::from_secs(SECONDS), "{:?}", moved.elapsed());
        assert_eq!(first.ask(), Ok(0));
        assert!(second.ask().unwrap_err().contains("reset"), "{vip} {interval}");
        assert_eq!(found(&lan, vip), [0]);
    }
}

/// Whatever becomes of the former master's agent: the address is silent there, and gone in time.
#[test]
fn what_is_kept_goes_with_its_agent() {
    need_root!();
    for (interval, how) in
        ["1", "0.2"].iter().flat_map(|one| ["stop", "kill", "restart", "reload"].map(|how| (*one, how)))
    {
        let lan = Lan::new(3);
        let [a, _b] = pair(&lan, VIP, interval);
        for n in [0, 1] {
            serve(&lan, n, None);
        }
        promote(&lan, 1, VIP);
        assert!(keeps(&lan, 0, VIP));
        let (mut a, mut again) = (Some(a), None);
        match how {
            "stop" => a.take().unwrap().stop(),
            "reload" => a.as_ref().unwrap().signal(Signal::SIGHUP),
            _ => a.take().unwrap().kill(),
        }
        if how == "restart" {
            again = Some(lan.restart_hactl(0));
        }
        match how {
            "kill" => assert!(keeps(&lan, 0, VIP), "the kernel ends it"),
            _ => wait(how, || !keeps(&lan, 0, VIP)),
        }
        assert_eq!(found(&lan, VIP), [1], "{interval} {how}");
        wait("the kernel", || !keeps(&lan, 0, VIP));
        drop(again);
    }
}

/// An agent that is killed while it passes on leaves a table, which the next one takes away; and what stood on the
/// loopback interface for good stays there.
#[test]
fn what_was_there_stays_and_what_is_left_goes() {
    need_root!();
    let lan = Lan::new(3);
    run(&lan, 0, "sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2");
    lan.ip(0, &["addr", "add", "10.77.0.3/32", "dev", "lo"]);
    let [_a, b] = pair(&lan, VIP, "1");
    for n in [0, 1] {
        serve(&lan, n, None);
    }
    promote(&lan, 1, VIP);
    assert!(passes(&lan, 1));
    b.kill();
    assert!(passes(&lan, 1), "nobody is there to take it away");
    let _b = lan.restart_hactl(1);
    assert!(!passes(&lan, 1));
    wait("the end", || run(&lan, 0, "nft list ruleset").matches("gated4 elements").count() == 0);
    std::thread::sleep(Duration::from_secs(SECONDS + 3));
    let there = run(&lan, 0, "ip -o addr show dev lo");
    assert!(there.contains("10.77.0.3/32 scope global lo") && there.contains("valid_lft forever"), "{there}");
}
