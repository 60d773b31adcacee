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
    pub(super) fn is_list(&self) -> bool {
        self.tables.is_empty()
    }
}

/// A keyword that works.
pub(crate) const fn yes(name: &'static str) -> Keyword {
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
pub(crate) const fn no(name: &'static str) -> Keyword {
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
