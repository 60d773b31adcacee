//! `hactl explain`: what an error code means, from the register; what a keyword of keepalived.conf means, a key of an
//! inventory, or an alert; what a packet says. Why a VIP is where it is the hosts are asked for, in `desk`.

use std::io::Read as _;

use hactl_engine::conf::grammar::schema::Support;
use hactl_engine::conf::meaning::{Meaning, meanings, names};
use serde::Serialize;

use super::alert;
use super::args::Explain;
use super::chinese::language::is_chinese;
use super::chinese::said::{said, told};
use super::chinese::{catalogue, lines};
use super::global::Global;
use super::inventory_key::{self, InventoryKey};
use super::show::finish;
use super::show::why::why;
use crate::ctl::packet::{self, Told, hex};
use crate::ctl::report::Report;
use crate::ctl::verify::why::Why;
use crate::ctl::words::closest;
use crate::error::{Code, Exit, Failure, Outcome, Problem};

/// Width of the text on a wide screen.
const WIDTH: usize = 100;

/// What is told: one kind at a time.
#[derive(Default, Serialize)]
struct Explained {
    codes: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vip: Option<Why>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keywords: Vec<Keyword>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    packets: Vec<Told>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alerts: Vec<Alert>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inventory: Vec<InventoryKey>,
}

/// A keyword of keepalived.conf, in one block that it may stand in.
#[derive(Serialize)]
struct Keyword {
    keyword: String,
    block: &'static str,
    /// `yes`, `already` or `no`.
    supported: &'static str,
    text: String,
    /// The same, in the language that was chosen.
    #[serde(skip)]
    shown: String,
}

/// An alert of docs/monitoring.
#[derive(Serialize)]
struct Alert {
    alert: &'static str,
    text: &'static str,
}

/// Whoever pipes more of it has somebody else's traffic in it.
const INPUT_MAX: u64 = 1 << 20;

#[derive(Serialize)]
struct Entry {
    code: Code,
    severity: &'static str,
    title: &'static str,
    text: String,
}

/// Prints one code with its whole text, every code with its title, a keyword, or packets.
///
/// # Errors
/// Exit 3 for what is neither.
pub(crate) fn explain(global: &Global, command: &Explain) -> Outcome {
    if command.what.is_empty() || command.list {
        let codes = Code::ALL.iter().copied().map(entry).collect();
        let all = Explained { codes, ..Explained::default() };
        return finish(global, "explain", Ok(Report::done(all)), |all| {
            all.codes.iter().map(|one| format!("{}  {}\n", one.code, title(one.code))).collect()
        });
    }
    let wanted = match command.what.as_slice() {
        [dash] if dash == "-" => piped()?,
        words => words.join(" "),
    };
    if let Some(code) = find(&wanted) {
        let explained = Explained { codes: vec![entry(code)], ..Explained::default() };
        return finish(global, "explain", Ok(Report::done(explained)), |_| words(code));
    }
    let keywords: Vec<Keyword> = meanings(wanted.trim()).iter().map(|one| keyword(wanted.trim(), one)).collect();
    if !keywords.is_empty() {
        let explained = Explained { keywords, ..Explained::default() };
        return finish(global, "explain", Ok(Report::done(explained)), |told| {
            told.keywords.iter().map(keyword_words).collect()
        });
    }
    if let Some((alert, text)) = alert::find(&wanted) {
        let explained = Explained { alerts: vec![Alert { alert, text }], ..Explained::default() };
        let shown = if is_chinese() { alert::in_chinese(alert).unwrap_or(text) } else { text };
        return finish(global, "explain", Ok(Report::done(explained)), |_| format!("{alert}\n\n{shown}\n"));
    }
    let inventory = inventory_key::find(&wanted);
    if !inventory.is_empty() {
        let explained = Explained { inventory, ..Explained::default() };
        return finish(global, "explain", Ok(Report::done(explained)), |told| {
            told.inventory.iter().map(inventory_key::words).collect()
        });
    }
    let Some(packets) = hex::packets(&wanted) else {
        let shown: String = crate::error::plain(&wanted).chars().take(SHOWN).collect();
        let message = format!(
            "`{shown}` is no VIP, no error code of hactl, no keyword of keepalived.conf, no key of an inventory, no \
             alert and no packet in hexadecimal digits"
        );
        let like = (wanted.trim().len() > 3).then(|| closest(wanted.trim(), names().into_iter())).flatten();
        let next = match like {
            Some(keyword) => format!("did you mean the keyword {keyword}?"),
            None => "`hactl explain --list` prints all codes; `tcpdump -x -c1 proto 112 | hactl explain -` tells what a packet says".to_owned(),
        };
        return Err(Failure::one(Exit::Invalid, Problem::new(Code::UnknownChoice, message).next(next)));
    };
    let packets = packets.iter().map(|packet| packet::told(packet)).collect();
    let explained = Explained { packets, ..Explained::default() };
    finish(global, "explain", Ok(Report::done(explained)), |told| {
        told.packets.iter().map(in_words).collect::<Vec<_>>().join("\n")
    })
}

/// Why a VIP is where it is, from hosts that were asked.
///
/// # Errors
/// Those of the question.
pub(super) fn explain_vip(global: &Global, outcome: Result<Report<Why>, Failure>) -> Outcome {
    let report = outcome?.map(|why| Explained { vip: Some(why), ..Explained::default() });
    finish(global, "explain", Ok(report), |told| told.vip.as_ref().map(why).unwrap_or_default())
}

/// So much of what is not understood is repeated.
const SHOWN: usize = 60;

fn piped() -> Result<String, Failure> {
    let mut text = String::new();
    match std::io::stdin().take(INPUT_MAX).read_to_string(&mut text) {
        Ok(_) => Ok(text),
        Err(error) => {
            let problem = Problem::new(Code::InputUnreadable, format!("standard input: {error}"));
            Err(Failure::one(Exit::Invalid, problem.next("pipe text into it, such as what `tcpdump -x` prints")))
        }
    }
}

/// A packet: its sentence, its fields one a line, what is odd about it.
fn in_words(told: &Told) -> String {
    let details = told.details.iter().map(|detail| format!("  {:<14}  {}\n", detail.what, detail.value));
    let remarks = told.remarks.iter().map(|remark| format!("  note: {remark}\n"));
    std::iter::once(format!("{}\n", told.says)).chain(details).chain(remarks).collect()
}

fn entry(code: Code) -> Entry {
    let severity = if code.is_warning() { "warning" } else { "error" };
    Entry { code, severity, title: code.title(), text: code.text().join("").trim().to_owned() }
}

/// Finds `E702`, `e702` and `702`; a number that is also a warning's stands for the error.
fn find(wanted: &str) -> Option<Code> {
    let bare = wanted.trim().trim_start_matches("error[").trim_start_matches("warning[").trim_end_matches([']', ':']);
    [bare.to_owned(), format!("E{bare}"), format!("W{bare}")].iter().find_map(|id| Code::find(id))
}

fn keyword(name: &str, meaning: &Meaning) -> Keyword {
    let (supported, here, shown) = match meaning.support {
        Support::Yes => ("yes", None, None),
        Support::Already => (
            "already",
            Some("It is so here without being asked for".to_owned()),
            Some(said!("It is so here without being asked for")),
        ),
        Support::NotYet("") => {
            ("no", Some("hactl knows it, and ignores it".to_owned()), Some(said!("hactl knows it, and ignores it")))
        }
        Support::NotYet(why) => {
            let shown = said!("hactl knows it, and ignores it: {why}", why = told(why));
            ("no", Some(format!("hactl knows it, and ignores it: {why}")), Some(shown))
        }
    };
    let sentences = |text: Option<&str>, here: Option<String>| text.map(str::to_owned).into_iter().chain(here);
    let text = sentences(meaning.text, here).collect::<Vec<_>>().join(". ") + ".";
    let shown = match is_chinese() {
        true => {
            let meant = catalogue::keyword(meaning.block, name).or(meaning.text);
            sentences(meant, shown).collect::<Vec<_>>().join("。") + "。"
        }
        false => text.clone(),
    };
    Keyword { keyword: name.to_owned(), block: meaning.block, supported, text, shown }
}

fn keyword_words(one: &Keyword) -> String {
    let place = match one.block {
        "the file" => said!("{keyword} (in no block)", keyword = one.keyword),
        block => said!("{keyword} (in {block})", keyword = one.keyword, block = block),
    };
    format!("{place}\n{}", wrapped(&one.shown))
}

fn title(code: Code) -> &'static str {
    let chinese = if is_chinese() { catalogue::code(code.id()) } else { None };
    chinese.map_or(code.title(), |(title, _)| title)
}

fn words(code: Code) -> String {
    let chinese = if is_chinese() { catalogue::code(code.id()) } else { None };
    let text = chinese.map_or_else(|| code.text().join(""), |(_, text)| text.to_owned());
    said!("{code}: {title}", code = code, title = title(code)) + &format!("\n\n{}", wrapped(&text))
}

/// Indented lines of the width of a screen.
fn wrapped(all: &str) -> String {
    if is_chinese() {
        return lines::wrapped(all, WIDTH);
    }
    let (mut text, mut column) = (" ".to_owned(), 1);
    for word in all.split_whitespace() {
        if column + word.chars().count() + 1 > WIDTH {
            text.push_str("\n ");
            column = 1;
        }
        text.push(' ');
        text.push_str(word);
        column += word.chars().count() + 1;
    }
    text.push('\n');
    text
}

/// The codes as a section of the manual page.
pub(crate) fn as_roff() -> String {
    let mut text = String::from(
        ".SH \"ERROR CODES\"\nWhat is wrong is told with a code; \\fBhactl explain CODE\\fR prints more of it.\n",
    );
    for code in Code::ALL {
        text.push_str(&format!(".TP\n.B {code}\n{}\n", code.title().replace('\\', "\\\\")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_copied() {
        for given in ["E702", "e702", "702", "error[E702]", "error[E702]:"] {
            assert_eq!(find(given), Some(Code::TwoOwners), "{given}");
        }
        assert_eq!(find("303"), Some(Code::ProgramMissing));
        assert_eq!(find("E999"), None);
    }

    #[test]
    fn no_line_is_too_long_and_no_word_is_lost() {
        for code in Code::ALL {
            let text = words(*code);
            assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
            let count = |text: &str| text.split_whitespace().count();
            let head = format!("{code}: {}", code.title());
            assert_eq!(count(&text), count(&head) + count(&code.text().join(" ")), "{text}");
        }
    }
}
