//! The catalogue says of everything what the English says: nothing is left out, and nothing is there that nobody says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hactl_engine::conf::grammar::schema::Support;
use hactl_engine::conf::meaning::{meanings, names};
use regex::Regex;

use super::catalogue::{code, codes, keyword, keywords, messages, phrases};
use super::said::in_chinese;
use crate::error::Code;

/// The screens whose phrases are all translated.
const COMPLETE: [&str; 9] = [
    "confirm.rs",
    "drill.rs",
    "explain.rs",
    "offline.rs",
    "show/deploy.rs",
    "show/operate.rs",
    "show/progress.rs",
    "show/status.rs",
    "show/why.rs",
];

fn none(found: &[String]) {
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What stands between backticks, sorted, and the figures outside of it.
fn fixed(text: &str) -> (Vec<&str>, Vec<String>) {
    let mut commands: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
    let prose: String = text.split('`').step_by(2).collect();
    let number = Regex::new(r"[0-9]+([.,][0-9]+)*").unwrap();
    let mut figures: Vec<String> = number.find_iter(&prose).map(|found| found.as_str().to_owned()).collect();
    commands.sort_unstable();
    figures.sort_unstable();
    (commands, figures)
}

/// Whether a text is Chinese at all.
fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

#[test]
fn every_code_is_translated_with_its_commands() {
    let mut found = Vec::new();
    for one in Code::ALL {
        let Some((title, text)) = code(one.id()) else {
            found.push(format!("{one}: has no entry"));
            continue;
        };
        let english = one.text().join("");
        if fixed(&english) != fixed(text) {
            found.push(format!("{one}: commands and figures are {:?}, in English {:?}", fixed(text), fixed(&english)));
        }
        if !is_chinese(title) || !text.ends_with('。') || text.contains('\n') || title.ends_with('。') {
            found.push(format!("{one}: a title, and a line of whole sentences: {title}: {text}"));
        }
    }
    let ids: Vec<&str> = codes().map(|(id, ..)| id).collect();
    let known: Vec<&str> = Code::ALL.iter().map(|one| one.id()).collect();
    assert_eq!(ids, known, "each once, in the order of the register");
    none(&found);
}

#[test]
fn every_keyword_is_translated() {
    let (mut found, mut used) = (Vec::new(), BTreeSet::new());
    for name in names() {
        for meaning in meanings(name) {
            let block = meaning.block;
            used.extend([name.to_owned(), format!("{block}/{name}")]);
            match (meaning.text, keyword(block, name)) {
                (Some(english), Some(chinese)) if fixed(english) == fixed(chinese) && is_chinese(chinese) => {}
                (None, None) => {}
                (english, chinese) => found.push(format!("{block}/{name}: {chinese:?}, in English {english:?}")),
            }
            if let Support::NotYet(why) = meaning.support
                && !why.is_empty()
                && (in_chinese(why) == why || fixed(why) != fixed(&in_chinese(why)))
            {
                found.push(format!("{block}/{name}: {} of {why}", in_chinese(why)));
            }
        }
    }
    let stale = keywords().filter(|(key, _)| !used.contains(*key)).map(|(key, _)| format!("{key}: is no keyword"));
    found.extend(stale);
    assert!(keywords().map(|(key, _)| key).is_sorted());
    none(&found);
}

/// Names between braces.
fn values(text: &str) -> BTreeSet<String> {
    let name = Regex::new(r"\{([a-z_]+)\}").unwrap();
    name.captures_iter(text).map(|found| found[1].to_owned()).collect()
}

#[test]
fn no_value_of_a_phrase_is_lost() {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for (english, chinese) in phrases().chain(messages()) {
        if values(english) != values(chinese) {
            found.push(format!("{english}: its values are not those of {chinese}"));
        }
        if fixed(english) != fixed(chinese) {
            found.push(format!("{english}: commands and figures are not those of {chinese}"));
        }
        if !seen.insert(english) {
            found.push(format!("{english}: is there twice"));
        }
        if chinese.contains('\n') {
            found.push(format!("{english}: has more than one line"));
        }
    }
    none(&found);
}

#[test]
fn named_screens_are_complete_and_nothing_is_stale() {
    let translated: BTreeMap<&str, &str> = phrases().collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut said) = (Vec::new(), BTreeSet::new());
    for path in sources(&root.join("cli")) {
        let text = std::fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root.join("cli")).unwrap().display().to_string();
        let phrases = phrases_of(&text);
        if COMPLETE.contains(&name.as_str()) {
            assert!(!phrases.is_empty(), "{name} says nothing");
            let lacking = phrases.iter().filter(|phrase| !translated.contains_key(phrase.as_str()));
            found.extend(lacking.map(|phrase| format!("{name}: {phrase}: has no translation")));
        }
        said.extend(phrases);
    }
    found.extend(
        translated.keys().filter(|phrase| !said.contains(**phrase)).map(|one| format!("{one}: nobody says it")),
    );
    none(&found);
}

/// A message that is worded otherwise today would never be found.
#[test]
fn messages_of_other_rooms_are_as_they_are_said() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let all: String = sources(&root).iter().map(|path| literals(&std::fs::read_to_string(path).unwrap())).collect();
    // What is proposed is put behind a message where something is like it, and a host before it by who knows it.
    let bare = |english: &'static str| ["{host}: ", "{host} "].iter().find_map(|host| english.strip_prefix(host));
    let is_said = |english: &'static str| match bare(english).unwrap_or(english).split_once(", did you mean") {
        Some((message, proposal)) => all.contains(&plain(message)) && all.contains(&plain(proposal)),
        None => all.contains(&plain(bare(english).unwrap_or(english))),
    };
    let stale = messages().filter(|(english, _)| !is_said(english));
    none(&stale.map(|(english, _)| format!("{english}: nobody says it")).collect::<Vec<_>>());
}

/// The first literal of each `said!`.
fn phrases_of(text: &str) -> Vec<String> {
    let call = Regex::new(r#"said!\([ \n]*"((?:[^"\\]|\\.)*)""#).unwrap();
    call.captures_iter(text).map(|found| found[1].replace("\\\"", "\"")).collect()
}

/// Source as its strings read, whatever stands between braces.
fn literals(text: &str) -> String {
    let joined = Regex::new(r"\\\n *").unwrap().replace_all(text, "").replace("\\\"", "\"").replace("\\\\", "\\");
    plain(&joined.replace("{{", "{").replace("}}", "}"))
}

fn plain(text: &str) -> String {
    Regex::new(r"\{[^{} ]*\}").unwrap().replace_all(text, "{}").into_owned()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn what_is_lacking_is_found() {
    assert_eq!(phrases_of("x(said!(\n    \"{a}: b \\\"c\\\"\", a = 1)) said!(\"d\")"), ["{a}: b \"c\"", "d"]);
    assert_ne!(fixed("run `hactl status` 3 times"), fixed("运行 `hactl stat` 3 次"));
    assert_ne!(fixed("run `hactl status` 3 times"), fixed("运行 `hactl status` 4 次"));
    assert_eq!(fixed("run `a` and `b`, 37 times"), fixed("37 次：`b`、`a`"));
    assert!(literals("\"it says \\\n    {why} of {{ a: {} }}\"").contains("it says {} of { a: {} }"));
    assert_eq!(values("{host}: {a} `{B}`").len(), 2);
}
