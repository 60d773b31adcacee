//! Includes, conditional lines, definitions and repetition, and where faults in them are found.

use std::collections::BTreeMap;

use super::super::config::Config;
use super::super::surroundings::Surroundings;
use super::super::{Parsed, parse_with};
use super::support::{faults, instance, shown};

/// A host with these files.
struct Host {
    files: BTreeMap<&'static str, String>,
}

impl Surroundings for Host {
    fn include(&mut self, pattern: &str, from: &str) -> Result<Vec<(String, String)>, String> {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = if pattern.starts_with('/') { pattern.to_owned() } else { format!("{folder}/{pattern}") };
        let (start, end) = path.split_once('*').unwrap_or((&path, ""));
        let fits = |name: &str| name.starts_with(start) && name.ends_with(end);
        Ok(self
            .files
            .iter()
            .filter(|(name, _)| fits(name))
            .map(|(name, text)| (name.to_string(), text.clone()))
            .collect())
    }

    fn config_id(&self) -> Option<&str> {
        Some("lb-5")
    }

    fn environment(&self, name: &str) -> Option<String> {
        (name == "PRIO").then(|| "37".into())
    }

    fn random(&mut self) -> u32 {
        12_345
    }
}

fn read_with(text: &str, files: &[(&'static str, &str)]) -> Parsed {
    let files = files.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
    parse_with("/etc/ha.conf", text, &mut Host { files })
}

fn read(text: &str) -> Config {
    let parsed = read_with(text, &[]);
    assert_eq!(shown(&parsed), Vec::<String>::new());
    parsed.config
}

#[test]
fn includes_are_read_where_they_stand() {
    let one = instance("priority 37");
    let two = one.replace("web {", "two {").replace("37", "38").replace("10.1.2.3", "10.1.2.4");
    let parsed = read_with("include d/*.conf\n", &[("/etc/d/1.conf", one.as_str()), ("/etc/d/2.conf", &two)]);
    assert_eq!(shown(&parsed), Vec::<String>::new());
    assert_eq!(parsed.config.instances.iter().map(|one| one.vrid).collect::<Vec<_>>(), [37, 38]);
    assert_eq!(parsed.config.instances[1].location.file, "/etc/d/2.conf");
}

#[test]
fn a_fault_in_an_included_file_is_found_there() {
    let parsed = read_with("\n\ninclude more\n", &[("/etc/more", "\nvrrp_instnace x {\n}\n")]);
    let at = parsed.diagnostics[0].location.clone().unwrap();
    assert_eq!((at.file.as_str(), at.line, at.column), ("/etc/more", 2, 1));
}

#[test]
fn files_that_are_missing_or_include_themselves_are_told() {
    let said = |text: &str, files: &[(&'static str, &str)]| shown(&read_with(text, files));
    assert_eq!(said("include nothing\n", &[])[0], "W 1:1 `include nothing` finds no file");
    assert_eq!(said("includea nothing\n", &[])[0], "E 1:1 `includea nothing` finds no file");
    let again = said("include a\n", &[("/etc/a", "include a\n")]);
    assert_eq!(again[0], "E 1:1 `/etc/a` includes itself; ignored");
    assert_eq!(faults("include x\n")[0], "W 1:1 `include x`: the files it names are not read here");
}

#[test]
fn conditional_lines_are_for_one_host() {
    let found = read(&instance("@lb-5 priority 37\n@lb-6 priority 91\n@^lb-5 nopreempt\n@^lb-6 advert_int 7"));
    let found = &found.instances[0];
    assert_eq!((found.priority, found.nopreempt, found.advert_interval.as_secs()), (37, false, 7));
    assert!(faults(&instance("@lb-5 priority 37"))[0].contains("need a host"));
}

#[test]
fn definitions_are_bound_late_and_may_be_nested() {
    let text = "$BASE=10.1\n$NET=${BASE}.2\n$MORE= \\\n nopreempt \\\n priority $P\n$P=91\n".to_owned()
        + &instance("$MORE").replace("10.1.2.3", "$NET.3");
    let found = &read(&text).instances[0];
    assert_eq!((found.priority, found.nopreempt), (91, true));
    assert_eq!(found.addresses[0].address.to_string(), "10.1.2.3/27");
    let said = shown(&read_with(&("$A=$B\n$B=$A\n".to_owned() + &instance("priority $A")), &[]));
    assert!(said[0].contains("without end"), "{said:?}");
    let said = faults(&instance("priority $NONE"));
    assert_eq!(said, ["E 2:10 `priority $NONE` is not in 1..=255; 100 is used"]);
}

#[test]
fn what_is_built_in_is_known() {
    let text = instance("priority ${_ENV PRIO}\nnotify_master \"${_PWD}/x ${_RANDOM 1 10} ${_HASH}\"");
    let found = &read(&text).instances[0];
    assert_eq!(
        (found.priority, found.notify.master.clone().unwrap()),
        (37, vec!["/etc/x".into(), "6".into(), "#".into()])
    );
}

#[test]
fn one_line_stands_for_many() {
    let text = instance(
        "virtual_ipaddress_excluded {\n~SEQ(A, 1, 2)~SEQ(B, 7, 8) 10.$A.0.$B/24 dev eth$A\n~LST(X, 5, 6) 10.3.0.$X/24\n}",
    );
    let found = &read(&text).instances[0];
    let shown: Vec<String> = found.excluded.iter().map(|one| one.address.to_string()).collect();
    assert_eq!(shown, ["10.1.0.7/24", "10.1.0.8/24", "10.2.0.7/24", "10.2.0.8/24", "10.3.0.5/24", "10.3.0.6/24"]);
    assert_eq!(found.excluded[2].interface.as_deref(), Some("eth2"));
    assert_eq!(faults(&instance("~SEQ(N, 1, 0, 3) x"))[0], "E 2:1 ~SEQ(N, 1, 0, 3) never ends; this line is ignored");
}
