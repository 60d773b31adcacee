//! Lines that keepalived reads before its grammar: `include`, `@id`, `$NAME=`, `~SEQ(…)`. They are recognised and
//! named, so that nobody believes they worked.

/// A recognised line.
#[derive(Debug, PartialEq, Eq)]
pub struct Directive {
    /// What it is, and what ignoring it means.
    pub message: String,
    /// What to do instead.
    pub help: &'static str,
    /// First character of the marked text, from 1.
    pub column: usize,
    /// Characters to mark.
    pub length: usize,
    /// Whether a trailing backslash makes the next line part of it.
    pub multi_line: bool,
}

/// The directive on this line, if it is one.
pub fn recognise(line: &str) -> Option<Directive> {
    let trimmed = line.trim_start_matches(|c: char| c.is_ascii_whitespace());
    let column = line.chars().count() - trimmed.chars().count() + 1;
    let word = trimmed.split(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
    let (shown, message, help) = if INCLUDES.contains(&word) {
        let message = format!("`{word}` is known but not supported yet; the files it names are not read");
        (word, message, "copy the included text into this file")
    } else if word.starts_with('@') {
        let message = format!("conditional lines (`{word}`) are not supported yet; this line is ignored");
        (word, message, "write one file for each host")
    } else if word.starts_with("~SEQ") || word.starts_with("~LST") {
        let shown = word.split('(').next().unwrap_or(word);
        let message = format!("`{shown}` is known but not supported yet; this line is ignored");
        (shown, message, "write the repeated lines out")
    } else {
        let name = definition(word)?;
        let message = format!("definitions (`{name}=`) are not supported yet; this one is ignored");
        (name, message, "write the value where it is used")
    };
    let multi_line = shown.starts_with('$');
    Some(Directive { message, help, column, length: shown.chars().count().max(1), multi_line })
}

/// Whether the line ends in a backslash.
pub fn continues(line: &str) -> bool {
    line.trim_end_matches(|c: char| c.is_ascii_whitespace()).ends_with('\\')
}

fn definition(word: &str) -> Option<&str> {
    let (name, _) = word.split_once('=')?;
    let bare = name.strip_prefix('$')?;
    let well_formed = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    well_formed.then_some(name)
}

const INCLUDES: &[&str] = &["include", "includer", "includem", "includew", "includeb", "includea"];

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(line: &str) -> Option<(usize, usize, bool)> {
        recognise(line).map(|found| (found.column, found.length, found.multi_line))
    }

    #[test]
    fn each_kind_is_marked_where_it_stands() {
        assert_eq!(marked("  include conf.d/*.conf"), Some((3, 7, false)));
        assert_eq!(marked("@^main priority 91"), Some((1, 6, false)));
        assert_eq!(marked("\t$PRIO=37"), Some((2, 5, true)));
        assert_eq!(marked("~SEQx(N, 1, 2) 10.0.0.$N"), Some((1, 5, false)));
    }

    #[test]
    fn ordinary_lines_are_left_alone() {
        for line in ["include_check match", "priority $PRIO", "", "   ", "$=3", "router_id a=b", "a@b.example"] {
            assert_eq!(marked(line), None, "{line}");
        }
    }
}
