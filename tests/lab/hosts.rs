//! A lab of its own, beside any that a person or another test may have up, and commands in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use hactl::lab::spaces::{namespaces, of_a_lab};

use super::place::Place;
pub(crate) use super::place::SUBNET;

/// Why there is no lab here; `None` when there can be one.
pub(crate) fn unavailable() -> Option<String> {
    if !nix::unistd::getuid().is_root() {
        return Some("not root".into());
    }
    let tools = ["systemd-nspawn", "mmdebstrap", "ip", "nft"];
    if let Some(tool) = tools.iter().find(|tool| which::which(tool).is_err()) {
        return Some(format!("no `{tool}` here"));
    }
    binary().is_none().then(|| "no static binary in HACTL_BINARY; run `make test`".into())
}

fn binary() -> Option<PathBuf> {
    std::env::var_os("HACTL_BINARY").map(PathBuf::from).filter(|path| path.exists())
}

/// Those of every lab of the tests.
pub(crate) const HOSTS: &str = "lb-5,lb-6,web-7,web-8,web-9";

/// How a lab is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// Not there.
    Down,
    /// Its hosts run and have nothing of ours.
    Up,
    /// The example of WordPress is deployed; lb-5 and web-7 own its VIPs.
    WordPress,
    /// The homework is deployed, and lb-5 owns its VIP.
    Deployed,
    /// LVS by direct routing is deployed instead.
    Balanced,
}

/// The lab; down when dropped.
pub(crate) struct Lab {
    _place: Place,
    pub folder: PathBuf,
    pub files: tempfile::TempDir,
    /// What was on this machine before it.
    pub before: Vec<String>,
}

impl Lab {
    /// A lab that is not up yet, in a place of its own.
    pub(crate) fn new() -> Self {
        let place = Place::take();
        let (folder, files) = (place.folder(), tempfile::tempdir().unwrap());
        let mut lab = Self { _place: place, folder, files, before: Vec::new() };
        lab.hactl(&["lab", "down"]);
        lab.before = [traces(&lab.folder), words(hactl::lab::kernel::before().unwrap())].concat();
        lab
    }

    /// Starts its hosts.
    pub(crate) fn up(&self) -> Output {
        self.hactl(&["lab", "up", "--subnet", &format!("{SUBNET}.0/24"), "--hosts", HOSTS])
    }

    /// Makes it anew.
    pub(crate) fn make(&self, state: State) {
        expect("lab down", &self.hactl(&["lab", "down"]), 0);
        if state >= State::Up {
            expect("lab up", &self.up(), 0);
        }
        let deploy = |inventory: &Path| {
            let words = ["deploy", "-y", "--accept-new-host-keys"];
            expect("deploy", &self.desk(inventory, &words), 0);
        };
        if state == State::WordPress {
            deploy(&super::wordpress::blog(self));
        }
        if state >= State::Deployed {
            deploy(&self.homework());
        }
        if state == State::Balanced {
            deploy(&super::lvs::four(self));
        }
    }

    /// The inventory of the homework.
    pub(crate) fn homework(&self) -> PathBuf {
        self.inventory("homework.yaml", &[])
    }

    /// Runs hactl on this machine.
    pub(crate) fn hactl(&self, words: &[&str]) -> Output {
        self.command().args(words).output().unwrap()
    }

    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(binary().unwrap());
        command.env("HACTL_LAB_DIR", &self.folder).env_remove("HACTL_INVENTORY");
        command
    }

    /// Runs hactl at the desk, with an inventory.
    pub(crate) fn desk(&self, inventory: &Path, words: &[&str]) -> Output {
        self.desk_command(inventory, words).output().unwrap()
    }

    pub(crate) fn desk_command(&self, inventory: &Path, words: &[&str]) -> Command {
        let mut command = self.command();
        command.args(["lab", "exec", "desk", "--"]).arg(binary().unwrap()).args(words).arg("-i").arg(inventory);
        command
    }

    /// Runs a shell line in a host, the client or the desk.
    pub(crate) fn sh(&self, place: &str, line: &str) -> String {
        let output = self.hactl(&["lab", "exec", place, "--", "sh", "-c", line]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Writes an inventory made of the homework's, with the lab's subnet and some text replaced.
    pub(crate) fn inventory(&self, name: &str, replace: &[(&str, &str)]) -> PathBuf {
        let mut text = include_str!("../../inventories/homework.yaml").replace("10.0.0", &SUBNET);
        for (from, to) in replace {
            assert!(text.contains(from), "`{from}` is not in the homework");
            text = text.replace(from, to);
        }
        let path = self.files.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// The page that a client gets through the VIP. A web host that just lost power costs a request up to nginx's
    /// proxy_connect_timeout, which is 30 s in the course notes.
    pub(crate) fn page(&self) -> String {
        self.sh("client", &format!("curl -sS --max-time 40 http://{SUBNET}.3/ 2>&1"))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.hactl(&["lab", "down"]);
    }
}

/// Templates of one's own, gone when dropped.
pub(crate) struct Templates(PathBuf);

impl Templates {
    pub(crate) fn write(lab: &Lab, name: &str, text: &str) -> Self {
        let folder = lab.files.path().join("templates");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), text).unwrap();
        Self(folder)
    }
}

impl Drop for Templates {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0); // a test that failed says so itself
    }
}

/// Checks the exit code, and shows everything when it is another one.
pub(crate) fn expect(step: &str, output: &Output, code: i32) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "{step}\n--- stdout\n{out}\n--- stderr\n{err}");
    format!("{out}{err}")
}

/// Nothing is left of a lab that is down. Settings of the kernel are as they were, or will be once a lab that stands
/// beside it has gone; one that goes just now may need a moment for that.
pub(crate) fn nothing_left(lab: &Lab, when: &str) {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let left = [traces(&lab.folder), settings()].concat();
        if left == lab.before {
            return;
        }
        assert!(
            Instant::now() < end,
            "{when}: the lab left something behind: {left:?}, and before it: {:?}",
            lab.before
        );
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// What a lab must not leave behind: its namespaces, links, rules, mounts and processes. Other labs may come and go
/// meanwhile.
fn traces(folder: &Path) -> Vec<String> {
    let lines = |program: &str, words: &[&str]| {
        let output = Command::new(program).args(words).output().unwrap();
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let layout = hactl::lab::layout::Layout::at(folder.to_owned());
    let (prefix, table, folder) = (layout.namespace(""), layout.nft_table(), format!("{}/", folder.display()));
    let mut found = lines("ip", &["netns", "list"]);
    found.extend(lines("ip", &["-br", "link"]));
    found.retain(|name| name.starts_with(&prefix));
    found.extend(lines("nft", &["list", "tables"]).into_iter().filter(|line| line.ends_with(&table)));
    found.extend(lines("findmnt", &["-rno", "TARGET"]).into_iter().filter(|line| line.starts_with(&folder)));
    found.extend(lines("pgrep", &["-fa", "systemd-nspawn"]).into_iter().filter(|line| line.contains(&folder)));
    found
}

/// The settings of the kernel that labs change: as they are, or as they will be once another lab has gone, which needs
/// them.
fn settings() -> Vec<String> {
    let before = hactl::lab::kernel::before().unwrap();
    if namespaces().any(|name| of_a_lab(&name)) {
        return words(before);
    }
    let now = |name: String| {
        let value = std::fs::read_to_string(Path::new("/proc/sys").join(&name)).unwrap().trim().to_owned();
        (name, value)
    };
    words(before.into_keys().map(now).collect())
}

fn words(settings: BTreeMap<String, String>) -> Vec<String> {
    settings.into_iter().map(|(name, value)| format!("{name} is {value}")).collect()
}
