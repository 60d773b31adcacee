//! What the keys mean right now.

use crate::cli::order::{Ended, Order};

/// What is in front.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Mode {
    /// The picture.
    #[default]
    Watching,
    /// What the keys do.
    Help,
    /// A list to choose from.
    Choosing {
        /// The list.
        choice: Choice,
        /// The line that is marked.
        at: usize,
    },
    /// Whether it shall really be done.
    Confirming(Order),
}

/// A list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Choice {
    /// What is chosen.
    pub title: &'static str,
    /// What there is, with what is to be known of it.
    pub lines: Vec<(Order, String)>,
    /// What is said where there is nothing.
    pub nothing: &'static str,
}

/// An order on its way.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Work {
    /// What was ordered.
    pub order: Order,
    /// Since when, on the desk's clock.
    pub since_ms: u64,
    /// What it said last.
    pub words: Vec<String>,
    /// How it ended, once it has.
    pub end: Option<Ended>,
}
