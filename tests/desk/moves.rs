//! Two hosts that are a network namespace each, with sshd and agent: a standby behind a firewall, and the move that
//! brings the VIP back from it.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::host::{executable, run, text};
use super::json;

/// Adverts every 200 ms: what takes seconds in the field takes one here.
const CONF: &str = "hactl {\n lease on\n guard on\n}\nvrrp_instance VI_1 {\n state BACKUP\n interface eth0\n virtual_router_id 37\n \
    priority PRIORITY\n version 3\n advert_int 0.2\n virtual_ipaddress {\n  10.67.0.3/24\n }\n}\n";
/// The host's own part of the machine: its files under /run, and the binary where the desk looks for it.
const HOST: &str = "mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd /run/hactl && mount -t tmpfs tmpfs /usr/local/bin \
    && ln -s BINARY /usr/local/bin/hactl && exec SSHD -D -e -f CONFIG";

struct Pair {
    folder: tempfile::TempDir,
    prefix: String,
    children: Vec<Child>,
}

impl Pair {
    fn new() -> Option<Self> {
        Self::with(|priority| CONF.replace("PRIORITY", priority))
    }

    /// The agents' files, by priority.
    fn with(conf: impl Fn(&str) -> String) -> Option<Self> {
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

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
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
            .replace("CONFIG", &path("sshd_config"));
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
    fn agent(&self, host: &str) {
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
    fn on(&self, host: &str, line: &str) -> Output {
        let address = if host == "a" { "10.67.0.5" } else { "10.67.0.6" };
        let key = self.path("home/.ssh/id_ed25519").display().to_string();
        let options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes"];
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &format!("{}s", self.prefix), "ssh", "-F", "/dev/null", "-i", &key]);
        command.args(options).args([&format!("root@{address}"), line]).output().unwrap()
    }

    fn desk(&self, words: &[&str]) -> Output {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &format!("{}s", self.prefix), env!("CARGO_BIN_EXE_hactl")]).args(words);
        command.args(["--accept-new-host-keys", "--timeout", "5", "-i"]).arg(self.path("inventory.yaml"));
        command.env("HOME", self.path("home")).env_remove("HACTL_INVENTORY").env_remove("SSH_AUTH_SOCK");
        command.output().unwrap()
    }

    /// What a command prints for programs, held against its description.
    fn json(&self, words: &[&str]) -> serde_json::Value {
        let output = self.desk(words);
        json::document(&output.stdout, output.status.code())
    }

    fn status(&self) -> serde_json::Value {
        self.json(&["status", "--json"])
    }

    /// Waits until the status is as it should be.
    fn wait(&self, what: &str, good: impl Fn(&serde_json::Value) -> bool) -> serde_json::Value {
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

fn owners(status: &serde_json::Value) -> String {
    status["vips"][0]["owners"].to_string()
}

fn finding<'v>(status: &'v serde_json::Value, code: &str) -> Option<&'v str> {
    let findings = status["problems"].as_array().unwrap();
    findings.iter().find(|finding| finding["code"] == code).and_then(|finding| finding["message"].as_str())
}

/// The course notes' accident: a firewall on the standby. It is told while it only stands by; when it has taken the
/// VIP, no advert of the better one reaches it, and a planned move still brings the VIP back.
#[test]
fn a_deaf_standby_is_told_and_gives_back_what_it_took() {
    let Some(pair) = Pair::new() else { return };
    let status = pair
        .wait("the better one is master", |status| owners(status) == "[\"lb-5\"]" && finding(status, "E716").is_none());
    assert_eq!(finding(&status, "E707"), None, "both agents answer");
    let moved = pair.json(&["failover", "--to", "lb-6", "--json"]);
    assert_eq!(moved["moves"][0]["result"], "moved", "{moved}");
    let unpinned = pair.json(&["unpin", "--json"]);
    assert_eq!(unpinned["exit"], 0, "{unpinned}");
    pair.wait("the election decides again", |status| owners(status) == "[\"lb-5\"]");
    one_page_of_metrics(&pair);

    let wall =
        "echo 'table inet wall { chain in { type filter hook input priority 0; meta l4proto 112 drop; }; }' | nft -f -";
    assert!(pair.on("b", wall).status.success());
    let status = pair.wait("it is told", |status| finding(status, "E716").is_some());
    assert!(
        finding(&status, "E716").unwrap().starts_with("lb-6: VI_1 stands by, but has heard no advert for"),
        "{status:#}"
    );
    let verified = pair.json(&["verify", "--json"]);
    assert_eq!((&verified["exit"], &verified["verified"]), (&7.into(), &false.into()), "{verified}");

    assert!(pair.on("a", "kill $(cat /run/hactl/pid)").status.success());
    pair.wait("the deaf one takes what nobody answers for", |status| owners(status) == "[\"lb-6\"]");
    pair.agent("a");
    pair.wait("the better one is back, and knows that it is not heard", |status| {
        finding(status, "E719").is_some_and(|message| message.contains("but lb-6 still answers for it"))
    });
    let moved = pair.desk(&["failover", "--to", "lb-5"]);
    let said = text(&moved);
    assert_eq!(moved.status.code(), Some(0), "{said}");
    assert!(said.contains("moved: lb-6 -> lb-5"), "{said}");
    assert!(said.contains("adverts do not pass between them: lb-6 was asked over SSH to resign, and did"), "{said}");
    let status = pair.wait("it stays", |status| owners(status) == "[\"lb-5\"]");
    assert_eq!(status["hosts"][0]["instances"][0]["effective_priority"], 150, "no pin is left: {status:#}");
}

/// Another password on one of them: each hears the other and takes nothing of it. The guard keeps the VIP at one of
/// them, and why the other one is deaf is said.
#[test]
fn another_password_is_told_with_its_reason() {
    let conf = |priority: &str| {
        let auth =
            format!("version 2\n advert_int 1\n authentication {{\n  auth_type PASS\n  auth_pass p{priority}\n }}\n");
        CONF.replace("PRIORITY", priority).replace("version 3\n advert_int 0.2\n", &auth)
    };
    let Some(pair) = Pair::with(conf) else { return };
    let inventory =
        std::fs::read_to_string(pair.path("inventory.yaml")).unwrap().replace("interval: 200ms", "interval: 1s");
    pair.write("inventory.yaml", &inventory);
    let told = |status: &serde_json::Value| status["problems"].to_string().contains("another password");
    let status = pair.wait("it is told", |status| told(status) && owners(status) == "[\"lb-5\"]");
    let verified = pair.json(&["verify", "--json"]);
    assert_eq!(verified["exit"], 7, "{verified}");
    assert!(told(&verified), "{verified}\n{status:#}");
    assert!(!verified.to_string().contains("p150"), "no password is shown");
}

/// Of both agents, each family once, as Prometheus' promtool wants it.
fn one_page_of_metrics(pair: &Pair) {
    let page = text(&pair.desk(&["metrics"]));
    for (host, owns) in [("lb-5", 1), ("lb-6", 0)] {
        let sample = format!("hactl_vrrp_is_master{{host=\"{host}\",vrrp_instance=\"VI_1\"}} {owns}");
        assert!(page.lines().any(|line| line == sample), "{sample} is missing in\n{page}");
    }
    assert_eq!(page.matches("# TYPE hactl_vrrp_is_master gauge\n").count(), 1, "{page}");
    let mut judge = Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).spawn().unwrap();
    judge.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    assert!(judge.wait().unwrap().success(), "{page}");
    let alone = text(&pair.desk(&["metrics", "lb-6"]));
    assert!(alone.contains("host=\"lb-6\"") && !alone.contains("host=\"lb-5\""), "{alone}");
    assert_eq!(pair.desk(&["metrics", "lb-7"]).status.code(), Some(3));
}
