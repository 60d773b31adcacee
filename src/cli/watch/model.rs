//! How everything stands, as far as it was heard, and what the screen shows of it. Pure: what comes and what time it is
//! are arguments.

use super::mode::{Mode, Work};
use crate::ctl::cluster::Cluster;
use crate::ctl::stream::told::Item;
use crate::ctl::view::known::{Event, Known};

/// Everything.
pub(super) struct Model {
    /// How everything stands.
    pub known: Known,
    /// Whether adverts stand among the events.
    pub with_adverts: bool,
    /// So many lines of events are below the last one that is shown.
    pub back: usize,
    /// What the keys mean.
    pub mode: Mode,
    /// The last order.
    pub work: Option<Work>,
    /// What is said of a key that does nothing now.
    pub hint: Option<String>,
    /// Whether colours are wanted.
    pub colours: bool,
}

impl Model {
    /// Nothing was heard yet.
    pub(super) fn new(cluster: Cluster, colours: bool) -> Self {
        let known = Known::new(cluster);
        Self { known, with_adverts: false, back: 0, mode: Mode::default(), work: None, hint: None, colours }
    }

    /// Takes what came at this time.
    pub(super) fn take(&mut self, item: Item, now_ms: u64) {
        let before = self.known.happened;
        self.known.take(item, now_ms);
        self.stay(before);
    }

    /// Writes down what happened, where it belongs in time.
    pub(super) fn happened(&mut self, event: Event) {
        let before = self.known.happened;
        self.known.happened(event);
        self.stay(before);
    }

    /// What somebody reads stays where it is.
    fn stay(&mut self, before: u64) {
        if self.back > 0 {
            let more = usize::try_from(self.known.happened.saturating_sub(before)).unwrap_or(usize::MAX);
            self.back = self.back.saturating_add(more);
        }
    }

    /// What stands in the list of events now, the oldest first.
    pub(super) fn listed(&self) -> Vec<&Event> {
        let mut all: Vec<&Event> = self.known.events.iter().collect();
        if self.with_adverts {
            all.extend(&self.known.adverts);
            all.sort_by_key(|event| event.at_ms);
        }
        all
    }

    /// An order is at work.
    pub(super) fn is_at_work(&self) -> bool {
        self.work.as_ref().is_some_and(|work| work.end.is_none())
    }
}
