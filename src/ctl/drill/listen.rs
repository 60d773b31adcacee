//! What the agents tell during a drill, as it comes: changes of the VIP's virtual router for the lanes, and everything
//! that somebody may want to read beside them. Times are on the desk's clock.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hactl_engine::control::RouterState;
use hactl_engine::notice::What;
use hactl_engine::seen::Sight;

use super::lanes::Heard;
use crate::ctl::stream::live::Live;
use crate::ctl::stream::told::{Item, News, Told};

/// How long the agents may take to be heard before the measurement begins without them.
const HEARD_WITHIN: Duration = Duration::from_secs(5);
/// No drill has more to tell.
const EVENTS_MAX: usize = 500;

/// Something that an agent told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// When, from the start of the measurement.
    pub at: Duration,
    /// Where.
    pub host: String,
    /// What, worded.
    pub what: String,
}

/// Everything that was heard so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The name of the VIP's instance.
    instance: String,
    /// The start of the measurement: Unix time in milliseconds.
    zero_ms: u64,
    /// By host.
    pub hosts: BTreeMap<String, Heard>,
    /// In the order told.
    pub events: Vec<Happened>,
}

impl Ledger {
    /// An empty one for these hosts. The measurement begins now.
    pub fn new(instance: &str, hosts: impl Iterator<Item = String>) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            instance: instance.to_owned(),
            zero_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
            hosts: hosts.map(|host| (host, Heard::default())).collect(),
            events: Vec::new(),
        }
    }

    /// The start of the measurement: Unix time in milliseconds.
    pub fn zero_ms(&self) -> u64 {
        self.zero_ms
    }

    fn at(&self, unix_ms: u64) -> Duration {
        Duration::from_millis(unix_ms.saturating_sub(self.zero_ms))
    }

    fn take(&mut self, told: Told) {
        let at = self.at(told.at_ms);
        let Some(heard) = self.hosts.get_mut(&told.host) else { return };
        match told.news {
            News::Connecting | News::NotUnderstood => {}
            // Its first line comes next.
            News::Connected => {}
            News::Clock(clock) => heard.within = Some(Duration::from_nanos(clock.within_ns)),
            News::Lost { .. } => heard.lost(at),
            News::Seen(sight) => self.see(at, told.at_ms, told.host, *sight),
        }
    }

    fn see(&mut self, at: Duration, at_ms: u64, host: String, sight: Sight) {
        let (zero, routine) = (self.zero_ms, sight.is_routine());
        if !routine && at_ms > zero && self.events.len() < EVENTS_MAX {
            self.events.push(Happened { at, host: host.clone(), what: sight.to_string() });
        }
        let Some(heard) = self.hosts.get_mut(&host) else { return };
        match sight {
            Sight::State { status } => {
                let Some(own) = status.instances.iter().find(|one| one.name == self.instance) else { return };
                // All its times are on one clock, which was `now` when it said so.
                let ago = |then: u64| at.saturating_sub(Duration::from_millis(status.now_unix_ms.saturating_sub(then)));
                let begun = ago(status.started_unix_s.saturating_mul(1000));
                heard.whole(at, own.state, own.last_transition.map(ago), Some(begun));
            }
            Sight::Notice { notice } if notice.instance == self.instance => {
                if let What::Entered { to, .. } = notice.what {
                    heard.state(at, to);
                }
                if matches!(notice.what, What::Entered { to: RouterState::Stopped, .. }) {
                    heard.word(at);
                }
            }
            Sight::Notice { .. } | Sight::Note { .. } | Sight::Script { .. } | Sight::Neighbours { .. } => {}
            Sight::Adverts { .. } | Sight::Counters { .. } | Sight::Load { .. } | Sight::Beat => heard.word(at),
        }
    }

    /// Ends it: what was told in the order in which it happened.
    pub fn end(mut self) -> Self {
        self.events.sort_by_key(|one| one.at);
        self
    }
}

/// Waits until all agents are heard, or for as long as they may take.
pub async fn first_words(live: &mut Live, ledger: &mut Ledger) {
    let all = async {
        while !ledger.hosts.values().all(Heard::spoke) {
            match live.next().await {
                Some(Item::Host(told)) => ledger.take(told),
                Some(Item::Looked(_)) => {}
                None => return,
            }
        }
    };
    // Who is not heard by then has no lane of its own: the picture says so.
    let _ = tokio::time::timeout(HEARD_WITHIN, all).await;
}

/// Takes what comes, for ever.
pub async fn listen(live: &mut Live, ledger: &mut Ledger) {
    while let Some(item) = live.next().await {
        if let Item::Host(told) = item {
            ledger.take(told);
        }
    }
    // Nobody is heard any more: that is told already.
    std::future::pending::<()>().await;
}
