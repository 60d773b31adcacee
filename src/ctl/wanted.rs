//! What a host shall have: the output of roles and templates, compared with facts by the plan.

use std::collections::BTreeMap;

/// Everything wanted on one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WantedHost {
    /// Host name.
    pub host: String,
    /// Packages by distribution-independent name, with the command whose presence proves them.
    pub packages: Vec<Package>,
    /// Packages that must not come along with these, as patterns of apt's.
    pub without: Vec<String>,
    /// Files, in the order they are put in place.
    pub files: Vec<WantedFile>,
    /// Whether the hactl binary belongs on the host, at [`BINARY`].
    pub binary: bool,
    /// TCP ports, each with the program that shall listen there.
    pub listens: Vec<(u16, String)>,
    /// Kernel settings.
    pub sysctl: BTreeMap<String, String>,
    /// Kernel modules.
    pub modules: Vec<String>,
    /// systemd services that shall be enabled and running.
    pub services: Vec<Service>,
    /// What the host must offer before anything is changed: tried with the facts.
    pub requires: Vec<Probe>,
    /// systemd services of roles that the host does not have: stopped and disabled where they are.
    pub retired: Vec<String>,
    /// Files of such roles: removed where they are.
    pub removed: Vec<String>,
    /// Files of such roles with secrets: removed where a deploy has put them, and never shown.
    pub removed_secrets: Vec<String>,
    /// Files with secrets that are not wanted any more: removed where a deploy has put them, and never shown.
    pub forgotten: Vec<String>,
    /// Files whose content this deploy has made up.
    pub minted: Vec<String>,
    /// Files and links of others that must not be there.
    pub absent: Vec<String>,
    /// Escape hatches.
    pub runs: Vec<Run>,
    /// Checks that the role works, run on the host after activation.
    pub probes: Vec<Probe>,
}

impl WantedHost {
    /// Files that are removed where a deploy has put them, and never shown.
    pub fn hidden(&self) -> impl Iterator<Item = &String> {
        self.removed_secrets.iter().chain(&self.forgotten)
    }
}

/// Where the hactl binary lives on a host.
pub const BINARY: &str = "/usr/local/bin/hactl";

/// The HA configuration, which the agent's unit names.
pub const HA_CONFIG: &str = "/etc/hactl/hactl.conf";

/// A package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Name for the host's package manager.
    pub name: String,
    /// A command it brings, found in PATH, or a path that is there: then it is installed.
    pub command: String,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedFile {
    /// Absolute path on the host.
    pub dest: String,
    /// Content.
    pub content: Vec<u8>,
    /// Permission bits.
    pub mode: u32,
    /// `user:group`.
    pub owner: String,
    /// The role it comes from.
    pub role: String,
    /// It only stands in until the host has something better: one that is there stays, whatever is in it.
    pub once: bool,
    /// The content holds a secret: what is shown of it is without.
    pub secret: bool,
    /// Command that must succeed on the staged file, with `{staged}` for its path and `{root}` for the staging
    /// folder, which holds all of the host's files below their own paths; `{gone}` stands for files that are removed.
    pub check: Option<String>,
    /// What happens when it changes.
    pub on_change: Option<OnChange>,
}

/// What a change of a file does to a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnChange {
    /// `systemctl reload-or-restart`.
    Reload(String),
    /// `systemctl restart`.
    Restart(String),
    /// `systemctl daemon-reload`, then restart.
    UnitChanged(String),
}

/// A service that shall be enabled and running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Unit name without `.service`.
    pub name: String,
    /// It carries the VIP: load balancers change it one at a time, backup first.
    pub carries_vip: bool,
    /// Units that must be stopped and disabled because this one replaces them.
    pub replaces: Vec<String>,
}

/// `run: {cmd, unless, undo}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Command.
    pub cmd: String,
    /// Not run when this succeeds.
    pub unless: String,
    /// Takes it back.
    pub undo: Option<String>,
}

/// A check of the working role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What it proves, for people.
    pub name: String,
    /// Command run on the host; success is good.
    pub command: String,
    /// What helps where it fails.
    pub next: Option<String>,
}
