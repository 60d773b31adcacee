//! The repository's rules as a test: who may use whom, how large a file may be, what never appears. ARCHITECTURE.md
//! and STYLE.md say why. Every rule reports all its findings at once.

mod codes;
mod docs;
mod engine;
mod graph;
#[path = "../lab/page.rs"]
mod page;
mod prints;
mod purity;
mod recording;
mod variants;

use std::path::{Path, PathBuf};

use graph::Graph;

/// Lines that one file may have; most have 150.
const LINES_MAX: usize = 500;
/// As in `rustfmt.toml`.
const LINE_WIDTH: usize = 120;

/// Each room of `src` and the rooms and files it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("cli", &["agent", "ctl", "lab", "error", "includes", "text"]),
    ("agent", &["sys", "net", "pcap", "error", "includes", "certificate"]),
    // The desk pings the address from here to measure the gap, and replaces files of its own as a whole; it uses
    // nothing else of `sys`.
    (
        "ctl",
        &["certificate", "error", "includes", "pcap", "text", "net/http", "sys/packet/ping", "sys/process/replace"],
    ),
    ("lab", &["sys", "error"]),
    ("net", &[]),
    ("pcap", &[]),
    ("sys", &[]),
    ("error", &[]),
];

/// Rooms that may name the engine. `cli` does for the control protocol's words, `sys` for its types.
const MAY_USE_ENGINE: &[&str] = &["cli", "agent", "ctl", "net", "sys"];

#[test]
fn rooms_use_only_whom_they_may() {
    let mut found = Vec::new();
    let graph = Graph::read(&root().join("src"));
    for ((user, used), line) in &graph.arrows {
        let (room, _) = user.split_once(['/', '.']).unwrap();
        let allowed = MAY_USE.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, allowed)| *allowed);
        let within = |name: &str| used.strip_prefix(name).is_some_and(|rest| rest.starts_with(['/', '.']));
        if !within(room) && !allowed.iter().any(|name| within(name)) {
            found.push(format!("src/{user}:{line}: {room} uses {used}"));
        }
    }
    for (room, _) in MAY_USE.iter().filter(|(room, _)| !MAY_USE_ENGINE.contains(room)) {
        let files = rust_files("src").into_iter().filter(|file| file.path.starts_with(&format!("src/{room}/")));
        found.extend(files.flat_map(|file| naming(&file, &["hactl_engine"], "names the engine")));
    }
    none(&found, "ARCHITECTURE.md, \"Who may use whom\"");
}

#[test]
fn imports_go_round_in_no_circle() {
    let mut found = Vec::new();
    for folder in ["src/engine/src", "src"] {
        let graph = Graph::read(&root().join(folder));
        assert!(graph.arrows.len() > 100, "{folder}: {} arrows are not this crate", graph.arrows.len());
        found.extend(graph.circles());
    }
    none(&found, "what two files need of each other gets a place of its own below both");
}

/// A circle planted in a crate is found, whichever way its paths are written.
#[test]
fn a_planted_circle_is_found() {
    let ways = [
        // what one/a.rs says of two/b.rs, and what that says of it
        ("use crate::two::b::Thing;", "use super::super::one::a::Other;"),
        ("use crate::two::Thing;", "use crate::{one::a};\nfn f() { a::other() }"), // by a re-export, by a group
        ("fn f() { format!(\"{}\", crate::two::b::thing()) }", "use crate::one;\nfn f() -> one::a::Other {}"),
        ("use crate::two::{self as second};\nfn f(_: second::b::Thing) {}", "use crate::one::a::*;"),
        ("fn f() { crate::two::r#b::thing() }", "use crate::one::a;"),
        ("use crate::two::*;\nfn f() { b::thing() }", "use crate::one::a;"),
        ("macro_rules! reach { () => { crate::two::b::thing() } }", "fn f() { reach!() }"),
    ];
    for (a, b) in ways {
        let plant = |a: &str, b: &str| {
            let folder = tempfile::tempdir().unwrap();
            let write = |name: &str, text: &str| {
                std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
                std::fs::write(folder.path().join(name), text).unwrap();
            };
            write("lib.rs", "pub mod one;\nmod two;\n");
            write("one/mod.rs", "pub mod a;\n");
            write("two/mod.rs", "mod b;\npub use b::Thing;\n");
            write("one/a.rs", a);
            write("two/b.rs", b);
            Graph::read(folder.path()).circles()
        };
        let found = plant(a, b);
        assert_eq!(found.len(), 2, "between the files and between the rooms: {found:?} of {a}, {b}");
        assert_eq!(found[1].split(": ").next(), Some("one/a.rs <-> two/b.rs"));
        let tested = format!("#[cfg(test)]\nmod tests {{ {b} }}\n// {b}\nconst TEXT: &str = {b:?};");
        assert_eq!(plant(a, &tested), Vec::<String>::new(), "tests, comments and strings use nobody");
    }
}

/// A room that re-exports what is another's uses it.
#[test]
fn a_planted_re_export_is_found() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("lib.rs", "mod one;\nmod two;\n"),
        ("one/mod.rs", "mod a;\npub(crate) use a::Other;\npub(crate) use crate::two::b::Thing;\n"),
        ("one/a.rs", ""),
        ("two/mod.rs", "mod b;\n"),
        ("two/b.rs", "use crate::one::Other;\n"),
    ] {
        std::fs::create_dir_all(folder.path().join(name).parent().unwrap()).unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    assert_eq!(Graph::read(folder.path()).circles(), ["one <-> two: one/mod.rs:3 -> two/b.rs, two/b.rs:1 -> one/a.rs"]);
}

#[test]
fn every_room_has_a_rule() {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root().join("src")).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let known = name == "engine" || MAY_USE.iter().any(|(room, _)| *room == name);
        if entry.file_type().unwrap().is_dir() && !known {
            found.push(format!("src/{name}: say in tests/tidy/main.rs whom it may use"));
        }
    }
    none(&found, "no rule");
}

#[test]
fn only_sys_is_unsafe() {
    let found: Vec<String> = rust_files("src")
        .iter()
        .filter(|file| !file.path.starts_with("src/sys/"))
        .flat_map(|file| naming(file, &["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"], "outside src/sys"))
        .collect();
    none(&found, "unsafe code lives in src/sys");
}

#[test]
fn nothing_is_left_for_later() {
    const MARKS: &[&str] = &["todo!(", "unimplemented!(", "dbg!("];
    // Written in pieces, so that this file does not find itself.
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat()];
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut found = Vec::new();
    for file in rust_files("src").iter().chain(&rust_files("tests")) {
        found.extend(naming(file, MARKS, "left in the source").into_iter().filter(|_| file.path.starts_with("src/")));
        found.extend(saying(file, &words, "left in the source"));
    }
    none(&found, "finish it or say in words what is not supported");
}

/// A text that is included has paths of its own, which `graph.rs` does not see.
#[test]
fn no_source_comes_from_elsewhere() {
    let files = rust_files("src");
    let own = files.iter().filter(|file| file.path != "src/ctl/roles/builtin.rs"); // what `build.rs` lists
    let found: Vec<String> =
        own.flat_map(|file| naming(file, &["include!(", "extern crate"], "hides who is used")).collect();
    none(&found, "a module has its file, and is imported by its path");
}

/// A number that does not fit would become 0 in silence, and 0 means something to the kernel: every interface, one's
/// own process group.
#[test]
fn nothing_impossible_becomes_zero() {
    let mut found = Vec::new();
    for file in rust_files("src") {
        let converts = |line: &str| line.contains("try_from(") || line.contains("try_into()");
        let silent = |line: &str| converts(line) && line.contains("unwrap_or_default()");
        let lines = file.text.lines().enumerate().filter(|(_, line)| silent(line));
        found.extend(lines.map(|(number, line)| format!("{}:{}: {}", file.path, number + 1, line.trim())));
    }
    none(&found, "say which value stands for one that does not fit, or make it an error");
}

#[test]
fn files_are_small() {
    let found: Vec<String> = rust_files("src")
        .iter()
        .map(|file| (file.text.lines().count(), file))
        .filter(|(lines, _)| *lines > LINES_MAX)
        .map(|(lines, file)| format!("{}: {lines} lines", file.path))
        .collect();
    none(&found, "a file over 500 lines holds two things");
}

#[test]
fn every_room_says_what_it_is() {
    let mut found = Vec::new();
    for file in rust_files("src").iter().filter(|file| file.path.ends_with("/mod.rs")) {
        let doc: Vec<&str> = file.text.lines().take_while(|line| line.starts_with("//!")).collect();
        let sentences = sentences(&doc.join(" ").replace("//!", ""));
        if !(2..=4).contains(&sentences) {
            found.push(format!("{}: opens with {sentences} sentences of //! where 2 to 4 are wanted", file.path));
        }
        found.extend(logic(file));
    }
    none(&found, "mod.rs says what lives here, what may not, and where data goes; nothing else");
}

#[test]
fn every_dependency_has_its_reason() {
    let mut found = Vec::new();
    for manifest in ["Cargo.toml", "src/engine/Cargo.toml"] {
        let text = std::fs::read_to_string(root().join(manifest)).unwrap();
        let (mut listing, mut reason) = (false, false);
        for (number, line) in text.lines().enumerate() {
            if line.starts_with('[') {
                listing = line.ends_with("dependencies]");
                let alone = line.contains("dependencies.") && !reason;
                found.extend(alone.then(|| format!("{manifest}:{}: {line}", number + 1)));
            } else if listing && line.contains('=') && !line.contains("path =") && !reason {
                found.push(format!("{manifest}:{}: {line}", number + 1));
            }
            reason = line.starts_with('#');
        }
    }
    none(&found, "a comment above each dependency says what it is for");
}

#[test]
fn text_is_clean() {
    let mut found = Vec::new();
    for file in tracked() {
        let Ok(text) = std::fs::read_to_string(root().join(&file)) else { continue }; // binary, or deleted just now
        if !text.is_empty() && !text.ends_with('\n') {
            found.push(format!("{file}: no newline at the end"));
        }
        // Golden files and inputs keep every byte they came with.
        if file.ends_with(".snap") || file.starts_with("tests/fuzz/corpus/") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            if line.trim_end() != line {
                found.push(format!("{file}:{}: space at the end of the line", number + 1));
            }
        }
    }
    none(&found, "text files end with a newline and lines with a letter");
}

#[test]
fn no_path_of_somebodys_machine() {
    // Written in pieces, so that this file does not find itself.
    let marks = [["/ho", "me/"].concat(), ["/root/", ".cargo"].concat(), ["/wo", "rk/"].concat()];
    let marks: Vec<&str> = marks.iter().map(String::as_str).collect();
    let mut found = Vec::new();
    for path in tracked() {
        if let Ok(text) = std::fs::read_to_string(root().join(&path)) {
            found.extend(saying(&File { path, text }, &marks, "is a path of one machine"));
        }
    }
    none(&found, "paths are relative, or those of the hosts hactl manages");
}

#[test]
fn comments_end_where_lines_do() {
    let mut found = Vec::new();
    for path in tracked().into_iter().filter(|path| path.ends_with(".rs") || path.ends_with(".sh")) {
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue }; // deleted just now
        found.extend(long_comments(&File { path, text }));
    }
    none(&found, "comments end at 120 characters, as rustfmt's lines do");
}

/// The helpers below must be able to find something.
#[test]
fn the_rules_can_fail() {
    assert_eq!(sentences(" What was typed. `args.rs` is v1.2 of it; e.g. this: no. Done! "), 3);
    let file = |text: &str| File { path: "src/x/mod.rs".into(), text: text.into() };
    assert_eq!(logic(&file("//! A.\n\npub mod a;\npub use a::{\n    B,\n    C,\n};\n")), Vec::<String>::new());
    assert_eq!(logic(&file("mod a;\nfn b() {\n}\n")).len(), 1);
    let words = |count: usize| format!("// {}\n", "word ".repeat(count));
    assert_eq!(long_comments(&file(&words(24))).len() + long_comments(&file("// a\n")).len(), 1);
    assert_eq!(long_comments(&file(&format!("f(\"a\"); {}", words(24)))).len(), 1, "behind code, too");
    assert_eq!(long_comments(&file(&format!("f(\"a {}", words(24)))).len(), 0, "a string");
    assert_eq!(saying(&file("// at /x/y\n"), &["/x/"], "").len(), 1, "also in a comment");
    assert_eq!(naming(&file("// todo!()\ntodo!()"), &["todo!("], "").len(), 1, "comments may speak of it");
}

// --- helpers ---

struct File {
    path: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}

fn rust_files(folder: &str) -> Vec<File> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push(File { path: path.strip_prefix(root()).unwrap().display().to_string(), text });
            }
        }
    }
    assert!(!files.is_empty(), "{folder} holds no source");
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// What git would commit; everything but the build where there is no git.
fn tracked() -> Vec<String> {
    let listed = std::process::Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"])
        .current_dir(root())
        .output();
    let files: Vec<String> = match listed {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout)
            .split('\0')
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect(),
        _ => rust_files("src").into_iter().chain(rust_files("tests")).map(|file| file.path).collect(),
    };
    assert!(files.len() > 50, "{} files are not this repository", files.len());
    files
}

/// Lines that end with a comment and are too long: of nothing but a comment where it could be broken at a blank, and
/// such as begin with code, where it could stand above.
fn long_comments(file: &File) -> Vec<String> {
    let (mark, behind) = if file.path.ends_with(".rs") { ("//", " // ") } else { ("#", " # ") };
    let alone = |line: &str| line.trim_start().starts_with(mark) && line.trim_start().split(' ').count() > 2;
    // Behind a whole number of strings; what a string says of itself is no comment.
    let after =
        |line: &str| line.split_once(behind).is_some_and(|(code, _)| code.matches(['"', '\'']).count() % 2 == 0);
    let long = |line: &str| line.chars().count() > LINE_WIDTH && (alone(line) || after(line));
    let lines = file.text.lines().enumerate().filter(|(_, line)| long(line));
    lines.map(|(number, _)| format!("{}:{}: a comment over {LINE_WIDTH} characters", file.path, number + 1)).collect()
}

/// Lines that name one of these, comments aside.
fn naming(file: &File, marks: &[&str], why: &str) -> Vec<String> {
    let code = |line: &str| !line.trim_start().starts_with("//");
    let lines = file.text.lines().enumerate().filter(|(_, line)| code(line));
    lines
        .flat_map(|(number, line)| {
            marks.iter().filter(|mark| line.contains(**mark)).map(move |mark| (number + 1, mark))
        })
        .map(|(number, mark)| format!("{}:{number}: {mark} {why}", file.path))
        .collect()
}

/// Lines that have one of these in them, comments or not.
fn saying(file: &File, words: &[&str], why: &str) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    lines
        .flat_map(|(number, line)| {
            words.iter().filter(|word| line.contains(**word)).map(move |word| (number + 1, word))
        })
        .map(|(number, word)| format!("{}:{number}: {word} {why}", file.path))
        .collect()
}

/// Sentences: a full stop, ! or ? followed by a space or the end. "e.g." and file names end none.
fn sentences(text: &str) -> usize {
    let text = format!("{} ", text.replace("e.g. ", "").replace("i.e. ", ""));
    text.match_indices(['.', '!', '?']).filter(|(at, _)| text[at + 1..].starts_with([' ', ')'])).count()
}

/// Lines of a `mod.rs` that are neither documentation, attribute, module nor re-export.
fn logic(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let mut continuing = false;
    for (number, line) in file.text.lines().enumerate() {
        let declares = [
            "mod ",
            "pub mod ",
            "pub(crate) mod ",
            "pub(super) mod ",
            "pub use ",
            "pub(crate) use ",
            "pub(super) use ",
            "use ",
            "#[",
            "//",
        ]
        .iter()
        .any(|start| line.starts_with(start));
        if !continuing && !declares && !line.trim().is_empty() {
            found.push(format!("{}:{}: {}", file.path, number + 1, line.trim()));
            break; // one a file is enough
        }
        let ends = line.trim_end().ends_with([';', ']']) || line.starts_with("//") || line.trim().is_empty();
        continuing = !ends;
    }
    found
}
