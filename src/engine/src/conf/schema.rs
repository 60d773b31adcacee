//! What a table of keywords is. The tables themselves are in `keywords`.

/// A place that keywords stand in: the file itself or the block of a keyword.
#[derive(Debug)]
pub struct Context {
    /// The keyword whose block it is, for messages.
    pub name: &'static str,
    /// The keywords known here; empty for a list of names or addresses.
    pub tables: &'static [&'static [Keyword]],
}

/// A keyword in its context.
#[derive(Debug)]
pub struct Keyword {
    /// As written.
    pub name: &'static str,
    /// What becomes of it.
    pub support: Support,
    /// What its block holds, when it has one.
    pub block: Option<&'static Context>,
}

/// What becomes of a keyword.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// It means what keepalived's manual says.
    Yes,
    /// It names what already is so; nothing to do and nothing to say.
    Already,
    /// Known, ignored and warned about, with what that means for the user where it matters.
    NotYet(&'static str),
}

impl Context {
    /// The keyword of that name, if it belongs here.
    pub fn find(&self, name: &str) -> Option<&'static Keyword> {
        self.keywords().find(|keyword| keyword.name == name)
    }

    /// All keywords that belong here.
    pub fn keywords(&self) -> impl Iterator<Item = &'static Keyword> {
        self.tables.iter().flat_map(|table| table.iter())
    }

    /// Whether its lines are names or addresses rather than keywords.
    pub fn is_list(&self) -> bool {
        self.tables.is_empty()
    }
}

/// The name most like `word`, when one is near enough to be meant.
pub fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if word.len() > WORD_BYTES_MAX {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let far = |name: &str| (name.len() / 3).clamp(1, 4);
    names
        .filter(|name| name.len().abs_diff(lower.len()) <= far(name)) // spares most comparisons
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_ascii_lowercase()), name))
        .filter(|(distance, name)| *distance <= far(name))
        .min()
        .map(|(_, name)| name)
}

/// A keyword that works.
pub(super) const fn yes(name: &'static str) -> Keyword {
    Keyword { name, support: Support::Yes, block: None }
}

/// A keyword with a block that works.
pub(super) const fn yes_block(name: &'static str, block: &'static Context) -> Keyword {
    Keyword { name, support: Support::Yes, block: Some(block) }
}

/// A keyword that names what already is so.
pub(super) const fn already(name: &'static str) -> Keyword {
    Keyword { name, support: Support::Already, block: None }
}

/// A block that names what already is so.
pub(super) const fn already_block(name: &'static str, block: &'static Context) -> Keyword {
    Keyword { name, support: Support::Already, block: Some(block) }
}

/// A keyword that is known and ignored.
pub(super) const fn no(name: &'static str) -> Keyword {
    Keyword { name, support: Support::NotYet(""), block: None }
}

/// A keyword that is known and ignored, with what that means.
pub(super) const fn no_so(name: &'static str, consequence: &'static str) -> Keyword {
    Keyword { name, support: Support::NotYet(consequence), block: None }
}

/// A block that is known and ignored, with what that means.
pub(super) const fn no_block(name: &'static str, block: &'static Context, consequence: &'static str) -> Keyword {
    Keyword { name, support: Support::NotYet(consequence), block: Some(block) }
}

/// A list of names or addresses.
pub(super) const fn list(name: &'static str) -> Context {
    Context { name, tables: &[] }
}

/// Longer words are no misspelt keyword; comparing them would cost time without end.
const WORD_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_must_be_near() {
        let names = ["priority", "interface", "state"];
        assert_eq!(nearest("prioriti", names.into_iter()), Some("priority"));
        assert_eq!(nearest("STATE", names.into_iter()), Some("state"));
        assert_eq!(nearest("colour", names.into_iter()), None);
        assert_eq!(nearest(&"priority".repeat(100), names.into_iter()), None);
    }
}
