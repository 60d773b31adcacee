//! Who may use whom inside the engine, as ARCHITECTURE.md says it.

use super::graph::Graph;
use super::{none, root};

/// Each room of the engine, and of its `conf`, with the rooms that it uses: no other, and each of these. A file
/// `node.rs` and a folder `node/` are one room.
const USES: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("ipvs", &[]),
    ("time", &[]),
    ("state", &[]),
    ("refused", &[]),
    ("certificates", &[]),
    // The language: text becomes trees, trees become the typed result, and that text again.
    ("conf/text", &[]),
    ("conf/config", &["conf/text", "ipvs", "wire"]),
    ("conf/expand", &["conf/text"]),
    ("conf/grammar", &["conf/config", "conf/text", "wire"]),
    ("conf/global", &["conf/config", "conf/grammar", "conf/text", "wire"]),
    ("conf/vrrp", &["conf/config", "conf/global", "conf/grammar", "conf/text", "wire"]),
    ("conf/lvs", &["conf/config", "conf/global", "conf/grammar", "conf/text", "conf/vrrp", "ipvs"]),
    ("conf/print", &["conf/config", "conf/grammar", "conf/lvs", "conf/vrrp", "ipvs", "wire"]),
    ("conf/build", &["conf/config", "conf/global", "conf/grammar", "conf/lvs", "conf/text", "conf/vrrp"]),
    ("conf/parse", &["conf/build", "conf/config", "conf/expand", "conf/grammar", "conf/text"]),
    ("conf/meaning", &["conf/grammar"]),
    ("conf/outline", &["conf/expand", "conf/grammar", "conf/print", "conf/text"]),
    // What routers and virtual servers do, and the words for it.
    ("notice", &["state", "time", "wire"]),
    ("lvs", &["conf/config", "ipvs", "notice", "time"]),
    ("control", &["conf/config", "lvs", "state"]),
    ("seen", &["control", "notice"]),
    ("action", &["conf/config", "control", "notice", "refused", "state", "wire"]),
    ("input", &["action", "conf/config", "control", "wire"]),
    ("links", &["input"]),
    ("debounce", &["conf/config", "input", "time"]),
    ("neighbours", &["time", "wire"]),
    ("strangers", &["control", "links", "time"]),
    ("timer", &["time"]),
    (
        "vrrp",
        &[
            "action",
            "conf/config",
            "control",
            "input",
            "links",
            "neighbours",
            "notice",
            "refused",
            "state",
            "time",
            "timer",
            "wire",
        ],
    ),
    ("listening", &["action", "links", "vrrp"]),
    ("starting", &["action", "input", "time"]),
    (
        "node",
        &[
            "action",
            "conf/config",
            "control",
            "debounce",
            "input",
            "links",
            "listening",
            "neighbours",
            "notice",
            "refused",
            "starting",
            "strangers",
            "time",
            "timer",
            "vrrp",
        ],
    ),
];

/// The room that a file stands in: the engine's, or one of `conf`.
fn room(file: &str) -> &str {
    let end = if file.starts_with("conf/") { "conf/".len() } else { 0 };
    let length = file[end..].find(['/', '.']).unwrap_or(file.len() - end);
    &file[..end + length]
}

/// What the arrows of a crate and a table say of each other.
fn differences(graph: &Graph, table: &[(&str, &[&str])]) -> Vec<String> {
    let mut found = Vec::new();
    for ((user, used), line) in graph.arrows.iter().filter(|((user, used), _)| room(user) != room(used)) {
        let uses = table.iter().find(|(name, _)| *name == room(user)).map_or(&[][..], |(_, uses)| *uses);
        if !uses.contains(&room(used)) {
            found.push(format!("{user}:{line}: {} uses {used}", room(user)));
        }
    }
    let is_used = |from: &str, to: &str| graph.arrows.keys().any(|(user, used)| room(user) == from && room(used) == to);
    let said = table.iter().flat_map(|(from, uses)| uses.iter().map(move |to| (from, to)));
    found.extend(said.filter(|(from, to)| !is_used(from, to)).map(|(from, to)| format!("{from} does not use {to}")));
    let is_known = |name: &str| table.iter().any(|(known, _)| *known == name);
    let rooms = graph.files_read().filter(|file| !file.ends_with("mod.rs") && *file != "lib.rs").map(room);
    let unknown: std::collections::BTreeSet<&str> = rooms.filter(|room| !is_known(room)).collect();
    found.extend(unknown.into_iter().map(|room| format!("{room}: say in tests/tidy/engine.rs whom it uses")));
    found
}

#[test]
fn rooms_of_the_engine_use_only_whom_they_may() {
    none(&differences(&Graph::read(&root().join("src/engine/src")), USES), "ARCHITECTURE.md, \"Who may use whom\"");
}

/// An arrow too many, one too few, and a room that nobody speaks of are found.
#[test]
fn a_planted_arrow_is_found() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("lib.rs", "mod conf;\nmod wire;\nmod vrrp;\n"),
        ("conf/mod.rs", "mod text;\nmod vrrp;\n"),
        ("conf/text.rs", "use crate::wire::Frame;\n"),
        ("conf/vrrp.rs", "use super::text::Line;\n"),
        ("vrrp/mod.rs", "mod fsm;\n"),
        ("vrrp/fsm.rs", "use crate::conf::vrrp::Instance;\n"),
        ("wire.rs", ""),
    ] {
        std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let graph = Graph::read(folder.path());
    let found = |table: &[(&str, &[&str])]| differences(&graph, table);
    let text = ("conf/text", &["wire"][..]);
    let (within, above) = (("conf/vrrp", &["conf/text"][..]), ("vrrp", &["conf/vrrp"][..]));
    assert_eq!(found(&[text, within, above, ("wire", &[])]), Vec::<String>::new());
    assert_eq!(found(&[text, within, ("vrrp", &[]), ("wire", &[])]), ["vrrp/fsm.rs:1: vrrp uses conf/vrrp.rs"]);
    assert_eq!(found(&[text, within, above, ("wire", &["vrrp"])]), ["wire does not use vrrp"]);
    assert_eq!(found(&[text, within, above]), ["wire: say in tests/tidy/engine.rs whom it uses"]);
}
