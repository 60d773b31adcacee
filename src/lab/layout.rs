//! Where things are: folders, namespaces, addresses. Pure names; nothing is made here.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use super::kernel::Before;
use super::spaces::PREFIX;
use crate::error::{Code, Exit, Failure, Problem};

const FOLDER: &str = "/var/lib/hactl-lab";
/// Last octets taken by the lab itself.
const GATEWAY: u8 = 254;
const CLIENT: u8 = 251;
const DESK: u8 = 250;

/// A lab's folder and the names derived from it.
#[derive(Debug, Clone)]
pub struct Layout {
    /// State folder.
    pub folder: PathBuf,
    /// Begins every namespace and link of this lab.
    pub prefix: String,
}

/// What `up` was asked for; kept in the folder while the lab is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// IPv4 subnet of the lab.
    pub subnet: Ipv4Net,
    /// Host names, in order.
    pub hosts: Vec<String>,
    /// Settings of the kernel as they were before, to restore.
    #[serde(default)]
    pub kernel_before: Before,
}

impl Layout {
    /// The layout for `HACTL_LAB_DIR`, or the usual one.
    pub fn from_environment() -> Self {
        Self::at(std::env::var_os("HACTL_LAB_DIR").map_or_else(|| PathBuf::from(FOLDER), PathBuf::from))
    }

    /// The layout of the lab in a folder. Labs in different folders share no name.
    pub fn at(folder: PathBuf) -> Self {
        let prefix = if folder == Path::new(FOLDER) {
            PREFIX.into()
        } else {
            let sum = folder.to_string_lossy().bytes().fold(7u32, |sum, b| sum.wrapping_mul(31).wrapping_add(b.into()));
            format!("{PREFIX}{:04x}", sum & 0xffff)
        };
        Self { folder, prefix }
    }

    /// The root file system all hosts are overlays of.
    pub fn rootfs(&self) -> PathBuf {
        self.folder.join("rootfs")
    }

    /// The folder of a host: `upper`, `work`, `merged`, `console.log`.
    pub fn host(&self, name: &str) -> PathBuf {
        self.folder.join("hosts").join(name)
    }

    /// HOME of whoever works at the desk.
    pub fn desk_home(&self) -> PathBuf {
        self.folder.join("desk")
    }

    /// The file that says what is up.
    pub fn plan_file(&self) -> PathBuf {
        self.folder.join("lab.json")
    }

    /// The namespace of a host, of `desk`, `client` or `switch`.
    pub fn namespace(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// The link in the machine's own namespace that leads into the lab.
    pub fn uplink(&self) -> String {
        format!("{}-up", self.prefix)
    }

    /// The nftables table with the lab's one masquerade rule.
    pub fn nft_table(&self) -> String {
        format!("hactl_lab_{}", self.prefix)
    }

    /// What is up, if anything.
    pub fn plan(&self) -> Option<Plan> {
        serde_json::from_slice(&std::fs::read(self.plan_file()).ok()?).ok()
    }
}

impl Plan {
    /// The plan for these hosts.
    ///
    /// # Errors
    /// Names without a number, two hosts with one address, addresses the lab needs itself; all at once, exit 3.
    pub fn new(subnet: Ipv4Net, hosts: Vec<String>) -> Result<Self, Failure> {
        let mut problems = Vec::new();
        if subnet.prefix_len() > 24 {
            problems.push(
                Problem::new(Code::LabSubnet, format!("subnet {subnet} is smaller than a /24"))
                    .next("--subnet 10.0.0.0/24"),
            );
        }
        let mut seen = std::collections::BTreeMap::new();
        for name in &hosts {
            match octet(name) {
                None => problems.push(
                    Problem::new(Code::LabNumber, format!("host name `{name}` does not end in a number from 1 to 249"))
                        .why("the number becomes the last octet of its address")
                        .next("name it like lb-5 or web-7"),
                ),
                Some(octet) => {
                    if let Some(other) = seen.insert(octet, name) {
                        problems.push(Problem::new(
                            Code::LabNumberTwice,
                            format!("`{other}` and `{name}` would both be .{octet}"),
                        ));
                    }
                }
            }
        }
        if problems.is_empty() {
            Ok(Self { subnet: subnet.trunc(), hosts, kernel_before: Before::new() })
        } else {
            Err(Failure { exit: Exit::Invalid, problems })
        }
    }

    /// The address of a host, of `desk`, `client` or `gateway`.
    pub fn address(&self, name: &str) -> Ipv4Addr {
        let last = match name {
            "gateway" => GATEWAY,
            "client" => CLIENT,
            "desk" => DESK,
            host => octet(host).unwrap_or_default(),
        };
        let [a, b, c, _] = self.subnet.network().octets();
        Ipv4Addr::new(a, b, c, last)
    }

    /// The address with the subnet's prefix length, as `ip` wants it.
    pub fn prefixed(&self, name: &str) -> String {
        format!("{}/{}", self.address(name), self.subnet.prefix_len())
    }
}

/// The number at the end of a host's name, if it can be a last octet.
fn octet(name: &str) -> Option<u8> {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if name.len() > 40 || !name.chars().all(good) || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    name.get(name.len() - digits..)?.parse().ok().filter(|octet| (1..DESK).contains(octet))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_addresses() {
        let names = ["lb-5", "web12"].map(str::to_owned).to_vec();
        let plan = Plan::new("10.9.8.0/24".parse().unwrap(), names).unwrap();
        assert_eq!(plan.prefixed("lb-5"), "10.9.8.5/24");
        assert_eq!(plan.address("web12"), Ipv4Addr::new(10, 9, 8, 12));
        assert_eq!(plan.address("gateway"), Ipv4Addr::new(10, 9, 8, 254));
    }

    #[test]
    fn bad_names_are_all_said() {
        let names = ["lb", "lb-5", "x-5", "y-250", "../5", ""].map(str::to_owned).to_vec();
        let failure = Plan::new("10.0.0.0/28".parse().unwrap(), names).unwrap_err();
        assert_eq!(failure.problems.len(), 6, "{failure}");
    }
}
