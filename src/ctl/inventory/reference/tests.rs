//! What the reference says, held against the reader of inventories.

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

use super::{Key, Section, sections};
use crate::ctl::inventory::load::parse;
use crate::error::{Code, Failure};

/// What files the examples name.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let names = ["www.example.cc", "example.cc"].map(str::to_owned);
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("www.pem", &made.cert.pem());
    write("www.key", &made.signing_key.serialize_pem());
    write("htpasswd", "ann:$6$salt$hash\n");
    write("soon.html", "<h1>Soon</h1>\n");
    folder
}

/// The frame of a section with these entries; those of its own that a key stands for or does not go with are left out.
fn inventory(section: &Section, key: Option<(&str, &Key)>, entry: &str) -> String {
    let own = Regex::new(r"\[\[([a-z_]+)(: (?:[^\[\]]|\[[^\[\]]*\])*)\]\](, )?").unwrap();
    let gone = |name: &str| key.is_some_and(|(own, key)| name == own || key.without.iter().any(|other| other == name));
    let frame = own.replace_all(&section.frame, |found: &regex::Captures<'_>| match gone(&found[1]) {
        true => String::new(),
        false => format!("{}{}{}", &found[1], &found[2], found.get(3).map_or("", |comma| comma.as_str())),
    });
    let with = key.map_or("", |(_, key)| key.with.as_str());
    let between = if with.is_empty() { "" } else { ", " };
    frame.replace("@@", &format!("{with}{between}{entry}"))
}

fn read(folder: &Path, text: &str) -> Result<String, Failure> {
    let loaded = parse(&folder.join("inventory.yaml"), text)?;
    // Where something stands is no part of what it means.
    let drawn = Regex::new(
        r#"Span \{ file: "[^"]*", line: [0-9]+, column: [0-9]+, length: [0-9]+, text: "(?:[^"\\]|\\.)*" \}"#,
    );
    Ok(drawn.unwrap().replace_all(&format!("{:?}", loaded.cluster), "Span").into_owned())
}

#[test]
fn each_example_is_taken_and_each_default_is_one() {
    let folder = folder();
    let mut wrong = Vec::new();
    for section in sections() {
        for (name, key) in &section.keys.0 {
            let frame = |value: &str| inventory(&section, Some((name, key)), &format!("{name}: {value}"));
            let example = match key.instead.as_str() {
                "" => frame(&key.example),
                text => text.to_owned(),
            };
            if let Err(failure) = read(folder.path(), &example) {
                wrong.push(format!("{}.{name}: {:?}\n{example}", section.path, failure.problems));
            }
            let Some(default) = key.default.as_deref().filter(|_| !key.differs) else { continue };
            let without = inventory(&section, Some((name, key)), "");
            match (read(folder.path(), &frame(default)), read(folder.path(), &without)) {
                (Ok(said), Ok(left_out)) if said == left_out => {}
                (said, left_out) => {
                    wrong.push(format!("{}.{name}: {default} is not {left_out:?}, but {said:?}", section.path))
                }
            }
        }
        for (block, directives) in &section.directives.0 {
            for (name, value) in &directives.0 {
                if let Err(failure) = read(folder.path(), &inventory(&section, None, &format!("{name}: {value}"))) {
                    wrong.push(format!("{block} {name}: {:?}", failure.problems));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_key_that_is_read_is_there_and_no_other() {
    let folder = folder();
    let all = super::read().unwrap();
    let mut wrong = Vec::new();
    for section in &all {
        let failure = read(folder.path(), &inventory(section, None, "no_such_key: 1")).unwrap_err();
        let unknown = failure.problems.iter().find(|problem| {
            problem.code == Code::UnknownField && problem.message.contains(&format!("in {}", section.what))
        });
        let Some(unknown) = unknown else {
            wrong.push(format!("{}: {:?}", section.path, failure.problems));
            continue;
        };
        let next = unknown.next.as_deref().unwrap_or_default();
        let (_, known) = next.split_once("known here: ").unwrap();
        let known: BTreeSet<&str> = known.split(", ").collect();
        let below = all.iter().filter(|other| section.adds && other.path == section.path);
        let own = std::iter::once(section).chain(below).flat_map(|section| &section.keys.0).map(|(name, _)| name);
        let directives = section.directives.0.iter().flat_map(|(_, all)| &all.0).map(|(name, _)| name);
        let said: BTreeSet<&str> = own.chain(directives).map(String::as_str).collect();
        if known != said {
            let (lacks, more): (Vec<_>, Vec<_>) =
                (known.difference(&said).collect(), said.difference(&known).collect());
            wrong.push(format!("{}: lacks {lacks:?}, and has {more:?}, which nobody reads", section.path));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A mapping that is read somewhere has a section: its words in the code are all there.
#[test]
fn every_mapping_has_a_section() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ctl/inventory");
    let read = Regex::new(r#"\.fields\([a-z_]+, "([^"]+)"\)"#).unwrap();
    let mut named = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            named.extend(read.captures_iter(&text).map(|found| found[1].to_owned()));
        }
    }
    assert!(named.len() > 25, "{named:?}");
    // Their keys are names that people choose.
    for free in ["vars", "group_vars", "roles", "pools", "priorities", "proxy_params", "budgets"] {
        assert!(named.remove(free), "{free}");
    }
    let sections: BTreeSet<String> = sections().into_iter().map(|section| section.what).collect();
    let lacking: Vec<_> = named.difference(&sections).collect();
    assert!(lacking.is_empty(), "{lacking:?}");
}
