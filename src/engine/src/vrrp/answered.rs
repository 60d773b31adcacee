//! Adverts that were answered by an advert. Two routers that answer each other at once would do nothing else, so each
//! of the others gets one answer an interval.

use std::net::IpAddr;
use std::time::Duration;

use smallvec::SmallVec;

use super::state::Heard;
use crate::time::Instant;

/// Whom this router answered, since its last change of state.
#[derive(Debug, Clone, Default)]
pub(super) struct Answered(SmallVec<[Answer; 1]>);

#[derive(Debug, Clone, Copy)]
struct Answer {
    to: IpAddr,
    /// A goodbye (priority 0) is answered for those who listen to it too, so it counts by itself.
    goodbye: bool,
    at: Instant,
}

impl Answered {
    /// Whether this advert may be answered now. Of more others than [`MOST`] some must wait.
    pub(super) fn permit(&self, heard: &Heard, interval: Duration, now: Instant) -> bool {
        let recent = |answer: &&Answer| now.since(answer.at) < interval;
        let same = |answer: &&Answer| (answer.to, answer.goodbye) == (heard.source, heard.priority == 0);
        let mut answers = self.0.iter().filter(recent);
        !answers.clone().any(|answer| same(&answer)) && answers.by_ref().count() < MOST
    }

    pub(super) fn note(&mut self, heard: &Heard, now: Instant) {
        let goodbye = heard.priority == 0;
        self.0.retain(|answer| (answer.to, answer.goodbye) != (heard.source, goodbye));
        if self.0.len() >= MOST {
            self.0.remove(0);
        }
        self.0.push(Answer { to: heard.source, goodbye, at: now });
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

/// Answers an interval: a forger can name any number of senders.
const MOST: usize = 8;
