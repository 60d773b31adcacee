//! A configuration as its statements, one by one, each with the place where it was written: for who moves it elsewhere
//! and must lose nothing on the way. What they mean is not asked here.

use super::expand::surroundings::Surroundings;
use super::expand::{Limits, expand};
use super::grammar::tree::{grow, regrow};
use super::print::page::word;
use super::text::diagnostic::Location;
use super::text::lexer::Word;
use super::text::sink::Sink;
use super::text::statement::Statement;

/// A statement: `keyword argument… [{ … }]`, includes and definitions expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its first word.
    pub keyword: String,
    /// The other words of its line, without quotes.
    pub arguments: Vec<String>,
    /// The whole line as it may stand in a file again, without the brace of a block.
    pub line: String,
    /// Where it was written.
    pub location: Location,
    /// What stands in its braces; `None` where it has none.
    pub block: Option<Vec<Entry>>,
}

impl Entry {
    /// As lines that mean the same, indented by this many blanks.
    pub fn lines(&self, indent: usize) -> Vec<String> {
        let Some(block) = &self.block else { return vec![format!("{:indent$}{}", "", self.line)] };
        let mut lines = vec![format!("{:indent$}{} {{", "", self.line)];
        lines.extend(block.iter().flat_map(|entry| entry.lines(indent + 4)));
        lines.push(format!("{:indent$}}}", ""));
        lines
    }

    /// The statements in it, none where it has no block.
    pub fn inside(&self) -> &[Self] {
        self.block.as_deref().unwrap_or_default()
    }
}

/// The statements of a file, in its order. What is wrong with them [`super::parse_with`] tells.
pub fn outline(file: &str, text: &str, around: &mut dyn Surroundings) -> Vec<Entry> {
    let (source, found) = expand(file, text, Limits::default(), around);
    let mut sink = Sink::over(&source, found);
    let statements = grow(&source, &mut sink);
    statements.iter().map(|statement| entry(statement, &mut sink)).collect()
}

fn entry(statement: &Statement, sink: &mut Sink<'_>) -> Entry {
    let whole = regrow(statement, sink);
    let statement = whole.as_ref().unwrap_or(statement);
    let written = |word_: &Word| word_.written.as_deref().map_or_else(|| word(&word_.text), str::to_owned);
    let words = std::iter::once(&statement.keyword).chain(&statement.arguments);
    Entry {
        keyword: statement.keyword.text.clone(),
        arguments: statement.arguments.iter().map(|argument| argument.text.clone()).collect(),
        line: words.map(written).collect::<Vec<_>>().join(" "),
        location: sink.locate(statement.place()),
        block: statement.block.as_ref().map(|block| block.statements.iter().map(|one| entry(one, sink)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::expand::surroundings::Nothing;

    #[test]
    fn nothing_is_lost_and_every_place_is_known() {
        let text = "$IF=eth0\nvrrp_instance A {\n  interface $IF # here\n  notify \"/bin/x 'a b'\"\n  track_interface {\n    eth1 weight -5\n  }\n}\n\
                    virtual_server 10.0.0.3 80 {\n  real_server 10.0.0.7 80 { weight 2 }\n}\n";
        let found = outline("k.conf", text, &mut Nothing);
        let [instance, server] = found.as_slice() else { panic!("{found:#?}") };
        assert_eq!((instance.line.as_str(), instance.location.line), ("vrrp_instance A", 2));
        assert_eq!(instance.inside()[0].line, "interface eth0");
        assert_eq!(
            (instance.inside()[1].line.as_str(), instance.inside()[1].location.line),
            ("notify \"/bin/x 'a b'\"", 4)
        );
        assert_eq!(instance.inside()[2].lines(4), ["    track_interface {", "        eth1 weight -5", "    }"]);
        assert_eq!(server.inside()[0].lines(0), ["real_server 10.0.0.7 80 {", "    weight 2", "}"]);
        let again: Vec<String> = found.iter().flat_map(|entry| entry.lines(0)).collect();
        let meant = |text: &str| {
            crate::conf::print::print(&crate::conf::parse("k.conf", text).config, crate::conf::print::Secrets::Shown)
        };
        assert_eq!(meant(&again.join("\n")), meant(text));
    }
}
