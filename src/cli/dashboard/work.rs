//! What the page is told of an order: how far it is, how it ended, what was measured.

use serde::Serialize;

use crate::cli::order::{Ended, Found, Order};
use crate::ctl::drill::judge::shown;
use crate::ctl::operate::failover::Moved;

/// Lines of what an order says that are kept.
const WORDS: usize = 100;

/// An order on its way, or the last one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Work {
    /// The how manieth it is.
    pub number: u64,
    /// What one would type.
    pub command: String,
    /// When it began, on the desk's clock.
    pub since_ms: u64,
    /// What it said so far.
    pub words: Vec<String>,
    /// How it ended.
    pub end: Option<End>,
}

/// How an order ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct End {
    /// As it was meant to.
    pub well: bool,
    /// When, on the desk's clock.
    pub at_ms: u64,
    /// In words.
    pub words: String,
    /// How each VIP moved.
    pub moves: Vec<Moved>,
    /// What each drill measured.
    pub drills: Vec<Drilled>,
    /// Where the drills' report is.
    pub report: Option<String>,
}

/// What a drill measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Drilled {
    scenario: String,
    passed: bool,
    outage: String,
    budget: String,
    lost: usize,
    sent: usize,
}

impl Work {
    /// One that begins.
    pub(super) fn new(number: u64, order: &Order, since_ms: u64) -> Self {
        Self { number, command: order.command(), since_ms, words: Vec::new(), end: None }
    }

    /// It says something.
    pub(super) fn says(&mut self, words: String) {
        if self.words.len() < WORDS {
            self.words.push(words);
        }
    }
}

impl End {
    /// What became of it.
    pub(super) fn of(ended: &Ended, report: Option<String>, at_ms: u64) -> Self {
        let (moves, drills) = match &ended.found {
            Found::Nothing => (Vec::new(), Vec::new()),
            Found::Moves(moves) => (moves.moves.clone(), Vec::new()),
            Found::Drilled(run) => {
                let drilled = run.entries.iter().map(|entry| Drilled {
                    scenario: entry.verdict.scenario.clone(),
                    passed: entry.verdict.passed,
                    outage: shown(entry.verdict.gap),
                    budget: shown(entry.verdict.budget),
                    lost: entry.verdict.lost,
                    sent: entry.verdict.sent,
                });
                (Vec::new(), drilled.collect())
            }
        };
        Self { well: ended.well, at_ms, words: ended.words.clone(), moves, drills, report }
    }
}
