//! What the configuration in force promises against two owners, and what it does not.

use hactl_engine::conf::config::Config;
use hactl_engine::control::Safety;

/// The safety tier of a configuration.
pub(crate) fn tier(config: &Config) -> Safety {
    let (tier, promise, not_promised) = match (config.own.guard, config.own.lease) {
        (false, false) => (
            0,
            "one owner while the load balancers hear each other",
            "when they do not (a firewall, a cut, an agent that hangs), both own the addresses",
        ),
        (false, true) => (
            0,
            "one owner while the load balancers hear each other; an agent that hangs loses the addresses in time",
            "when adverts are blocked on the way, both own the addresses (`guard on` prevents that)",
        ),
        (true, false) => (
            1,
            "no backup claims an address that still answers, so blocked adverts make no second owner",
            "an agent that hangs keeps its addresses for ever (`lease on` prevents that); when the LAN itself is cut, \
             each side has an owner",
        ),
        (true, true) => (
            3,
            "no backup claims an address that still answers, and an agent that hangs or dies loses its addresses \
             before anybody claims them",
            "when the LAN itself is cut in two, each side has an owner: only a third vote or fencing prevents that",
        ),
    };
    Safety { tier, promise: promise.into(), not_promised: not_promised.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_follow_the_settings() {
        let mut config = Config::default();
        assert_eq!(tier(&config).tier, 0);
        config.own.lease = true;
        assert_eq!(tier(&config).tier, 0, "adverts that are blocked still make two owners");
        config.own.guard = true;
        assert_eq!(tier(&config).tier, 3);
        config.own.lease = false;
        assert_eq!(tier(&config).tier, 1);
    }
}
