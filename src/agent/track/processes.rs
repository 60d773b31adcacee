//! `vrrp_track_process`: counts processes by the kernel's events, or by reading /proc each second where there are none,
//! and tells the engine when enough run or no longer.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hactl_engine::conf::config::{Config, TrackProcess};
use hactl_engine::control::ProcessStatus;
use hactl_engine::input::Input;
use tokio::io::unix::AsyncFd;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep_until};

use super::quorum::Quorum;
use crate::agent::vrrp::message::{Mailbox, Message};
use crate::sys::process::processes::{self, Process, ProcessEvent, ProcessEvents};

/// How often /proc is read where the kernel does not tell.
const SCAN: Duration = Duration::from_secs(1);
/// How often it is read although the kernel tells, to mend what went wrong unseen.
const MEND: Duration = Duration::from_secs(60);

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
        self.running = Some((config.processes.clone(), tokio::spawn(counter.count())));
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

impl Counter {
    async fn count(mut self) {
        let events = match subscribe().await {
            Ok(events) => Some(events),
            Err(error) => {
                tracing::warn!(
                    "the kernel does not tell of processes here ({error}): /proc is read every {} s instead, so \
                     vrrp_track_process is as slow",
                    SCAN.as_secs()
                );
                None
            }
        };
        let pause = if events.is_some() { MEND } else { SCAN };
        let mut next_scan = Instant::now();
        loop {
            if Instant::now() >= next_scan {
                self.scan().await;
                next_scan = Instant::now() + pause;
            }
            self.judge();
            let deadline = self.quorums.iter().filter_map(Quorum::deadline).min().unwrap_or(next_scan).min(next_scan);
            tokio::select! {
                () = sleep_until(deadline) => {}
                complete = self.take_events(events.as_ref()) => {
                    if !complete {
                        next_scan = Instant::now();
                    }
                }
            }
        }
    }

    /// Waits for events; `false` when some were lost.
    async fn take_events(&mut self, events: Option<&AsyncFd<ProcessEvents>>) -> bool {
        let Some(events) = events else { return std::future::pending().await };
        let Ok(mut ready) = events.readable().await else { return std::future::pending().await };
        match ready.try_io(|inner| inner.get_ref().take()) {
            Err(_) => true, // nothing waits any more
            Ok(Ok(happened)) => {
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
            Ok(Err(error)) => {
                tracing::debug!("process events: {error}; reading all processes");
                false
            }
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

    fn judge(&mut self) {
        let now = Instant::now();
        for quorum in &mut self.quorums {
            let first = quorum.ok().is_none();
            if let Some(ok) = quorum.judge(now) {
                let (name, running) = (&quorum.settings().name, quorum.running());
                if !first || !ok {
                    let verdict = if ok { "enough again" } else { "not what the quorum wants" };
                    tracing::info!("tracked process {name}: {running} run, {verdict}");
                }
                self.mailbox.send(Message::Input(Input::Process { name: name.clone(), ok }));
            }
        }
        let status = |quorum: &Quorum| ProcessStatus {
            name: quorum.settings().name.clone(),
            running: u32::try_from(quorum.running()).unwrap_or(u32::MAX),
            ok: quorum.ok(),
        };
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = self.quorums.iter().map(status).collect();
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

    #[tokio::test]
    async fn processes_that_start_and_end() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("worker");
        std::os::unix::fs::symlink("/bin/sleep", &program).unwrap();
        let tracked = TrackProcess {
            name: "worker".into(),
            process: program.display().to_string(),
            arguments: vec!["600".into()],
            matching: Some(hactl_engine::conf::config::ProcessMatch::Exact),
            weight: 0,
            reverse: false,
            quorum: 2,
            quorum_max: None,
            fork_delay: Duration::ZERO,
            terminate_delay: Duration::ZERO,
            full_command: false,
            location: Default::default(),
        };
        let config = Config { processes: vec![tracked], ..Config::default() };
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
