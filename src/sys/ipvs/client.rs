//! The conversation with the kernel's IPVS.

use std::collections::BTreeMap;
use std::io;

use hactl_engine::conf::config::lvs::Timeouts;
use hactl_engine::ipvs::{Service, ServiceKey, Table};
use hactl_engine::lvs::diff::Change;
use hactl_engine::lvs::load::{Loads, ServiceLoad};
use hactl_engine::lvs::sync::{SyncRole, SyncSettings};
use nix::errno::Errno;

use super::error::{IpvsError, Refused};
use super::module::{self, Schedulers};
use super::{decode, encode};
use crate::sys::netlink::generic::{Genetlink, Message};

const FAMILY: &str = "IPVS";
const VERSION: u8 = 1;

/// The IPVS of one network namespace: the one in which the socket was opened.
pub struct Ipvs {
    link: Genetlink,
    schedulers: Schedulers,
}

/// What a look at the kernel found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// Services and destinations.
    pub table: Table,
    /// What they carry.
    pub loads: Loads,
}

impl Ipvs {
    /// Opens the conversation, and loads the module `ip_vs` where it is missing.
    ///
    /// # Errors
    /// [`IpvsError::NoModule`] where there is none.
    pub fn open() -> Result<Self, IpvsError> {
        let socket = |source| IpvsError::Socket { what: "ask for IPVS".to_owned(), source };
        match Genetlink::open(FAMILY, VERSION) {
            Ok(link) => return Ok(Self::over(link)),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(socket(error)),
            Err(_) => module::load("ip_vs").map_err(|why| IpvsError::NoModule { said: why.to_string() })?,
        }
        Genetlink::open(FAMILY, VERSION).map(Self::over).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => IpvsError::NoModule { said: "it is loaded and offers nothing".to_owned() },
            _ => socket(error),
        })
    }

    fn over(link: Genetlink) -> Self {
        Self { link, schedulers: Schedulers::default() }
    }

    /// Reads the whole table, with what each entry carries.
    ///
    /// # Errors
    /// The kernel's.
    pub fn read(&mut self) -> Result<Observed, IpvsError> {
        let mut observed = Observed::default();
        let what = "list the virtual servers";
        let dumped = self.link.dump(&encode::list_services(), |entry| {
            let Some((key, settings, traffic)) = decode::service(entry) else { return };
            observed.table.insert(key, Service { settings, destinations: BTreeMap::new() });
            observed.loads.insert(key, ServiceLoad { traffic, destinations: BTreeMap::new() });
        });
        dumped.map_err(|error| IpvsError::of(what, error, |_| None))?;
        for ((key, service), load) in observed.table.iter_mut().zip(observed.loads.values_mut()) {
            self.read_destinations(key, service, load)?;
        }
        Ok(observed)
    }

    /// Reads the whole table.
    ///
    /// # Errors
    /// The kernel's.
    pub fn table(&mut self) -> Result<Table, IpvsError> {
        self.read().map(|observed| observed.table)
    }

    fn read_destinations(
        &mut self,
        key: &ServiceKey,
        service: &mut Service,
        load: &mut ServiceLoad,
    ) -> Result<(), IpvsError> {
        let dumped = self.link.dump(&encode::list_destinations(key), |entry| {
            let Some((address, settings, carries)) = decode::destination(entry, key.family()) else { return };
            service.destinations.insert(address, settings);
            load.destinations.insert(address, carries);
        });
        dumped.map_err(|error| IpvsError::of(&format!("list the real servers of {key}"), error, |_| None))
    }

    /// Carries out changes in their order, many in one call, and returns those that the kernel refused; the others
    /// took effect. Destinations of a service that was refused are not reported one by one. A scheduler that is new to
    /// the kernel is loaded first, which takes as long as `modprobe` does.
    ///
    /// # Errors
    /// When the socket fails; what took effect is unknown then: read the table.
    pub fn apply(&mut self, changes: &[Change]) -> Result<Vec<Refused>, IpvsError> {
        self.schedulers.prepare(changes);
        let failed = self.link.transact(changes.iter().map(encode::change));
        let failed = failed.map_err(|error| IpvsError::of("take changes", error, |_| None))?;
        let mut refused: Vec<Refused> = Vec::new();
        for (place, error) in failed {
            let Some(change) = changes.get(place) else { continue };
            let orphan = error.raw_os_error() == Some(Errno::ESRCH as i32)
                && refused.iter().rev().any(|earlier| {
                    matches!(earlier.change, Change::AddService { service, .. } if service == change.service())
                });
            if !orphan {
                refused.push(Refused { place, change: change.clone(), error });
            }
        }
        Ok(refused)
    }

    /// Empties the table, whoever made its entries.
    ///
    /// # Errors
    /// The kernel's.
    pub fn flush(&mut self) -> Result<(), IpvsError> {
        self.ask("empty the table", &encode::flush(), |_| None).map(drop)
    }

    /// How long idle connections are remembered.
    ///
    /// # Errors
    /// The kernel's.
    pub fn timeouts(&mut self) -> Result<Timeouts, IpvsError> {
        self.ask("tell its timeouts", &encode::ask_timeouts(), |_| None).map(|answer| decode::timeouts(&answer))
    }

    /// Sets timeouts of new connections; those not given, and those of 0 s, stay as they are.
    ///
    /// # Errors
    /// The kernel's.
    pub fn set_timeouts(&mut self, timeouts: &Timeouts) -> Result<(), IpvsError> {
        self.ask("set timeouts", &encode::timeouts(timeouts), |errno| {
            (errno == Errno::EINVAL).then_some("a timeout is too long for this kernel: take less than 24 days")
        })
        .map(drop)
    }

    /// The sides of the connection synchronisation that run.
    ///
    /// # Errors
    /// The kernel's.
    pub fn daemons(&mut self) -> Result<BTreeMap<SyncRole, SyncSettings>, IpvsError> {
        let mut daemons = BTreeMap::new();
        let dumped = self.link.dump(&encode::list_daemons(), |entry| daemons.extend(decode::daemon(entry)));
        dumped.map_err(|error| IpvsError::of("list its sync daemons", error, |_| None))?;
        Ok(daemons)
    }

    /// Starts one side of the synchronisation.
    ///
    /// # Errors
    /// The kernel's: no such interface, or that side runs already.
    pub fn start_daemon(&mut self, role: SyncRole, settings: &SyncSettings) -> Result<(), IpvsError> {
        let what = format!("start the sync daemon ({role}) on {}", settings.interface);
        let question = encode::start_daemon(role, settings);
        self.ask(&what, &question, |errno| match errno {
            Errno::ENODEV => Some("there is no such interface: see `ip link`"),
            Errno::EEXIST => Some("it runs already: stop it before"),
            Errno::EINVAL => Some("no real server may be of the other family than its virtual server"),
            _ => None,
        })
        .map(drop)
    }

    /// Stops one side of the synchronisation.
    ///
    /// # Errors
    /// The kernel's: `ESRCH` when that side does not run.
    pub fn stop_daemon(&mut self, role: SyncRole) -> Result<(), IpvsError> {
        let what = format!("stop the sync daemon ({role})");
        self.ask(&what, &encode::stop_daemon(role), |errno| (errno == Errno::ESRCH).then_some("it does not run"))
            .map(drop)
    }

    fn ask(
        &mut self,
        what: &str,
        question: &Message,
        advise: impl Fn(Errno) -> Option<&'static str>,
    ) -> Result<Vec<u8>, IpvsError> {
        self.link.ask(question).map_err(|error| IpvsError::of(what, error, advise))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What else there is to prove needs a kernel with IPVS: `tests/vm`.
    #[test]
    fn a_kernel_without_ipvs_is_told_how_to_get_it() {
        match Ipvs::open() {
            Ok(_) => {}
            Err(error @ IpvsError::NoModule { .. }) => {
                assert!(error.to_string().contains("`modprobe ip_vs`"), "{error}")
            }
            Err(error) => panic!("{error}"),
        }
    }
}
