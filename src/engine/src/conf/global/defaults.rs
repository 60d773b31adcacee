//! What `global_defs` sets for every instance.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::conf::config::{Announcement, Version};
use crate::conf::grammar::values::{SECONDS_MAX, integer, seconds};
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// The settings of the whole file that an instance's own lines may override.
#[derive(Debug, Clone)]
pub(crate) struct Defaults {
    pub(crate) version: Version,
    pub(crate) timing: Timing,
    pub(crate) group4: Option<Ipv4Addr>,
    pub(crate) group6: Option<Ipv6Addr>,
    pub(crate) down_adverts: u32,
    pub(crate) lower_prio_no_advert: bool,
    pub(crate) higher_prio_send_advert: bool,
    pub(crate) owner_ignore_adverts: bool,
    pub(crate) check_unicast_source: bool,
    pub(crate) v3_checksum_as_v2: bool,
    pub(crate) strict: bool,
    pub(crate) priority_changes: bool,
    /// `smtp_alert`, for everything; `smtp_alert_vrrp` wins.
    pub(crate) smtp_alert: Option<bool>,
    pub(crate) smtp_alert_vrrp: Option<bool>,
    pub(crate) smtp_alert_checker: Option<bool>,
    /// `checker_log_all_failures`.
    pub(crate) log_all_failures: Option<bool>,
    /// Where the sync daemon of LVS is configured.
    pub(crate) sync_place: Option<Place>,
    pub(crate) interface: Option<String>,
    /// How names of macvlans begin: those of instances, those of addresses.
    pub(crate) macvlan_prefixes: [String; 2],
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            version: Version::V2,
            timing: Timing::default(),
            group4: None,
            group6: None,
            down_adverts: 3,
            lower_prio_no_advert: false,
            higher_prio_send_advert: false,
            owner_ignore_adverts: false,
            check_unicast_source: false,
            v3_checksum_as_v2: false,
            strict: false,
            priority_changes: false,
            smtp_alert: None,
            smtp_alert_vrrp: None,
            smtp_alert_checker: None,
            log_all_failures: None,
            sync_place: None,
            interface: None,
            macvlan_prefixes: Default::default(),
        }
    }
}

impl Defaults {
    /// Whether changes of state are mailed where an instance or group does not say.
    pub(crate) fn mails(&self) -> bool {
        self.smtp_alert_vrrp.or(self.smtp_alert).unwrap_or(false)
    }
}

/// The announcement settings as far as they were given: some follow others.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Timing {
    delay: Option<Duration>,
    repeat: Option<u32>,
    refresh: Option<Duration>,
    refresh_repeat: Option<u32>,
    lower_delay: Option<Duration>,
    lower_repeat: Option<u32>,
    pub(crate) interval: Duration,
    pub(crate) na_interval: Duration,
}

impl Timing {
    /// One burst of one announcement (`vrrp_min_garp`).
    pub(crate) fn least(&mut self) {
        self.repeat = Some(1);
        self.delay = Some(Duration::ZERO);
    }

    /// One line of the `garp_…` family, its name without `vrrp_`.
    pub(crate) fn line(&mut self, name: &str, line: &Statement, sink: &mut Sink<'_>) {
        let times = Duration::ZERO..=SECONDS_MAX;
        match name {
            "garp_master_delay" => self.delay = seconds(line, times, "5 s is used", sink),
            "garp_master_repeat" => self.repeat = integer(line, 1..=GARP_REPEAT_MAX, "5 is used", sink),
            "garp_master_refresh" => self.refresh = seconds(line, times, "0 is used", sink),
            "garp_master_refresh_repeat" => {
                self.refresh_repeat = integer(line, 1..=GARP_REPEAT_MAX, "1 is used", sink);
            }
            "garp_lower_prio_delay" => {
                self.lower_delay = seconds(line, times, "garp_master_delay is used", sink);
            }
            "garp_lower_prio_repeat" => {
                self.lower_repeat = integer(line, 0..=GARP_REPEAT_MAX, "garp_master_repeat is used", sink);
            }
            "garp_interval" => self.interval = pause(line, sink),
            _ => self.na_interval = pause(line, sink),
        }
    }

    /// Every value, with the documented defaults.
    pub(crate) fn complete(self) -> Announcement {
        let standard = Announcement::default();
        let delay = self.delay.unwrap_or(standard.delay);
        let repeat = self.repeat.unwrap_or(standard.repeat);
        Announcement {
            delay,
            repeat,
            refresh: self.refresh.unwrap_or(standard.refresh),
            refresh_repeat: self.refresh_repeat.unwrap_or(standard.refresh_repeat),
            lower_delay: self.lower_delay.unwrap_or(delay),
            lower_repeat: self.lower_repeat.unwrap_or(repeat),
            interval: self.interval,
            na_interval: self.na_interval,
        }
    }
}

fn pause(line: &Statement, sink: &mut Sink<'_>) -> Duration {
    seconds(line, Duration::ZERO..=PAUSE_MAX, "0 is used", sink).unwrap_or(Duration::ZERO)
}

/// Most announcements for one address and burst.
const GARP_REPEAT_MAX: u32 = 255;
/// Longest pause between two announcements.
const PAUSE_MAX: Duration = Duration::from_secs(100);
