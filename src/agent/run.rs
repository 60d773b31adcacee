//! The daemon from start to stop.

use std::fs;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use hactl_engine::conf::config::Config;
use hactl_engine::conf::diagnostic::{Diagnostic, Severity};
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot};

use super::control::{self, Desk};
use super::driver::Driver;
use super::files::Files;
use super::journal::Journal;
use super::letter::{self, Errand, Letter, Mailbox};
use super::memory::{self, Memory, Pins};
use super::notify::Notifier;
use super::scripts::Scripts;
use super::{log, systemd};
use crate::error::{Exit, Failure, Outcome, Problem};
use crate::sys::wake::Sleeper;
use crate::sys::{clock, sched};

/// What the daemon was told on its command line.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Configuration file.
    pub config: PathBuf,
    /// Control socket.
    pub socket: PathBuf,
    /// Where overrides survive a reboot.
    pub state_dir: PathBuf,
    /// Process id file.
    pub pid_file: Option<PathBuf>,
    /// Log to stderr even under systemd.
    pub log_console: bool,
    /// Log in detail.
    pub log_detail: bool,
    /// Leave the addresses in place at TERM.
    pub keep_addresses: bool,
}

/// Runs the daemon until it is told to stop.
///
/// # Errors
/// A configuration that cannot be read, a host that does not permit raw sockets, a socket in use.
pub fn run(settings: &Settings) -> Outcome {
    log::start(settings.log_console, settings.log_detail);
    let (config, warnings) = load(settings)?;
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal(format!("cannot start the runtime: {error}")))?;
    let outcome = runtime.block_on(Agent::start(settings, config, warnings)?.live());
    if let Some(pid_file) = &settings.pid_file {
        let _ = fs::remove_file(pid_file); // gone already is as good
    }
    outcome
}

/// Reads and parses the configuration. Faults in it are warnings: the daemon takes defaults and runs.
fn load(settings: &Settings) -> Result<(Config, Vec<String>), Failure> {
    let file = settings.config.display().to_string();
    let text = fs::read(&settings.config).map_err(|error| {
        let problem = Problem::new("E301", format!("cannot read the configuration {file}: {error}"))
            .why("without it there is nothing to run")
            .next("name the file with --use-file");
        Failure::one(Exit::Invalid, problem)
    })?;
    let parsed = hactl_engine::conf::parse_with(&file, &String::from_utf8_lossy(&text), &mut Files::new(None));
    Ok((parsed.config, parsed.diagnostics.iter().map(|diagnostic| words(diagnostic, &file)).collect()))
}

fn words(diagnostic: &Diagnostic, file: &str) -> String {
    let place = diagnostic.location.as_ref().map_or_else(|| file.to_owned(), ToString::to_string);
    let severity = if diagnostic.severity == Severity::Error { "error" } else { "warning" };
    let help = diagnostic.help.as_ref().map(|help| format!("; {help}")).unwrap_or_default();
    format!("{place}: {severity}: {}{help}", diagnostic.message)
}

/// The part of the agent that may block: everything but the VRRP loop.
struct Agent<'a> {
    settings: &'a Settings,
    config: Config,
    warnings: Vec<String>,
    mailbox: Mailbox,
    errands: mpsc::Receiver<Errand>,
    journal: Journal,
    scripts: Scripts,
    notifier: Notifier,
    pins: Pins,
    ended: oneshot::Receiver<Result<(), String>>,
    driver: Option<(Driver, oneshot::Sender<Result<(), String>>)>,
}

impl<'a> Agent<'a> {
    fn start(settings: &'a Settings, config: Config, warnings: Vec<String>) -> Result<Self, Failure> {
        let trouble = |error: String| Failure::one(Exit::Internal, Problem::new("E010", error));
        let pins = memory::read_pins(&settings.state_dir).unwrap_or_else(|why| {
            tracing::error!("{why}");
            Pins::new()
        });
        let sleeper = Sleeper::new().map_err(|error| trouble(format!("epoll: {error}")))?;
        let (mailbox, inbox) = Mailbox::new(sleeper.bell());
        let (errand_sender, errands) = mpsc::channel(letter::ERRANDS);
        if let Some(folder) = settings.socket.parent() {
            // The folder is made 0700 with the socket; the stamps live beside it.
            fs::create_dir_all(folder).map_err(|error| trouble(format!("{}: {error}", folder.display())))?;
        }
        let stamps = PathBuf::from(format!("{}.masters", settings.socket.display()));
        let memory = Memory::recall(stamps, pins.clone());
        let driver = Driver::new(&config, sleeper, inbox, errand_sender, memory).map_err(trouble)?;
        let (done, ended) = oneshot::channel();
        Ok(Self {
            settings,
            config,
            warnings,
            mailbox,
            errands,
            journal: Journal::default(),
            scripts: Scripts::default(),
            notifier: Notifier::default(),
            pins,
            ended,
            driver: Some((driver, done)),
        })
    }

    async fn live(mut self) -> Outcome {
        let io = |what: &str, error: std::io::Error| Failure::internal(format!("{what}: {error}"));
        let socket = self.settings.socket.display().to_string();
        let listener = control::bind(&self.settings.socket).map_err(|error| {
            let problem = Problem::new("E011", format!("control socket {socket}: {error}"))
                .next("stop the other agent, or give this one --socket and --state-dir of its own");
            Failure::one(Exit::Preflight, problem)
        })?;
        if let Some(pid_file) = &self.settings.pid_file {
            fs::write(pid_file, format!("{}\n", std::process::id()))
                .map_err(|error| io(&pid_file.display().to_string(), error))?;
        }
        let mut signals = Signals::listen().map_err(|error| io("signals", error))?;
        let (main, mut questions) = mpsc::channel(64);
        let started_unix_s = clock::unix_ms() / 1000;
        let desk = Desk { mailbox: self.mailbox.clone(), main, journal: self.journal.clone(), started_unix_s };
        tokio::spawn(control::serve(listener, desk));
        self.spawn_loop().map_err(|error| io("thread", error))?;
        self.scripts.configure(&self.config, &self.mailbox);
        self.notifier.configure(&self.config.global);
        systemd::say(&[NotifyState::Ready, NotifyState::Status("running")]);
        let pulse = sd_notify::watchdog_enabled().unwrap_or(Duration::from_secs(3600)) / 3;
        let mut watchdog = tokio::time::interval(pulse);
        let outcome = loop {
            tokio::select! {
                result = &mut self.ended => break result.unwrap_or_else(|_| Err("the VRRP loop panicked".into())),
                Some(errand) = self.errands.recv() => self.run_errand(errand),
                Some(question) = questions.recv() => self.answer(question).await,
                signal = signals.next() => self.signalled(signal).await,
                _ = watchdog.tick() => self.feed_watchdog(),
            }
        };
        systemd::say(&[NotifyState::Stopping]);
        while let Ok(errand) = self.errands.try_recv() {
            self.run_errand(errand);
        }
        self.notifier.finish().await;
        match fs::remove_file(&self.settings.socket) {
            Ok(()) => {}
            Err(error) => tracing::warn!("{socket}: {error}"),
        }
        outcome.map(|()| Exit::Done).map_err(Failure::internal)
    }

    fn spawn_loop(&mut self) -> std::io::Result<()> {
        let Some((driver, done)) = self.driver.take() else { return Ok(()) };
        thread::Builder::new().name("vrrp".into()).stack_size(512 * 1024).spawn(move || {
            for (what, attempt) in
                [("real-time scheduling", sched::real_time()), ("locked memory", sched::lock_memory())]
            {
                if let Err(error) = attempt {
                    tracing::warn!("no {what}: {error}; adverts faster than 1 s may be late on a busy host");
                }
            }
            let _ = done.send(driver.run()); // the receiver lives as long as the agent
        })?;
        Ok(())
    }

    fn run_errand(&mut self, errand: Errand) {
        match errand {
            Errand::Tell { notice, unix_ms } => self.journal.tell(&notice, unix_ms),
            Errand::Run { router, change: _, command, user } => self.notifier.enqueue(router, command, user),
            Errand::SavePin { instance, pin } => self.save_pin(instance, pin),
            Errand::Trouble(text) => tracing::warn!("{text}"),
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

    async fn answer(&mut self, question: control::Errand) {
        match question {
            control::Errand::Reload(asker) => {
                let _ = asker.send(self.reload().await); // may have hung up
            }
            control::Errand::Complete(mut status, asker) => {
                status.config = self.settings.config.display().to_string();
                status.warnings.clone_from(&self.warnings);
                status.scripts = self.scripts.status();
                let _ = asker.send(*status); // may have hung up
            }
        }
    }

    async fn reload(&mut self) -> Result<String, String> {
        systemd::say(&[NotifyState::Reloading]);
        let loaded = load(self.settings).map_err(|failure| failure.to_string());
        let result = match loaded {
            Err(why) => Err(format!("{why}\n  the old configuration stays in force")),
            Ok((config, warnings)) => {
                for warning in &warnings {
                    tracing::warn!("{warning}");
                }
                self.scripts.configure(&config, &self.mailbox);
                self.notifier.configure(&config.global);
                let (asker, reply) = oneshot::channel();
                self.mailbox.send(Letter::Reload(Box::new(config.clone()), asker));
                let in_force = reply.await.map_err(|_| "the agent is stopping".to_owned());
                self.config = config;
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

    async fn signalled(&mut self, signal: Signalled) {
        match signal {
            Signalled::Reload => drop(self.reload().await), // logged there
            Signalled::Stop => {
                let keep_addresses = self.settings.keep_addresses;
                self.mailbox.send(Letter::Stop { keep_addresses });
            }
            Signalled::Dump => tracing::info!("state dumps are not written; `hactl agent status --json` tells all"),
        }
    }

    /// Feeds systemd's watchdog through the loop: a hung loop must starve it.
    fn feed_watchdog(&self) {
        let (asker, reply) = oneshot::channel();
        self.mailbox.send(Letter::Status(asker));
        tokio::spawn(async move {
            if reply.await.is_ok() {
                systemd::say(&[NotifyState::Watchdog]);
            }
        });
    }
}

enum Signalled {
    Stop,
    Reload,
    Dump,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    user1: Signal,
    user2: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
            user1: signal(SignalKind::user_defined1())?,
            user2: signal(SignalKind::user_defined2())?,
        })
    }

    async fn next(&mut self) -> Signalled {
        tokio::select! {
            _ = self.terminate.recv() => Signalled::Stop,
            _ = self.interrupt.recv() => Signalled::Stop,
            _ = self.hangup.recv() => Signalled::Reload,
            _ = self.user1.recv() => Signalled::Dump,
            _ = self.user2.recv() => Signalled::Dump,
        }
    }
}
