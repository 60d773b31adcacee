//! What happened, for whoever asks: a bounded history and a stream of events.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use hactl_engine::control::Event;
use hactl_engine::notice::{Level, Notice, What};
use hactl_engine::seen::{Seen, Sight};
use tokio::sync::broadcast;

/// Events remembered.
const HISTORY: usize = 1000;
/// What was seen last that is told to whoever begins to watch.
const RECENT: usize = 32;
/// Events a slow watcher may lag behind before it loses some.
const WATCH: usize = 256;

/// The agent's diary.
#[derive(Clone)]
pub(crate) struct Journal {
    past: Arc<Mutex<Past>>,
    live: broadcast::Sender<Seen>,
}

/// What is remembered.
#[derive(Default)]
struct Past {
    events: VecDeque<Event>,
    recent: VecDeque<Seen>,
}

impl Default for Journal {
    fn default() -> Self {
        Self { past: Arc::default(), live: broadcast::channel(WATCH).0 }
    }
}

impl Journal {
    /// Logs a notice, remembers it and passes it to watchers. That virtual servers begin with their quorum is for
    /// scripts and the FIFO: a thousand of them would leave room for nothing else here.
    pub(crate) fn tell(&self, notice: &Notice, unix_ms: u64) {
        if matches!(notice.what, What::Quorum { begun: true, .. }) {
            return;
        }
        let instance = notice.instance.as_str();
        match notice.what.level() {
            Level::Info => tracing::info!(instance, "{notice}"),
            Level::Warning => tracing::warn!(instance, "{notice}"),
            Level::Error => tracing::error!(instance, "{notice}"),
        }
        let state = notice.what.state();
        let message = notice.what.to_string();
        let lasted_ms = if let What::Entered { lasted_ms, .. } = &notice.what { Some(*lasted_ms) } else { None };
        let event = Event { unix_ms, instance: Some(notice.instance.clone()), message, state, lasted_ms };
        self.keep(event, Sight::Notice { notice: notice.clone() });
    }

    /// Remembers what concerns the whole agent, and passes it to watchers.
    pub(crate) fn note(&self, message: &str, unix_ms: u64) {
        let message = message.to_owned();
        let event = Event { unix_ms, instance: None, message: message.clone(), state: None, lasted_ms: None };
        self.keep(event, Sight::Note { message });
    }

    fn keep(&self, event: Event, what: Sight) {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = Seen { unix_ms: event.unix_ms, what };
        keep(&mut past.events, event, HISTORY);
        keep(&mut past.recent, seen.clone(), RECENT);
        // Sent before anybody else can ask what was seen last: whoever begins to watch hears it once.
        let _ = self.live.send(seen); // nobody may be watching
    }

    /// The past, oldest first.
    pub(crate) fn past(&self) -> Vec<Event> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner).events.iter().cloned().collect()
    }

    /// What was seen last, oldest first, and what is seen from now on.
    pub(crate) fn watch(&self) -> (Vec<Seen>, broadcast::Receiver<Seen>) {
        let past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        (past.recent.iter().cloned().collect(), self.live.subscribe())
    }
}

fn keep<T>(kept: &mut VecDeque<T>, one: T, most: usize) {
    if kept.len() == most {
        kept.pop_front();
    }
    kept.push_back(one);
}
