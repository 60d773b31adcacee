//! One deploy under way: its number, its locks, and what is known of each host.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::step::{LATE, LOCK, LOCKED, STUCK, Step};
use super::transaction::{Answer, Ask, Known, Parts, Verdict};
use crate::ctl::desk::Desk;
use crate::ctl::host::Script;
use crate::ctl::look::observe::sections;
use crate::ctl::look::transaction;
use crate::ctl::remote::Output;
use crate::error::{Code, Exit, Failure, Problem};

/// How often the locks are renewed: four of five renewals may be lost.
const RENEW: Duration = Duration::from_secs(60);

/// A deploy under way.
pub struct Work<'d> {
    /// The connections.
    pub desk: &'d Desk,
    /// Its number.
    pub step: Step,
    /// Who deploys.
    pub owner: String,
    parts: Mutex<Parts>,
    /// Hosts whose activation was asked for, in that order.
    activated: Mutex<Vec<String>>,
    /// When each host's lock was renewed last, by the desk's clock.
    renewed: Mutex<BTreeMap<String, SystemTime>>,
}

/// One host in a deploy that begins.
pub struct Beginner<'h> {
    /// Its name.
    pub host: &'h str,
    /// Prints its facts.
    pub facts: Script,
    /// Who holds its lock and is known not to live any more.
    pub dead: Option<&'h str>,
}

impl<'d> Work<'d> {
    /// A deploy of which nothing was asked yet.
    pub fn new<'h>(desk: &'d Desk, number: u64, owner: String, hosts: impl IntoIterator<Item = &'h str>) -> Self {
        let step = Step { number, limit: desk.options.limit };
        Self {
            desk,
            step,
            owner,
            parts: Mutex::new(Parts::new(hosts)),
            activated: Mutex::default(),
            renewed: Mutex::default(),
        }
    }

    /// Takes all locks, takes back what unfinished deploys left, and looks at every host again. The output of each host
    /// holds its facts.
    ///
    /// # Errors
    /// Exit 8 where somebody else has a lock; 6 where an earlier deploy cannot be taken back; 4 otherwise. The locks
    /// that were taken are given back.
    pub async fn begin(&self, hosts: Vec<Beginner<'_>>) -> Result<Vec<(String, Output)>, Failure> {
        let asks = hosts.into_iter().map(|one| async move {
            let script = self.step.begin(&self.owner, one.dead).then(one.facts).text();
            (one.host.to_owned(), self.ask(self.desk, one.host, Ask::Begin, &script).await)
        });
        let mut good = Vec::new();
        let (mut problems, mut exit) = (Vec::new(), Exit::Preflight);
        for (host, answer) in self.desk.at_once(asks).await {
            match answer {
                Ok(output) if output.code == 0 => good.push((host, output)),
                Ok(output) => {
                    let (of, problem) = refused(&host, &output);
                    exit = if exit == Exit::Preflight { of } else { exit };
                    problems.push(problem);
                }
                Err(problem) => problems.push(problem.why("nothing live was changed")),
            }
        }
        if problems.is_empty() {
            return Ok(good);
        }
        self.leave().await;
        problems.dedup_by(|a, b| a.code == Code::Locked && b.code == Code::Locked);
        Err(Failure { exit, problems })
    }

    /// Asks one host for a step of the transaction, and notes what is known then.
    ///
    /// # Errors
    /// No answer came. A host that refuses is an [`Output`] with its code.
    pub async fn ask(&self, desk: &Desk, host: &str, ask: Ask, script: &str) -> Result<Output, Problem> {
        self.ask_with(desk, host, ask, script, self.desk.options.limit).await
    }

    /// The same with another limit.
    ///
    /// # Errors
    /// As [`Work::ask`].
    pub async fn ask_with(
        &self,
        desk: &Desk,
        host: &str,
        ask: Ask,
        script: &str,
        limit: Duration,
    ) -> Result<Output, Problem> {
        let before = self.parts(|parts| parts.asked(host, ask));
        match ask {
            Ask::Begin => self.note_renewal(host),
            Ask::Activate => held(&self.activated).push(host.to_owned()),
            Ask::Commit | Ask::TakeBack | Ask::Leave => {}
        }
        let output = desk.on(host, script, b"", limit).await;
        let answer = match &output {
            Ok(output) if output.code == 0 => Answer::Done,
            Ok(output) if output.code == LATE => Answer::Late,
            Ok(_) => Answer::Failed,
            Err(_) => Answer::Unknown,
        };
        self.parts(|parts| parts.answered(host, ask, answer, before));
        self.desk.options.tell(crate::ctl::progress::Event::Step);
        output
    }

    /// What is known of one host.
    pub fn of(&self, host: &str) -> Known {
        self.parts(|parts| parts.of(host))
    }

    /// Hosts of which this is known.
    pub fn with(&self, wanted: impl Fn(Known) -> bool) -> Vec<String> {
        self.parts(|parts| parts.with(wanted))
    }

    /// What may be said of all hosts.
    pub fn verdict(&self) -> Verdict {
        self.parts(|parts| parts.verdict())
    }

    fn parts<T>(&self, work: impl FnOnce(&mut Parts) -> T) -> T {
        work(&mut held(&self.parts))
    }

    /// Hosts that may have something of the new generation, the last one that was asked first.
    pub fn touched(&self) -> Vec<String> {
        let touched = |host: &&String| matches!(self.of(host), Known::MayBeNew | Known::New);
        held(&self.activated).iter().rev().filter(touched).cloned().collect()
    }

    /// Hosts that have what they had take no part any more.
    pub fn dismiss(&self) {
        self.parts(Parts::dismiss);
    }

    /// Gives back the locks of hosts where nothing is live. A host that does not answer forgets its lock when the
    /// lock's time is over.
    pub async fn leave(&self) {
        let hosts = self.with(|known| known == Known::Begun);
        let script = self.step.leave(&self.owner);
        self.desk.at_once(hosts.iter().map(|host| self.ask(self.desk, host, Ask::Leave, &script))).await;
    }

    /// Renews the locks for as long as it is polled.
    pub async fn renew(&self) -> ! {
        loop {
            tokio::time::sleep(RENEW).await;
            let hosts = self.with(|known| matches!(known, Known::Begun | Known::MayBeNew | Known::New));
            let script = self.step.renew();
            let asks = hosts.iter().map(|host| async {
                // Who cannot be reached now may be at the next time; who lost the lock says so at the next step.
                let output = self.desk.on(host, &script, b"", self.desk.options.limit).await;
                if output.is_ok_and(|output| output.code == 0) {
                    self.note_renewal(host);
                }
            });
            self.desk.at_once(asks).await;
        }
    }

    fn note_renewal(&self, host: &str) {
        held(&self.renewed).insert(host.to_owned(), SystemTime::now());
    }

    /// When a host takes back by itself what nobody commits, in words.
    pub fn goes_back(&self, host: &str) -> String {
        let end = held(&self.renewed).get(host).copied().unwrap_or_else(SystemTime::now) + LOCK;
        let left = end.duration_since(SystemTime::now()).unwrap_or_default().as_secs();
        format!("at {} UTC at the latest, in {left} s", clock(end))
    }
}

/// Nobody panics while holding one of these; if somebody did, what is known would still be known.
fn held<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Hours, minutes and seconds of a moment.
fn clock(moment: SystemTime) -> String {
    let seconds = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600 % 24, seconds / 60 % 60, seconds % 60)
}

/// What a host says that does not let a deploy begin.
fn refused(host: &str, output: &Output) -> (Exit, Problem) {
    match output.code {
        LOCKED => {
            let problem = Problem::on(host, Code::Locked, format!("locked by {}", output.complaint()))
                .why("two deploys at once would mix their files; nothing was changed")
                .next("wait for it to finish; the lock of a desk that was killed ends by itself, `hactl lock break` ends it now");
            (Exit::Locked, problem)
        }
        STUCK => {
            let problem = Problem::on(host, Code::NotTakenBack, output.complaint())
                .why("a new deploy would lose the way back to what was in force before it")
                .next(format!("mend that on {host}; `sh /var/lib/hactl/way-back.sh now` there tries again"));
            (Exit::HandNeeded, problem)
        }
        LATE => {
            let problem = Problem::on(host, Code::Locked, format!("another deploy came first: {}", output.complaint()))
                .why("nothing was changed")
                .next("run the same command again");
            (Exit::Locked, problem)
        }
        _ => {
            let problem =
                Problem::on(host, Code::StageFailed, format!("a deploy cannot begin: {}", output.complaint()))
                    .why("nothing live was changed");
            (Exit::Preflight, problem)
        }
    }
}

/// The number for a new generation: higher than any that a host has seen.
///
/// # Errors
/// A host's number is beyond what numbers can be.
pub fn next_number<'h>(hosts: impl IntoIterator<Item = (&'h str, u64)>) -> Result<u64, Failure> {
    let highest = hosts.into_iter().max_by_key(|(_, number)| *number);
    let Some((host, number)) = highest else { return Ok(1) };
    // A shell counts with 64 bits and a sign.
    number.checked_add(1).filter(|next| *next < u64::MAX / 4).ok_or_else(|| {
        let problem = Problem::on(host, Code::CannotExamine, format!("its last generation has the number {number}"))
            .why("that cannot be one of ours; nothing was changed")
            .next(format!("look at /var/lib/hactl/state on {host}"));
        Failure::one(Exit::Preflight, problem)
    })
}

/// What a host's output says of its transaction.
pub fn transaction_in(output: &Output) -> Option<transaction::Transaction> {
    transaction::parse(sections(output.text()).get("transaction")?)
}

/// The signals by which a desk is told to end: by hand, by a machine, by a terminal that is gone.
pub struct Signals {
    ends: [Signal; 3],
    /// Whoever read what we say may go: that ends no deploy.
    _pipe: Signal,
}

impl Signals {
    /// From now on none of them kills this program.
    ///
    /// # Errors
    /// The system refuses.
    pub fn heed() -> Result<Self, Failure> {
        let heed = |kind| signal(kind).map_err(|error| Failure::internal(format!("cannot wait for signals: {error}")));
        let ends = [heed(SignalKind::interrupt())?, heed(SignalKind::terminate())?, heed(SignalKind::hangup())?];
        Ok(Self { ends, _pipe: heed(SignalKind::pipe())? })
    }

    /// Waits for one of them.
    pub async fn one(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.ends;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
