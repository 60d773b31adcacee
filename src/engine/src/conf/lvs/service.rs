//! From what a virtual server is called after to the services that it has in the kernel; no service twice.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::family::Families;
use super::group::Group;
use super::head::Head;
use crate::conf::text::place::{At, Place};
use crate::conf::text::sink::{Reported, Sink};
use crate::ipvs::{Protocol, ServiceKey};

/// The services of the whole file.
#[derive(Debug, Default)]
pub(super) struct Claims {
    taken: HashMap<ServiceKey, Place>,
    upstreams: HashMap<String, Place>,
}

impl Claims {
    /// The name of an upstream, if it is still free; else that is reported.
    pub(crate) fn upstream(&mut self, name: &At<String>, sink: &mut Sink<'_>) -> Result<(), Reported> {
        match self.upstreams.entry(name.0.clone()) {
            Entry::Vacant(free) => {
                free.insert(name.1);
                Ok(())
            }
            Entry::Occupied(taken) => {
                let line = sink.earlier(*taken.get());
                sink.error(name.1, format!("upstream `{}` stands already on {line}; ignored", name.0));
                Err(Reported)
            }
        }
    }

    /// The services of a virtual server that are still free, and of its families; what is not is reported.
    pub(crate) fn services(
        &mut self,
        head: &Head,
        group: Option<&Group>,
        place: Place,
        protocol: Protocol,
        families: Families,
        sink: &mut Sink<'_>,
    ) -> Vec<ServiceKey> {
        let wanted = match (head, group) {
            (Head::Address(address), _) => vec![(ServiceKey::Address { protocol, address: *address }, place)],
            (Head::Mark(mark), _) => vec![(ServiceKey::Mark { family: families.marks, mark: *mark }, place)],
            (Head::Group(_), Some(group)) => group.services(protocol, families.marks),
            (Head::Group(_), None) | (Head::Upstream(_), _) => Vec::new(),
        };
        let mut services = Vec::with_capacity(wanted.len());
        // One message a line of the group: a range is one fault.
        let mut told: Option<Place> = None;
        for (key, at) in wanted {
            if families.only.is_some_and(|only| key.family() != only) {
                if told.replace(at) != Some(at) {
                    let message = format!("{key} is ignored: the real servers are of another family");
                    sink.error_help(at, message, "only `TUN` gets packets of one family to a server of the other");
                }
                continue;
            }
            if self.taken.len() >= SERVICES_MAX && !self.taken.contains_key(&key) {
                sink.error(place, format!("the file has more than {SERVICES_MAX} services; what is beyond is ignored"));
                break;
            }
            match self.taken.entry(key) {
                Entry::Vacant(free) => {
                    free.insert(place);
                    services.push(key);
                }
                Entry::Occupied(taken) => {
                    if told.replace(at) != Some(at) {
                        twice(key, at, place, *taken.get(), sink);
                    }
                }
            }
        }
        services
    }
}

fn twice(key: ServiceKey, at: Place, place: Place, earlier: Place, sink: &mut Sink<'_>) {
    if earlier == place {
        sink.error(at, format!("{key} stands twice in the group; ignored here"));
        return;
    }
    let line = sink.earlier(earlier);
    sink.error(place, format!("{key} is served already by the virtual server on {line}; ignored"));
}

/// Services that one file may have, ranges spread out.
const SERVICES_MAX: usize = 262_144;
