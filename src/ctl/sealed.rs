//! Secrets of a cluster: where they come from, and what they are once somebody has fetched them. None of them is ever
//! printed.

use std::path::PathBuf;

use crate::error::Span;

/// Where a secret comes from; never the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// Asked for once on the terminal.
    Prompt,
    /// An environment variable.
    Environment(String),
    /// First line of a file.
    File(PathBuf),
    /// First line of a command's output.
    Command(String),
}

/// A secret value: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A secret that is fetched when it is needed: whoever only looks at a cluster is not asked for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Where from; `None` where the inventory itself has it.
    pub source: Option<SecretSource>,
    /// What it is, once it was fetched.
    pub value: Option<Secret>,
    /// Where the inventory speaks of it.
    pub span: Span,
}

impl Sealed {
    /// What it is, once it was fetched.
    pub fn open(&self) -> Option<&str> {
        self.value.as_ref().map(|secret| secret.0.as_str())
    }
}
