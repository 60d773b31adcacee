//! The differences of files, for people: bounded, and without secrets.

use std::fmt::Write as _;
use std::time::Duration;

use similar::TextDiff;

use crate::ctl::check::pages::secret;
use crate::ctl::look::contents::Found;
use crate::ctl::wanted::{HA_CONFIG, WantedFile};
use crate::ctl::words::plain;

/// Lines of one file's difference that are shown.
const LINES: usize = 400;
/// Characters of a line that are shown.
const WIDTH: usize = 400;
/// Two long texts that have little in common are compared no longer than this; what is shown then is longer than it
/// need be.
const PATIENCE: Duration = Duration::from_millis(500);
/// Mark lines of which only the secret is another. No text has these signs: control characters are taken out before.
const OLD_SECRET: char = '\u{1}';
const NEW_SECRET: char = '\u{2}';

/// What a plan shows of a file that is written.
pub fn written(file: &WantedFile, found: &Found, secrets: &[&str]) -> String {
    let new = match std::str::from_utf8(&file.content) {
        Ok(text) if !text.contains('\0') => plain(text),
        _ => return note(&format!("not text: {} bytes", file.content.len())),
    };
    match found {
        Found::Nothing => differ(&file.dest, file.secret, "", &new, secrets),
        Found::Text(old) => differ(&file.dest, file.secret, old, &new, secrets),
        Found::Link(to) => {
            note(&format!("a link to {to} now; it becomes a file"))
                + &differ(&file.dest, file.secret, "", &new, secrets)
        }
        Found::Binary(bytes) => {
            note(&format!("{bytes} bytes that are not text now; it becomes this"))
                + &differ(&file.dest, file.secret, "", &new, secrets)
        }
        Found::Long(bytes) => note(&format!("{bytes} bytes now, too many to be compared here")),
    }
}

/// What a plan shows of a file that is removed; of a secret only how long it is.
pub fn removed(dest: &str, found: &Found, secret: bool, secrets: &[&str]) -> String {
    match found {
        Found::Text(old) if secret => counted(old, ""),
        Found::Nothing => String::new(),
        // What was there may hold secrets that nobody knows here any more.
        Found::Text(old) => differ(dest, dest == HA_CONFIG, old, "", secrets),
        Found::Link(to) => note(&format!("a link to {to}")),
        Found::Binary(bytes) => note(&format!("not text: {bytes} bytes")),
        Found::Long(bytes) => note(&format!("{bytes} bytes, too many to be shown here")),
    }
}

/// What differs between two states of a path. Of a file that is `secret` only how much.
pub fn between(path: &str, secret: bool, old: &Found, new: &Found, secrets: &[&str]) -> String {
    let text = |found: &Found| match found {
        Found::Text(text) => (plain(text), None),
        Found::Nothing => (String::new(), None),
        Found::Link(to) => (String::new(), Some(format!("a link to {to}"))),
        Found::Binary(bytes) => (String::new(), Some(format!("{bytes} bytes that are not text"))),
        Found::Long(bytes) => (String::new(), Some(format!("{bytes} bytes, too many to be shown"))),
    };
    let ((old, was), (new, is)) = (text(old), text(new));
    let notes = was.map(|was| note(&format!("was: {was}"))).into_iter().chain(is.map(|is| note(&format!("is: {is}"))));
    let lines = if old == new { String::new() } else { differ(path, secret, &old, &new, secrets) };
    notes.collect::<String>() + &lines
}

/// A text without the secrets in it, for `hactl render`.
pub fn without_secrets(file: &WantedFile, secrets: &[&str]) -> String {
    let text = plain(&String::from_utf8_lossy(&file.content));
    if file.secret && file.dest != HA_CONFIG {
        return format!("(holds secrets: {} lines that are not shown)\n", text.lines().count());
    }
    let veil = Veil { known: secrets, configuration: file.dest == HA_CONFIG, around: Vec::new() };
    text.lines().fold(String::new(), |shown, line| shown + &veil.over(line) + "\n")
}

fn note(words: &str) -> String {
    format!("    ({words})\n")
}

fn differ(dest: &str, secret: bool, old: &str, new: &str, secrets: &[&str]) -> String {
    if secret && dest != HA_CONFIG {
        return counted(old, new);
    }
    let mut veil = Veil { known: secrets, configuration: dest == HA_CONFIG, around: Vec::new() };
    veil.learn(new);
    let (old, new) = veil.over_both(old, new);
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(&old, &new);
    let text = diff.unified_diff().context_radius(2).to_string();
    let lines = text.lines().filter(|line| !(line.starts_with('-') && line.ends_with(OLD_SECRET)));
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with('\\')).collect();
    if lines.is_empty() {
        return note("only its line ends differ");
    }
    let mut shown = String::new();
    for line in lines.iter().take(LINES) {
        let line = match line.strip_prefix('+').and_then(|line| line.strip_suffix(NEW_SECRET)) {
            Some(line) => format!("~{line} (another secret)"),
            None => line.replace([OLD_SECRET, NEW_SECRET], ""),
        };
        let cut: String = line.chars().take(WIDTH).collect();
        let more = if cut.len() < line.len() { " …" } else { "" };
        let _ = writeln!(shown, "    {cut}{more}"); // writing to a string cannot fail
    }
    if let Some(more) = lines.len().checked_sub(LINES).filter(|more| *more > 0) {
        shown += &note(&format!("and {more} lines more; `hactl render HOST --file {dest}` prints the whole file"));
    }
    shown
}

/// Of a file that holds secrets which nobody knows here, only how much differs.
fn counted(old: &str, new: &str) -> String {
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(old, new);
    let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    let (go, come) = (count(similar::ChangeTag::Delete), count(similar::ChangeTag::Insert));
    note(&format!("holds secrets, so its lines are not shown: {go} go, {come} come"))
}

/// What is laid over the secrets of a text.
struct Veil<'s> {
    /// Secrets that are known here.
    known: &'s [&'s str],
    /// It is the language of keepalived.conf, in which words tell where secrets are.
    configuration: bool,
    /// What stands before and behind a known secret: there an older one stood that is not known any more.
    around: Vec<(String, String)>,
}

impl Veil<'_> {
    fn learn(&mut self, text: &str) {
        for secret in self.known.iter().filter(|secret| !secret.is_empty()) {
            let found = text.lines().filter_map(|line| line.split_once(secret));
            let around = found.filter(|(before, behind)| !(before.trim().is_empty() && behind.trim().is_empty()));
            self.around.extend(around.map(|(before, behind)| (before.to_owned(), behind.to_owned())));
        }
    }

    /// One line with `…` in the place of each secret.
    fn over(&self, line: &str) -> String {
        let comment = line.trim_start().starts_with('#');
        if let Some(word) = secret(line).filter(|_| self.configuration && !comment)
            && let Some((before, _)) = line.split_once(word)
        {
            return format!("{before}{word} …");
        }
        let known = self.known.iter().filter(|secret| !secret.is_empty());
        let shown = known.fold(line.to_owned(), |line, secret| line.replace(secret, "…"));
        if shown != line {
            return shown;
        }
        let around = |(before, behind): &&(String, String)| {
            line.len() >= before.len() + behind.len() && line.starts_with(before.as_str()) && line.ends_with(behind)
        };
        self.around.iter().find(around).map_or(shown, |(before, behind)| format!("{before}…{behind}"))
    }

    /// Both texts; lines of which only the secret is another are marked.
    fn over_both(&self, old: &str, new: &str) -> (String, String) {
        let veiled = |text: &str| -> Vec<(String, String)> {
            text.lines().map(|line| (line.to_owned(), self.over(line))).collect()
        };
        let (old, new) = (veiled(old), veiled(new));
        let marked = |lines: &[(String, String)], others: &[(String, String)], mark: char| {
            lines.iter().fold(String::new(), |text, (line, shown)| {
                let stays = others.iter().any(|(other, _)| other == line);
                let other =
                    |(other, same): &(String, String)| same == shown && !lines.iter().any(|(line, _)| line == other);
                let changed = line != shown && !stays && others.iter().any(other);
                let mark = if changed { String::from(mark) } else { String::new() };
                text + shown + &mark + "\n"
            })
        };
        (marked(&old, &new, OLD_SECRET), marked(&new, &old, NEW_SECRET))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(dest: &str, secret: bool, content: &str) -> WantedFile {
        WantedFile {
            dest: dest.into(),
            content: content.into(),
            mode: 0o644,
            owner: "root:root".into(),
            role: "r".into(),
            once: false,
            secret,
            check: None,
            on_change: None,
        }
    }

    fn text(old: &str) -> Found {
        Found::Text(old.into())
    }

    #[test]
    fn lines_come_and_go() {
        let one = file("/etc/x", false, "a\nb\n");
        assert_eq!(written(&one, &Found::Nothing, &[]), "    @@ -0,0 +1,2 @@\n    +a\n    +b\n");
        assert_eq!(written(&one, &text("a\nc\n"), &[]), "    @@ -1,2 +1,2 @@\n     a\n    -c\n    +b\n");
        assert_eq!(removed("/etc/x", &text("a\n"), false, &[]), "    @@ -1 +0,0 @@\n    -a\n");
        assert!(removed("/etc/x", &Found::Link("/etc/y".into()), false, &[]).contains("a link to /etc/y"));
    }

    #[test]
    fn secrets_are_not_shown_neither_the_new_nor_the_old() {
        let conf = |pass: &str, priority: u8| format!("priority {priority}\n    auth_pass \"{pass}\"\nend\n");
        let one = file(HA_CONFIG, true, &conf("hunter2", 150));
        let shown = written(&one, &text(&conf("former", 100)), &["hunter2"]);
        assert_eq!(
            shown,
            "    @@ -1,3 +1,3 @@\n    -priority 100\n    +priority 150\n    ~    auth_pass … (another secret)\n     end\n"
        );
        let same = written(&one, &text(&conf("hunter2", 100)), &["hunter2"]);
        assert!(
            !same.contains("another") && !same.contains("hunter2") && same.contains("     \u{20}   auth_pass …"),
            "{same}"
        );
        assert!(!removed(HA_CONFIG, &text(&conf("former", 1)), false, &[]).contains("former"));
        // A file of which nobody said that it holds one.
        let plain = file("/etc/x", false, "user me pass hunter2;\n");
        let shown = written(&plain, &text("user me pass former;\n"), &["hunter2"]);
        assert_eq!(shown, "    @@ -1 +1 @@\n    ~user me pass …; (another secret)\n");
    }

    #[test]
    fn of_secrets_that_nobody_knows_here_only_the_number_is_told() {
        let one = file("/etc/htpasswd", true, "me:one\nyou:two\n");
        let shown = written(&one, &text("me:one\n"), &[]);
        assert_eq!(shown, "    (holds secrets, so its lines are not shown: 0 go, 1 come)\n");
        assert!(!without_secrets(&one, &[]).contains("two"));
        let gone = removed("/etc/hactl/vrrp-1.key", &text("hunter2\n"), true, &[]);
        assert_eq!(gone, "    (holds secrets, so its lines are not shown: 1 go, 0 come)\n");
    }

    #[test]
    fn what_is_long_or_no_text_is_measured() {
        let many: String = (0..1000).map(|n| format!("line {n}\n")).collect();
        let shown = written(&file("/etc/x", false, &many), &Found::Nothing, &[]);
        assert!(shown.lines().count() == LINES + 1 && shown.contains("and 601 lines more"), "{shown}");
        let wide = written(&file("/etc/x", false, &"x".repeat(5000)), &Found::Nothing, &[]);
        assert!(wide.len() < 500 && wide.contains(" …"), "{wide}");
        let mut binary = file("/etc/x", false, "");
        binary.content = vec![0, 159, 7];
        assert_eq!(written(&binary, &Found::Nothing, &[]), "    (not text: 3 bytes)\n");
        assert!(removed("/x", &Found::Long(1 << 30), false, &[]).contains("1073741824 bytes"));
        assert!(written(&file("/x", false, "a\n"), &text("a\r\n"), &[]).contains("only its line ends"));
    }
}
