//! From what a virtual server is called after to the services that it has in the kernel; no service twice.

use std::collections::HashMap;

use super::super::sink::{Place, Sink};
use super::family::Families;
use super::group::Group;
use super::head::Head;
use crate::lvs::table::{Protocol, ServiceKey};

/// The services of the whole file.
#[derive(Debug, Default)]
pub(super) struct Claims {
    taken: HashMap<ServiceKey, Place>,
}

impl Claims {
    /// The services of a virtual server that are still free, and of its families; what is not is reported.
    pub(super) fn services(
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
            (Head::Group(_), None) => Vec::new(),
        };
        let mut services = Vec::with_capacity(wanted.len());
        for (key, at) in wanted {
            if families.only.is_some_and(|only| key.family() != only) {
                let message = format!("{key} is ignored: its real servers are of another family");
                sink.error_help(at, message, "only `TUN` gets packets of one family to a server of the other");
                continue;
            }
            if self.taken.len() >= SERVICES_MAX && !self.taken.contains_key(&key) {
                sink.error(place, format!("the file has more than {SERVICES_MAX} services; what is beyond is ignored"));
                break;
            }
            match self.taken.insert(key, place) {
                None => services.push(key),
                Some(earlier) => {
                    self.taken.insert(key, earlier);
                    let line = sink.earlier(earlier);
                    let message = if earlier == place {
                        format!("{key} stands twice in the group; this line is ignored")
                    } else {
                        format!("{key} is served already by the virtual server on {line}; ignored")
                    };
                    sink.error(if earlier == place { at } else { place }, message);
                }
            }
        }
        services
    }
}

/// Services that one file may have, ranges spread out.
pub const SERVICES_MAX: usize = 262_144;
