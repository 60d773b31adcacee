//! An event as a mail tells it: a headline, and what happened in lines of their own.

use super::{Notice, What, state_name};
use crate::state::RouterState;
use crate::time::span;

/// What the name in a notice is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A VRRP instance.
    Instance,
    /// A sync group.
    Group,
    /// A virtual server.
    VirtualServer,
}

impl What {
    /// What the name in its notice is the name of.
    pub fn about(&self) -> About {
        match self {
            Self::GroupEntered { .. } => About::Group,
            Self::RealServer { .. } | Self::Quorum { .. } | Self::CheckFailed { .. } | Self::Overridden { .. } => {
                About::VirtualServer
            }
            Self::Entered { .. }
            | Self::HeartbeatBlocked { .. }
            | Self::NotReleased { .. }
            | Self::Duplicate { .. }
            | Self::Stranger { .. }
            | Self::OtherCluster { .. }
            | Self::RoutingRestored { .. }
            | Self::BadAdvert { .. }
            | Self::SecondMaster { .. }
            | Self::AddressesDiffer { .. }
            | Self::UnknownVrid { .. }
            | Self::AddressRestored { .. }
            | Self::Failed { .. }
            | Self::Step { .. }
            | Self::Priority { .. } => About::Instance,
        }
    }
}

impl Notice {
    /// Of whom it is and what happened, in one line.
    pub fn headline(&self) -> String {
        let name = &self.instance;
        match (&self.what, self.what.about()) {
            (What::Entered { to, .. }, _) => format!("VRRP instance {name} - entering {} state", entering(*to)),
            (What::GroupEntered { to, .. }, _) => format!("VRRP group {name} - entering {} state", entering(*to)),
            (What::RealServer { address, up, .. }, _) => {
                format!("Real server {address} of virtual server {name} - {}", if *up { "UP" } else { "DOWN" })
            }
            (What::Quorum { up, .. }, _) => {
                format!("Virtual server {name} - quorum {}", if *up { "gained" } else { "lost" })
            }
            (_, About::VirtualServer) => format!("Virtual server {name} - event"),
            (_, About::Instance) => format!("VRRP instance {name} - trouble"),
            (_, About::Group) => format!("VRRP group {name} - trouble"),
        }
    }

    /// What happened, each part with what it is.
    pub fn account(&self) -> Vec<(&'static str, String)> {
        let change = |from, to| ("change", format!("{} -> {}", state_name(from), state_name(to)));
        match &self.what {
            What::Entered { from, to, reason, priority, lasted_ms } => vec![
                change(*from, *to),
                ("reason", reason.clone()),
                ("priority", priority.to_string()),
                ("before", format!("{} for {}", state_name(*from), span(*lasted_ms))),
            ],
            What::GroupEntered { from, to, reason } => vec![change(*from, *to), ("reason", reason.clone())],
            What::RealServer { address, up, reason, lasted_ms } => {
                let (state, before) = if *up { ("up", "down") } else { ("down", "up") };
                vec![
                    ("real server", address.to_string()),
                    ("state", state.to_owned()),
                    ("reason", reason.clone()),
                    ("before", format!("{before} for {}", span(*lasted_ms))),
                ]
            }
            // All else is told in its own words.
            what => vec![("event", what.to_string())],
        }
    }
}

fn entering(state: RouterState) -> &'static str {
    if state == RouterState::Stopped { "STOP" } else { state_name(state) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(instance: &str, what: What) -> (String, Vec<(&'static str, String)>) {
        let notice = Notice { instance: instance.into(), what };
        (notice.headline(), notice.account())
    }

    #[test]
    fn servers_and_troubles_are_told() {
        let address = "10.0.0.7:8080".parse().unwrap();
        let what = What::RealServer { address, up: false, reason: "refused".into(), lasted_ms: 61_000 };
        let (headline, account) = told("10.0.0.3:80", what);
        assert_eq!(headline, "Real server 10.0.0.7:8080 of virtual server 10.0.0.3:80 - DOWN");
        assert_eq!(account[1], ("state", "down".to_owned()));
        assert_eq!(account[3], ("before", "up for 1 min 1 s".to_owned()));
        let lost = What::Quorum { up: false, alive: 3, quorum: 7, sorry: None, begun: false };
        let (headline, account) = told("10.0.0.3:80", lost);
        assert_eq!(headline, "Virtual server 10.0.0.3:80 - quorum lost");
        assert!(account[0].0 == "event" && account[0].1.contains("weight 3 is alive, 7 is needed"));
        let what = What::CheckFailed { address, reason: "refused".into() };
        assert_eq!(told("10.0.0.3:80", what).0, "Virtual server 10.0.0.3:80 - event");
        let (headline, account) = told("VI_1", What::Failed { error: "no such device".into() });
        assert_eq!((headline.as_str(), account.len()), ("VRRP instance VI_1 - trouble", 1));
        assert_eq!(account[0], ("event", "no such device".to_owned()));
    }
}
