//! The kernel's half of the balancing: the table, the timeouts, the synchronisation of connections. What the kernel
//! refuses is told and tried again; a kernel without IPVS is told once.

use std::collections::{BTreeMap, BTreeSet};

use hactl_engine::conf::config::lvs::{FlushOnStop, Lvs, SyncDaemon};
use hactl_engine::control::RouterState;
use hactl_engine::ipvs::{ServiceKey, Table};
use hactl_engine::lvs::diff::{Change, diff};
use hactl_engine::lvs::sync::{SyncRole, SyncSettings};

use super::message::Instance;
use crate::sys::ipvs::{Ipvs, Observed};

/// The kernel as the director sees it.
#[derive(Default)]
pub(crate) struct Kernel {
    ipvs: Option<Ipvs>,
    /// Services that this agent made.
    owned: BTreeSet<ServiceKey>,
    /// The table differs from what is wanted.
    pub behind: bool,
    /// Warnings that were reported already.
    reported: BTreeSet<String>,
    /// Warnings that are still to be reported.
    warnings: Vec<String>,
    daemons: BTreeMap<SyncRole, SyncSettings>,
}

impl Kernel {
    /// What the kernel has; `None` when it cannot be asked.
    pub(crate) fn observe(&mut self) -> Option<Observed> {
        let ipvs = self.open()?;
        match ipvs.read() {
            Ok(observed) => Some(observed),
            Err(error) => {
                self.warning(error.to_string());
                None
            }
        }
    }

    /// Empties the table at the start (`lvs_flush`).
    pub(crate) fn flush(&mut self) {
        if let Some(Err(error)) = self.open().map(Ipvs::flush) {
            self.warning(error.to_string());
        }
    }

    /// Makes the kernel's table, which is `known` or else is read, what it shall be. `ours` are the services that this
    /// agent looks after.
    pub(crate) fn become_like(&mut self, known: Option<Table>, wanted: &Table, ours: BTreeSet<ServiceKey>) {
        self.owned.extend(ours.iter().copied());
        if self.owned.is_empty() && wanted.is_empty() {
            self.behind = false;
            return; // nothing of the kernel's is ours
        }
        self.behind = true;
        let Some(found) = known.or_else(|| self.observe().map(|observed| observed.table)) else { return };
        self.behind = false;
        self.change(&diff(&found, wanted, &self.owned));
        if !self.behind {
            self.owned = ours;
        }
    }

    /// Carries out changes.
    pub(crate) fn change(&mut self, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        // An entry that was refused before is still missing although this change succeeds: only comparing the whole
        // table mends that.
        let was_behind = std::mem::replace(&mut self.behind, true);
        let Some(ipvs) = self.open() else { return };
        match ipvs.apply(changes) {
            Ok(refused) => {
                self.behind = was_behind || !refused.is_empty();
                let more = refused.len().saturating_sub(TOLD_MAX);
                for one in refused.iter().take(TOLD_MAX) {
                    self.warning(one.to_string());
                }
                if more > 0 {
                    self.warning(format!("the kernel refused {more} more changes of its LVS table"));
                }
            }
            Err(error) => self.warning(error.to_string()),
        }
        if !self.behind {
            self.reported.clear();
        }
    }

    /// `lvs_timeouts`.
    pub(crate) fn set_timeouts(&mut self, lvs: &Lvs) {
        let wanted = lvs.timeouts;
        if wanted == Default::default() {
            return;
        }
        if let Some(Err(error)) = self.open().map(|ipvs| ipvs.set_timeouts(&wanted)) {
            self.warning(error.to_string());
        }
    }

    /// `lvs_sync_daemon`: the owner of the instance tells its connections, everybody else learns them.
    pub(crate) fn synchronise(
        &mut self,
        wanted: Option<&SyncDaemon>,
        states: &BTreeMap<String, RouterState>,
        instances: &BTreeMap<String, Instance>,
    ) {
        let wanted = wanted.map(|daemon| (roles(daemon, states), settings(daemon, instances)));
        let (roles, settings) = wanted.map_or((Vec::new(), None), |(roles, settings)| (roles, Some(settings)));
        let stale: Vec<SyncRole> = self
            .daemons
            .iter()
            .filter(|(role, running)| !roles.contains(role) || Some(*running) != settings.as_ref())
            .map(|(role, _)| *role)
            .collect();
        for role in stale {
            self.daemons.remove(&role);
            if let Some(Err(error)) = self.open().map(|ipvs| ipvs.stop_daemon(role)) {
                self.warning(error.to_string());
            }
        }
        let Some(settings) = settings else { return };
        for role in roles.into_iter().filter(|role| !self.daemons.contains_key(role)).collect::<Vec<_>>() {
            // One that an earlier run left is replaced: its settings may be others.
            let started = self.open().map(|ipvs| {
                let _ = ipvs.stop_daemon(role); // there is none, as a rule
                ipvs.start_daemon(role, &settings)
            });
            match started {
                Some(Ok(())) => drop(self.daemons.insert(role, settings.clone())),
                Some(Err(error)) => self.warning(error.to_string()),
                None => {}
            }
        }
    }

    /// Takes away what the configuration says that a stop shall.
    pub(crate) fn leave(&mut self, how: FlushOnStop) {
        match how {
            FlushOnStop::All => self.flush(),
            FlushOnStop::Ours | FlushOnStop::Services => {
                self.become_like(None, &Table::new(), BTreeSet::new());
                if self.behind && self.ipvs.is_some() {
                    // Something was changed by others meanwhile. There is no later try.
                    self.become_like(None, &Table::new(), BTreeSet::new());
                }
            }
        }
        // The daemons last: stopping them waits for locks that the kernel may hold for seconds.
        for role in std::mem::take(&mut self.daemons).into_keys() {
            if let Some(Err(error)) = self.open().map(|ipvs| ipvs.stop_daemon(role)) {
                self.warning(error.to_string());
            }
        }
    }

    /// The warnings since the last call, in words.
    pub(crate) fn warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.warnings)
    }

    fn open(&mut self) -> Option<&mut Ipvs> {
        if self.ipvs.is_none() {
            match Ipvs::open() {
                Ok(ipvs) => self.ipvs = Some(ipvs),
                Err(error) => self.warning(format!("{error}; nothing is balanced on this host until then")),
            }
        }
        self.ipvs.as_mut()
    }

    fn warning(&mut self, words: String) {
        if self.reported.insert(words.clone()) {
            self.warnings.push(words);
        }
    }
}

fn roles(daemon: &SyncDaemon, states: &BTreeMap<String, RouterState>) -> Vec<SyncRole> {
    match &daemon.instance {
        None => vec![SyncRole::Master, SyncRole::Backup],
        Some(name) => match states.get(name) {
            Some(RouterState::Master | RouterState::Handover) => vec![SyncRole::Master],
            Some(RouterState::Init | RouterState::Backup | RouterState::Fault) | None => vec![SyncRole::Backup],
            Some(RouterState::Stopped) => Vec::new(),
        },
    }
}

fn settings(daemon: &SyncDaemon, instances: &BTreeMap<String, Instance>) -> SyncSettings {
    let vrid = daemon.instance.as_ref().and_then(|name| instances.get(name)).map(|instance| instance.vrid);
    SyncSettings {
        interface: daemon.interface.clone(),
        id: daemon.id.or(vrid).unwrap_or(0),
        max_len: daemon.max_len,
        port: daemon.port,
        ttl: daemon.ttl,
        group: daemon.group,
    }
}

/// Refusals of one kind of change that are told one by one.
const TOLD_MAX: usize = 5;
