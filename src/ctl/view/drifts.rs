//! What is not as the last deploy left it, look by look: told when it is new and when it is gone. A host that did not
//! answer is not known to be otherwise than before.

use crate::ctl::drift::Drift;
use crate::ctl::verify::status::Status;

/// The drift of the last look, with the host of each.
#[derive(Debug, Default)]
pub struct Drifts {
    known: Vec<(String, Drift)>,
}

/// What a look brought.
#[derive(Debug, Default, PartialEq)]
pub struct Drifted {
    /// Was not so before.
    pub new: Vec<(String, Drift)>,
    /// Is so no more.
    pub gone: Vec<(String, Drift)>,
}

impl Drifts {
    /// Takes what a look found; nothing where it did not ask.
    pub fn take(&mut self, status: &Status) -> Drifted {
        let Some(hosts) = &status.drift else { return Drifted::default() };
        let all = hosts.iter().flat_map(|host| host.drift.iter().map(|one| (host.host.clone(), one.clone())));
        let mut found: Vec<_> = all.collect();
        let not_asked = |(host, _): &&(String, Drift)| status.drift_unknown.contains(host);
        found.extend(self.known.iter().filter(not_asked).cloned());
        let lacks = |all: &[(String, Drift)], one: &(String, Drift)| !all.contains(one);
        let new = found.iter().filter(|one| lacks(&self.known, one)).cloned().collect();
        let gone = self.known.iter().filter(|one| lacks(&found, one)).cloned().collect();
        self.known = found;
        Drifted { new, gone }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ctl::inventory::load::parse;
    use crate::ctl::verify::status::{HostDrift, unseen};

    #[test]
    fn drift_is_told_when_it_comes_and_when_it_goes() {
        let text = include_str!("../../../inventories/homework.yaml");
        let mut status = unseen(&parse(Path::new("x.yaml"), text).unwrap().cluster, Vec::new()).value;
        let mut drifts = Drifts::default();
        assert_eq!(drifts.take(&status), Drifted::default(), "not asked");
        let edited = Drift { kind: "file", what: "/etc/hactl/hactl.conf was edited".into() };
        status.drift = Some(vec![HostDrift { host: "lb-6".into(), drift: vec![edited.clone()] }]);
        let one = vec![("lb-6".to_owned(), edited)];
        assert_eq!(drifts.take(&status), Drifted { new: one.clone(), gone: vec![] });
        assert_eq!(drifts.take(&status), Drifted::default());
        (status.drift, status.drift_unknown) = (Some(vec![]), vec!["lb-6".into()]);
        assert_eq!(drifts.take(&status), Drifted::default(), "it did not answer");
        status.drift_unknown.clear();
        assert_eq!(drifts.take(&status), Drifted { new: vec![], gone: one });
    }
}
