//! `hactl explain`: what an error code means, from the register.

use serde::Serialize;

use super::args::Explain;
use super::global::Global;
use super::show::finish;
use crate::ctl::report::Report;
use crate::error::{Code, Exit, Failure, Outcome, Problem};

/// Width of the text on a wide screen.
const WIDTH: usize = 100;

/// What is told of codes.
#[derive(Serialize)]
struct Explained {
    codes: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    code: Code,
    severity: &'static str,
    title: &'static str,
    text: String,
}

/// Prints one code with its whole text, or every code with its title.
///
/// # Errors
/// Exit 3 for what is no code.
pub(crate) fn explain(global: &Global, command: &Explain) -> Outcome {
    let Some(wanted) = command.code.as_deref().filter(|_| !command.list) else {
        let all = Explained { codes: Code::ALL.iter().copied().map(entry).collect() };
        return finish(global, "explain", Ok(Report::done(all)), |all| {
            all.codes.iter().map(|one| format!("{}  {}\n", one.code, one.title)).collect()
        });
    };
    let Some(code) = find(wanted) else {
        let message = format!("`{}` is no error code of hactl", crate::error::plain(wanted));
        let problem = Problem::new(Code::UnknownChoice, message).next("`hactl explain --list` prints all of them");
        return Err(Failure::one(Exit::Invalid, problem));
    };
    finish(global, "explain", Ok(Report::done(Explained { codes: vec![entry(code)] })), |_| words(code))
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
