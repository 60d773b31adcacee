//! The example inventories on hosts of a case: what the desk renders for them, started and stopped as systemd would.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use hactl::ctl::cluster::Cluster as Inventory;
use hactl::ctl::inventory::load::parse;
use hactl::ctl::render::host::render;
use hactl::ctl::wanted::WantedHost;

use super::host::{Daemon, Host};

/// The addresses of the examples and those of a case.
const ADDRESSES: [(&str, &str); 5] = [
    ("10.0.0.3", "10.37.0.3"),
    ("10.0.0.5", "10.37.0.11"),
    ("10.0.0.6", "10.37.0.12"),
    ("10.0.0.7", "10.37.0.21"),
    ("10.0.0.8", "10.37.0.22"),
];

/// An example with a case's addresses, and other words where the case wants them.
pub(crate) fn example(text: &str, words: &[(&str, &str)]) -> Inventory {
    let mut text = text.to_owned();
    for (from, to) in ADDRESSES.iter().chain(words) {
        assert!(text.contains(from) || from.starts_with("10."), "the example has no `{from}`");
        text = text.replace(from, to);
    }
    let loaded = parse(Path::new("inventory.yaml"), &text).unwrap_or_else(|failure| panic!("{:?}", failure.problems));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    loaded.cluster
}

/// What an inventory wants of one host.
pub(crate) struct Deployed<'a> {
    host: &'a Host,
    wanted: WantedHost,
}

/// Everything of a host that a real server changes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Traces {
    addresses: Vec<String>,
    routes: Vec<String>,
    settings: String,
}

impl<'a> Deployed<'a> {
    /// Renders for the host of the inventory that has this host's address.
    pub(crate) fn new(inventory: &Inventory, host: &'a Host) -> Self {
        let found = inventory.hosts.iter().find(|one| one.address == host.v4());
        let found = found.unwrap_or_else(|| panic!("{} is not in the inventory", host.name));
        let nets = vec![("eth0".to_owned(), format!("{}/24", host.v4()).parse().unwrap())];
        let wanted = render(inventory, found, &BTreeMap::from([(found.name.clone(), nets)]));
        Self { host, wanted: wanted.unwrap_or_else(|failure| panic!("{:?}", failure.problems)) }
    }

    /// The text of a file.
    pub(crate) fn file(&self, path: &str) -> String {
        let file = self.wanted.files.iter().find(|file| file.dest == path);
        let file = file.unwrap_or_else(|| panic!("{} gets no {path}", self.host.name));
        String::from_utf8(file.content.clone()).unwrap()
    }

    /// Kernel settings, and the agent with the file that is rendered for it.
    pub(crate) fn agent(&self) -> Daemon {
        self.sysctl();
        self.host.agent(&self.file("/etc/hactl/hactl.conf"))
    }

    /// Kernel settings of its roles.
    fn sysctl(&self) {
        let settings: Vec<String> =
            self.wanted.sysctl.iter().map(|(key, value)| format!("{}={value}", key.replace('.', "/"))).collect();
        self.host.sysctl(&settings.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Runs `realserver.sh`: `start`, `check` or `stop`; whether it succeeded.
    pub(crate) fn realserver(&self, verb: &str) -> bool {
        let path = self.host.folder().join("realserver.sh");
        // Hosts of a case share /run.
        let saved = self.host.folder().join("saved").display().to_string();
        let text = self.file("/etc/hactl/realserver.sh").replace("/run/hactl-realserver", &saved);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let output = self.host.try_sh(&format!("{} {verb}", path.display()));
        eprintln!("{} {verb}: {}", self.host.name, String::from_utf8_lossy(&output.stderr));
        output.status.success()
    }

    /// What is there now.
    pub(crate) fn traces(&self) -> Traces {
        let lines = |command: &str| self.host.sh(command).lines().map(str::to_owned).collect();
        Traces {
            addresses: lines("ip -br addr show up"),
            routes: lines("ip route; ip -6 route"),
            settings: self
                .host
                .sh("cd /proc/sys/net/ipv4/conf; for f in all lo eth0; do cat $f/arp_* $f/rp_filter; done"),
        }
    }
}
