//! `regex` and what belongs to it: an expression as PCRE reads it, made one that the `regex` crate reads the same way.

use std::collections::HashSet;

use crate::conf::config::lvs::Pattern;
use crate::conf::grammar::values::{flag, integer, single};
use crate::conf::text::place::{At, Place};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// The lines as far as they were given.
#[derive(Debug, Default)]
pub(super) struct PatternLines {
    regex: Option<At<String>>,
    absent: Option<Place>,
    min_offset: usize,
    max_offset: usize,
    options: Vec<At<String>>,
}

impl PatternLines {
    pub(crate) fn line(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        match line.name() {
            "regex" => self.regex = single(line, sink).map(|word| (word.text.clone(), word.place)),
            "regex_no_match" => {
                flag(line, sink);
                self.absent = Some(line.place());
            }
            "regex_min_offset" => self.min_offset = offset(line, sink),
            "regex_max_offset" => self.max_offset = offset(line, sink),
            _ => self.options = line.arguments.iter().map(|word| (word.text.clone(), word.place)).collect(),
        }
    }

    /// `compiled` are the expressions of this file that are known to be good.
    pub(crate) fn complete(self, compiled: &mut HashSet<String>, sink: &mut Sink<'_>) -> Option<Pattern> {
        let Some((text, place)) = self.regex else {
            if let Some(place) = self.absent.or(self.options.first().map(|(_, place)| *place)) {
                sink.warning(place, "without `regex` this changes nothing");
            }
            return None;
        };
        let options = Options::read(&self.options, sink);
        let regex = translate(&text, &options);
        if !compiled.contains(&regex) {
            if let Err(why) = compile(&regex) {
                let message = format!("`regex` is ignored: {why}");
                let help = "look-around, backreferences and possessive quantifiers of PCRE are not there; `regex_no_match` \
                            asks that something is absent";
                sink.error_help(place, message, help);
                return None;
            }
            compiled.insert(regex.clone());
        }
        let mut max_offset = self.max_offset;
        if max_offset != 0 && max_offset <= self.min_offset {
            let message = format!("no match can begin from byte {} on and before {max_offset}", self.min_offset);
            sink.error(place, format!("{message}; `regex_max_offset` is ignored"));
            max_offset = 0;
        }
        Some(Pattern { regex, absent: self.absent.is_some(), min_offset: self.min_offset, max_offset })
    }
}

fn offset(line: &Statement, sink: &mut Sink<'_>) -> usize {
    integer(line, 0..=OFFSET_MAX, "0 is used", sink).unwrap_or(0)
}

/// Options of PCRE that mean something here.
#[derive(Debug, Default)]
struct Options {
    flags: String,
    /// `$` means the very end alone.
    strict_end: bool,
}

impl Options {
    fn read(words: &[At<String>], sink: &mut Sink<'_>) -> Self {
        let mut options = Self::default();
        for (word, place) in words {
            let letter = FLAGS.iter().find(|(name, _)| name == word).map(|(_, letter)| *letter);
            match letter {
                Some(letter) if options.flags.contains(letter) => {}
                Some(letter) => options.flags.push(letter),
                None if word == "dollar_endonly" => options.strict_end = true,
                None if WITHOUT_EFFECT.contains(&word.as_str()) => {}
                None if OTHERS.contains(&word.as_str()) => {
                    sink.warning(*place, format!("`{word}` is an option of PCRE that is not there; ignored"));
                }
                None => sink.error(*place, format!("unknown regex option `{word}`; ignored")),
            }
        }
        options
    }
}

/// Bytes rather than characters (`-u`), the options written into it, and `$` also before a last line feed: nearly every
/// body ends in one.
fn translate(text: &str, options: &Options) -> String {
    let ours =
        text.strip_prefix("(?").and_then(|rest| rest.split_once(')')).is_some_and(|(flags, _)| flags.ends_with("-u"));
    if ours {
        return text.to_owned();
    }
    let mut regex = format!("(?{}-u)", options.flags);
    if options.strict_end || options.flags.contains(['m', 'x']) || changes_lines(text) {
        regex.push_str(text);
        return regex;
    }
    let (mut escaped, mut class) = (false, 0_usize);
    for c in text.chars() {
        match c {
            '$' if !escaped && class == 0 => {
                regex.push_str(r"(?:\n?\z)");
                continue;
            }
            '[' if !escaped => class += 1,
            ']' if !escaped => class = class.saturating_sub(1),
            _ => {}
        }
        escaped = c == '\\' && !escaped;
        regex.push(c);
    }
    regex
}

/// `(?m)` and `(?x)` inside an expression: what `$` means there is not for us to say.
fn changes_lines(text: &str) -> bool {
    text.split("(?").skip(1).any(|rest| {
        let flags: String = rest.chars().take_while(char::is_ascii_alphabetic).collect();
        flags.contains(['m', 'x'])
    })
}

fn compile(regex: &str) -> Result<(), BadPattern> {
    match regex::bytes::RegexBuilder::new(regex).size_limit(COMPILED_BYTES_MAX).build() {
        Ok(_) => Ok(()),
        Err(regex::Error::CompiledTooBig(_)) => Err(BadPattern::TooLarge),
        Err(error) => {
            let text = error.to_string();
            let last = text.lines().last().unwrap_or_default().trim();
            Err(BadPattern::Syntax(last.strip_prefix("error: ").unwrap_or(last).to_owned()))
        }
    }
}

/// Why an expression does not compile.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum BadPattern {
    #[error("it is too large")]
    TooLarge,
    /// In one line.
    #[error("{0}")]
    Syntax(String),
}

const FLAGS: &[(&str, char)] =
    &[("caseless", 'i'), ("dotall", 's'), ("multiline", 'm'), ("extended", 'x'), ("ungreedy", 'U')];
/// Options that change how fast PCRE is, or that forbid what is not there anyway.
const WITHOUT_EFFECT: &[&str] = &[
    "auto_callout",
    "dupnames",
    "never_backslash_c",
    "never_ucp",
    "never_utf",
    "no_auto_capture",
    "no_auto_possess",
    "no_dotstar_anchor",
    "no_start_optimize",
    "use_offset_limit",
];
const OTHERS: &[&str] = &[
    "allow_empty_class",
    "alt_bsux",
    "alt_circumflex",
    "alt_verbnames",
    "firstline",
    "match_unset_backref",
    "ucp",
    "utf",
];
/// Largest offset into a body.
const OFFSET_MAX: usize = 1 << 30;
/// A compiled expression is not larger.
const COMPILED_BYTES_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        translate(text, &Options::default())
    }

    #[test]
    fn an_end_of_line_is_read_as_pcre_reads_it() {
        let found = |text: &str, body: &[u8]| regex::bytes::Regex::new(&plain(text)).unwrap().is_match(body);
        assert!(found("^OK$", b"OK\n") && found("^OK$", b"OK") && !found("^OK$", b"OK\n\n") && !found("^OK$", b"OKx"));
        assert!(found(r"a\$[$]", b"a$$") && found("\\xff", b"\xff"));
        assert!(found("(?m)^b$", b"a\nb\nc"));
        assert_eq!(plain(&plain("a$")), plain("a$"), "read back");
    }

    #[test]
    fn what_pcre_alone_has_is_named() {
        assert!(compile(&plain("(?=a)")).unwrap_err().to_string().contains("look-around"));
        assert!(compile(&plain("(a)\\1")).unwrap_err().to_string().contains("backreferences"));
        assert_eq!(compile(&plain("(a")).unwrap_err().to_string(), "unclosed group");
        assert_eq!(compile("(?:a{1000}){1000}").unwrap_err().to_string(), "it is too large");
    }
}
