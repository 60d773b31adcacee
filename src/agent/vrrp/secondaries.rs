//! `promote_secondaries`: where the first address of a subnet goes from an interface, the kernel keeps the others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use hactl_engine::conf::config::VrrpInstance;
use hactl_engine::input::Link;

use crate::sys::process::sysctl::Sysctls;

/// The kernel's setting of each interface that an instance asks it for, put back as it was found.
#[derive(Default)]
pub(crate) struct Secondaries {
    sysctls: Sysctls,
}

impl Secondaries {
    /// What an earlier process that was killed has set is put back with ours; it is noted beside this file.
    pub(crate) fn noted_beside(settings: &Path) -> Self {
        Self { sysctls: Sysctls::noted_in(settings.with_extension("secondaries")) }
    }

    /// Sets it where it is asked for and the interface is there, and puts it back where nobody asks any more. Macvlans
    /// have it in any case.
    pub(crate) fn follow(
        &mut self,
        instances: &[Arc<VrrpInstance>],
        links: &BTreeMap<u32, Link>,
        warnings: &mut Vec<String>,
    ) {
        let wanted = |one: &&Arc<VrrpInstance>| one.promote_secondaries && one.vmac.is_none();
        let names: BTreeSet<&str> = instances.iter().filter(wanted).map(|one| one.interface.as_str()).collect();
        if names.is_empty() && self.sysctls.is_untouched() {
            return;
        }
        self.sysctls.restore(|key| names.iter().any(|name| key == setting(name)));
        for name in names.into_iter().filter(|name| links.values().any(|link| link.name == **name)) {
            if let Err(error) = self.sysctls.set(&setting(name), "1") {
                warnings.push(format!(
                    "cannot set {} to 1: {error}; the addresses of {name} may go with the first one of their subnet (in a \
                     container: set it from outside)",
                    setting(name)
                ));
            }
        }
    }

    /// Puts the settings back.
    pub(crate) fn leave(mut self) {
        self.sysctls.restore(|_| false);
    }
}

fn setting(name: &str) -> String {
    format!("net/ipv4/conf/{name}/promote_secondaries")
}
