//! What browsers are told, as server-sent events: first everything as it stands, then what changes. Everybody who is
//! slow gets the newest picture and not all those between; of heartbeats that he missed nothing is made up.

use std::sync::Arc;

use tokio::sync::{broadcast, watch};

/// Heartbeats that wait for a slow browser.
const WAITING: usize = 256;

/// Everything as it stands, as JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Now {
    /// How everything is.
    pub state: Arc<str>,
    /// What happened.
    pub log: Arc<str>,
    /// The Chinese of what stands in both.
    pub words: Arc<str>,
}

/// The end that knows.
#[derive(Debug)]
pub struct Feed {
    now: watch::Sender<Now>,
    beats: broadcast::Sender<Arc<str>>,
}

impl Default for Feed {
    fn default() -> Self {
        Self { now: watch::Sender::default(), beats: broadcast::Sender::new(WAITING) }
    }
}

impl Feed {
    /// Everything as it is from now on.
    pub fn show(&self, now: Now) {
        self.now.send_if_modified(|known| {
            let differs = *known != now;
            *known = now;
            differs
        });
    }

    /// A heartbeat, as JSON.
    pub fn beat(&self, beat: &str) {
        let _ = self.beats.send(beat.into()); // nobody looks
    }

    /// A browser that listens from now on.
    pub fn listen(&self) -> Ear {
        let mut now = self.now.subscribe();
        now.mark_changed();
        Ear { now, beats: self.beats.subscribe(), told: Now::default() }
    }
}

/// A browser's end.
#[derive(Debug)]
pub struct Ear {
    now: watch::Receiver<Now>,
    beats: broadcast::Receiver<Arc<str>>,
    told: Now,
}

impl Ear {
    /// What comes next, as the text of events. `None` when nobody knows any more.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            tokio::select! {
                biased;
                changed = self.now.changed() => {
                    changed.ok()?;
                    let now = self.now.borrow_and_update().clone();
                    let mut text = String::new();
                    if now.words != self.told.words {
                        text += &event("words", &now.words);
                    }
                    if now.state != self.told.state {
                        text += &event("state", &now.state);
                    }
                    if now.log != self.told.log {
                        text += &event("log", &now.log);
                    }
                    self.told = now;
                    if !text.is_empty() {
                        return Some(text);
                    }
                }
                beat = self.beats.recv() => match beat {
                    Ok(beat) => return Some(event("beat", &beat)),
                    Err(broadcast::error::RecvError::Lagged(_)) => {} // what is over is not told late
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
            }
        }
    }
}

/// JSON has no line breaks of its own, so one line is all of it.
fn event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(state: &str, log: &str) -> Now {
        Now { state: state.into(), log: log.into(), words: "{}".into() }
    }

    #[tokio::test]
    async fn who_comes_late_is_told_everything_first() {
        let feed = Feed::default();
        feed.show(now("1", "[]"));
        feed.beat("lost");
        let mut ear = feed.listen();
        feed.beat("7");
        assert_eq!(
            ear.next().await.unwrap(),
            "event: words\ndata: {}\n\nevent: state\ndata: 1\n\nevent: log\ndata: []\n\n"
        );
        assert_eq!(ear.next().await.unwrap(), "event: beat\ndata: 7\n\n");
        feed.show(now("2", "[]"));
        assert_eq!(ear.next().await.unwrap(), "event: state\ndata: 2\n\n");
    }

    #[tokio::test]
    async fn who_is_slow_gets_the_newest() {
        let feed = Feed::default();
        let mut ear = feed.listen();
        for number in 0..WAITING * 3 {
            feed.show(now(&number.to_string(), "[]"));
            feed.beat(&number.to_string());
        }
        assert!(ear.next().await.unwrap().contains("event: state\ndata: 767\n"));
        assert_eq!(ear.next().await.unwrap(), "event: beat\ndata: 512\n\n", "no more than {WAITING} wait");
        drop(feed);
        assert_eq!(ear.next().await, None);
    }
}
