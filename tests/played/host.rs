//! A host that is a folder: the machine's programs are bound into it, everything else is its own, and systemd and its
//! like are small scripts. A process that only waits holds its namespaces; each script enters them.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::fault::Faults;
use super::program;

/// One host.
pub(crate) struct Host {
    pub name: String,
    folder: PathBuf,
    keeper: Mutex<Child>,
    pid: u32,
    nsenter: PathBuf,
    pub faults: Faults,
    /// The login shell, and what it says before anything else.
    pub shell: Mutex<String>,
    pub banner: Mutex<String>,
}

/// What is on a host.
pub(crate) type Snapshot = BTreeMap<String, Entry>;

/// A file, link or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    mode: u32,
    owner: (u32, u32),
    link: Option<PathBuf>,
    content: Option<Vec<u8>>,
}

/// The scripts that stand in for programs: name in PATH, text.
const PROGRAMS: [(&str, &str); 7] = [
    ("systemctl", include_str!("systemctl.sh")),
    ("apt-get", include_str!("apt-get.sh")),
    ("ip", include_str!("ip.sh")),
    ("ss", include_str!("ss.sh")),
    ("dpkg-query", include_str!("dpkg-query.sh")),
    ("ping", include_str!("quiet.sh")),
    ("sysctl", include_str!("quiet.sh")),
];

/// Own folders of a host, and those that are compared.
const FOLDERS: [&str; 9] = ["etc", "usr/local", "usr/share", "var", "run", "srv", "tmp", "root", "played/units"];

impl Host {
    /// Makes a host at an address, with these parts of a disk (path, bytes) being small ones.
    pub(crate) fn new(
        folder: PathBuf,
        lan: &Path,
        name: &str,
        address: &str,
        small: &[(&str, usize)],
    ) -> Result<Self, String> {
        let root = folder.join("root");
        let make = |path: &str| std::fs::create_dir_all(root.join(path)).unwrap();
        for path in FOLDERS.iter().chain(&[
            "usr/sbin",
            "sbin",
            "dev",
            "proc/1",
            "proc/sys/net/ipv4/conf/all",
            "proc/sys/kernel/random",
            "etc/systemd/system",
        ]) {
            make(path);
        }
        for path in [
            "var/lib",
            "usr/local/bin",
            "usr/share/nginx/html",
            "etc/nginx/conf.d",
            "played/bin",
            "played/lan",
            "played/neighbours",
        ] {
            make(path);
        }
        std::fs::set_permissions(root.join("tmp"), std::fs::Permissions::from_mode(0o1777)).unwrap();
        let mut table =
            vec![("/dev/null".to_owned(), "dev/null", "bind"), (lan.display().to_string(), "played/lan", "bind")];
        table.push((env!("CARGO_BIN_EXE_hactl").to_owned(), "played/real", "bind"));
        // A desk that is root must not be able to change the machine's own programs; who is not root cannot anyway.
        let bound = if nix::unistd::getuid().is_root() { "rbind,ro" } else { "rbind" };
        for path in ["usr/bin", "usr/lib", "usr/lib64", "usr/lib32", "usr/libexec", "bin", "lib", "lib64", "lib32"] {
            let real = Path::new("/").join(path);
            if let Ok(target) = std::fs::read_link(&real) {
                symlink(target, root.join(path)).unwrap();
            } else if real.is_dir() {
                make(path);
                table.push((real.display().to_string(), path, bound));
            }
        }
        // What a name leads to on this machine, such as which awk there is.
        if let Ok(target) = std::fs::read_link("/etc/alternatives/awk") {
            make("etc/alternatives");
            symlink(target, root.join("etc/alternatives/awk")).unwrap();
        }
        for file in [
            "dev/null",
            "played/real",
            "played/calls",
            "played/fail",
            "played/heard",
            "played/reasons",
            "played/listeners",
            "played/packages",
            "played/asked",
            "played/slow",
            "played/fail_once",
            "played/servers",
            "played/refused",
            "played/unjudged",
            "played/refuses",
            "played/looks",
        ] {
            std::fs::write(root.join(file), "").unwrap();
        }
        let sizes: Vec<(&str, String)> =
            small.iter().map(|(path, bytes)| (*path, format!("size={bytes},mode=755"))).collect();
        for (path, size) in &sizes {
            make(path);
            table.push(("tmpfs".into(), path, size));
        }
        let host = |path: &str| root.join(path).display().to_string();
        let line = |(from, to, how): &(String, &str, &str)| {
            let kind = if from == "tmpfs" { "tmpfs" } else { "none" };
            format!("{from} {} {kind} {how} 0 0\n", host(to))
        };
        std::fs::write(folder.join("fstab"), table.iter().map(line).collect::<String>()).unwrap();
        for (path, text) in [
            ("etc/passwd", "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/:/bin/false\n"),
            ("etc/group", "root:x:0:\nwww-data:x:33:\n"),
            ("etc/os-release", "ID=debian\n"),
            ("etc/nginx/nginx.conf", "http { include /etc/nginx/conf.d/*.conf; }\n"),
            ("proc/1/comm", "systemd\n"),
            ("proc/1/stat", "1 (systemd) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 12 0 0\n"),
            ("proc/uptime", "1000.00 2000.00\n"),
            ("proc/sys/kernel/random/boot_id", "first-boot\n"),
            ("proc/sys/net/ipv4/conf/all/arp_ignore", "0\n"),
            ("proc/sys/net/ipv4/conf/all/arp_announce", "0\n"),
            ("played/name", name),
            ("played/address", address),
            ("played/play.sh", include_str!("play.sh")),
            ("played/hactl.sh", include_str!("hactl.sh")),
            ("played/nginx.sh", include_str!("nginx.sh")),
        ] {
            std::fs::write(root.join(path), text).unwrap();
        }
        for (program, text) in PROGRAMS {
            program::executable(&root.join("played/bin").join(program), text.as_bytes());
        }
        program::executable(&root.join("played/nginx.sh"), include_bytes!("nginx.sh"));
        let (keeper, pid) = keep(&folder, &root)?;
        Ok(Self {
            name: name.to_owned(),
            folder: root,
            keeper: Mutex::new(keeper),
            pid,
            nsenter: which::which("nsenter").map_err(|error| error.to_string())?,
            faults: Faults::default(),
            shell: Mutex::new("/bin/sh".into()),
            banner: Mutex::default(),
        })
    }

    /// A host where nginx is there already, with Debian's example site.
    pub(crate) fn with_nginx(self) -> Self {
        std::fs::copy(self.folder.join("played/nginx.sh"), self.folder.join("played/bin/nginx")).unwrap();
        self.sh("cd /etc/nginx; mkdir sites-available sites-enabled; echo example >sites-available/default; \
                 ln -s /etc/nginx/sites-available/default sites-enabled/default; mkdir -p /run/systemd/system; \
                 : >/run/systemd/system/nginx.service; systemctl enable --now nginx");
        self
    }

    /// A command that runs in this host's namespaces.
    pub(crate) fn enter(&self, program: &str) -> Command {
        let mut command = Command::new(&self.nsenter);
        command.arg(format!("--target={}", self.pid));
        command.args(["--user", "--mount", "--root", "--wd", "--preserve-credentials", "--", program]);
        command.env_clear().envs([("PATH", "/played/bin:/usr/bin:/bin"), ("HOME", "/root"), ("LANG", "C.UTF-8")]);
        command
    }

    /// Runs a line as the host's own root does; it must succeed.
    pub(crate) fn sh(&self, line: &str) -> String {
        let output = self.try_sh(line);
        assert!(output.status.success(), "{}: {line}: {output:?}", self.name);
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same, whatever comes of it.
    pub(crate) fn try_sh(&self, line: &str) -> Output {
        self.enter("sh").args(["-c", line]).stdin(Stdio::null()).output().unwrap()
    }

    /// Time passes: the lock of an unfinished deploy ends, and the unit that watches over it acts.
    pub(crate) fn fire(&self) -> Option<bool> {
        self.pass(1000);
        self.watch()
    }

    /// So many seconds pass.
    pub(crate) fn pass(&self, seconds: u64) {
        self.tells("../proc/uptime", &format!("{}.00 1.00\n", self.uptime() + seconds));
    }

    /// What the enabled unit does: whether nothing is left to take back then; `None` when nobody watches or nothing
    /// was.
    pub(crate) fn watch(&self) -> Option<bool> {
        let enabled =
            self.has("/played/units/hactl-revert.enabled") && self.has("/etc/systemd/system/hactl-revert.service");
        let waits = |host: &Self| matches!(host.state().split(' ').next(), Some("active" | "reverting"));
        if !enabled || !waits(self) {
            return None;
        }
        self.try_sh("exec sh /var/lib/hactl/way-back.sh watch_once");
        Some(!waits(self))
    }

    /// Seconds since its boot.
    fn uptime(&self) -> u64 {
        let text = self.text("proc/uptime");
        text.split('.').next().unwrap().parse().unwrap()
    }

    /// The line of its transaction.
    pub(crate) fn state(&self) -> String {
        let path = self.path("/var/lib/hactl/state");
        std::fs::read_to_string(path).unwrap_or_else(|_| "committed 0 0".into()).trim().to_owned()
    }

    /// Power comes back: enabled services run, and the clock of its boot begins anew.
    pub(crate) fn power_on(&self) {
        self.faults.power(true);
        let boot = self.text("proc/sys/kernel/random/boot_id").trim().to_owned() + "+";
        self.tells("../proc/sys/kernel/random/boot_id", &(boot + "\n"));
        self.tells("../proc/uptime", "5.00 5.00\n");
        self.sh("for unit in /played/units/*.enabled; do \
                 [ ! -e $unit ] || systemctl restart \"$(basename $unit .enabled)\" || true; done");
        self.watch();
    }

    /// Lets calls of programs fail, by patterns such as `systemctl restart *`; none any more where it is empty.
    pub(crate) fn fails(&self, patterns: &str) {
        std::fs::write(self.path("played/fail"), format!("{patterns}\n").trim_start()).unwrap();
    }

    /// Lets the next call of this pattern fail.
    pub(crate) fn fails_once(&self, pattern: &str) {
        self.tells("fail_once", &format!("{pattern}\n"));
    }

    /// Writes one of the files by which a story says what the host's programs shall tell.
    pub(crate) fn tells(&self, file: &str, text: &str) {
        std::fs::write(self.path("played").join(file), text).unwrap();
    }

    /// The calls of programs so far that contain a text.
    pub(crate) fn calls(&self, text: &str) -> usize {
        let calls = std::fs::read_to_string(self.path("played/calls")).unwrap();
        calls.lines().filter(|line| line.contains(text)).count()
    }

    /// A path on this host, as seen from here, with small disks.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        Path::new("/proc").join(self.pid.to_string()).join("root").join(path.trim_start_matches('/'))
    }

    /// Whether there is something.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.path(path).symlink_metadata().is_ok()
    }

    /// A file's text.
    pub(crate) fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{}: {path}: {error}", self.name))
    }

    /// Everything is as it was then, and nothing goes wrong any more.
    pub(crate) fn reset(&self, then: &Snapshot) {
        self.faults.clear();
        self.faults.power(true);
        self.fails("");
        self.fails_once("");
        let now = self.snapshot();
        for path in now.keys().filter(|path| !then.contains_key(*path)).rev() {
            let path = self.path(path);
            let folder = path.is_dir() && !path.is_symlink();
            if folder { std::fs::remove_dir(path) } else { std::fs::remove_file(path) }.unwrap();
        }
        for (path, entry) in then.iter().filter(|(path, entry)| now.get(*path) != Some(entry)) {
            let at = self.path(path);
            match (&entry.link, &entry.content) {
                (Some(to), _) => symlink(to, &at).unwrap(),
                (None, Some(content)) => std::fs::write(&at, content).unwrap(),
                (None, None) if !at.is_dir() => std::fs::create_dir(&at).unwrap(),
                (None, None) => {}
            }
            if entry.link.is_none() {
                std::fs::set_permissions(&at, std::fs::Permissions::from_mode(entry.mode & 0o7777)).unwrap();
            }
        }
    }

    /// Everything on it.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut found = Snapshot::new();
        for folder in FOLDERS {
            walk(&self.path(""), &self.path(folder), &mut found);
        }
        found
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // What a story left running there ends with its host.
        let space = |pid: &Path| std::fs::read_link(pid.join("ns/mnt")).ok();
        let keepers = PathBuf::from(format!("/proc/{}", self.pid));
        let own = space(&keepers);
        for entry in std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()) {
            let number = entry.file_name().and_then(|name| name.to_str()?.parse().ok());
            if let Some(number) = number.filter(|_| entry != keepers && own.is_some() && space(&entry) == own) {
                let _ = kill(Pid::from_raw(number), Signal::SIGKILL);
            }
        }
        let mut keeper = self.keeper.lock().unwrap();
        drop(keeper.stdin.take());
        let _ = keeper.wait();
    }
}

/// The process that holds the namespaces: it ends with its input.
fn keep(folder: &Path, root: &Path) -> Result<(Child, u32), String> {
    let (table, root) = (folder.join("fstab"), root.display().to_string());
    let script = format!(
        "mount --all --fstab {} && exec chroot {root} /bin/sh -c 'echo ready; exec cat >/dev/null'",
        table.display()
    );
    let mut keeper = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "/bin/sh", "-c", &script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("no unshare here: {error}"))?;
    let mut line = String::new();
    let out = keeper.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    if line != "ready\n" {
        let output = keeper.wait_with_output().unwrap();
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    let pid = keeper.id();
    Ok((keeper, pid))
}

fn walk(root: &Path, path: &Path, found: &mut Snapshot) {
    let Ok(facts) = path.symlink_metadata() else { return };
    let name = format!("/{}", path.strip_prefix(root).unwrap().display());
    let entry = Entry {
        mode: facts.mode(),
        owner: (facts.uid(), facts.gid()),
        link: facts.is_symlink().then(|| std::fs::read_link(path).unwrap()),
        content: facts.is_file().then(|| std::fs::read(path).unwrap()),
    };
    found.insert(name, entry);
    if facts.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            walk(root, &entry.unwrap().path(), found);
        }
    }
}

/// What differs between two snapshots, by path.
pub(crate) fn differences(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let all = before.keys().chain(after.keys()).collect::<std::collections::BTreeSet<_>>();
    let differ = all.into_iter().filter(|path| before.get(*path) != after.get(*path));
    differ
        .map(|path| match (before.contains_key(path), after.contains_key(path)) {
            (true, true) => format!("changed {path}"),
            (true, false) => format!("lacks {path}"),
            _ => format!("new {path}"),
        })
        .collect()
}
