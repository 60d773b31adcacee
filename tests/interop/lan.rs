//! A LAN of namespaces, daemons on it, and waiting for conditions. All of it goes when dropped.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

#[path = "../common/json.rs"]
pub(crate) mod json;

/// How long anything may take. Generous: a test asserts that things happen, not how fast.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The binary that is tried: built with the tests, or for the bench the one that is shipped.
pub(crate) fn binary() -> PathBuf {
    std::env::var_os("HACTL_BENCH_BINARY").map_or_else(|| env!("CARGO_BIN_EXE_hactl").into(), PathBuf::from)
}

/// Says why privileged tests do not run here; `None` when they do.
pub(crate) fn unavailable() -> Option<String> {
    if !nix::unistd::getuid().is_root() {
        return Some("not root".into());
    }
    ["ip", "keepalived"].iter().find(|tool| which::which(tool).is_err()).map(|tool| format!("no `{tool}` here"))
}

/// Skips the calling test, aloud, where it cannot run.
#[macro_export]
macro_rules! need_root {
    () => {
        if let Some(why) = $crate::lan::unavailable() {
            eprintln!("SKIPPED: {why}");
            return;
        }
    };
}

/// Hosts 10.77.0.5, .6 … (fd77::5 …) on one switch.
pub(crate) struct Lan {
    prefix: String,
    hosts: usize,
    pub folder: tempfile::TempDir,
}

impl Lan {
    pub(crate) fn new(hosts: usize) -> Self {
        let folder = tempfile::Builder::new().prefix("hactl-lan-").tempdir().unwrap();
        let unique: String = folder.path().to_string_lossy().chars().rev().take(6).collect();
        let lan = Self { prefix: format!("hx{unique}"), hosts, folder };
        let switch = format!("{}sw", lan.prefix);
        ip(&["netns", "add", &switch]);
        ip(&["-n", &switch, "link", "add", "br0", "type", "bridge", "mcast_snooping", "0"]);
        ip(&["-n", &switch, "link", "set", "br0", "up"]);
        for n in 0..hosts {
            let (host, port) = (lan.host(n), format!("p{n}"));
            ip(&["netns", "add", &host]);
            ip(&["-n", &host, "link", "set", "lo", "up"]);
            ip(&["-n", &switch, "link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns", &host]);
            ip(&["-n", &switch, "link", "set", &port, "master", "br0", "up"]);
            ip(&["-n", &host, "addr", "add", &format!("10.77.0.{}/24", n + 5), "dev", "eth0"]);
            ip(&["-n", &host, "addr", "add", &format!("fd77::{}/64", n + 5), "dev", "eth0", "nodad"]);
            ip(&["-n", &host, "link", "set", "eth0", "up"]);
        }
        for n in 0..hosts {
            let tentative = || text(&run(&["-n", &lan.host(n), "addr", "show", "dev", "eth0", "tentative"]));
            wait("link-local addresses", || tentative().is_empty());
        }
        lan
    }

    pub(crate) fn host(&self, n: usize) -> String {
        format!("{}h{n}", self.prefix)
    }

    /// Does this host's kernel have the address?
    pub(crate) fn has(&self, n: usize, address: &str) -> bool {
        let shown = text(&run(&["-n", &self.host(n), "-o", "addr", "show", "dev", "eth0"]));
        shown.contains(&format!(" {address}/"))
    }

    /// Waits until exactly this host has the address.
    pub(crate) fn wait_owner(&self, owner: usize, address: &str) {
        wait(&format!("{address} on host {owner} alone"), || {
            (0..self.hosts).all(|n| self.has(n, address) == (n == owner))
        });
    }

    /// Takes the host off the wire at the switch: its own link stays up.
    pub(crate) fn plug(&self, n: usize, plugged: bool) {
        let switch = format!("{}sw", self.prefix);
        ip(&["-n", &switch, "link", "set", &format!("p{n}"), if plugged { "up" } else { "down" }]);
    }

    /// `ip` inside a host.
    pub(crate) fn ip(&self, n: usize, arguments: &[&str]) {
        let host = self.host(n);
        let within: Vec<&str> = ["-n", &host].iter().chain(arguments).copied().collect();
        ip(&within);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts hactl on a host.
    pub(crate) fn hactl(&self, n: usize, config: &str) -> Daemon {
        fs::write(self.path(&format!("{n}.conf")), config).unwrap();
        self.restart_hactl(n)
    }

    /// Starts hactl again with the configuration it had.
    pub(crate) fn restart_hactl(&self, n: usize) -> Daemon {
        let (config, socket) = (self.path(&format!("{n}.conf")), self.socket(n));
        let state = self.path(&format!("{n}.state"));
        let binary = binary();
        let arguments = [
            binary.as_os_str(),
            "agent".as_ref(),
            "run".as_ref(),
            "-l".as_ref(),
            "--use-file".as_ref(),
            config.as_os_str(),
            "--socket".as_ref(),
            socket.as_os_str(),
            "--state-dir".as_ref(),
            state.as_os_str(),
        ];
        let daemon = self.spawn(n, "hactl", arguments.iter().copied());
        wait("the control socket", || std::os::unix::net::UnixStream::connect(&socket).is_ok());
        daemon
    }

    /// Starts keepalived on a host.
    pub(crate) fn keepalived(&self, n: usize, config: &str) -> Daemon {
        let file = self.path(&format!("{n}.conf"));
        fs::write(&file, config).unwrap();
        let pid = |kind: &str| self.path(&format!("{n}.{kind}.pid")).into_os_string();
        let mut arguments = vec!["keepalived".into(), "-n".into(), "-l".into(), "-D".into(), "-f".into(), file.into()];
        arguments.extend(
            [("-p", "main"), ("-r", "vrrp"), ("-c", "check")]
                .into_iter()
                .flat_map(|(flag, kind)| [flag.into(), pid(kind)]),
        );
        self.spawn(n, "keepalived", arguments.iter().map(std::ffi::OsString::as_os_str))
    }

    /// Starts a program on a host; what it says goes to `N.NAME.log`.
    pub(crate) fn spawn<'a>(
        &self,
        n: usize,
        name: &str,
        arguments: impl Iterator<Item = &'a std::ffi::OsStr>,
    ) -> Daemon {
        let log = self.path(&format!("{n}.{name}.log"));
        let out = File::options().create(true).append(true).open(&log).unwrap();
        let child = Command::new("ip")
            .args(["netns", "exec", &self.host(n)])
            .args(arguments)
            .env("TMPDIR", self.folder.path()) // dumps of several at once
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap();
        Daemon { child, log }
    }

    pub(crate) fn socket(&self, n: usize) -> PathBuf {
        self.path(&format!("{n}.sock"))
    }

    /// Runs `hactl agent VERB…` against the agent of a host.
    pub(crate) fn agent(&self, n: usize, words: &[&str]) -> Output {
        Command::new(binary()).arg("agent").args(words).arg("--socket").arg(self.socket(n)).output().unwrap()
    }

    /// What `hactl agent VERB…` prints for programs, which docs/json.md describes.
    #[allow(dead_code, reason = "the bench does not ask")]
    pub(crate) fn document(&self, n: usize, words: &[&str]) -> serde_json::Value {
        let output = self.agent(n, &[words, &["--json"]].concat());
        json::document(&output.stdout, output.status.code())
    }

    /// The status of the agent of a host.
    pub(crate) fn status(&self, n: usize) -> serde_json::Value {
        let output = self.agent(n, &["status", "--json"]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for name in (0..self.hosts).map(|n| self.host(n)).chain([format!("{}sw", self.prefix)]) {
            let _ = Command::new("ip").args(["netns", "del", &name]).status();
        }
    }
}

/// A running daemon; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Its process id.
    #[allow(dead_code, reason = "the bench does not ask")]
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(self.child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
    }

    /// The same to its children too.
    #[allow(dead_code, reason = "the bench does this")]
    pub(crate) fn signal_family(&self, signal: nix::sys::signal::Signal) {
        let parent = self.child.id();
        let children = read(Path::new(&format!("/proc/{parent}/task/{parent}/children")));
        for child in children.split_whitespace().filter_map(|pid| pid.parse().ok()) {
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(child), signal).unwrap();
        }
        self.signal(signal);
    }

    /// kill -9, as the kernel's memory killer would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// TERM, and wait for the end.
    pub(crate) fn stop(mut self) {
        self.signal(nix::sys::signal::Signal::SIGTERM);
        wait("the daemon's end", || self.child.try_wait().unwrap().is_some());
    }

    /// Waits for the end of a daemon that was told to stop another way.
    pub(crate) fn wait_end(mut self) {
        wait("the daemon's end", || self.child.try_wait().unwrap().is_some());
    }

    pub(crate) fn log(&self) -> String {
        read(&self.log)
    }

    /// Whether it has ended by itself.
    #[allow(dead_code, reason = "the bench does not ask")]
    pub(crate) fn ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- {}\n{}", self.log.display(), self.log());
        }
        // keepalived's children end with their parent.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Waits for a condition.
pub(crate) fn wait(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < end, "waited {} s for {what}", DEADLINE.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn ip(arguments: &[&str]) {
    let output = run(arguments);
    assert!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn run(arguments: &[&str]) -> Output {
    Command::new("ip").args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}
