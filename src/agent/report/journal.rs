//! What happened, for whoever asks: a bounded history and a stream of events.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use hactl_engine::control::Event;
use hactl_engine::notice::{Level, Notice, What};
use tokio::sync::broadcast;

/// Events remembered.
const HISTORY: usize = 1000;
/// Events a slow watcher may lag behind before it loses some.
const WATCH: usize = 256;

/// The agent's diary.
#[derive(Clone)]
pub(crate) struct Journal {
    past: Arc<Mutex<VecDeque<Event>>>,
    live: broadcast::Sender<Event>,
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
        let state = if let What::Entered { to, .. } = &notice.what { Some(*to) } else { None };
        let message = notice.what.to_string();
        let lasted_ms = if let What::Entered { lasted_ms, .. } = &notice.what { Some(*lasted_ms) } else { None };
        self.keep(Event { unix_ms, instance: Some(notice.instance.clone()), message, state, lasted_ms });
    }

    /// Remembers what concerns the whole agent, and passes it to watchers.
    pub(crate) fn note(&self, message: &str, unix_ms: u64) {
        self.keep(Event { unix_ms, instance: None, message: message.to_owned(), state: None, lasted_ms: None });
    }

    fn keep(&self, event: Event) {
        let mut past = self.past.lock().unwrap_or_else(PoisonError::into_inner);
        if past.len() == HISTORY {
            past.pop_front();
        }
        past.push_back(event.clone());
        drop(past);
        let _ = self.live.send(event); // nobody may be watching
    }

    /// The past, oldest first.
    pub(crate) fn past(&self) -> Vec<Event> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Subscribes to the events from now on.
    pub(crate) fn watch(&self) -> broadcast::Receiver<Event> {
        self.live.subscribe()
    }
}
