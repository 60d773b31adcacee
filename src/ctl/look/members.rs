//! Who belongs to a cluster, as its hosts remember it: a host that leaves the inventory keeps what was deployed to it
//! until somebody takes it away.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::ctl::cluster::{Cluster, Group, Host};
use crate::error::{Code, Problem};

/// A host that was deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: String,
    /// Its group.
    pub group: Group,
    /// Where it was reached.
    pub address: IpAddr,
}

impl Member {
    /// Reads `NAME GROUP ADDRESS`.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let (name, group, address) = (words.next()?, words.next()?, words.next()?);
        let group = [Group::Lb, Group::Web].into_iter().find(|known| known.name() == group)?;
        Some(Self { name: name.to_owned(), group, address: address.parse().ok()? })
    }

    /// What an operator should know of one that is not in the inventory any more.
    fn problem(&self) -> Problem {
        let (name, address) = (&self.name, self.address);
        let message = format!("{name} ({address}) was deployed with this cluster and is not in the inventory any more");
        Problem::new(Code::LeftBehind, message)
            .why("what was put there is still there: its services run, and a load balancer still answers for the VIP")
            .next(format!("`hactl remove {name}` takes it away; or write it into the inventory again"))
            .warn()
    }
}

/// A host that could not be reached when the others were deployed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// Its name.
    pub host: String,
    /// The generation that the others have since.
    pub number: u64,
}

impl Missed {
    /// Reads `NAME NUMBER`.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (host, number) = line.split_once(' ')?;
        Some(Self { host: host.to_owned(), number: number.parse().ok()? })
    }
}

/// Hosts that are remembered and not in the inventory. A remembered host with the name or the address of one in the
/// inventory is that host.
pub fn gone<'m>(cluster: &Cluster, members: impl IntoIterator<Item = &'m Member>) -> Vec<Member> {
    let known = |one: &Member| cluster.hosts.iter().any(|host| host.name == one.name || host.address == one.address);
    let all = members.into_iter().filter(|one| !known(one));
    let by_name: BTreeMap<&str, &Member> = all.map(|one| (one.name.as_str(), one)).collect();
    by_name.into_values().cloned().collect()
}

/// The same as problems.
pub fn judge<'m>(cluster: &Cluster, members: impl IntoIterator<Item = &'m Member>) -> Vec<Problem> {
    gone(cluster, members).iter().map(Member::problem).collect()
}

/// The words by which hosts are remembered.
pub fn words(hosts: &[Host]) -> Vec<String> {
    let ours = hosts.iter().filter(|host| host.managed);
    ours.flat_map(|host| [host.name.clone(), host.group.name().to_owned(), host.address.to_string()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_left_is_told_and_who_was_renamed_is_not() {
        let text = include_str!("../../../inventories/homework.yaml");
        let cluster = crate::ctl::inventory::load::parse(std::path::Path::new("x.yaml"), text).unwrap().cluster;
        let member = |line: &str| Member::parse(line).unwrap();
        let members = [member("lb-5 lb 10.0.0.5"), member("old-6 lb 10.0.0.6"), member("web-9 web 10.0.0.9")];
        let told = judge(&cluster, members.iter().chain(&members));
        assert_eq!(told.len(), 1);
        assert!(told[0].message.starts_with("web-9 (10.0.0.9)"), "{}", told[0]);
        assert_eq!(Member::parse("web-9 tree 10.0.0.9"), None);
        assert_eq!(Member::parse("web-9 web"), None);
    }
}
