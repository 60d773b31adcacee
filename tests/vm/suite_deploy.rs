//! The example inventories deployed whole: `hactl lab` in the guest, whose kernel has IPVS, and `hactl deploy` from its
//! desk, by SSH, on hosts with systemd.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use hactl::lab::layout::Layout;
use hactl::lab::rootfs;

use super::Case;
use super::host::{HACTL, wait};
use super::page::{in_blocks, is_as_written};

pub(crate) const CASES: &[Case] = crate::cases![the_examples_by_ssh_and_systemd];

const FOUR: &str = include_str!("../../inventories/lvs-dr.yaml");
const TWO: &str = include_str!("../../inventories/lvs-dr-two.yaml");
/// What the page of the course shows of a kernel that has IPVS.
const PAGE: &str = include_str!("../../docs/labs/09-lvs-dr.md");
/// The lab's own subnet, so that the examples are deployed to the letter.
const VIP: &str = "10.0.0.3";

/// The lab of this case; down when dropped.
struct Lab {
    folder: PathBuf,
    /// The address that the client asks from.
    client: &'static str,
    /// The port that it asks.
    port: u16,
}

impl Lab {
    /// Four hosts whose root file system is the guest's own.
    fn up() -> Self {
        let lab = Self { folder: PathBuf::from("/tmp/lab"), client: "10.0.0.251", port: 80 };
        let layout = Layout::at(lab.folder.clone());
        std::fs::create_dir_all(&lab.folder).unwrap();
        symlink("/", layout.rootfs()).unwrap();
        rootfs::made(&layout).unwrap();
        eprint!("{}", lab.expect("up", 0, &["lab", "up"]));
        lab
    }

    fn hactl(&self, words: &[&str]) -> Output {
        Command::new(HACTL).env("HACTL_LAB_DIR", &self.folder).args(words).output().unwrap()
    }

    fn expect(&self, step: &str, code: i32, words: &[&str]) -> String {
        let began = Instant::now();
        let output = self.hactl(words);
        // Where the time went is what one wants to know of a case that was not done in time.
        eprintln!("{:5.1} s {step}", began.elapsed().as_secs_f64());
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{step}\n--- stdout\n{out}\n--- stderr\n{err}");
        format!("{out}{err}")
    }

    /// A command at the desk that must succeed.
    fn desk(&self, inventory: &Path, words: &[&str]) -> String {
        let inventory = inventory.display().to_string();
        let at = ["lab", "exec", "desk", "--", HACTL, "-i", &inventory];
        self.expect(&words.join(" "), 0, &[at.as_slice(), words].concat())
    }

    fn sh(&self, place: &str, line: &str) -> String {
        self.expect(line, 0, &["lab", "exec", place, "--", "sh", "-c", line])
    }

    /// Who answers a client how often, of ten requests.
    fn pages(&self) -> BTreeMap<String, usize> {
        let one = format!("curl -sS --max-time 5 --interface {} http://{VIP}:{}/ 2>&1", self.client, self.port);
        let line = format!("for n in 0 1 2 3 4 5 6 7 8 9; do {one}; done; true");
        let mut counts = BTreeMap::new();
        for page in self.sh("client", &line).lines() {
            *counts.entry(page.to_owned()).or_default() += 1;
        }
        counts
    }

    /// Each command of the page that was recorded here says what stands below it.
    fn follow(&self, page: &str) {
        let (lines, mut wrong) = (page.lines().collect::<Vec<_>>(), String::new());
        let all = in_blocks(page, "```console recorded");
        assert!(!all.is_empty(), "nothing was recorded");
        for typed in all {
            // A login has this path, and nobody waits for ever.
            let line = "PATH=$PATH:/usr/local/bin:/usr/sbin:/sbin exec timeout 120 sh -c \"$0\"";
            let words = ["lab", "exec", &typed.place, "--", "sh", "-c", line, &typed.command];
            let said = self.expect(&typed.command, 0, &words);
            if !is_as_written(&said, &lines[typed.output].join("\n")) {
                wrong.push_str(&format!("{}$ {}\n{said}", typed.place, typed.command));
            }
        }
        assert!(wrong.is_empty(), "the page says something else:\n{wrong}");
    }

    fn wait_pages(&self, what: &str, wanted: &[(&str, usize)]) {
        let wanted: BTreeMap<String, usize> = wanted.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        let mut seen = BTreeMap::new();
        wait(what, || {
            seen = self.pages();
            eprintln!("{what}: {seen:?}");
            seen == wanted
        });
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- status\n{}", String::from_utf8_lossy(&self.hactl(&["lab", "status"]).stdout));
        }
        self.hactl(&["lab", "down", "-q"]);
    }
}

fn the_examples_by_ssh_and_systemd() {
    for module in ["ip_vs", "ip_vs_rr", "ip_vs_wrr", "ipip", "overlay"] {
        assert!(Command::new("modprobe").arg(module).status().unwrap().success(), "{module}");
    }
    // systemd-nspawn asks for the machine's own; in the root file system, which the hosts share, it stays empty.
    std::fs::write("/tmp/machine-id", "0123456789abcdef0123456789abcdef\n").unwrap();
    let bind = ["--bind", "/tmp/machine-id", "/etc/machine-id"];
    assert!(Command::new("mount").args(bind).status().unwrap().success());
    let mut lab = Lab::up();
    let folder = lab.folder.clone();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };

    let four = write("lvs-dr.yaml", FOUR);
    eprintln!("{}", lab.desk(&four, &["deploy", "-y", "--accept-new-host-keys"]));
    lab.wait_pages("both to serve", &[("web7", 5), ("web8", 5)]);
    lab.desk(&four, &["verify"]);
    lab.follow(PAGE);
    lab.desk(&four, &["drain", "web-7"]);
    lab.wait_pages("one to serve", &[("web8", 10)]);
    lab.desk(&four, &["undrain", "web-7"]);
    lab.desk(&four, &["failover", "--to", "lb-6"]);
    lab.wait_pages("both to serve through the other", &[("web7", 5), ("web8", 5)]);
    assert!(lab.sh("lb-6", "ip -o addr show dev eth0").contains(VIP));
    lab.sh("web-8", "systemctl stop nginx");
    lab.wait_pages("the dead one out", &[("web7", 10)]);
    lab.sh("web-8", "systemctl start nginx");
    lab.wait_pages("it is back", &[("web7", 5), ("web8", 5)]);
    let again = lab.desk(&four, &["deploy", "-y"]);
    assert!(again.contains("nothing changed"), "{again}");

    // The same cluster by tunnels, then by NAT: each takes back what the one before left.
    let tun = write("lvs-tun.yaml", &FOUR.replace("method: dr ", "method: tun "));
    lab.desk(&tun, &["deploy", "-y"]);
    lab.wait_pages("both to serve by tunnels", &[("web7", 5), ("web8", 5)]);
    lab.desk(&tun, &["verify"]);

    // Clients of another network: NAT turns their way back to the director.
    lab.sh("client", "ip addr add 10.91.0.1/32 dev lo");
    for host in ["lb-5", "lb-6"] {
        lab.sh(host, "ip route add 10.91.0.0/24 via 10.0.0.251");
    }
    lab.client = "10.91.0.1";
    // Two services, the second of them to another port of the same servers.
    let services = "  services: [{ port: 80 }, { port: 8080, scheduler: wrr, pool: both }]\npools: { both: [web-7:80, web-8:80] }\n";
    let nat = write("lvs-nat.yaml", &(FOUR.replace("method: dr ", "method: nat ") + services));
    lab.desk(&nat, &["deploy", "-y"]);
    lab.wait_pages("both to serve by NAT", &[("web7", 5), ("web8", 5)]);
    lab.port = 8080;
    lab.wait_pages("the second service", &[("web7", 5), ("web8", 5)]);
    lab.port = 80;
    let verified = lab.desk(&nat, &["verify"]);
    assert!(verified.contains("service not asked"), "the desk is where NAT's clients cannot be: {verified}");
    lab.desk(&nat, &["failover", "--to", "lb-5"]);
    lab.wait_pages("both to serve by NAT through the other", &[("web7", 5), ("web8", 5)]);

    lab.client = "10.0.0.251";
    let two = write("lvs-dr-two.yaml", TWO);
    lab.desk(&two, &["deploy", "-y"]);
    lab.wait_pages("directors that serve", &[("lb5", 5), ("lb6", 5)]);
    lab.desk(&two, &["verify"]);
}
