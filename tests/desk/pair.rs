//! Two hosts that are a network namespace each, with sshd and agent, and a desk beside them.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::host::{executable, run};
use super::json;

/// Adverts every 200 ms: what takes seconds in the field takes one here.
pub(crate) const CONF: &str = "hactl {\n lease on\n guard on\n}\nvrrp_instance VI_1 {\n state BACKUP\n interface eth0\n virtual_router_id 37\n \
    priority PRIORITY\n version 3\n advert_int 0.2\n virtual_ipaddress {\n  10.67.0.3/24\n }\n}\n";
/// The host's own part of the machine: its files under /run, and the binary where the desk looks for it.
const HOST: &str = "mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd /run/hactl && mount -t tmpfs tmpfs /usr/local/bin \
    && ln -s BINARY /usr/local/bin/hactl && mount -t tmpfs tmpfs /var/log && mkdir /var/log/nginx && touch /var/log/journal \
    && if command -v journalctl >/dev/null; then mount --bind JOURNALCTL $(command -v journalctl); fi && exec SSHD -D -e -f CONFIG";

/// A journal that is the file /var/log/journal, its lines the places in it.
const JOURNALCTL: &str = "from=0; for word; do case $word in --after-cursor=*) from=${word#*=} ;; esac; done
tail -n +$((from + 1)) /var/log/journal; echo \"-- cursor: $(wc -l </var/log/journal)\"";

/// The pair.
pub(crate) struct Pair {
    folder: tempfile::TempDir,
    prefix: String,
    children: Vec<Child>,
}

impl Pair {
    /// Two hosts, the first one the better.
    pub(crate) fn new() -> Option<Self> {
        Self::with(|priority| CONF.replace("PRIORITY", priority))
    }

    /// The agents' files, by priority.
    pub(crate) fn with(conf: impl Fn(&str) -> String) -> Option<Self> {
        let tools = ["ip", "nft", "unshare", "nsenter"];
        let sshd = which::which_in("sshd", Some("/usr/sbin:/usr/bin"), "/").ok();
        if !nix::unistd::getuid().is_root() || sshd.is_none() || tools.iter().any(|tool| which::which(tool).is_err()) {
            eprintln!("SKIPPED: needs root, sshd and {}", tools.join(", "));
            return None;
        }
        let mut pair = Self {
            folder: tempfile::tempdir().unwrap(),
            prefix: format!("hd{}", std::process::id()),
            children: Vec::new(),
        };
        std::fs::create_dir_all(pair.path("home/.ssh")).unwrap();
        for key in ["host", "home/.ssh/id_ed25519"] {
            let path = pair.path(key).display().to_string();
            run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", &path]);
        }
        std::fs::copy(pair.path("home/.ssh/id_ed25519.pub"), pair.path("authorized")).unwrap();
        pair.wire();
        for (host, priority) in [("a", "150"), ("b", "100")] {
            pair.write(&format!("{host}.conf"), &conf(priority));
            pair.start(host, sshd.as_ref().unwrap());
            pair.serve(host);
        }
        pair.write(
            "inventory.yaml",
            "vip: { address: 10.67.0.3/24, vrid: 37, interval: 200ms }\nssh: { user: root }\nlb: { lb-5: 10.67.0.5, lb-6: 10.67.0.6 }\nweb: { web-7: 10.67.0.1 }\n",
        );
        Some(pair)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    /// A switch with the desk on it, and a link to each host.
    fn wire(&self) {
        let p = &self.prefix;
        let line = |line: &str| run("sh", &["-c", line]);
        line(&format!(
            "ip netns add {p}s; ip -n {p}s link set lo up; ip -n {p}s link add br0 type bridge; ip -n {p}s link set br0 up; ip -n {p}s addr add 10.67.0.1/24 dev br0"
        ));
        for (host, last) in [("a", 5), ("b", 6)] {
            line(&format!(
                "ip netns add {p}{host}; ip -n {p}{host} link set lo up; \
                 ip -n {p}s link add to-{host} type veth peer name eth0 netns {p}{host}; \
                 ip -n {p}s link set to-{host} master br0 up; ip -n {p}{host} link set eth0 up; \
                 ip -n {p}{host} addr add 10.67.0.{last}/24 dev eth0"
            ));
        }
    }

    fn start(&mut self, host: &str, sshd: &Path) {
        let path = |name: &str| self.path(name).display().to_string();
        let config = format!(
            "HostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nPermitRootLogin yes\nPidFile none\nUsePAM no\nUseDNS no\n",
            path("host"),
            path("authorized")
        );
        self.write("sshd_config", &config);
        let script = HOST
            .replace("BINARY", env!("CARGO_BIN_EXE_hactl"))
            .replace("SSHD", &sshd.display().to_string())
            .replace("JOURNALCTL", &path("journalctl"))
            .replace("CONFIG", &path("sshd_config"));
        executable(&self.path("journalctl"), JOURNALCTL);
        let script_file = self.path(&format!("{host}.sh"));
        executable(&script_file, &script);
        let child = Command::new("ip")
            .args(["netns", "exec", &format!("{}{host}", self.prefix), "unshare", "-m"])
            .arg(&script_file)
            .stdin(Stdio::null())
            .stderr(std::fs::File::create(self.path(&format!("{host}.log"))).unwrap())
            .spawn()
            .unwrap();
        self.children.push(child);
        self.agent(host);
    }

    /// A web server of a host: it answers everybody alike, for as long as this process lives.
    fn serve(&self, host: &str) {
        let place = std::fs::File::open(format!("/run/netns/{}{host}", self.prefix)).unwrap();
        let (ready, serving) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            nix::sched::setns(&place, nix::sched::CloneFlags::CLONE_NEWNET).unwrap(); // of this thread alone
            let listener = std::net::TcpListener::bind("0.0.0.0:80").unwrap();
            ready.send(()).unwrap();
            for mut stream in listener.incoming().flatten() {
                // A client of an address that has moved away never says goodbye.
                stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
                let _ = stream.read(&mut [0; 512]);
                let _ = stream.write_all(b"HTTP/1.0 200 OK\r\n\r\n");
            }
        });
        serving.recv().unwrap();
    }

    /// Starts the agent of a host, by SSH as everything there. It lives in the host's own mounts.
    pub(crate) fn agent(&self, host: &str) {
        let conf = self.path(&format!("{host}.conf"));
        let state = self.path(&format!("{host}.state"));
        let line = format!(
            "setsid /usr/local/bin/hactl agent run -l -f {} --state-dir {} --pid /run/hactl/pid >>{} 2>&1 </dev/null &",
            conf.display(),
            state.display(),
            self.path(&format!("{host}.agent")).display()
        );
        let end = Instant::now() + Duration::from_secs(20);
        while !self.on(host, &line).status.success() {
            assert!(Instant::now() < end, "{}", std::fs::read_to_string(self.path(&format!("{host}.log"))).unwrap());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Runs a line on a host.
    pub(crate) fn on(&self, host: &str, line: &str) -> Output {
        let address = if host == "a" { "10.67.0.5" } else { "10.67.0.6" };
        let key = self.path("home/.ssh/id_ed25519").display().to_string();
        let options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"];
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &format!("{}s", self.prefix), "ssh", "-F", "/dev/null", "-i", &key]);
        command.args(options).args([&format!("root@{address}"), line]).output().unwrap()
    }

    pub(crate) fn desk(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// A command of the desk, to be run.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.beside(env!("CARGO_BIN_EXE_hactl"));
        command.args(words).args(["--accept-new-host-keys", "--timeout", "5", "-i"]).arg(self.path("inventory.yaml"));
        command
    }

    /// A program where the desk is, to be run.
    pub(crate) fn beside(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &format!("{}s", self.prefix), program]);
        command.env("HOME", self.path("home")).env_remove("HACTL_INVENTORY").env_remove("SSH_AUTH_SOCK");
        command
    }

    /// What a command prints for programs, held against its description.
    pub(crate) fn json(&self, words: &[&str]) -> serde_json::Value {
        let output = self.desk(words);
        json::document(&output.stdout, output.status.code())
    }

    fn status(&self) -> serde_json::Value {
        self.json(&["status", "--json"])
    }

    /// Waits until the status is as it should be.
    pub(crate) fn wait(&self, what: &str, good: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
        let end = Instant::now() + Duration::from_secs(40);
        loop {
            let status = self.status();
            if good(&status) {
                return status;
            }
            assert!(Instant::now() < end, "{what}: {status:#}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for host in ["a", "b"] {
            self.on(host, "kill $(cat /run/hactl/pid)");
        }
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        for end in ["a", "b", "s"] {
            let _ = Command::new("ip").args(["netns", "del", &format!("{}{end}", self.prefix)]).status();
        }
    }
}

/// Who owns the VIP, by the desk's own look.
pub(crate) fn owners(status: &serde_json::Value) -> String {
    status["vips"][0]["owners"].to_string()
}
