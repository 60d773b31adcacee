//! A host of a case: a network namespace, commands in it, and what it serves.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use hactl::sys::ipvs::Ipvs;
use nix::sched::{CloneFlags, setns};

/// How long anything may take: under emulation, beside another case.
const DEADLINE: Duration = Duration::from_secs(60);

/// The binary under test.
pub(crate) const HACTL: &str = "/vm/hactl";

/// A host; its namespace goes when it is dropped.
pub(crate) struct Host {
    pub name: String,
    /// Its name for `ip netns`.
    pub namespace: String,
    v4: Ipv4Addr,
    v6: Ipv6Addr,
}

impl Host {
    /// A host with `lo` and nothing else.
    pub(crate) fn alone(name: &str) -> Self {
        Self::new(name, Ipv4Addr::LOCALHOST, Ipv6Addr::LOCALHOST)
    }

    pub(super) fn new(name: &str, v4: Ipv4Addr, v6: Ipv6Addr) -> Self {
        let namespace = format!("{}-{name}", std::process::id());
        done(&Command::new("ip").args(["netns", "add", &namespace]).output().unwrap(), &namespace);
        let host = Self { name: name.to_owned(), namespace, v4, v6 };
        host.ip("link set lo up");
        fs::create_dir_all(host.folder()).unwrap();
        host
    }

    pub(crate) fn v4(&self) -> IpAddr {
        self.v4.into()
    }

    pub(crate) fn v6(&self) -> IpAddr {
        self.v6.into()
    }

    /// Its address of the same family.
    pub(crate) fn like(&self, other: IpAddr) -> IpAddr {
        if other.is_ipv4() { self.v4() } else { self.v6() }
    }

    /// Where its files are.
    pub(crate) fn folder(&self) -> PathBuf {
        PathBuf::from("/tmp").join(&self.namespace)
    }

    /// Lines for `ip`, in one call: `addr add …`, `route add …`.
    pub(crate) fn ip(&self, lines: &str) {
        let mut child = Command::new("ip")
            .args(["-n", &self.namespace, "-batch", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        done(&child.wait_with_output().unwrap(), &format!("{}: ip: {lines}", self.name));
    }

    /// Runs a shell command that must succeed; what it printed.
    pub(crate) fn sh(&self, command: &str) -> String {
        done(&self.try_sh(command), &format!("{}: {command}", self.name))
    }

    /// Runs a shell command.
    pub(crate) fn try_sh(&self, command: &str) -> Output {
        Command::new("ip").args(["netns", "exec", &self.namespace, "sh", "-c", command]).output().unwrap()
    }

    /// Sets kernel settings: `net/ipv4/ip_forward=1`.
    pub(crate) fn sysctl(&self, settings: &[&str]) {
        self.within(|| {
            for (path, value) in settings.iter().filter_map(|setting| setting.split_once('=')) {
                fs::write(format!("/proc/sys/{path}"), value).unwrap_or_else(|error| panic!("{path}: {error}"));
            }
        });
    }

    /// Runs code in the namespace, on a thread of its own.
    pub(crate) fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(format!("/run/netns/{}", self.namespace)).unwrap();
        std::thread::scope(|scope| {
            let enter = || {
                setns(&namespace, CloneFlags::CLONE_NEWNET).unwrap();
                work()
            };
            scope.spawn(enter).join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Starts a program; what it says goes to `NAME.log` in its folder.
    pub(crate) fn spawn(&self, name: &str, words: &[&str]) -> Daemon {
        let log = self.folder().join(format!("{name}.log"));
        let out = File::options().create(true).append(true).open(&log).unwrap();
        let child = Command::new("ip")
            .args(["netns", "exec", &self.namespace])
            .args(words)
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap();
        Daemon { child, log }
    }

    /// keepalived with this configuration.
    pub(crate) fn keepalived(&self, config: &str) -> Daemon {
        let at = |name: &str| self.folder().join(name).display().to_string();
        fs::write(at("keepalived.conf"), config).unwrap();
        let mut words =
            vec!["keepalived".to_owned(), "-n".into(), "-l".into(), "-D".into(), "-f".into(), at("keepalived.conf")];
        for (flag, name) in [("-p", "main.pid"), ("-r", "vrrp.pid"), ("-c", "check.pid")] {
            words.extend([flag.to_owned(), at(name)]);
        }
        self.spawn("keepalived", &words.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Does the kernel have this address on `eth0`?
    pub(crate) fn has(&self, address: IpAddr) -> bool {
        self.sh("ip -o addr show dev eth0").contains(&format!(" {address}/"))
    }

    /// Answers datagrams at an address with the host's name, as long as the case runs.
    pub(crate) fn answers_datagrams(&self, at: SocketAddr) {
        let socket = self.within(|| UdpSocket::bind(at).unwrap());
        let name = self.name.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 64];
            while let Ok((_, from)) = socket.recv_from(&mut buffer) {
                let _ = socket.send_to(name.as_bytes(), from); // a client that left asks again
            }
        });
    }

    /// One request on a connection of its own; the body of the answer.
    pub(crate) fn get(&self, from: SocketAddr) -> io::Result<String> {
        self.within(|| http_get(from))
    }

    /// Who answers how often.
    pub(crate) fn gets(&self, count: usize, from: SocketAddr) -> BTreeMap<String, usize> {
        self.within(|| tally((0..count).map(|_| http_get(from))))
    }

    /// Who answers datagrams, each from a port of its own, how often.
    pub(crate) fn asks(&self, count: usize, at: SocketAddr) -> BTreeMap<String, usize> {
        let one = |_| {
            let socket = UdpSocket::bind(if at.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" })?;
            socket.set_read_timeout(Some(Duration::from_secs(3)))?;
            socket.connect(at)?;
            socket.send(b"who")?;
            let mut buffer = [0; 64];
            let length = socket.recv(&mut buffer)?;
            Ok(String::from_utf8_lossy(&buffer[..length]).into_owned())
        };
        self.within(|| tally((0..count).map(one)))
    }

    /// The IPVS of this host.
    pub(crate) fn ipvs(&self) -> Ipvs {
        self.within(|| Ipvs::open().unwrap())
    }

    /// `ipvsadm`, its lines.
    pub(crate) fn ipvsadm(&self, words: &str) -> Vec<String> {
        self.sh(&format!("ipvsadm {words}")).lines().map(|line| line.trim_end().to_owned()).collect()
    }

    /// Waits for a condition that is checked within the host.
    pub(crate) fn wait(&self, what: &str, mut condition: impl FnMut() -> bool + Send) {
        self.within(|| wait(what, &mut condition));
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.namespace]).status();
    }
}

/// A running program; killed when dropped, and heard when the case fails.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// The program's own process: `ip` has become it.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// TERM, and wait for the end.
    pub(crate) fn stop(mut self) {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        wait("the daemon's end", || self.child.try_wait().unwrap().is_some());
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {}\n{}", self.log.display(), self.log());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for a condition.
pub(crate) fn wait(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < end, "waited {} s for {what}", DEADLINE.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn http_get(from: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&from, Duration::from_secs(3))?;
    stream.set_read_timeout(Some(Duration::from_secs(3)))?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.trim().to_owned());
    body.ok_or_else(|| io::Error::other(format!("no answer of HTTP: {answer:?}")))
}

/// How often each answer came; errors by their words.
fn tally(answers: impl Iterator<Item = io::Result<String>>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer.unwrap_or_else(|error| error.to_string())).or_default() += 1;
    }
    counts
}

fn done(output: &Output, what: &str) -> String {
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr).trim());
    String::from_utf8_lossy(&output.stdout).into_owned()
}
