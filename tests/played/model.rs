//! The transaction over two hosts as a model, walked whole: messages that are lost, that come late or whose answer is
//! lost, hosts that lose their power, locks that end at any moment, a desk that dies. What the desk says comes from the
//! real [`Known`]; how a host answers is held against the real `transaction.sh`, state by state and message by message.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use hactl::ctl::apply::step::{LATE, LOCKED, Memory, Step};
use hactl::ctl::apply::transaction::{Answer, Ask, Known, Verdict, verdict};

use super::host::Host;
use super::stage::stage;

/// Our generation; the one before it, in force at first; one of another desk after ours.
const OURS: u64 = 9;
const OLD: u64 = 7;
const LATER: u64 = 11;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Phase {
    Committed,
    Staged,
    Active,
    Reverting,
    Kept,
}

/// Whose lock it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Lock {
    Nobody,
    Ours,
    /// Ours, and its time is over.
    Ended,
    Others,
    /// Another desk's, which had the same thought: its number is ours.
    Namesake,
}

/// A host, as far as the transaction goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Model {
    phase: Phase,
    committed: u64,
    number: u64,
    lock: Lock,
    /// What is live: the new files or the old ones.
    new: bool,
}

impl Model {
    const FIRST: Self = Self { phase: Phase::Committed, committed: OLD, number: OLD, lock: Lock::Nobody, new: false };

    fn go_back(&mut self) {
        self.phase = Phase::Committed;
        self.new = self.committed == OURS;
    }

    fn give_back(&mut self) {
        if matches!(self.lock, Lock::Ours | Lock::Ended) {
            self.lock = Lock::Nobody;
        }
    }

    /// A message of generation [`OURS`] arrives and is carried out.
    fn take(&mut self, ask: Ask) -> Answer {
        let ours = self.number == OURS;
        match ask {
            // The lock decides first: one of ours that lives is another process's, since a desk begins once.
            Ask::Begin => {
                if matches!(self.lock, Lock::Others | Lock::Namesake | Lock::Ours) {
                    return Answer::Failed;
                }
                if self.number >= OURS || self.lock == Lock::Ended {
                    return Answer::Late;
                }
                if matches!(self.phase, Phase::Active | Phase::Reverting | Phase::Kept) {
                    self.go_back();
                }
                (self.phase, self.number, self.lock) = (Phase::Staged, OURS, Lock::Ours);
                Answer::Done
            }
            Ask::Activate => {
                if self.phase != Phase::Staged || !ours || self.lock != Lock::Ours {
                    return Answer::Late;
                }
                (self.phase, self.new) = (Phase::Active, true);
                Answer::Done
            }
            Ask::Commit => {
                if (self.phase, self.committed, self.number) != (Phase::Committed, OURS, OURS) {
                    if self.phase != Phase::Active || !ours || self.lock != Lock::Ours {
                        return Answer::Late;
                    }
                    (self.phase, self.committed) = (Phase::Committed, OURS);
                }
                self.give_back();
                Answer::Done
            }
            Ask::TakeBack => {
                if !ours {
                    return Answer::Done;
                }
                match self.phase {
                    Phase::Committed if self.committed == OURS => return Answer::Late,
                    Phase::Committed => {}
                    Phase::Staged if matches!(self.lock, Lock::Others | Lock::Namesake) => {}
                    Phase::Staged => {
                        self.phase = Phase::Committed;
                        self.give_back();
                    }
                    Phase::Active | Phase::Reverting | Phase::Kept => {
                        self.go_back();
                        self.give_back();
                    }
                }
                Answer::Done
            }
            Ask::Leave => {
                if matches!(self.lock, Lock::Others | Lock::Namesake) {
                    return Answer::Done;
                }
                if self.phase == Phase::Staged && ours {
                    self.phase = Phase::Committed;
                }
                self.give_back();
                Answer::Done
            }
        }
    }

    /// The unit looks.
    fn watch(&mut self) {
        if matches!(self.phase, Phase::Active | Phase::Reverting) && matches!(self.lock, Lock::Nobody | Lock::Ended) {
            self.go_back();
            if self.number == OURS {
                self.give_back();
            }
        }
    }
}

// --- the model against the real thing ---

/// Brings a played host into a state, with a file that is old or new.
fn arrange(host: &Host, model: Model) {
    let phase = format!("{:?}", model.phase).to_lowercase();
    let lock = match model.lock {
        Lock::Nobody => String::new(),
        Lock::Ours => format!("{OURS} 1200 first-boot.12 us 1"),
        Lock::Ended => format!("{OURS} 900 first-boot.12 us 1"),
        Lock::Others => format!("{} 1200 first-boot.12 ann 2", model.number.max(LATER)),
        Lock::Namesake => format!("{OURS} 1200 first-boot.12 ann 2"),
    };
    let number = model.number;
    host.sh(&format!(
        "cd /var/lib/hactl && rm -rf lock staging generations running command stuck
         echo {phase} {} {number} >state; [ -z '{lock}' ] || echo {lock} >lock
         mkdir -p staging/root/srv generations/{number}/root/srv; echo new >staging/root/srv/x
         echo old >generations/{number}/root/srv/x
         echo 'back put /var/lib/hactl/generations/{number}/root/srv/x /srv/x' >generations/{number}/way-back
         echo {} >/srv/x",
        model.committed,
        if model.new { "new" } else { "old" },
    ));
}

/// What a host is in.
fn observed(host: &Host) -> Model {
    let state = host.state();
    let words: Vec<&str> = state.split(' ').collect();
    let phase = match words[0] {
        "committed" => Phase::Committed,
        "staged" => Phase::Staged,
        "active" => Phase::Active,
        "reverting" => Phase::Reverting,
        "kept" => Phase::Kept,
        other => panic!("{other}"),
    };
    let lock = if host.has("/var/lib/hactl/lock") { host.text("/var/lib/hactl/lock") } else { String::new() };
    let lock = match lock.split(' ').collect::<Vec<_>>().as_slice() {
        [_, until, _, "us", ..] if until.parse::<u64>().unwrap() > 1000 => Lock::Ours,
        [_, _, _, "us", ..] => Lock::Ended,
        [""] => Lock::Nobody,
        ["9", ..] => Lock::Namesake,
        _ => Lock::Others,
    };
    let new = host.text("/srv/x") == "new\n";
    Model { phase, committed: words[1].parse().unwrap(), number: words[2].parse().unwrap(), lock, new }
}

/// Says it to the real functions.
fn say(host: &Host, ask: Ask) -> Answer {
    let step = Step { number: OURS, limit: Duration::from_secs(5) };
    let number = OURS.to_string();
    let script = match ask {
        Ask::Begin => step.begin("us 1", None).text(),
        Ask::Activate => {
            let begin = step.enter("staged").call("open_generation", [number.as_str()]).call("back_up", ["/srv/x"]);
            begin
                .call("arm", [number.as_str(), hactl::ctl::host::FUNCTIONS, "us 1"])
                .call("swap_file", ["/srv/x"])
                .text()
        }
        Ask::Commit => step.commit(&Memory::default()),
        Ask::TakeBack => step.take_back(),
        Ask::Leave => step.leave("us 1"),
    };
    let output = host.try_sh(&script);
    match output.status.code().map(i32::unsigned_abs) {
        Some(0) => Answer::Done,
        Some(LATE) => Answer::Late,
        Some(LOCKED) => Answer::Failed,
        _ => panic!("{ask:?}: {output:?}"),
    }
}

const ASKS: [Ask; 5] = [Ask::Begin, Ask::Activate, Ask::Commit, Ask::TakeBack, Ask::Leave];

/// Every state that a host can be in, whoever's generation it has.
fn states() -> Vec<Model> {
    let phases = [Phase::Committed, Phase::Staged, Phase::Active, Phase::Reverting, Phase::Kept];
    let locks = [Lock::Nobody, Lock::Ours, Lock::Ended, Lock::Others, Lock::Namesake];
    let numbers = [(OLD, OLD), (OLD, OLD + 1), (OLD, OURS), (OURS, OURS), (OLD, LATER), (OURS, LATER)];
    let mut all = Vec::new();
    for phase in phases {
        for lock in locks {
            for (committed, number) in numbers {
                let between = phase != Phase::Committed;
                // A generation that is on its way is none that is committed.
                if between && committed == number {
                    continue;
                }
                let live = matches!(phase, Phase::Active | Phase::Reverting | Phase::Kept);
                all.push(Model { phase, committed, number, lock, new: live || committed == OURS });
            }
        }
    }
    all
}

#[test]
fn a_host_does_what_the_model_says() {
    let Some(stage) = stage(&["web-7"]) else { return };
    let host = stage.host("web-7");
    host.sh("mkdir -p /var/lib/hactl /srv");
    // The unit is there, as after any activation.
    host.sh(&hactl::ctl::host::Script::new().call("start_watching", []).text());
    let mut wrong = Vec::new();
    for model in states() {
        // Another one's generation brings other files, which this model does not tell apart.
        if model.committed == OURS && model.phase != Phase::Committed {
            continue;
        }
        for ask in ASKS {
            // Who never had the lock says nothing more than these.
            if model.lock == Lock::Namesake && !matches!(ask, Ask::Begin | Ask::Leave) {
                continue;
            }
            arrange(host, model);
            let (mut expected, answer) = (model, say(host, ask));
            let said = expected.take(ask);
            if (answer, observed(host)) != (said, expected) {
                wrong.push(format!("{model:?}, {ask:?}: {answer:?} {:?}, not {said:?} {expected:?}", observed(host)));
            }
        }
        arrange(host, model);
        host.try_sh(&hactl::ctl::host::Script::new().call("watch_once", []).text());
        let mut expected = model;
        expected.watch();
        if observed(host) != expected {
            wrong.push(format!("{model:?}, watch: {:?}, not {expected:?}", observed(host)));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), states().len() * 6, wrong.join("\n"));
}

// --- the walk ---

/// What the desk does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Desk {
    Begin(usize),
    Activate(usize),
    Commit { host: usize, again: u8 },
    TakeBack { host: usize, again: u8 },
    Leave(usize),
    Said(Said),
    Dead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Said {
    Verified,
    AsBefore,
    HandNeeded,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    desk: Desk,
    known: [Known; 2],
    hosts: [Model; 2],
    /// Messages that are still on their way.
    late: BTreeSet<(usize, Ask)>,
    /// How often something may still go wrong.
    faults: u8,
}

const TRIES: u8 = 2;

impl World {
    fn after(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut next = self.clone();
        change(&mut next);
        next
    }

    /// Everything that can come next.
    fn next(&self) -> Vec<Self> {
        let mut all = Vec::new();
        // Late messages arrive; nobody hears the answer any more.
        for message in &self.late {
            all.push(self.after(|world| {
                world.late.remove(message);
                world.hosts[message.0].take(message.1);
            }));
        }
        for host in 0..2 {
            if self.hosts[host].lock == Lock::Ours && self.faults > 0 {
                all.push(self.after(|world| {
                    world.hosts[host].lock = Lock::Ended;
                    world.faults -= 1;
                }));
            }
            // A power cut: every lock is void, and the unit acts at boot.
            if self.faults > 0 {
                all.push(self.after(|world| {
                    world.hosts[host].lock = Lock::Nobody;
                    world.hosts[host].watch();
                    world.faults -= 1;
                }));
            }
            // A desk that is dead renews nothing.
            if self.desk == Desk::Dead && self.hosts[host].lock == Lock::Ours {
                all.push(self.after(|world| world.hosts[host].lock = Lock::Ended));
            }
            all.push(self.after(|world| world.hosts[host].watch()));
            // Somebody else deploys something where nobody of ours is in the way.
            let free = matches!(self.hosts[host].lock, Lock::Nobody | Lock::Ended);
            if free && self.faults > 0 && self.hosts[host].number < LATER {
                all.push(self.after(|world| {
                    let one = &mut world.hosts[host];
                    if matches!(one.phase, Phase::Active | Phase::Reverting | Phase::Kept) {
                        one.go_back();
                    }
                    (one.phase, one.number, one.lock) = (Phase::Committed, LATER, Lock::Nobody);
                    world.faults -= 1;
                }));
            }
        }
        if !matches!(self.desk, Desk::Said(_) | Desk::Dead) {
            if self.faults > 0 {
                all.push(self.after(|world| (world.desk, world.faults) = (Desk::Dead, world.faults - 1)));
            }
            self.steps(&mut all);
        }
        all.retain(|world| world != self);
        all
    }

    /// The desk's own next step, with everything that can become of it.
    fn steps(&self, all: &mut Vec<Self>) {
        let (host, ask) = match self.desk {
            Desk::Begin(host) => (host, Ask::Begin),
            Desk::Activate(host) => (host, Ask::Activate),
            Desk::Commit { host, .. } => (host, Ask::Commit),
            Desk::TakeBack { host, .. } => (host, Ask::TakeBack),
            Desk::Leave(host) => (host, Ask::Leave),
            Desk::Said(_) | Desk::Dead => return,
        };
        let before = self.known[host];
        let asked = self.after(|world| world.known[host] = before.asked(ask));
        let answered = |world: &Self, answer: Answer| {
            world.after(|world| {
                world.known[host] = world.known[host].answered(ask, answer, before);
                world.desk = world.onwards(host, answer == Answer::Done);
            })
        };
        // It arrives, and so does its answer.
        let mut done = asked.clone();
        let answer = done.hosts[host].take(ask);
        all.push(answered(&done, answer));
        if self.faults > 0 {
            let unlucky = |world: &Self| world.after(|world| world.faults -= 1);
            // It arrives and its answer does not; it does not arrive; it arrives later.
            all.push(answered(&unlucky(&done), Answer::Unknown));
            all.push(answered(&unlucky(&asked), Answer::Unknown));
            let mut later = unlucky(&asked);
            later.late.insert((host, ask));
            all.push(answered(&later, Answer::Unknown));
            // An activation that breaks off: some of it is live, and the way back is written.
            if ask == Ask::Activate && answer == Answer::Done {
                all.push(answered(&unlucky(&done), Answer::Failed));
            }
        }
    }

    /// What follows a step, as `deploy` goes on.
    fn onwards(&self, host: usize, good: bool) -> Desk {
        match self.desk {
            Desk::Begin(0) if good => Desk::Begin(1),
            Desk::Begin(1) if good => Desk::Activate(0),
            Desk::Activate(0) if good => Desk::Activate(1),
            // `ready`: both are looked at before the first commit.
            Desk::Activate(1) if good => {
                let waits = |one: &Model| one.phase == Phase::Active && one.number == OURS && one.lock == Lock::Ours;
                if self.hosts.iter().all(waits) { Desk::Commit { host: 0, again: TRIES } } else { self.give_up(0) }
            }
            Desk::Commit { again, .. } => {
                let open = |host: usize| matches!(self.known[host], Known::New | Known::MayBeCommitted);
                match (host..2).chain(0..host).find(|one| open(*one)) {
                    Some(next) if next > host || again > 0 => {
                        Desk::Commit { host: next, again: if next > host { again } else { again - 1 } }
                    }
                    _ => self.speak(),
                }
            }
            Desk::TakeBack { again, .. } if !good && again > 0 => Desk::TakeBack { host, again: again - 1 },
            Desk::TakeBack { .. } => self.give_up(host + 1),
            Desk::Leave(host) if host == 0 && self.known[1] == Known::Begun => Desk::Leave(1),
            Desk::Leave(_) => self.speak(),
            _ => self.give_up(0),
        }
    }

    /// Takes back what was touched, then gives the locks back.
    fn give_up(&self, from: usize) -> Desk {
        if let Some(host) = (from..2).find(|host| matches!(self.known[*host], Known::MayBeNew | Known::New)) {
            return Desk::TakeBack { host, again: TRIES };
        }
        (0..2).find(|host| self.known[*host] == Known::Begun).map_or_else(|| self.speak(), Desk::Leave)
    }

    fn speak(&self) -> Desk {
        Desk::Said(match verdict(&self.known) {
            Verdict::Committed => Said::Verified,
            Verdict::AsBefore => Said::AsBefore,
            Verdict::Mixed => Said::HandNeeded,
        })
    }

    /// What must hold whatever happens.
    fn wrong(&self) -> Option<&'static str> {
        // Files follow the state: new ones are live only where a generation is on its way or committed.
        let stray = |one: &Model| one.phase == Phase::Committed && one.new != (one.committed == OURS);
        if self.hosts.iter().any(stray) {
            return Some("new files under an old generation, or the other way round");
        }
        if matches!(self.desk, Desk::Said(_)) {
            for (known, host) in self.known.iter().zip(&self.hosts) {
                match known {
                    Known::Committed if !host.new => return Some("it keeps the change, and it does not"),
                    Known::MayBeNew | Known::New if host.committed == OURS => {
                        return Some("it does not keep the change, and it does");
                    }
                    Known::Old | Known::Begun if host.new => return Some("it is as before, and it is not"),
                    _ => {}
                }
            }
        }
        match self.desk {
            Desk::Said(Said::Verified) if self.hosts.iter().any(|one| !one.new) => Some("verified, and it went back"),
            Desk::Said(Said::AsBefore) if self.hosts.iter().any(|one| one.new) => Some("as before, and it is new"),
            _ => None,
        }
    }

    /// Nobody does anything any more, and time has passed.
    fn at_rest(&self) -> Self {
        self.after(|world| {
            for host in &mut world.hosts {
                if host.lock == Lock::Ours {
                    host.lock = Lock::Ended;
                }
                host.watch();
            }
        })
    }
}

#[test]
fn nothing_that_is_said_is_ever_untrue() {
    let first = World {
        desk: Desk::Begin(0),
        known: [Known::Old; 2],
        hosts: [Model::FIRST; 2],
        late: BTreeSet::new(),
        faults: 6,
    };
    let mut seen = HashSet::from([first.clone()]);
    let mut open = vec![first];
    let mut said = BTreeSet::new();
    while let Some(world) = open.pop() {
        if let Some(why) = world.wrong() {
            panic!("{why}: {world:#?}");
        }
        if let Desk::Said(what) = world.desk {
            said.insert(what);
        }
        let rest = world.at_rest();
        let lies = |one: &Model| matches!(one.phase, Phase::Active | Phase::Reverting);
        assert!(!rest.hosts.iter().any(lies), "somebody waits for ever: {rest:#?}");
        for next in world.next() {
            if seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    assert_eq!(said.len(), 3, "every end is reached: {said:?}");
    assert!(seen.len() > 10_000, "only {} states", seen.len());
    println!("{} states", seen.len());
}
