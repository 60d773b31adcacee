//! `interface_up_down_delays`: an interface that goes down or comes up counts as it was for a while. One that flaps
//! changes nothing, and one that stays so is seen later.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::conf::config::Config;
use crate::input::Link;
use crate::time::Instant;

/// What counts of the interfaces that have delays.
#[derive(Debug, Clone, Default)]
pub(crate) struct Debounce {
    /// Until down and until up, by interface; a macvlan has its parent's.
    delays: BTreeMap<String, (Duration, Duration)>,
    /// Interfaces, by index, that are not what they count as, each with what it is and when that counts.
    held: BTreeMap<u32, (bool, Instant)>,
}

impl Debounce {
    /// Takes the delays of a configuration. What is held already counts when it would have.
    pub(crate) fn follow(&mut self, config: &Config) {
        self.delays = config.link_delays.iter().map(|one| (one.interface.clone(), (one.down, one.up))).collect();
        if self.delays.is_empty() {
            return;
        }
        for instance in &config.instances {
            let Some(delays) = self.delays.get(&instance.interface).copied() else { continue };
            let addresses = instance.addresses.iter().chain(&instance.excluded);
            let macvlans = instance.vmac.iter().chain(addresses.filter_map(|address| address.vmac.as_deref()));
            self.delays.extend(macvlans.map(|vmac| (vmac.name.clone(), delays)));
        }
    }

    /// An interface as it counts now, when the kernel says that it is `link` and it counted as `before`.
    pub(crate) fn heard(&mut self, now: Instant, mut link: Link, before: Option<&Link>) -> Link {
        let counts = before.is_none_or(|before| before.up == link.up);
        let delay = self.delays.get(&link.name).map(|(down, up)| if link.up { *up } else { *down });
        match delay.filter(|delay| !counts && !delay.is_zero()) {
            None => _ = self.held.remove(&link.index),
            Some(delay) => {
                self.held.entry(link.index).or_insert((link.up, now.after(delay)));
                link.up = !link.up;
            }
        }
        link
    }

    /// It is gone; that counts at once.
    pub(crate) fn forget(&mut self, index: u32) {
        self.held.remove(&index);
    }

    /// When the next interface counts as what it is.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.held.values().map(|(_, at)| *at).min()
    }

    /// Those that count as what they are from now on, by index, each with whether it is up.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<(u32, bool)> {
        let due: Vec<(u32, bool)> =
            self.held.iter().filter(|(_, (_, at))| *at <= now).map(|(index, (up, _))| (*index, *up)).collect();
        due.iter().for_each(|(index, _)| _ = self.held.remove(index));
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::config::LinkDelay;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    fn link(up: bool) -> Link {
        Link { index: 2, name: "eth0".into(), up, mac: [2, 0, 0, 0, 0, 5], addresses: Vec::new() }
    }

    #[test]
    fn what_flaps_does_not_count_and_what_stays_does_later() {
        let mut config = Config::default();
        config.link_delays.push(LinkDelay { interface: "eth0".into(), down: MS(300), up: MS(700) });
        let (mut debounce, start) = (Debounce::default(), Instant(0));
        debounce.follow(&config);
        let up = debounce.heard(start, link(true), None);
        assert!(up.up && debounce.next().is_none(), "what was never seen counts as it is");
        // Down for less than the delay, told twice.
        for ms in [10, 200] {
            assert!(debounce.heard(start.after(MS(ms)), link(false), Some(&up)).up);
        }
        assert_eq!(debounce.next(), Some(start.after(MS(310))), "since it went down first");
        assert!(debounce.heard(start.after(MS(250)), link(true), Some(&up)).up);
        assert_eq!(debounce.due(start.after(MS(400))), [], "it came back in time");
        // Down for longer, and up again.
        assert!(debounce.heard(start.after(MS(500)), link(false), Some(&up)).up);
        assert_eq!(debounce.due(start.after(MS(799))), []);
        assert_eq!(debounce.due(start.after(MS(800))), [(2, false)]);
        let down = debounce.heard(start.after(MS(900)), link(true), Some(&link(false)));
        assert!(!down.up);
        assert_eq!(debounce.due(start.after(MS(1600))), [(2, true)]);
        assert_eq!(debounce.next(), None);
        // Another interface has no delays, and one that goes is forgotten.
        let other = Link { index: 3, name: "eth1".into(), ..link(false) };
        let before = Link { up: true, ..other.clone() };
        assert!(!debounce.heard(start, other, Some(&before)).up);
        debounce.heard(start, link(false), Some(&up));
        debounce.forget(2);
        assert_eq!(debounce.next(), None);
    }
}
