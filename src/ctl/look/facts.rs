//! What a host has: one script, one round trip.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use hactl_engine::certificates::ACCOUNT_KEY;
use ipnet::IpNet;

use crate::ctl::cluster::Secret;
use crate::ctl::host::{HOME, Script};
use crate::ctl::look::observe::{self, Seen};
use crate::ctl::signing::{KEY_FOLDER, is_key};
use crate::ctl::wanted::{BINARY, WantedHost};

/// A host as it is.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Addresses, agent, nginx.
    pub seen: Seen,
    /// `ID` of os-release: `debian`, `ubuntu`, `centos`…
    pub os: String,
    /// Name of process 1.
    pub init: String,
    /// The package manager.
    pub package_manager: Option<String>,
    /// Commands that are there, of those that wanted packages bring.
    pub commands: Vec<String>,
    /// Wanted files that are there.
    pub files: BTreeMap<String, FileFact>,
    /// sha256 of the hactl binary, if there.
    pub binary: Option<String>,
    /// Wanted and replaced services.
    pub services: BTreeMap<String, ServiceFact>,
    /// Numbers of escape hatches whose `unless` succeeds.
    pub runs_done: Vec<usize>,
    /// Names of requirements that are not met, and what helps.
    pub missing: Vec<(String, Option<String>)>,
    /// Kernel settings.
    pub sysctl: BTreeMap<String, String>,
    /// Versions of wanted packages that are installed, where they were asked for ([`ask_versions`]).
    pub versions: Option<BTreeMap<String, String>>,
    /// Programs that listen, by TCP port.
    pub listeners: Vec<(u16, String)>,
    /// Where files are put: the path, whether it can be written, and free kilobytes.
    pub places: Vec<Place>,
    /// Who works with packages: process id and program.
    pub package_lock: Option<(u32, String)>,
    /// The keys of signed adverts that lie there, by path.
    pub keys: BTreeMap<String, Secret>,
    /// What its clock showed: seconds since 1970.
    pub clock: Option<f64>,
    /// What deploys put there; `None` where one was committed before that was written down.
    pub put: Option<BTreeMap<String, String>>,
}

/// A part of the file system that a deploy needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// A folder in it.
    pub path: String,
    /// Whether it can be written.
    pub writable: bool,
    /// Free kilobytes, where that is known.
    pub free_kb: Option<u64>,
}

/// A file on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileFact {
    /// sha256 of its content.
    pub sha256: String,
    /// Permission bits.
    pub mode: u32,
    /// `user:group`.
    pub owner: String,
}

/// A service on a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceFact {
    /// Running.
    pub active: bool,
    /// Starts at boot.
    pub enabled: bool,
}

/// What a deploy writes to: its own files and those of roles, and what tests of files need.
const PLACES: [&str; 4] = ["/etc", "/usr", "/tmp", HOME];

/// The script whose output [`parse`] reads.
pub fn script(wanted: &WantedHost) -> Script {
    let files = wanted.files.iter().map(|file| &file.dest).chain(&wanted.removed);
    let files = files.chain(wanted.hidden()).chain(&wanted.absent);
    let services = wanted.services.iter().flat_map(|s| std::iter::once(&s.name).chain(&s.replaces));
    let services: BTreeSet<&str> = services.chain(&wanted.retired).map(String::as_str).collect();
    // Of the others it matters whether they run.
    let others = ["nginx"].into_iter().chain(observe::FIREWALLS).filter(|name| !services.contains(name));
    let services: Vec<&str> = services.iter().copied().chain(["--"]).chain(others).collect();
    let has_keys = wanted.binary || wanted.files.iter().any(|file| file.dest == ACCOUNT_KEY);
    let script = match has_keys {
        // First of all: a script that fails tells its last lines.
        true => Script::new().call("keys", std::iter::once(KEY_FOLDER).chain(signed(wanted).then_some("signed"))),
        false => Script::new(),
    };
    let mut script = script
        .call("look", [])
        .call("system", [])
        .call("commands", wanted.packages.iter().map(|package| package.command.as_str()))
        .call("files", files.map(String::as_str))
        .call("put_before", [])
        .call("services", services);
    for (number, run) in wanted.runs.iter().enumerate() {
        script = script.call("succeeds", [format!("run{number}").as_str(), &run.unless]);
    }
    for (number, one) in wanted.requires.iter().enumerate() {
        script = script.call("succeeds", [format!("require{number}").as_str(), &one.command]);
    }
    if !wanted.sysctl.is_empty() {
        script = script.call("sysctls", wanted.sysctl.keys().map(String::as_str));
    }
    script
}

/// Whether its adverts shall be signed.
fn signed(wanted: &WantedHost) -> bool {
    wanted.files.iter().any(|file| is_key(&file.dest))
}

/// Adds the question for what could make a deploy fail half-way, which only somebody asks who is about to change
/// something. The answer goes to [`note_room`].
pub fn ask_room(script: Script, wanted: &WantedHost) -> Script {
    let mut script = script.call("places", PLACES);
    if !wanted.listens.is_empty() {
        script = script.call("listeners", []);
    }
    if !wanted.packages.is_empty() {
        script = script.call("package_locks", wanted.packages.iter().map(|package| package.command.as_str()));
    }
    script
}

/// Adds the answer to [`ask_room`] to what is known of a host.
pub fn note_room(facts: &mut Facts, text: &str) {
    let sections = observe::sections(text);
    let lines = |name: &str| sections.get(name).into_iter().flatten().copied();
    let free: BTreeMap<&str, u64> = lines("space").filter_map(free_kb).collect();
    facts.listeners = lines("listeners").filter_map(listener).collect();
    facts.places = lines("places").filter_map(|line| place(line, &free)).collect();
    facts.package_lock = lines("package_locks").find_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?.parse().ok()?, words.next()?.to_owned()))
    });
}

/// Adds the question for versions of packages, which not everybody needs.
pub fn ask_versions(script: Script, wanted: &WantedHost) -> Script {
    script.call("package_versions", wanted.packages.iter().map(|package| package.name.as_str()))
}

/// The keys in the answer to `keys`.
pub fn keys(text: &str) -> BTreeMap<String, Secret> {
    let sections = observe::sections(text);
    sections.get("keys").into_iter().flatten().filter_map(|line| key(line)).collect()
}

/// The answer to [`ask_versions`].
pub fn versions(text: &str) -> Option<BTreeMap<String, String>> {
    let sections = observe::sections(text);
    // Its last line is no package: it says that all were asked for.
    let lines = sections.get("versions")?.iter().filter_map(|line| line.split_once(' '));
    Some(lines.map(|(name, version)| (name.to_owned(), version.to_owned())).collect())
}

/// Reads what [`script`] printed.
pub fn parse(wanted: &WantedHost, text: &str) -> Facts {
    let sections = observe::sections(text);
    let lines = |name: &str| sections.get(name).cloned().unwrap_or_default();
    let line = |name: &str, n: usize| lines(name).get(n).map(|line| line.trim().to_owned()).unwrap_or_default();
    let sums: BTreeMap<&str, &str> =
        lines("sums").into_iter().filter_map(|line| line.split_once("  ").map(|(sum, name)| (name, sum))).collect();
    let links: BTreeSet<&str> = lines("links").into_iter().collect();
    let files = lines("stats").into_iter().filter_map(|line| {
        // Between them are inode, size and times.
        let mut words = line.splitn(7, ' ');
        let (mode, owner, name) = (words.next()?, words.next()?, words.nth(4)?);
        // A link is no file, whatever it leads to.
        let sha256 = if links.contains(name) { "" } else { sums.get(name)? };
        let fact =
            FileFact { sha256: sha256.to_owned(), mode: u32::from_str_radix(mode, 8).ok()?, owner: owner.to_owned() };
        Some((name.to_owned(), fact))
    });
    let mut facts = Facts {
        seen: observe::parse(text),
        os: line("os", 0).trim_matches(['"', '\'']).to_owned(),
        init: line("os", 1),
        package_manager: lines("pm").first().map(|line| (*line).to_owned()),
        commands: lines("commands").into_iter().map(str::to_owned).collect(),
        files: files.collect(),
        binary: sums.get(BINARY).map(|sum| (*sum).to_owned()),
        services: services(&lines("services")),
        runs_done: (0..wanted.runs.len()).filter(|n| line(&format!("run{n}"), 0) == "yes").collect(),
        missing: wanted
            .requires
            .iter()
            .enumerate()
            .filter(|(n, _)| line(&format!("require{n}"), 0) != "yes")
            .map(|(_, one)| (one.name.clone(), one.next.clone()))
            .collect(),
        sysctl: lines("sysctl")
            .into_iter()
            .filter_map(|line| line.split_once('=').map(|(key, value)| (key.trim().into(), value.trim().into())))
            .collect(),
        versions: versions(text),
        listeners: Vec::new(),
        places: Vec::new(),
        package_lock: None,
        keys: keys(text),
        clock: line("clock", 0).parse().ok().filter(|clock: &f64| clock.is_finite()),
        put: put(&lines("put")),
    };
    let active = |facts: &Facts, unit: &str| facts.services.get(unit).is_some_and(|fact| fact.active);
    facts.seen.nginx = active(&facts, "nginx");
    let firewalls = observe::FIREWALLS.into_iter().filter(|unit| active(&facts, unit));
    facts.seen.firewalls = firewalls.map(str::to_owned).collect();
    note_room(&mut facts, text);
    facts
}

/// `LISTEN 0 511 0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=7,fd=6))`; sockets of the kernel have no user.
fn listener(line: &str) -> Option<(u16, String)> {
    let (_, port) = line.split_whitespace().nth(3)?.rsplit_once(':')?;
    let (_, users) = line.split_once("users:((\"")?;
    Some((port.parse().ok()?, users.split('"').next()?.to_owned()))
}

/// `rw PATH`.
fn place(line: &str, free: &BTreeMap<&str, u64>) -> Option<Place> {
    let (can, path) = line.split_once(' ')?;
    Some(Place { path: path.to_owned(), writable: can == "rw", free_kb: free.get(path).copied() })
}

/// `FREE-BLOCKS BLOCK-SIZE PATH`: the path and kilobytes.
fn free_kb(line: &str) -> Option<(&str, u64)> {
    let mut words = line.splitn(3, ' ');
    let (blocks, size, path) = (words.next()?.parse::<u64>().ok()?, words.next()?.parse::<u64>().ok()?, words.next()?);
    Some((path, blocks.saturating_mul(size) / 1024))
}

/// `HEXADECIMAL-DIGITS PATH`; what is no text, or nothing, is no key of ours.
fn key(line: &str) -> Option<(String, Secret)> {
    let (digits, path) = line.split_once(' ')?;
    let bytes = HEXLOWER.decode(digits.as_bytes()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let text = text.trim_end_matches(['\r', '\n']);
    (!text.is_empty()).then(|| (path.to_owned(), Secret(text.to_owned())))
}

/// Lines `GENERATION SHA256 PATH`, the newest of a path first; `0 - *` stands for what came before them.
fn put(lines: &[&str]) -> Option<BTreeMap<String, String>> {
    let mut put = BTreeMap::new();
    for line in lines {
        let mut words = line.splitn(3, ' ').skip(1);
        match (words.next(), words.next()) {
            (Some("-"), Some("*")) => return None,
            (Some(sum), Some(path)) => drop(put.entry(path.to_owned()).or_insert_with(|| sum.to_owned())),
            _ => {}
        }
    }
    put.retain(|_, sum| sum != "-"); // removed again
    Some(put)
}

impl Facts {
    /// Whether something is at this path that no deploy put there, as far as that is known.
    pub fn is_foreign(&self, path: &str) -> bool {
        self.files.contains_key(path) && self.put.as_ref().is_some_and(|put| !put.contains_key(path))
    }
}

/// Units by name: `systemctl show` prints a block of `Key=value` lines for each.
pub fn services(lines: &[&str]) -> BTreeMap<String, ServiceFact> {
    let mut services = BTreeMap::new();
    for block in lines.split(|line| line.is_empty()) {
        let value = |key: &str| block.iter().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
        let fact = ServiceFact {
            active: matches!(value("ActiveState="), "active" | "activating" | "reloading"),
            enabled: value("UnitFileState=") == "enabled",
        };
        services.insert(value("Id=").trim_end_matches(".service").to_owned(), fact);
    }
    services
}

/// The interfaces of a host that could carry a VIP.
pub fn interfaces(facts: &Facts) -> Vec<(String, IpNet)> {
    facts.seen.addresses.iter().filter(|(name, _)| name != "lo").cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::wanted::{Run, WantedFile};

    #[test]
    fn a_hosts_words_become_facts() {
        let file = WantedFile {
            dest: "/etc/a b".into(),
            content: vec![],
            mode: 0o600,
            owner: "root:root".into(),
            role: "x".into(),
            once: false,
            secret: false,
            check: None,
            on_change: None,
        };
        let run = Run { cmd: "x".into(), unless: "y".into(), undo: None };
        let wanted = WantedHost { files: vec![file], runs: vec![run], ..WantedHost::default() };
        assert!(script(&wanted).text().contains("'/etc/a b'"));
        let text = "@@os\n\"debian\"\nsystemd\n@@pm\napt-get\n@@commands\nnginx\n\
            @@sums\nabc  /etc/a b\ndef  /usr/local/bin/hactl\n@@stats\n600 root:root 12 4 1.5 1.6 /etc/a b\n\
            @@transaction\nactive 7 9\n9 280 ann@desk\n\
            @@services\nId=nginx.service\nActiveState=active\nUnitFileState=enabled\n\nId=keepalived.service\nActiveState=inactive\nUnitFileState=\n\
            @@run0\nyes\n@@places\nrw /etc\nro /tmp\n@@space\n256 4096 /etc\n@@package_locks\n42 apt /x\n@@put\n9 - /b\n7 abc /etc/a b\n\
            @@listeners\nState Recv-Q Send-Q Local Address:Port Peer Address:Port\nLISTEN 0 1 [::]:80 [::]:* users:((\"apache2\",pid=1,fd=4))\n";
        let facts = parse(&wanted, text);
        assert_eq!((facts.os.as_str(), facts.init.as_str(), facts.seen.nginx), ("debian", "systemd", true));
        assert_eq!(facts.files["/etc/a b"].mode, 0o600);
        assert_eq!(facts.binary.as_deref(), Some("def"));
        assert_eq!(facts.services["nginx"], ServiceFact { active: true, enabled: true });
        assert!(!facts.services["keepalived"].enabled);
        assert_eq!((facts.runs_done.as_slice(), facts.seen.transaction.number), ([0].as_slice(), 9));
        assert!(facts.seen.transaction.unfinished());
        assert_eq!(facts.listeners, [(80, "apache2".to_owned())]);
        assert_eq!(facts.package_lock, Some((42, "apt".to_owned())));
        let place = |path: &str, writable, free_kb| Place { path: path.into(), writable, free_kb };
        assert_eq!(facts.places, [place("/etc", true, Some(1024)), place("/tmp", false, None)]);
        assert!(!facts.is_foreign("/etc/a b") && !facts.is_foreign("/nowhere"));
        assert!(Facts { put: Some(BTreeMap::new()), ..facts.clone() }.is_foreign("/etc/a b"));
        assert!(!Facts { put: put(&["0 - *"]), ..facts.clone() }.is_foreign("/etc/a b"), "nobody knows");
    }

    #[test]
    fn an_empty_host_has_nothing() {
        let facts = parse(&WantedHost::default(), "");
        assert!(facts.files.is_empty() && facts.binary.is_none());
        assert_eq!(facts.seen.transaction.number, 0);
    }
}
