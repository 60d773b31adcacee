//! Carries out batches through [`Os`]; what may block becomes an [`Job`].
//!
//! A batch is in order, batches of different routers owe each other nothing. So they advance side by side: in each
//! round the heads of all batches are taken, and what is of one kind goes to the kernel in one call. That is what makes
//! a thousand addresses come up at once.

use std::collections::{BTreeMap, VecDeque};
use std::io;

use hactl_engine::action::{Action, Batch, Drain, Frame, LinkAddress, Owner, Renewal, RouterId};
use hactl_engine::control::RouterState;
use hactl_engine::input::Input;

use super::error::Denied;
use super::message::Job;
use crate::sys::os::{Os, Outgoing};

/// What remains for the driver to do after batches were carried out.
#[derive(Debug, Default)]
pub(crate) struct Leftovers {
    /// Work for the other threads.
    pub jobs: Vec<Job>,
    /// Answers to commands, by token.
    pub replies: Vec<(u64, Result<String, Denied>)>,
    /// Routers that are master as of now (`true`), or no longer (`false`).
    pub mastership: Vec<(RouterId, bool)>,
    /// Failures the engine must hear of.
    pub failures: Vec<Input>,
}

/// Carries out batches. When an address cannot be added its router does nothing more: what
/// follows (announcements) would be a lie. An
/// advert or announcement that cannot be sent is reported and survived: the next one may pass.
pub(crate) fn perform(os: &mut impl Os, batches: Vec<Batch>, unix_ms: u64) -> Leftovers {
    let mut left = Leftovers::default();
    // An owner's second batch waits for its first, and is dropped with it.
    let mut queues: BTreeMap<Owner, VecDeque<Action>> = BTreeMap::new();
    for batch in batches {
        queues.entry(batch.owner).or_default().extend(batch.actions);
    }
    while queues.values().any(|queue| !queue.is_empty()) {
        let round = Round::take(&mut queues, &mut left, unix_ms);
        round.carry_out(os, &mut queues, &mut left);
    }
    left
}

/// The next actions of all batches, by kind, so that each kind is one call; each entry knows its batch.
#[derive(Default)]
struct Round {
    removed: Vec<(Owner, LinkAddress)>,
    renewed: Vec<Renewal>,
    added: Vec<(Owner, LinkAddress)>,
    routing: Vec<Action>,
    drained: Vec<Drain>,
    sent: Vec<(Owner, Outgoing)>,
    frames: Vec<Frame>,
}

impl Round {
    /// Takes from each queue what may be done now: all that stays in the house, and one run of one kind for the kernel.
    fn take(queues: &mut BTreeMap<Owner, VecDeque<Action>>, left: &mut Leftovers, unix_ms: u64) -> Self {
        let mut round = Self::default();
        for (owner, queue) in queues {
            let mut kind = None;
            while let Some(action) = queue.pop_front() {
                let this = std::mem::discriminant(&action);
                if kernel(&action) {
                    if kind.is_some_and(|kind| kind != this) {
                        queue.push_front(action);
                        break;
                    }
                    kind = Some(this);
                }
                round.sort(*owner, action, left, unix_ms);
            }
        }
        round
    }

    fn sort(&mut self, owner: Owner, action: Action, left: &mut Leftovers, unix_ms: u64) {
        match action {
            Action::Send { link, source, destination, packet } => {
                self.sent.push((owner, Outgoing { link, source, destination, packet }));
                left.is_master(owner, true);
            }
            Action::AddAddresses(all) => self.added.extend(all.into_iter().map(|at| (owner, at))),
            Action::RemoveAddresses(all) => self.removed.extend(all.into_iter().map(|at| (owner, at))),
            Action::AddRouting(_) | Action::RemoveRouting(_) => self.routing.push(action),
            Action::Renew(renewal) => self.renewed.push(renewal),
            Action::Drain(drain) => self.drained.push(drain),
            Action::Announce(frames) | Action::Probe(frames) => self.frames.extend(frames),
            Action::Run { change, command, user, step } => {
                left.jobs.push(Job::Run { owner, change, command, user, step });
            }
            Action::SavePin { instance, pin } => left.jobs.push(Job::SavePin { instance, pin }),
            Action::Record { instance: _, state } => match state {
                RouterState::Master => left.is_master(owner, true),
                // A successor on this host adopts what a stopped process left; a handover before it cleared the way.
                RouterState::Stopped => {}
                RouterState::Init | RouterState::Backup | RouterState::Handover | RouterState::Fault => {
                    left.is_master(owner, false);
                }
            },
            Action::Tell(notice) => left.jobs.push(Job::Tell { notice, unix_ms }),
            Action::Reply { token, result } => left.replies.push((token, result.map_err(Denied::Refused))),
        }
    }

    fn carry_out(self, os: &mut impl Os, queues: &mut BTreeMap<Owner, VecDeque<Action>>, left: &mut Leftovers) {
        if !self.removed.is_empty() {
            let (_, addresses): (Vec<_>, Vec<_>) = self.removed.into_iter().unzip();
            for (_, error) in os.remove_addresses(&addresses) {
                left.warning(format!("{error}; this node may still answer for it: `ip addr del` it by hand"));
            }
        }
        for renewal in self.renewed {
            renew(os, renewal, left);
        }
        if !self.added.is_empty() {
            let (owners, addresses): (Vec<_>, Vec<_>) = self.added.into_iter().unzip();
            for (place, error) in os.add_addresses(&addresses) {
                let Some(owner) = owners.get(place) else { continue };
                left.drop_rest(queues.remove(owner).unwrap_or_default(), &error);
                left.failures.extend(owner.router().map(|router| Input::ActionFailed { router, error }));
            }
        }
        for action in self.routing {
            let refused = match &action {
                Action::AddRouting(routing) => os.add_routing(routing),
                Action::RemoveRouting(routing) => os.remove_routing(routing),
                _ => Vec::new(),
            };
            refused.into_iter().for_each(|error| left.warning(error));
        }
        for drain in self.drained {
            if let Err(error) = os.drain(&drain) {
                left.warning(format!("open connections end with this move of the addresses: {error}"));
            }
        }
        if !self.sent.is_empty() {
            let (owners, adverts): (Vec<_>, Vec<_>) = self.sent.into_iter().unzip();
            for (place, error) in os.send(&adverts) {
                let Some((owner, advert)) = owners.get(place).zip(adverts.get(place)) else { continue };
                left.jobs.push(unsent(&format!("advert to {} not sent", advert.destination), &error));
                let failed = |router| Input::SendFailed { router, error: error.to_string() };
                left.failures.extend(owner.router().map(failed));
            }
        }
        if !self.frames.is_empty()
            && let Err(error) = os.announce(&self.frames)
        {
            left.jobs.push(unsent("announcement (GARP, NA) not sent", &error));
        }
    }
}

impl Leftovers {
    /// Notes that a router is master, or no longer.
    fn is_master(&mut self, owner: Owner, master: bool) {
        self.mastership.extend(owner.router().map(|router| (router, master)));
    }

    fn warning(&mut self, words: String) {
        self.jobs.push(Job::Warning(words));
    }

    /// What a router was still to do is dropped, but not what it had to say: a change of state that happened must not
    /// vanish from the history, and whoever asked for it waits for an answer.
    fn drop_rest(&mut self, rest: VecDeque<Action>, error: &str) {
        for action in rest {
            match action {
                Action::Tell(notice) => {
                    self.jobs.push(Job::Tell { notice, unix_ms: crate::sys::process::clock::unix_ms() });
                }
                Action::SavePin { instance, pin } => self.jobs.push(Job::SavePin { instance, pin }),
                Action::Reply { token, result } => {
                    let denied = Err(Denied::Kernel(error.to_owned()));
                    self.replies.push((token, result.map_err(Denied::Refused).and(denied)));
                }
                _ => {}
            }
        }
    }
}

fn kernel(action: &Action) -> bool {
    match action {
        Action::Send { .. }
        | Action::AddAddresses(_)
        | Action::RemoveAddresses(_)
        | Action::AddRouting(_)
        | Action::RemoveRouting(_)
        | Action::Renew(_)
        | Action::Drain(_)
        | Action::Announce(_)
        | Action::Probe(_) => true,
        Action::Run { .. }
        | Action::SavePin { .. }
        | Action::Record { .. }
        | Action::Tell(_)
        | Action::Reply { .. } => false,
    }
}

fn renew(os: &mut impl Os, renewal: Renewal, left: &mut Leftovers) {
    let errors: Vec<String> = match renewal {
        Renewal::Lifetime(addresses) => os.add_addresses(&addresses).into_iter().map(|(_, error)| error).collect(),
        Renewal::Gate { addresses, gate } => {
            os.gate(&addresses, gate).err().map(|error| format!("nftables: {error}")).into_iter().collect()
        }
    };
    for error in errors {
        left.warning(format!("the time that the kernel gives the addresses was not set: {error}"));
    }
}

fn unsent(what: &str, error: &io::Error) -> Job {
    let hint = match error.raw_os_error() {
        Some(libc::EPERM) => " (a firewall on this host drops VRRP: allow IP protocol 112 and 224.0.0.18)",
        _ => "",
    };
    Job::Warning(format!("{what}: {error}{hint}"))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use hactl_engine::action::{Gate, Routing};
    use hactl_engine::conf::config::VirtualAddress;

    use super::*;

    #[derive(Default)]
    struct Recorder {
        did: Vec<String>,
        refuse: bool,
    }

    impl Os for Recorder {
        fn send(&mut self, adverts: &[Outgoing]) -> Vec<(usize, io::Error)> {
            self.did.push(format!("send {}", adverts.len()));
            if self.refuse { vec![(0, io::Error::from_raw_os_error(libc::EPERM))] } else { vec![] }
        }
        fn add_addresses(&mut self, all: &[LinkAddress]) -> Vec<(usize, String)> {
            self.did.push(format!("add {}", all.len()));
            if self.refuse { vec![(0, "cannot add 10.0.0.3/24: no".into())] } else { vec![] }
        }
        fn remove_addresses(&mut self, all: &[LinkAddress]) -> Vec<(usize, String)> {
            self.did.push(format!("remove {}", all.len()));
            vec![]
        }
        fn add_routing(&mut self, _: &Routing) -> Vec<String> {
            vec![]
        }
        fn remove_routing(&mut self, _: &Routing) -> Vec<String> {
            vec![]
        }
        fn gate(&mut self, _: &[IpAddr], _: Gate) -> io::Result<()> {
            Ok(())
        }
        fn drain(&mut self, _: &Drain) -> io::Result<()> {
            Ok(())
        }
        fn announce(&mut self, frames: &[Frame]) -> io::Result<()> {
            self.did.push(format!("announce {}", frames.len()));
            Ok(())
        }
    }

    fn takeover(router: RouterId) -> Batch {
        let send = Action::Send {
            link: 2,
            source: "10.0.0.5".parse().unwrap(),
            destination: "224.0.0.18".parse().unwrap(),
            packet: vec![],
        };
        let address = VirtualAddress::new("10.0.0.3/24".parse().unwrap());
        let add = Action::AddAddresses(vec![LinkAddress { link: 2, address, lifetime_s: None }]);
        let frame = Frame { link: 2, destination: [0xff; 6], ethertype: 0x0806, payload: vec![] };
        Batch { owner: Owner::Router(router), actions: vec![send, add, Action::Announce(vec![frame; 5])] }
    }

    #[test]
    fn actions_happen_in_order() {
        let mut os = Recorder::default();
        let left = perform(&mut os, vec![takeover(7)], 0);
        assert_eq!(os.did, ["send 1", "add 1", "announce 5"]);
        assert!(left.failures.is_empty() && left.jobs.is_empty());
        assert_eq!(left.mastership, [(7, true)]);
    }

    #[test]
    fn a_thousand_routers_share_each_call() {
        let mut os = Recorder::default();
        perform(&mut os, (0..1000).map(takeover).collect(), 0);
        assert_eq!(os.did, ["send 1000", "add 1000", "announce 5000"]);
    }

    #[test]
    fn a_second_batch_of_a_router_waits_for_its_first() {
        let mut os = Recorder::default();
        perform(&mut os, vec![takeover(7), takeover(8), takeover(7)], 0);
        assert_eq!(os.did, ["send 2", "add 2", "announce 10", "send 1", "add 1", "announce 5"]);
    }

    #[test]
    fn nothing_is_announced_that_could_not_be_added() {
        let mut os = Recorder { refuse: true, ..Recorder::default() };
        let left = perform(&mut os, vec![takeover(7), takeover(8)], 0);
        assert_eq!(os.did, ["send 2", "add 2", "announce 5"], "router 8's address is there");
        let [Input::SendFailed { router: 7, .. }, Input::ActionFailed { router: 7, .. }] = left.failures.as_slice()
        else {
            panic!("{:?}", left.failures);
        };
        assert!(matches!(&left.jobs[..], [Job::Warning(text)] if text.contains("firewall")));
    }

    #[test]
    fn who_asked_for_what_could_not_be_added_is_told() {
        let mut os = Recorder { refuse: true, ..Recorder::default() };
        let answer = Action::Reply { token: 3, result: Ok("VI_1 is master".into()) };
        let reply = Batch { owner: Owner::Router(7), actions: vec![answer] };
        let left = perform(&mut os, vec![takeover(7), takeover(7), reply], 0);
        assert_eq!(os.did, ["send 1", "add 1"], "nothing of its other batches");
        assert_eq!(left.replies, [(3, Err(Denied::Kernel("cannot add 10.0.0.3/24: no".into())))]);
    }

    #[test]
    fn a_stop_for_a_successor_keeps_the_stamp() {
        let record = |state| {
            let actions = vec![Action::Record { instance: "VI_1".into(), state }];
            Batch { owner: Owner::Router(0), actions }
        };
        assert_eq!(perform(&mut Recorder::default(), vec![record(RouterState::Stopped)], 0).mastership, []);
        let left = perform(&mut Recorder::default(), vec![record(RouterState::Handover)], 0);
        assert_eq!(left.mastership, [(0, false)]);
    }
}
