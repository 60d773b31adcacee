//! The start of many routers in portions: the actions of thousands at once would need too much memory.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use crate::action::RouterId;
use crate::input::Remembered;
use crate::time::Instant;

/// Routers that act in one wake. When thousands fall due at once, the others stay due, and [`Node::next_wake`] says so:
/// the driver acts on the first ones meanwhile.
///
/// [`Node::next_wake`]: crate::node::Node::next_wake
pub(crate) const BURST: usize = 256;

/// Routers that have not begun yet.
#[derive(Debug)]
pub(crate) struct Starting {
    /// When the agent started.
    pub(crate) since: Instant,
    /// Each waits so long before it takes part.
    pub(crate) delay: Duration,
    /// Who they are.
    pub(crate) waiting: VecDeque<RouterId>,
    /// What an earlier run left, by instance.
    pub(crate) remembered: HashMap<String, Remembered>,
}

impl Starting {
    pub(crate) fn new(
        since: Instant,
        delay: Duration,
        waiting: impl Iterator<Item = RouterId>,
        remembered: Vec<Remembered>,
    ) -> Self {
        let remembered = remembered.into_iter().map(|memory| (memory.instance.clone(), memory)).collect();
        Self { since, delay, waiting: waiting.collect(), remembered }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conf::parse;
    use crate::input::{Input, Link};
    use crate::node::Node;

    const ROUTERS: usize = 650;

    fn many() -> Node {
        let instance = |n: usize| {
            let (link, vrid) = (n / 250, n % 250 + 1);
            format!(
                "vrrp_instance i{n} {{\ninterface v{link}\nvirtual_router_id {vrid}\nvirtual_ipaddress {{\n10.{link}.1.{vrid}/16\n}}\n}}\n"
            )
        };
        let config = parse("many.conf", &(0..ROUTERS).map(instance).collect::<String>()).config;
        let mut node = Node::new(&config);
        for link in 0..6 {
            let addresses = vec![format!("10.{link}.0.7").parse().unwrap()];
            let mac = [2, 0, 0, 0, 0, u8::try_from(link).unwrap()];
            let link = Link { index: link + 1, name: format!("v{link}"), up: true, mac, addresses };
            node.step(Instant(0), Input::Link(link));
        }
        node
    }

    /// Steps until nothing is due, and says how much each step had to say.
    fn portions(node: &mut Node, now: Instant) -> Vec<usize> {
        let mut portions = Vec::new();
        while node.next_wake().is_some_and(|next| next <= now) {
            portions.push(node.step(now, Input::Wake).len());
        }
        portions
    }

    #[test]
    fn many_start_and_claim_in_portions() {
        let (mut node, now) = (many(), Instant(5_000_000_000));
        assert_eq!(node.step(now, Input::Start { remembered: vec![] }).len(), BURST);
        assert_eq!(portions(&mut node, now), [BURST, ROUTERS - 2 * BURST]);
        let silence = node.next_wake().unwrap();
        let claims = portions(&mut node, silence);
        assert!(claims.iter().all(|portion| *portion <= BURST), "{claims:?}");
        let masters =
            node.status(silence, 0).iter().filter(|one| one.state == crate::control::RouterState::Master).count();
        assert_eq!(masters, ROUTERS);
    }

    #[test]
    fn whatever_happens_first_finds_all_of_them_started() {
        let (mut node, now) = (many(), Instant(5_000_000_000));
        node.step(now, Input::Start { remembered: vec![] });
        node.step(now, Input::Stop { keep_addresses: false });
        assert!(node.is_stopped());
    }
}
