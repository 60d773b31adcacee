//! `vrrp_track_process`: counts processes by the kernel's events, or where there are none by a descriptor for each and
//! by reading /proc each second, and tells the engine when enough run or no longer.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hactl_engine::conf::config::{Config, TrackProcess};
use hactl_engine::control::ProcessStatus;
use hactl_engine::input::Input;
use tokio::io::unix::AsyncFd;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use super::jobs;
use super::quorum::{Judgement, Quorum};
use crate::agent::vrrp::message::{Mailbox, Message};
use crate::sys::process::endings::Endings;
use crate::sys::process::processes::{self, Process, ProcessEvent, ProcessEvents};

/// How often /proc is read where the kernel does not tell.
const SCAN: Duration = Duration::from_secs(1);
/// How often it is read although the kernel tells, to mend what went wrong unseen.
const MEND: Duration = Duration::from_secs(60);
/// After so many portions of events that wait already it is quicker to read /proc.
const STORM: usize = 16;

/// The counting task.
#[derive(Default)]
pub(crate) struct TrackedProcesses {
    running: Option<(Vec<TrackProcess>, JoinHandle<()>)>,
    state: Arc<Mutex<Vec<ProcessStatus>>>,
}

impl TrackedProcesses {
    /// Counts the processes of a configuration.
    pub(crate) fn configure(&mut self, config: &Config, mailbox: &Mailbox) {
        if self.running.as_ref().is_some_and(|(old, _)| *old == config.processes) {
            return;
        }
        if let Some((_, task)) = self.running.take() {
            task.abort();
        }
        let unknown = |one: &TrackProcess| ProcessStatus { name: one.name.clone(), running: 0, ok: None };
        let statuses = config.processes.iter().map(unknown).collect();
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = statuses;
        if config.processes.is_empty() {
            return;
        }
        let quorums = config.processes.iter().cloned().map(Quorum::new).collect();
        let counter = Counter { quorums, mailbox: mailbox.clone(), state: Arc::clone(&self.state) };
        self.running =
            Some((config.processes.clone(), tokio::spawn(async move { counter.count(Source::open().await).await })));
    }

    /// How many run of each block, in file order.
    pub(crate) fn status(&self) -> Vec<ProcessStatus> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Counter {
    quorums: Vec<Quorum>,
    mailbox: Mailbox,
    state: Arc<Mutex<Vec<ProcessStatus>>>,
}

/// How the kernel tells of processes.
enum Source {
    /// Of all of them.
    All(AsyncFd<ProcessEvents>),
    /// Of the ends of those that count.
    Ends(AsyncFd<Endings>),
    /// Not at all.
    Silent,
}

/// What was heard.
enum Heard {
    Events(Vec<ProcessEvent>),
    /// Something of which not all is known: all processes are to be read.
    Something,
}

impl Counter {
    async fn count(mut self, mut source: Source) {
        let pause = if matches!(source, Source::All(_)) { MEND } else { SCAN };
        let mut next_scan = Instant::now();
        loop {
            if Instant::now() >= next_scan {
                self.scan().await;
                next_scan = Instant::now() + pause;
            }
            source.follow(&mut self.quorums);
            self.judge(&source).await;
            let deadline = self.quorums.iter().filter_map(Quorum::deadline).min().unwrap_or(next_scan).min(next_scan);
            tokio::select! {
                () = sleep_until(deadline) => {}
                heard = source.hear() => if !self.take(heard) {
                    next_scan = Instant::now();
                }
            }
        }
    }

    /// Takes what was heard; `false` when all processes are to be read.
    fn take(&mut self, heard: Heard) -> bool {
        match heard {
            Heard::Events(happened) => {
                for event in happened {
                    let changed = match event {
                        ProcessEvent::Changed(pid) => processes::look(pid), // once for all blocks
                        ProcessEvent::Forked { .. } | ProcessEvent::Ended(_) => None,
                    };
                    for quorum in &mut self.quorums {
                        quorum.happened(event, |_| changed.clone());
                    }
                }
                true
            }
            Heard::Something => false,
        }
    }

    async fn scan(&mut self) {
        let found: io::Result<Vec<Process>> = match spawn_blocking(processes::all).await {
            Ok(found) => found,
            Err(_) => return, // the runtime ends
        };
        match found {
            Ok(all) => self.quorums.iter_mut().for_each(|quorum| quorum.replace(&all)),
            Err(error) => tracing::warn!("/proc: {error}; tracked processes are not counted"),
        }
    }

    async fn judge(&mut self, source: &Source) {
        let now = Instant::now();
        for at in 0..self.quorums.len() {
            let Some(quorum) = self.quorums.get_mut(at) else { continue };
            let first = quorum.ok().is_none();
            let mut judgement = quorum.judge(now);
            if judgement == Judgement::Ended {
                judgement = self.ended(at, now, source).await;
            }
            let (Judgement::Turned(ok), Some(quorum)) = (judgement, self.quorums.get(at)) else { continue };
            let (name, running) = (&quorum.settings().name, quorum.running());
            if !first || !ok {
                let verdict = if ok { "enough again" } else { "not what the quorum wants" };
                tracing::info!("tracked process {name}: {running} run, {verdict}");
            }
            self.mailbox.send(Message::Input(Input::Process { name: name.clone(), ok }));
        }
        let status = |quorum: &Quorum| ProcessStatus {
            name: quorum.settings().name.clone(),
            running: u32::try_from(quorum.running()).unwrap_or(u32::MAX),
            ok: quorum.ok(),
        };
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = self.quorums.iter().map(status).collect();
    }

    /// Too few run: for good, unless systemd is about to mend it, or has just done so. Its job may have ended after the
    /// processes were looked at, so they are looked at once more.
    async fn ended(&mut self, at: usize, now: Instant, source: &Source) -> Judgement {
        let Some(quorum) = self.quorums.get_mut(at) else { return Judgement::Same };
        if is_mended(quorum).await {
            return Judgement::Same;
        }
        match source.waiting() {
            Some(events) => {
                self.take(Heard::Events(events));
            }
            None => self.scan().await,
        }
        let Some(quorum) = self.quorums.get_mut(at) else { return Judgement::Same };
        match quorum.judge(now) {
            Judgement::Ended => quorum.end(),
            other => other,
        }
    }
}

/// Whether systemd is about to start again what has ended. Whoever cannot be asked mends nothing.
async fn is_mended(quorum: &mut Quorum) -> bool {
    let Some(unit) = quorum.settings().unit.clone() else { return false };
    match jobs::is_to_run(Path::new(jobs::SOCKET), &unit).await {
        Ok(true) => {
            if quorum.hold(Instant::now()) {
                tracing::info!("tracked process {}: systemd is about to start {unit}", quorum.settings().name);
            }
            true
        }
        Ok(false) => false,
        Err(error) => {
            tracing::warn!("systemd does not tell of the jobs of {unit}: {error}");
            false
        }
    }
}

impl Source {
    async fn open() -> Self {
        let refused = match subscribe().await {
            Ok(events) => return Self::All(events),
            Err(error) => error,
        };
        match Endings::new().and_then(Endings::awaitable) {
            Ok(endings) => {
                tracing::info!(
                    "the kernel does not tell of all processes here ({refused}): the end of a tracked one is heard at once, \
                     and /proc is read every {} s for new ones",
                    SCAN.as_secs()
                );
                Self::Ends(endings)
            }
            Err(error) => {
                tracing::warn!(
                    "the kernel does not tell of processes here ({refused}; {error}): /proc is read every {} s instead, so \
                     vrrp_track_process is as slow",
                    SCAN.as_secs()
                );
                Self::Silent
            }
        }
    }

    /// Listens for the ends of those that count now. Those that have ended already count no more.
    fn follow(&mut self, quorums: &mut [Quorum]) {
        let Self::Ends(endings) = self else { return };
        let wanted = quorums.iter().flat_map(Quorum::pids).copied().collect();
        match endings.get_mut().watch(&wanted) {
            Ok(ended) => {
                for quorum in quorums {
                    ended.iter().for_each(|pid| quorum.happened(ProcessEvent::Ended(*pid), |_| None));
                }
            }
            Err(error) => {
                tracing::warn!("ends of tracked processes are not heard ({error}), but found when /proc is read");
                *self = Self::Silent;
            }
        }
    }

    /// What was not taken yet; `None` when that is not known.
    fn waiting(&self) -> Option<Vec<ProcessEvent>> {
        let Self::All(events) = self else { return None };
        let mut waiting = Vec::new();
        for _ in 0..STORM {
            match events.get_ref().take() {
                Ok(more) => waiting.extend(more),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Some(waiting),
                Err(_) => break,
            }
        }
        None
    }

    async fn hear(&mut self) -> Heard {
        match self {
            Self::All(events) => {
                let Ok(mut ready) = events.readable().await else { return std::future::pending().await };
                match ready.try_io(|inner| inner.get_ref().take()) {
                    Err(_) => Heard::Events(Vec::new()), // nothing waits any more
                    Ok(Ok(happened)) => Heard::Events(happened),
                    Ok(Err(error)) => {
                        tracing::debug!("process events: {error}; reading all processes");
                        Heard::Something
                    }
                }
            }
            Self::Ends(endings) => {
                let Ok(mut ready) = endings.readable_mut().await else { return std::future::pending().await };
                match ready.try_io(|inner| inner.get_mut().take()) {
                    Err(_) => Heard::Events(Vec::new()),
                    Ok(Ok(_)) => Heard::Something, // others may have begun unheard
                    Ok(Err(error)) => {
                        tracing::debug!("ends of processes: {error}; reading all processes");
                        Heard::Something
                    }
                }
            }
            Self::Silent => std::future::pending().await,
        }
    }
}

async fn subscribe() -> io::Result<AsyncFd<ProcessEvents>> {
    let opened = spawn_blocking(ProcessEvents::open).await.map_err(io::Error::other)?;
    opened?.awaitable()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::sys::process::epoll::Sleeper;

    fn tracked(process: String) -> TrackProcess {
        TrackProcess {
            name: "worker".into(),
            process,
            arguments: vec!["600".into()],
            matching: Some(hactl_engine::conf::config::ProcessMatch::Exact),
            weight: 0,
            reverse: false,
            quorum: 2,
            quorum_max: None,
            fork_delay: Duration::ZERO,
            terminate_delay: Duration::ZERO,
            full_command: false,
            unit: None,
            location: Default::default(),
        }
    }

    /// By descriptors alone: an end is heard without a look at /proc, a start with the next one.
    #[tokio::test]
    async fn ends_are_heard_where_the_kernel_tells_of_no_starts() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("worker");
        std::os::unix::fs::symlink("/bin/sleep", &program).unwrap();
        let mut workers = [0; 2].map(|_| Command::new(&program).arg("600").spawn().unwrap());
        let sleeper = Sleeper::new().unwrap();
        let (mailbox, inbox) = Mailbox::new(sleeper.bell());
        let mut counter = Counter {
            quorums: vec![Quorum::new(tracked(program.display().to_string()))],
            mailbox,
            state: Arc::default(),
        };
        counter.scan().await;
        let mut source = Source::Ends(Endings::new().unwrap().awaitable().unwrap());
        source.follow(&mut counter.quorums);
        counter.judge(&source).await;
        workers[0].kill().unwrap();
        let heard = tokio::time::timeout(Duration::from_secs(30), async { while counter.take(source.hear().await) {} });
        heard.await.unwrap();
        counter.scan().await;
        counter.judge(&source).await;
        let mut verdicts = Vec::new();
        while let Ok(Message::Input(Input::Process { ok, .. })) = inbox.try_recv() {
            verdicts.push(ok);
        }
        assert_eq!(verdicts, [true, false]);
        source = Source::Ends(Endings::new().unwrap().awaitable().unwrap()); // has not heard of the other one yet
        workers[1].kill().unwrap();
        workers[1].wait().unwrap();
        workers[0].wait().unwrap();
        source.follow(&mut counter.quorums);
        assert_eq!(counter.quorums[0].running(), 0, "the other one has ended, too");
    }

    #[tokio::test]
    async fn processes_that_start_and_end() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("worker");
        std::os::unix::fs::symlink("/bin/sleep", &program).unwrap();
        let config = Config { processes: vec![tracked(program.display().to_string())], ..Config::default() };
        let sleeper = Sleeper::new().unwrap();
        let (mailbox, inbox) = Mailbox::new(sleeper.bell());
        let start = || Command::new(&program).arg("600").spawn().unwrap();
        let mut first = start();
        let mut processes = TrackedProcesses::default();
        processes.configure(&config, &mailbox);
        let mut verdicts = Vec::new();
        let mut second = None; // started once the first verdict is there
        for _ in 0..1500 {
            if let Ok(Message::Input(Input::Process { name, ok })) = inbox.try_recv() {
                assert_eq!(name, "worker");
                verdicts.push((ok, processes.status()[0].running));
                match verdicts.len() {
                    1 => second = Some(start()),
                    2 => first.kill().unwrap(),
                    _ => break,
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        for mut worker in second.into_iter().chain([first]) {
            worker.kill().unwrap();
            worker.wait().unwrap();
        }
        assert_eq!(verdicts, [(false, 1), (true, 2), (false, 1)]);
        processes.configure(&Config::default(), &mailbox);
        assert!(processes.status().is_empty());
    }
}
