//! The shell functions that hosts are sent. A script takes along what it calls and what that calls, no more: forty
//! kilobytes for one question would be most of what a desk sends, keeps in memory for each host, and has each host's
//! shell read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// All of them: what a host keeps for its way back.
pub const FUNCTIONS: &str =
    concat!(include_str!("host.sh"), "\n", include_str!("transaction.sh"), "\n", include_str!("restore.sh"));

/// Part of every script: how it fails.
const ALWAYS: &str = "die";

/// The functions, apart.
struct Library {
    /// What stands between them: options and names that all of them use.
    head: String,
    /// In the order written, with what each may call.
    functions: Vec<(&'static str, &'static str)>,
    calls: BTreeMap<&'static str, BTreeSet<&'static str>>,
}

/// The text of these functions and of all that they call, behind what all of them need.
pub fn needed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let library = library();
    let mut wanted: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = names.into_iter().chain([ALWAYS]).collect();
    while let Some(name) = open.pop() {
        if let Some((name, calls)) = library.calls.get_key_value(name)
            && wanted.insert(name)
        {
            open.extend(calls);
        }
    }
    let functions = library.functions.iter().filter(|(name, _)| wanted.contains(name));
    functions.fold(library.head.clone(), |text, (_, function)| text + function)
}

fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(read)
}

/// Functions begin with `name() {` or `name() (` at the margin and end with the brace there; comments are for who reads
/// the file.
fn read() -> Library {
    let (mut head, mut functions) = (String::new(), Vec::new());
    let mut begun: Option<(&str, usize)> = None;
    let mut at = 0;
    for line in FUNCTIONS.split_inclusive('\n') {
        let next = at + line.len();
        match begun {
            Some((name, from)) if line.starts_with(['}', ')']) => {
                functions.push((name, FUNCTIONS.get(from..next).unwrap_or_default()));
                begun = None;
            }
            Some(_) => {}
            None => match line.trim_end().strip_suffix("() {").or_else(|| line.trim_end().strip_suffix("() (")) {
                Some(name) => begun = Some((name, at)),
                None if line.starts_with('#') || line.trim().is_empty() => {}
                None => head.push_str(line),
            },
        }
        at = next;
    }
    let names: BTreeSet<&str> = functions.iter().map(|(name, _)| *name).collect();
    let calls = functions.iter().map(|(name, text)| (*name, called(text, &names))).collect();
    Library { head, functions, calls }
}

/// Each function whose name stands in this text where a shell looks for a command; all of them where it runs lines of a
/// file, which may name any.
fn called(text: &'static str, names: &BTreeSet<&'static str>) -> BTreeSet<&'static str> {
    let code = || text.lines().map(str::trim_start).filter(|line| !line.starts_with('#'));
    if code().any(|line| line.starts_with(". ")) {
        return names.clone();
    }
    let mut called = BTreeSet::new();
    for line in code() {
        let mut command = true;
        for word in line.split_inclusive([' ', '\t', ';', '&', '|', '(', ')', '{', '}', '!', '"', '`']) {
            let (name, end) = word.split_at_checked(word.len().saturating_sub(1)).unwrap_or((word, ""));
            let name =
                if [" ", "\t", ";", "&", "|", "(", ")", "{", "}", "!", "\"", "`"].contains(&end) { name } else { word };
            if let Some(name) = names.get(name).filter(|_| command) {
                called.insert(*name);
            }
            command = match end {
                ";" | "&" | "|" | "(" | ")" | "{" | "}" | "!" | "`" => true,
                _ if name.is_empty() => command,
                _ => ["then", "do", "else", "if", "elif", "while", "until"].contains(&name),
            };
        }
    }
    called
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_is_called_comes_along() {
        let text = needed(["look"]);
        for name in ["look", "transaction", "read_state", "read_lock", "lock_lives", "die"] {
            assert!(text.contains(&format!("\n{name}() ")), "{name} is missing:\n{text}");
        }
        assert!(text.contains("set -u\n") && text.contains("\nlock=$home/lock\n"), "{text}");
        assert!(!text.contains("go_back()") && text.len() < 8000, "{} bytes:\n{text}", text.len());
    }

    /// What reads lines of a file carries out whatever stands there.
    #[test]
    fn the_way_back_has_everything() {
        for name in ["begin", "take_back", "go_to", "preview_to", "reach"] {
            let text = needed([name]);
            for (function, _) in &library().functions {
                assert!(text.contains(&format!("\n{function}() ")), "{name} may call {function}");
            }
        }
    }

    #[test]
    fn every_function_is_found_and_each_selection_is_a_script() {
        let opened = FUNCTIONS.lines().filter(|line| line.ends_with("() {") || line.ends_with("() ("));
        assert_eq!(library().functions.len(), opened.filter(|line| !line.starts_with(' ')).count());
        for (name, _) in &library().functions {
            let output = Command::new("sh").args(["-n", "-c", &needed([*name])]).output().unwrap();
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}
