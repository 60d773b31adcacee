//! `hactl explain`: what an error code means, from the register, and what a packet says.

use std::io::Read as _;

use serde::Serialize;

use super::args::Explain;
use super::global::Global;
use super::show::finish;
use crate::ctl::packet::{self, Told, hex};
use crate::ctl::report::Report;
use crate::error::{Code, Exit, Failure, Outcome, Problem};

/// Width of the text on a wide screen.
const WIDTH: usize = 100;

/// What is told of codes and packets.
#[derive(Serialize)]
struct Explained {
    codes: Vec<Entry>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    packets: Vec<Told>,
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

/// Prints one code with its whole text, every code with its title, or packets.
///
/// # Errors
/// Exit 3 for what is neither.
pub(crate) fn explain(global: &Global, command: &Explain) -> Outcome {
    if command.what.is_empty() || command.list {
        let all = Explained { codes: Code::ALL.iter().copied().map(entry).collect(), packets: Vec::new() };
        return finish(global, "explain", Ok(Report::done(all)), |all| {
            all.codes.iter().map(|one| format!("{}  {}\n", one.code, one.title)).collect()
        });
    }
    let wanted = match command.what.as_slice() {
        [dash] if dash == "-" => piped()?,
        words => words.join(" "),
    };
    if let Some(code) = find(&wanted) {
        let explained = Explained { codes: vec![entry(code)], packets: Vec::new() };
        return finish(global, "explain", Ok(Report::done(explained)), |_| words(code));
    }
    let Some(packets) = hex::packets(&wanted) else {
        let shown: String = crate::error::plain(&wanted).chars().take(SHOWN).collect();
        let message = format!("`{shown}` is neither an error code of hactl nor a packet in hexadecimal digits");
        let next = "`hactl explain --list` prints all codes; `tcpdump -x -c1 proto 112 | hactl explain -` tells what a packet says";
        return Err(Failure::one(Exit::Invalid, Problem::new(Code::UnknownChoice, message).next(next)));
    };
    let packets = packets.iter().map(|packet| packet::told(packet)).collect();
    let explained = Explained { codes: Vec::new(), packets };
    finish(global, "explain", Ok(Report::done(explained)), |told| {
        told.packets.iter().map(in_words).collect::<Vec<_>>().join("\n")
    })
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

fn words(code: Code) -> String {
    let mut text = format!("{code}: {}\n\n ", code.title());
    let mut column = 1;
    for word in code.text().iter().flat_map(|line| line.split_whitespace()) {
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
