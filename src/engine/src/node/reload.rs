//! A new configuration while the agent runs: what stays, what goes, what is new.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Node;
use crate::action::{Batch, RouterId};
use crate::conf::config::{Config, VrrpInstance};
use crate::time::Instant;
use crate::vrrp::together::{Shared, place, same_router, virtual_addresses};

impl Node {
    /// Same name, VRID, interface and family: the same router, which keeps its state. The rest stops or starts.
    pub(super) fn reload(&mut self, now: Instant, config: Config, batches: &mut Vec<Batch>) {
        self.follow_settings(&config);
        let group_of = |name: &str| config.group_of(name).map(|group| group.name.clone());
        let mut wanted = config.instances.clone();
        wanted.iter_mut().for_each(|new| _ = place(new, &self.links));
        let mut kept = Vec::new();
        for (id, router) in &self.routers {
            if let Some(at) = wanted.iter().position(|new| same_router(router, new)) {
                kept.push((*id, wanted.remove(at)));
            }
        }
        let known: BTreeSet<String> = config.scripts.iter().map(|script| script.name.clone()).collect();
        self.scripts.retain(|name, _| known.contains(name));
        let gone: Vec<RouterId> =
            self.routers.keys().filter(|id| kept.iter().all(|(keep, _)| keep != *id)).copied().collect();
        for id in gone {
            self.leaving = true;
            self.with(id, now, batches, |router, ctx| router.leave(ctx));
        }
        let keeping: Vec<(RouterId, Arc<VrrpInstance>)> = kept;
        // An address that was virtual stays so until the routers that held it are gone.
        let old = self.routers.values().map(|router| router.config());
        let new = keeping.iter().map(|(_, new)| new).chain(&wanted).map(Arc::as_ref);
        let all: Vec<&VrrpInstance> = old.chain(new).collect();
        self.links.set_virtual(all.iter().flat_map(|one| virtual_addresses(one)));
        self.shared = Shared::of(all.into_iter());
        for (id, new) in keeping {
            let (settings, group) = (self.settings, group_of(&new.name));
            self.with(id, now, batches, |router, ctx| router.reconfigure(new, settings, group, ctx));
        }
        for new in wanted {
            let group = group_of(&new.name);
            let id = self.add(new, group);
            self.with(id, now, batches, |router, ctx| router.start(false, None, ctx));
        }
        let tracked = |name: &String| config.files.iter().any(|file| file.name == *name);
        self.files.retain(|name, _| tracked(name));
        let tracked = |name: &String| config.processes.iter().any(|process| process.name == *name);
        self.processes.retain(|name, _| tracked(name));
        self.form_groups(&config.groups);
        self.note_virtual_addresses();
        self.listening = None;
    }
}
