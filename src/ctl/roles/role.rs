//! `role.yaml`: what a role puts on a host, declared.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::ctl::cluster::Group;
use crate::ctl::wanted::OnChange;
use crate::error::{Code, Problem};

/// A role.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Groups it may be used on.
    pub applies_to: Vec<Group>,
    /// Parameters with type, default and what they mean.
    #[serde(default)]
    pub params: BTreeMap<String, Param>,
    /// Packages.
    #[serde(default)]
    pub packages: Vec<PackageEntry>,
    /// Packages that must not come along with these, as patterns of apt's.
    #[serde(default)]
    pub without: Vec<String>,
    /// Files, in the order they are put in place.
    #[serde(default)]
    pub files: Vec<FileEntry>,
    /// TCP ports (a template) on which a program of this role listens: nobody else may.
    #[serde(default)]
    pub listens: Vec<ListenEntry>,
    /// Files and links of others that must not be there; they are kept in the way back.
    #[serde(default)]
    pub absent: Vec<String>,
    /// Kernel settings.
    #[serde(default)]
    pub sysctl: BTreeMap<String, String>,
    /// Kernel modules.
    #[serde(default)]
    pub modules: Vec<String>,
    /// Services that shall be enabled and running.
    #[serde(default)]
    pub services: Vec<ServiceEntry>,
    /// Checks of the working role.
    #[serde(default)]
    pub probes: Vec<ProbeEntry>,
    /// Escape hatches.
    #[serde(default)]
    pub run: Vec<RunEntry>,
    /// Whether the hactl binary belongs on the host.
    #[serde(default)]
    pub binary: bool,
    /// What a host must offer before anything is changed.
    #[serde(default)]
    pub requires: Vec<ProbeEntry>,
    /// When a host has the role no more: its files go, and these units are stopped and disabled. Absent: all stays.
    pub retires: Option<Vec<String>>,
}

/// A parameter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: ParamType,
    /// Its value when the inventory gives none.
    pub default: serde_json::Value,
    /// What it means.
    pub doc: String,
}

/// Types of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParamType {
    /// Any text.
    Text,
    /// A whole number.
    Number,
    /// yes or no.
    Bool,
}

impl ParamType {
    /// Whether a value is of this type.
    pub fn fits(self, value: &serde_json::Value) -> bool {
        match self {
            Self::Text => value.is_string() || value.is_number(),
            Self::Number => value.is_i64() || value.is_u64(),
            Self::Bool => value.is_boolean(),
        }
    }
}

/// A package.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageEntry {
    /// Name.
    pub name: String,
    /// A command it brings, or a path; that may be a pattern.
    pub command: String,
}

/// A file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Template name.
    pub template: String,
    /// Absolute path on the host.
    pub dest: String,
    /// Octal permission bits.
    #[serde(default = "ordinary_mode")]
    pub mode: String,
    /// `user:group`.
    #[serde(default = "root")]
    pub owner: String,
    /// `nginx`, `ha`, or a command with `{staged}` and `{root}`.
    pub check: Option<String>,
    /// What a change does.
    pub on_change: Option<OnChangeEntry>,
    /// It holds a secret.
    #[serde(default)]
    pub secret: bool,
    /// Where nothing comes of its template it is not wanted: one that a deploy has put there is removed.
    #[serde(default)]
    pub optional: bool,
}

fn ordinary_mode() -> String {
    "0644".into()
}

fn root() -> String {
    "root:root".into()
}

/// A port that a role's program listens on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListenEntry {
    /// The port, a template; several with blanks between them.
    pub port: String,
    /// The program, as the kernel knows it.
    pub program: String,
}

/// What a change of a file does.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnChangeEntry {
    /// Reload this service.
    Reload(String),
    /// Restart it.
    Restart(String),
    /// It is this service's unit file.
    Unit(String),
}

impl From<OnChangeEntry> for OnChange {
    fn from(entry: OnChangeEntry) -> Self {
        match entry {
            OnChangeEntry::Reload(service) => Self::Reload(service),
            OnChangeEntry::Restart(service) => Self::Restart(service),
            OnChangeEntry::Unit(service) => Self::UnitChanged(service),
        }
    }
}

/// A service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceEntry {
    /// Unit name without `.service`.
    pub name: String,
    /// It carries the VIP.
    #[serde(default)]
    pub carries_vip: bool,
    /// Units it replaces.
    #[serde(default)]
    pub replaces: Vec<String>,
}

/// A probe.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeEntry {
    /// What it proves.
    pub name: String,
    /// bash command.
    pub command: String,
    /// What helps where it fails.
    pub next: Option<String>,
}

/// An escape hatch.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunEntry {
    /// Command.
    pub cmd: String,
    /// Not run when this succeeds.
    pub unless: String,
    /// Takes it back.
    pub undo: Option<String>,
}

/// Parses a `role.yaml`.
///
/// # Errors
/// What is wrong, with the file and the library's own words on the place.
pub fn parse(file: &Path, text: &str) -> Result<Role, Problem> {
    serde_yaml::from_str(text).map_err(|error| {
        Problem::new(Code::RoleFile, format!("role file {}: {}", file.display(), error.without_snippet()))
            .next("compare it with the built-in roles")
    })
}
