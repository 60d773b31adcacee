//! A command line that is not understood, told to a program: there are no parsed arguments to ask for its wishes, only
//! words.

use std::ffi::OsString;

use clap::error::ErrorKind;

use super::args;
use crate::error::{Code, Exit, Failure, Problem};

/// Whether JSON is asked for in words that the grammar refused. What stands after `--` is another program's.
pub(super) fn wants_json(words: &[OsString]) -> bool {
    let words: Vec<&str> = words.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    let own = words.split(|word| *word == "--").next().unwrap_or_default();
    let letters = |word: &str| word.strip_prefix('-').is_some_and(|word| word.trim_start_matches(['q', 'v']) == "o");
    let inline = |word: &str| match word.strip_prefix("--output=") {
        Some(value) => value == "json",
        None => ["ojson", "o=json"]
            .iter()
            .any(|end| word.strip_prefix('-').is_some_and(|word| word.trim_start_matches(['q', 'v']) == *end)),
    };
    own.iter().any(|word| *word == "--json" || inline(word))
        || own.windows(2).any(|pair| matches!(pair, [option, "json"] if *option == "--output" || letters(option)))
}

/// The command that was typed; `hactl` where none of those that there are.
pub(super) fn command(words: &[OsString]) -> String {
    let grammar = args::command();
    let known = words.iter().skip(1).find(|word| grammar.find_subcommand(word).is_some());
    known.map_or_else(|| "hactl".to_owned(), |word| word.to_string_lossy().into_owned())
}

/// What clap has to say, as a problem.
pub(super) fn failure(words: &[OsString], error: &clap::Error) -> Failure {
    let command = command(words);
    let help = if command == "hactl" { "`hactl --help`".to_owned() } else { format!("`hactl {command} --help`") };
    let text = error.render().to_string();
    // Whoever names no command gets the whole help in place of a sentence.
    let whole = error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
    let mut paragraphs = text.split("\n\n").map(|part| part.split_whitespace().collect::<Vec<_>>().join(" "));
    let first = paragraphs.next().filter(|_| !whole).unwrap_or_else(|| format!("{command}: a command is missing"));
    let message = first.strip_prefix("error: ").unwrap_or(&first).to_owned();
    let tips: Vec<String> = paragraphs.filter_map(|part| part.strip_prefix("tip: ").map(str::to_owned)).collect();
    let next = tips.into_iter().chain([format!("{help} lists what it takes")]).collect::<Vec<_>>().join("; ");
    Failure::one(Exit::Usage, Problem::new(Code::WrongUsage, message).why("nothing was done").next(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn json_is_asked_for_in_every_way_that_the_grammar_has() {
        for line in [
            "x --json",
            "--json x y",
            "x -o json",
            "x -qo json",
            "x -vvojson",
            "x -o=json",
            "x --output=json",
            "--output json",
        ] {
            assert!(wants_json(&words(&format!("hactl {line}"))), "{line}");
        }
        for line in ["x", "x -o text", "x json", "x -- --json", "x --output yaml json", "lab ssh lb-5 -- hactl -o json"]
        {
            assert!(!wants_json(&words(&format!("hactl {line}"))), "{line}");
        }
    }

    #[test]
    fn what_clap_says_becomes_one_problem() {
        for (line, name, message, next) in [
            (
                "hactl status --jsom",
                "status",
                "unexpected argument '--jsom' found",
                "a similar argument exists: '--json'",
            ),
            ("hactl -i x.yaml deplyo", "hactl", "unrecognized subcommand 'deplyo'", "`hactl --help`"),
            (
                "hactl status --color mauve",
                "status",
                "invalid value 'mauve' for '--color <COLOR>' [possible values: auto, always, never]",
                "`hactl status --help`",
            ),
            (
                "hactl import",
                "import",
                "the following required arguments were not provided: <HOST>...",
                "`hactl import --help`",
            ),
            ("hactl", "hactl", "hactl: a command is missing", "`hactl --help`"),
        ] {
            let words = words(line);
            let error = args::parse(words.clone()).unwrap_err();
            let failure = failure(&words, &error);
            let problem = &failure.problems[0];
            assert_eq!((command(&words).as_str(), failure.exit), (name, Exit::Usage), "{line}");
            assert_eq!((problem.code, problem.message.as_str()), (Code::WrongUsage, message), "{line}");
            assert!(problem.next.as_ref().unwrap().contains(next), "{line}: {:?}", problem.next);
        }
    }
}
