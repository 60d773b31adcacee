//! What somebody allows a drill to cost, as an inventory says it.

use std::time::Duration;

/// Budgets of somebody's own, in place of a scenario's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Budget {
    /// The longest outage that passes.
    pub gap: Option<Duration>,
    /// The most lost requests that pass.
    pub requests: Option<usize>,
}
