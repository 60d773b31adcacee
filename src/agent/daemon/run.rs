//! The daemon from start to stop.

use std::fmt::Display;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use hactl_engine::conf::config::Config;
use hactl_engine::notice::Notice;
use sd_notify::NotifyState;
use tokio::sync::{mpsc, oneshot};

use super::birth::{Birth, PidFiles};
use super::error::{NotReloaded, NotUpgraded};
use super::load::{Part, keeps, load, load_again, settle};
use super::remark::Remark;
use super::services::Services;
use super::signals::{Signalled, Signals};
use super::{namespace, systemd, upgrade};
use crate::agent::command::heard;
use crate::agent::command::notify::NotifyRun;
use crate::agent::command::timed::run_script;
use crate::agent::control::handles::{self, DaemonJob, Handles};
use crate::agent::control::server;
use crate::agent::control::{dump, safety};
use crate::agent::lvs::service::Lvs;
use crate::agent::report::journal::Journal;
use crate::agent::report::log;
use crate::agent::report::log::Logging;
use crate::agent::vrrp::driver::Driver;
use crate::agent::vrrp::error::LoopError;
use crate::agent::vrrp::leftovers;
use crate::agent::vrrp::memory::{self, Memory, Pins};
use crate::agent::vrrp::message::{self, Job, Mailbox, Message};
use crate::agent::vrrp::peers::{Names, Resolved};
use crate::error::{Code, Exit, Failure, Outcome, Problem};
use crate::sys::process::epoll::Sleeper;
use crate::sys::process::{clock, sched};

/// What the daemon was told on its command line.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Configuration file.
    pub config: PathBuf,
    /// Control socket.
    pub socket: PathBuf,
    /// Where overrides survive a reboot.
    pub state_dir: PathBuf,
    /// Process id files.
    pub pid_files: PidFiles,
    /// How to log.
    pub logging: Logging,
    /// Leave the addresses in place at TERM.
    pub keep_addresses: bool,
    /// What conditional lines are compared with; the first label of the host name when absent.
    pub config_id: Option<String>,
    /// Which half of the configuration runs.
    pub part: Part,
    /// The LVS table stays at the stop.
    pub keep_table: bool,
    /// The binary as it was called, which an upgrade starts anew; `None` when the kernel does not tell.
    pub binary: Option<PathBuf>,
}

impl Settings {
    /// Where the configuration in force lies for a successor that finds things it has not.
    fn left(&self) -> PathBuf {
        PathBuf::from(format!("{}.left", self.socket.display()))
    }
}

/// Runs the daemon until it is told to stop. `birth` is told when it is up.
///
/// # Errors
/// A configuration that cannot be read, a host that does not permit raw sockets, a socket in use.
pub(crate) fn run(settings: &Settings, birth: Birth) -> Outcome {
    log::start(&settings.logging);
    upgrade::watch_start();
    upgrade::take_name();
    let (mut config, mut warnings) = load(&settings.config, settings.config_id.as_deref(), settings.part)?;
    warnings.extend(upgrade::failed().map(|text| Remark { severe: true, text }));
    namespace::enter(&config)?;
    warnings.extend(settle(&mut config, leftovers::read(&settings.left()).as_ref()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal(format!("cannot start the runtime: {error}")))?;
    if upgrade::is_successor() {
        upgrade::reap();
    } else {
        runtime.block_on(run_script("startup_script", config.global.startup_script.as_ref(), &config.global));
    }
    let outcome = runtime.block_on(Agent::start(settings, config, warnings)?.live(birth));
    runtime.shutdown_background(); // a name server that is silent must not hold up the end
    settings.pid_files.remove();
    outcome
}

/// Does all of a start that can be done beside a running agent: whether this binary could take its place.
///
/// # Errors
/// Whatever would make the start fail.
pub(crate) fn rehearse(settings: &Settings) -> Outcome {
    let (config, remarks) = load(&settings.config, settings.config_id.as_deref(), settings.part)?;
    if let Some(before) = leftovers::read(&settings.left()) {
        keeps(&before, &config, &remarks).map_err(|why| {
            Failure::one(
                Exit::Invalid,
                Problem::new(Code::ConfigUnusable, format!("{}: {why}", settings.config.display())),
            )
        })?;
    }
    Driver::doors().map_err(trouble)?;
    println!("{}hactl {}", upgrade::REHEARSED, env!("CARGO_PKG_VERSION"));
    Ok(Exit::Done)
}

fn trouble(error: impl Display) -> Failure {
    Failure::one(Exit::Internal, Problem::new(Code::AgentStart, error.to_string()))
}

/// The part of the agent that may block: everything but the VRRP loop.
struct Agent<'a> {
    settings: &'a Settings,
    config: Config,
    warnings: Vec<Remark>,
    mailbox: Mailbox,
    jobs: mpsc::Receiver<Job>,
    /// Steps of takeovers that have ended.
    steps: mpsc::UnboundedReceiver<Notice>,
    handles: Handles,
    questions: mpsc::Receiver<DaemonJob>,
    journal: Journal,
    services: Services,
    names: Names,
    resolved: mpsc::Receiver<Resolved>,
    pins: Pins,
    /// The loop has stopped for it, or will in a moment.
    upgrading: Option<PathBuf>,
    ended: oneshot::Receiver<Result<(), LoopError>>,
    driver: Option<(Driver, oneshot::Sender<Result<(), LoopError>>)>,
}

impl<'a> Agent<'a> {
    fn start(settings: &'a Settings, config: Config, warnings: Vec<Remark>) -> Result<Self, Failure> {
        let pins = memory::read_pins(&settings.state_dir).unwrap_or_else(|why| {
            tracing::error!("{why}");
            Pins::new()
        });
        let sleeper = Sleeper::new().map_err(|error| trouble(LoopError::Epoll(error)))?;
        let (mailbox, inbox) = Mailbox::new(sleeper.bell());
        let (job_sender, jobs) = mpsc::channel(message::JOBS_MAX);
        let lvs_jobs = job_sender.clone();
        if let Some(folder) = settings.socket.parent() {
            // The folder is made 0700 with the socket; the stamps live beside it.
            fs::create_dir_all(folder).map_err(|error| trouble(format!("{}: {error}", folder.display())))?;
        }
        let stamps = PathBuf::from(format!("{}.masters", settings.socket.display()));
        let memory = Memory::recall(stamps, pins.clone(), leftovers::read(&settings.left()));
        let driver = Driver::new(&config, sleeper, inbox, job_sender, memory).map_err(trouble)?;
        let (done, ended) = oneshot::channel();
        let (news, resolved) = mpsc::channel(16);
        let (main, questions) = mpsc::channel(64);
        let (step_sender, steps) = mpsc::unbounded_channel();
        let journal = Journal::default();
        say(&warnings, &journal);
        let started_unix_s = clock::unix_ms() / 1000;
        let handles = Handles {
            mailbox: mailbox.clone(),
            main,
            journal: journal.clone(),
            started_unix_s,
            in_a_hurry: Arc::default(),
        };
        Ok(Self {
            settings,
            config,
            warnings,
            mailbox,
            jobs,
            steps,
            handles,
            questions,
            journal,
            services: Services::new(Lvs::new(lvs_jobs, settings.state_dir.clone()), step_sender),
            names: Names::new(news),
            resolved,
            pins,
            upgrading: None,
            ended,
            driver: Some((driver, done)),
        })
    }

    async fn live(mut self, mut birth: Birth) -> Outcome {
        let io = |what: &str, error: std::io::Error| Failure::internal(format!("{what}: {error}"));
        let socket = self.settings.socket.display().to_string();
        let listener = server::bind(&self.settings.socket).map_err(|error| {
            let problem = Problem::new(Code::ControlSocket, format!("control socket {socket}: {error}"))
                .next("stop the other agent, or give this one --socket and --state-dir of its own");
            Failure::one(Exit::Preflight, problem)
        })?;
        self.settings.pid_files.write(&self.config)?;
        let mut signals = Signals::listen().map_err(|error| io("signals", error))?;
        tokio::spawn(server::serve(listener, self.handles.clone()));
        self.spawn_loop().map_err(|error| io("thread", error))?;
        self.first_breath().await?;
        self.note();
        birth.is_over();
        self.services.configure(&self.config, &self.handles);
        self.names.configure(&self.config);
        systemd::say(&[NotifyState::Ready, NotifyState::Status("running")]);
        let pulse = sd_notify::watchdog_enabled().unwrap_or(Duration::from_secs(3600)) / 3;
        let mut watchdog = tokio::time::interval(pulse);
        let outcome = loop {
            tokio::select! {
                result = &mut self.ended => break result.unwrap_or(Err(LoopError::Panicked)),
                Some(job) = self.jobs.recv() => self.run_job(job),
                Some(notice) = self.steps.recv() => self.tell(&notice, clock::unix_ms()),
                Some(resolved) = self.resolved.recv() => self.resolved(resolved).await,
                Some(question) = self.questions.recv() => self.answer(question).await,
                signal = signals.next() => self.signalled(signal).await,
                _ = watchdog.tick() => self.feed_watchdog(),
            }
        };
        if let (Some(binary), Ok(())) = (&self.upgrading, &outcome) {
            // Adverts are due: nothing is waited for, and the successor finds the addresses in place.
            self.services.abandon().await;
            heard::hand_over();
            return Err(Failure::internal(upgrade::exec(binary)));
        }
        systemd::say(&[NotifyState::Stopping]);
        let in_a_hurry = self.handles.in_a_hurry.load(Ordering::Relaxed);
        if outcome.is_ok() && !in_a_hurry {
            leftovers::forget(&self.settings.left());
        }
        self.services.end_lvs(in_a_hurry || self.settings.keep_table).await;
        while let Ok(job) = self.jobs.try_recv() {
            self.run_job(job);
        }
        let global = &self.config.global;
        if self.handles.in_a_hurry.load(Ordering::Relaxed) {
            // Half of a restart. What shutdown_script would take down the successor would have to put up again.
            self.services.finish_soon().await;
        } else {
            self.services.finish().await;
            while let Ok(notice) = self.steps.try_recv() {
                self.journal.tell(&notice, clock::unix_ms()); // whoever mails has ended
            }
            run_script("shutdown_script", global.shutdown_script.as_ref(), global).await;
        }
        heard::hand_over();
        match fs::remove_file(&self.settings.socket) {
            Ok(()) => {}
            Err(error) => tracing::warn!("{socket}: {error}"),
        }
        outcome.map(|()| Exit::Done).map_err(|why| Failure::internal(why.to_string()))
    }

    /// Waits until the loop answers: then it has its sockets and its addresses, or will not have them.
    async fn first_breath(&mut self) -> Result<(), Failure> {
        let (asker, reply) = oneshot::channel();
        self.mailbox.send(Message::Status(asker));
        tokio::select! {
            _ = reply => Ok(()),
            ended = &mut self.ended => match ended {
                Ok(Err(why)) => Err(trouble(why)),
                Ok(Ok(())) | Err(_) => Err(trouble(LoopError::EndedAtOnce)),
            },
        }
    }

    fn spawn_loop(&mut self) -> std::io::Result<()> {
        let Some((driver, done)) = self.driver.take() else { return Ok(()) };
        let priority = self.config.global.rt_priority.unwrap_or(sched::PRIORITY);
        thread::Builder::new().name("vrrp".into()).stack_size(512 * 1024).spawn(move || {
            if let Err(error) = sched::real_time(priority) {
                tracing::warn!("no real-time scheduling: {error}; adverts faster than 1 s may be late on a busy host");
            }
            let _ = done.send(driver.run()); // the receiver lives as long as the agent
        })?;
        Ok(())
    }

    fn tell(&mut self, notice: &Notice, unix_ms: u64) {
        self.journal.tell(notice, unix_ms);
        self.services.tell(notice, unix_ms);
    }

    fn run_job(&mut self, job: Job) {
        match job {
            Job::Tell { notice, unix_ms } => self.tell(&notice, unix_ms),
            Job::Run { owner, change, command, user, step } => {
                self.services.run(owner, NotifyRun { change, command, user, step });
            }
            Job::RunFor { server, command } => self.services.run_for(server, command),
            Job::SavePin { instance, pin } => self.save_pin(instance, pin),
            Job::Warning(text) => tracing::warn!("{text}"),
        }
    }

    /// For a successor, should this process be killed.
    fn note(&self) {
        let path = self.settings.left();
        if let Err(error) = leftovers::note(&path, &self.config) {
            tracing::warn!("{}: {error}; what a killed agent leaves may stay", path.display());
        }
    }

    fn save_pin(&mut self, instance: String, pin: Option<hactl_engine::control::Pin>) {
        match pin {
            Some(pin) => drop(self.pins.insert(instance, pin)),
            None => drop(self.pins.remove(&instance)),
        }
        if let Err(error) = memory::write_pins(&self.settings.state_dir, &self.pins) {
            let folder = self.settings.state_dir.display();
            tracing::error!("{folder}: {error}; the override will not survive a restart");
        }
    }

    async fn answer(&mut self, question: DaemonJob) {
        match question {
            DaemonJob::Reload(asker) => {
                let _ = asker.send(self.reload().await.map_err(Into::into)); // may have hung up
            }
            DaemonJob::Upgrade(asker) => {
                let _ = asker.send(self.upgrade().await.map_err(Into::into)); // may have hung up
            }
            DaemonJob::Order(selection, order, asker) => {
                let _ = asker.send(self.services.order(selection, order).await); // may have hung up
            }
            DaemonJob::Complete(mut status, asker) => {
                status.config = self.settings.config.display().to_string();
                status.warnings = self.warnings.iter().map(|warning| warning.text.clone()).collect();
                self.services.complete(&mut status).await;
                status.safety = Some(safety::tier(&self.config));
                let _ = asker.send(*status); // may have hung up
            }
        }
    }

    async fn reload(&mut self) -> Result<String, NotReloaded> {
        systemd::say(&[NotifyState::Reloading]);
        let settings = self.settings;
        let loaded = load_again(&settings.config, settings.config_id.as_deref(), settings.part, &self.config);
        let result = match loaded {
            Err(why) => Err(why),
            Ok((mut config, mut warnings)) => {
                warnings.extend(settle(&mut config, Some(&self.config)));
                say(&warnings, &self.journal);
                self.services.configure(&config, &self.handles);
                self.names.configure(&config);
                self.config = config;
                let in_force = self.put_in_force().await;
                self.note();
                let count = warnings.len();
                self.warnings = warnings;
                in_force.map(|()| format!("reloaded, {count} warnings"))
            }
        };
        match &result {
            Ok(words) => tracing::info!("{words}"),
            Err(why) => tracing::error!("{why}"),
        }
        systemd::say(&[NotifyState::Ready]);
        result
    }

    /// Gives the loop the configuration, with the peers known by now.
    async fn put_in_force(&self) -> Result<(), NotReloaded> {
        let (asker, reply) = oneshot::channel();
        self.mailbox.send(Message::Reload(Box::new(self.names.complete(&self.config)), asker));
        reply.await.map_err(|_| NotReloaded::Stopping)
    }

    /// A peer's name has other addresses than before.
    async fn resolved(&mut self, resolved: Resolved) {
        if self.names.take(resolved)
            && let Err(why) = self.put_in_force().await
        {
            tracing::warn!("peers not changed: {why}");
        }
    }

    async fn signalled(&mut self, signal: Signalled) {
        match signal {
            Signalled::Reload => drop(self.reload().await), // logged there
            Signalled::Stop => {
                let keep_addresses = self.settings.keep_addresses;
                self.handles.in_a_hurry.fetch_or(keep_addresses, Ordering::Relaxed);
                self.mailbox.send(Message::Stop { keep_addresses });
            }
            Signalled::Dump(kind) => self.dump(kind),
            Signalled::Threads => {
                tracing::info!("a dump of threads is not written: this agent has none of keepalived's")
            }
        }
    }

    /// Puts the binary now on disk in this process's place.
    async fn upgrade(&mut self) -> Result<String, NotUpgraded> {
        let Some(binary) = self.settings.binary.clone() else {
            return Err(NotUpgraded::UnknownBinary);
        };
        let version = upgrade::try_out(&binary).await?;
        let message = format!("process {} goes on as {version}", std::process::id());
        tracing::info!("{message}");
        systemd::say(&[NotifyState::Reloading, NotifyState::monotonic_usec_now()?]);
        self.upgrading = Some(binary);
        self.mailbox.send(Message::Stop { keep_addresses: true });
        Ok(message)
    }

    /// Writes a dump as soon as the state is known, which takes this task too: so it is done beside it.
    fn dump(&self, kind: dump::Kind) {
        let handles = self.handles.clone();
        let config = self.config.clone();
        tokio::spawn(async move {
            match handles::status(&handles).await.map(|status| dump::write(kind, &config, &status)) {
                Ok(Ok(path)) => tracing::info!("wrote {}", path.display()),
                Ok(Err(why)) => tracing::error!("no dump: {why}"),
                Err(why) => tracing::error!("no dump: {why}"),
            }
        });
    }

    /// Feeds systemd's watchdog through the loop: a hung loop must starve it.
    fn feed_watchdog(&self) {
        let (asker, reply) = oneshot::channel();
        self.mailbox.send(Message::Status(asker));
        tokio::spawn(async move {
            if reply.await.is_ok() {
                systemd::say(&[NotifyState::Watchdog]);
            }
        });
    }
}

/// Logs what there is to say about a configuration; what does not work is in the history too.
fn say(remarks: &[Remark], journal: &Journal) {
    for remark in remarks {
        remark.log();
        if remark.severe {
            journal.note(&remark.text, clock::unix_ms());
        }
    }
}
