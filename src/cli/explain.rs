//! `hactl explain`: what an error code means, from the register.

use serde_json::json;

use super::args::Explain;
use super::global::Global;
use crate::error::{Code, Exit, Failure, Outcome, Problem};

/// Width of the text on a wide screen.
const WIDTH: usize = 100;

/// Prints one code with its whole text, or every code with its title.
///
/// # Errors
/// Exit 3 for what is no code.
pub(crate) fn explain(global: &Global, command: &Explain) -> Outcome {
    let Some(wanted) = command.code.as_deref().filter(|_| !command.list) else {
        if global.wants_json() {
            println!("{}", Code::ALL.iter().map(|code| as_json(*code)).collect::<serde_json::Value>());
        } else {
            Code::ALL.iter().for_each(|code| println!("{code}  {}", code.title()));
        }
        return Ok(Exit::Done);
    };
    let Some(code) = find(wanted) else {
        let message = format!("`{}` is no error code of hactl", crate::error::plain(wanted));
        let problem = Problem::new(Code::UnknownChoice, message).next("`hactl explain --list` prints all of them");
        return Err(Failure::one(Exit::Invalid, problem));
    };
    match global.wants_json() {
        true => println!("{}", as_json(code)),
        false => print!("{}", words(code)),
    }
    Ok(Exit::Done)
}

/// Finds `E702`, `e702` and `702`; a number that is also a warning's stands for the error.
fn find(wanted: &str) -> Option<Code> {
    let bare = wanted.trim().trim_start_matches("error[").trim_start_matches("warning[").trim_end_matches([']', ':']);
    [bare.to_owned(), format!("E{bare}"), format!("W{bare}")].iter().find_map(|id| Code::find(id))
}

fn as_json(code: Code) -> serde_json::Value {
    let severity = if code.is_warning() { "warning" } else { "error" };
    json!({"code": code, "severity": severity, "title": code.title(), "text": code.text().join("").trim()})
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
