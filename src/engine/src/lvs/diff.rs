//! From the table that the kernel has to the one that it shall have, by the least that does it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;

use crate::ipvs::{DestinationSettings, Service, ServiceKey, ServiceSettings, Table};

/// One command to the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A service that is not there yet, without destinations.
    AddService {
        /// Its name.
        service: ServiceKey,
        /// Scheduler, flags, persistence.
        settings: ServiceSettings,
    },
    /// Other settings; connections and destinations stay.
    EditService {
        /// Its name.
        service: ServiceKey,
        /// Scheduler, flags, persistence.
        settings: ServiceSettings,
    },
    /// A service and its destinations go.
    DeleteService {
        /// Its name.
        service: ServiceKey,
    },
    /// A destination that is not there yet.
    AddDestination {
        /// Whose.
        service: ServiceKey,
        /// Where it listens.
        address: SocketAddr,
        /// Weight, forwarding, thresholds.
        settings: DestinationSettings,
    },
    /// Other settings; connections stay.
    EditDestination {
        /// Whose.
        service: ServiceKey,
        /// Where it listens.
        address: SocketAddr,
        /// Weight, forwarding, thresholds.
        settings: DestinationSettings,
    },
    /// A destination goes; what its connections send is dropped or expired, as the kernel is set.
    DeleteDestination {
        /// Whose.
        service: ServiceKey,
        /// Where it listens.
        address: SocketAddr,
    },
}

impl Change {
    /// The service it is about.
    pub fn service(&self) -> ServiceKey {
        match self {
            Self::AddService { service, .. }
            | Self::EditService { service, .. }
            | Self::DeleteService { service }
            | Self::AddDestination { service, .. }
            | Self::EditDestination { service, .. }
            | Self::DeleteDestination { service, .. } => *service,
        }
    }

    /// The destination it is about, if it is about one.
    pub fn destination(&self) -> Option<SocketAddr> {
        match self {
            Self::AddService { .. } | Self::EditService { .. } | Self::DeleteService { .. } => None,
            Self::AddDestination { address, .. }
            | Self::EditDestination { address, .. }
            | Self::DeleteDestination { address, .. } => Some(*address),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self {
            Self::AddService { .. } | Self::AddDestination { .. } => "add",
            Self::EditService { .. } | Self::EditDestination { .. } => "change",
            Self::DeleteService { .. } | Self::DeleteDestination { .. } => "remove",
        };
        match self.destination() {
            Some(address) => write!(f, "{verb} real server {address} of {}", self.service()),
            None => write!(f, "{verb} virtual server {}", self.service()),
        }
    }
}

/// What turns `kernel` into `wanted`, in the order that is safest for traffic.
///
/// Services that are neither wanted nor `owned` are somebody else's and stay. A wanted service that is there already is
/// taken over as a whole. Within a service, what gives capacity comes before what takes it: a scheduler never
/// sees fewer servers than before or after. Services go last, so that a wider one that replaces them is there first.
pub fn diff(kernel: &Table, wanted: &Table, owned: &BTreeSet<ServiceKey>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (key, service) in wanted {
        match kernel.get(key) {
            None => {
                changes.push(Change::AddService { service: *key, settings: service.settings.clone() });
                add_all(&mut changes, *key, service);
            }
            Some(found) if found != service => within(&mut changes, *key, found, service),
            Some(_) => {}
        }
    }
    let gone = kernel.keys().filter(|key| owned.contains(key) && !wanted.contains_key(key));
    changes.extend(gone.map(|key| Change::DeleteService { service: *key }));
    changes
}

fn add_all(changes: &mut Vec<Change>, key: ServiceKey, service: &Service) {
    let add = |(address, settings): (&SocketAddr, &DestinationSettings)| Change::AddDestination {
        service: key,
        address: *address,
        settings: *settings,
    };
    changes.extend(service.destinations.iter().map(add));
}

fn within(changes: &mut Vec<Change>, key: ServiceKey, found: &Service, wanted: &Service) {
    if found.settings != wanted.settings {
        changes.push(Change::EditService { service: key, settings: wanted.settings.clone() });
    }
    let mut lowered = Vec::new();
    for (address, settings) in &wanted.destinations {
        let edit = Change::EditDestination { service: key, address: *address, settings: *settings };
        match found.destinations.get(address) {
            None => changes.push(Change::AddDestination { service: key, address: *address, settings: *settings }),
            Some(now) if now.weight > settings.weight => lowered.push(edit),
            Some(now) if now != settings => changes.push(edit),
            Some(_) => {}
        }
    }
    changes.append(&mut lowered);
    let gone = found.destinations.keys().filter(|address| !wanted.destinations.contains_key(address));
    changes.extend(gone.map(|address| Change::DeleteDestination { service: key, address: *address }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipvs::{Family, Forward, Protocol, Scheduling, Tunnel};
    use std::time::Duration;

    /// Numbers that look random and are the same in every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % sides
        }

        fn table(&mut self) -> Table {
            let mut table = Table::new();
            for n in 0..9_u8 {
                if self.roll(3) > 0 {
                    table.insert(key(n), self.service());
                }
            }
            table
        }

        fn service(&mut self) -> Service {
            let destinations = (0..5_u8).filter(|_| self.roll(3) > 0).collect::<Vec<_>>();
            let destinations = destinations.into_iter().map(|n| (address(n), self.destination())).collect();
            Service { settings: self.settings(), destinations }
        }

        fn settings(&mut self) -> ServiceSettings {
            let name = ["rr", "wlc", "sh"][usize::try_from(self.roll(3)).unwrap()];
            let flags = [self.roll(5) == 0, self.roll(5) == 0, false];
            let persistence = (self.roll(3) == 0).then_some((Duration::from_secs(360), 24));
            ServiceSettings { scheduling: Scheduling { name, one_packet: self.roll(4) == 0, flags }, persistence }
        }

        fn destination(&mut self) -> DestinationSettings {
            let forward = [Forward::Nat, Forward::Direct, Forward::Tunnel(Tunnel::Ipip)];
            DestinationSettings {
                weight: u32::try_from(self.roll(3)).unwrap(),
                forward: forward[usize::try_from(self.roll(3)).unwrap()],
                upper_threshold: 10 * u32::try_from(self.roll(2)).unwrap(),
                lower_threshold: 0,
            }
        }
    }

    fn key(n: u8) -> ServiceKey {
        match n % 3 {
            0 => ServiceKey::Mark { family: Family::V6, mark: u32::from(n) + 1 },
            1 => ServiceKey::Address { protocol: Protocol::Udp, address: SocketAddr::new([10, 7, 0, n].into(), 53) },
            _ => {
                let address = SocketAddr::new([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(n)].into(), 443);
                ServiceKey::Address { protocol: Protocol::Tcp, address }
            }
        }
    }

    fn address(n: u8) -> SocketAddr {
        SocketAddr::new([10, 8, 0, n].into(), 8080)
    }

    /// As the kernel does it: what is there cannot be added, what is not cannot be changed or deleted.
    fn apply(table: &mut Table, change: &Change) {
        let service = change.service();
        if let Change::AddService { settings, .. } = change {
            let new = Service { settings: settings.clone(), destinations: std::collections::BTreeMap::new() };
            assert!(table.insert(service, new).is_none(), "{change}: exists");
            return;
        }
        let entry = table.get_mut(&service).unwrap_or_else(|| panic!("{change}: no such service"));
        match change {
            Change::AddService { .. } => unreachable!(),
            Change::EditService { settings, .. } => entry.settings = settings.clone(),
            Change::DeleteService { .. } => drop(table.remove(&service)),
            Change::AddDestination { address, settings, .. } => {
                assert!(entry.destinations.insert(*address, *settings).is_none(), "{change}: exists");
            }
            Change::EditDestination { address, settings, .. } => {
                assert!(entry.destinations.insert(*address, *settings).is_some(), "{change}: does not exist");
            }
            Change::DeleteDestination { address, .. } => {
                assert!(entry.destinations.remove(address).is_some(), "{change}: does not exist");
            }
        }
    }

    fn weight(service: &Service) -> u64 {
        service.destinations.values().map(|destination| u64::from(destination.weight)).sum()
    }

    #[test]
    fn any_table_becomes_any_other_and_strangers_stay() {
        let mut dice = Dice(37);
        for round in 0..3000 {
            let (kernel, mut wanted) = (dice.table(), dice.table());
            let owned: BTreeSet<ServiceKey> = (0..9).filter(|_| dice.roll(2) == 0).map(key).collect();
            let changes = diff(&kernel, &wanted, &owned);
            let mut now = kernel.clone();
            for change in &changes {
                let before = now.get(&change.service()).map(weight);
                apply(&mut now, change);
                // Never less capacity than the least of before and after.
                let least = |table: &Table| table.get(&change.service()).map_or(0, weight);
                if let (Some(_), Some(service)) = (before, now.get(&change.service())) {
                    assert!(weight(service) >= least(&kernel).min(least(&wanted)), "round {round}: {change}");
                }
            }
            let strangers = kernel.iter().filter(|(key, _)| !owned.contains(key) && !wanted.contains_key(key));
            let strangers: Table = strangers.map(|(key, service)| (*key, service.clone())).collect();
            assert!(changes.iter().all(|change| !strangers.contains_key(&change.service())), "round {round}");
            wanted.extend(strangers);
            assert_eq!(now, wanted, "round {round}");
            assert_eq!(diff(&now, &wanted, &owned), [], "round {round}: a second time there is nothing to do");
        }
    }

    #[test]
    fn one_weight_is_one_change() {
        let mut dice = Dice(91);
        for _ in 0..500 {
            let kernel = dice.table();
            let mut wanted = kernel.clone();
            let Some((service, entry)) = wanted.iter_mut().find(|(_, entry)| !entry.destinations.is_empty()) else {
                continue;
            };
            let (address, settings) = entry.destinations.iter_mut().next_back().unwrap();
            settings.weight += 5;
            let expected = Change::EditDestination { service: *service, address: *address, settings: *settings };
            assert_eq!(diff(&kernel, &wanted, &kernel.keys().copied().collect()), [expected]);
        }
    }

    #[test]
    fn what_gives_comes_before_what_takes() {
        let mut dice = Dice(5);
        let mut found = dice.service();
        found.destinations =
            (0..3).map(|n| (address(n), DestinationSettings { weight: 4, ..dice.destination() })).collect();
        let mut wanted = found.clone();
        wanted.settings.scheduling.name = "sed";
        wanted.destinations.get_mut(&address(0)).unwrap().weight = 0;
        wanted.destinations.get_mut(&address(1)).unwrap().weight = 9;
        wanted.destinations.remove(&address(2));
        wanted.destinations.insert(address(4), dice.destination());
        let kernel = Table::from([(key(1), found.clone()), (key(2), found)]);
        let changes = diff(&kernel, &Table::from([(key(1), wanted)]), &BTreeSet::from([key(1), key(2)]));
        let words: Vec<String> = changes.iter().map(ToString::to_string).collect();
        assert_eq!(
            words,
            [
                "change virtual server UDP 10.7.0.1:53",
                "change real server 10.8.0.1:8080 of UDP 10.7.0.1:53",
                "add real server 10.8.0.4:8080 of UDP 10.7.0.1:53",
                "change real server 10.8.0.0:8080 of UDP 10.7.0.1:53",
                "remove real server 10.8.0.2:8080 of UDP 10.7.0.1:53",
                "remove virtual server TCP [2001:db8::2]:443",
            ]
        );
    }
}
