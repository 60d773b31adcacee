//! The servers that the proxy of this host shall not reach, as the kernel has them: sent anew whenever they change, and
//! again before it forgets.

use hactl_engine::lvs::upstream::Refused;
use tokio::time::Instant;

use crate::sys::netlink::refusals::{LEASE, Refusals};

/// What the kernel was sent last, and when it is sent again.
#[derive(Default)]
pub(crate) struct Upstreams {
    kernel: Refusals,
    sent: Option<Refused>,
    /// Until when the table of an earlier agent may hold what this one's checks have yet to find out.
    inherited: Option<Instant>,
    /// When it is sent again, while somebody is refused.
    again: Option<Instant>,
    /// The warning that was reported last.
    warned: Option<String>,
}

impl Upstreams {
    /// Whether the kernel was sent anything.
    pub(crate) fn is_used(&self) -> bool {
        self.sent.is_some()
    }

    /// Whether the kernel did not take what it was sent last: then it is not known to refuse anybody.
    pub(crate) fn has_failed(&self) -> bool {
        self.warned.is_some()
    }

    /// Whether an earlier agent's verdicts may still hold servers out that this one knows nothing bad of.
    pub(crate) fn inherits(&self, now: Instant) -> bool {
        self.sent.is_none() && self.inherited.is_some_and(|until| now < until)
    }

    /// Refuses these servers and no others. A server that an earlier agent refused stays refused until a server fails
    /// the checks of this agent, all of them are `judged`, or the kernel forgets: a dead server must not look alive
    /// because the agent was started anew. Returns the warning, once.
    pub(crate) fn become_like(&mut self, refused: Refused, judged: bool, now: Instant) -> Option<String> {
        let until = *self.inherited.get_or_insert(now + LEASE);
        if self.sent.is_none() && refused.is_empty() && !judged && now < until {
            self.again = Some(until);
            return None;
        }
        let is_due = self.again.is_some_and(|at| at <= now);
        if self.sent.as_ref() == Some(&refused) && !is_due {
            return None;
        }
        self.again = (!refused.is_empty()).then(|| now + LEASE / 3);
        let failed = self.kernel.set(&refused).err().map(|error| {
            format!("nftables: {error}; the proxy of this host still asks servers that fail, and waits for them")
        });
        self.sent = Some(refused);
        let warning = failed.clone().filter(|_| self.warned != failed);
        self.warned = failed;
        warning
    }

    /// When to be asked again if nothing else happens.
    pub(crate) fn next_wake(&self) -> Option<Instant> {
        self.again
    }
}
