//! The terminal: drawn on, listened to, and left as it was found, however this ends.

use std::io;
use std::time::Duration;

use futures_util::future::{FutureExt as _, LocalBoxFuture, pending};
use jiff::tz::TimeZone;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event as Input, KeyEventKind};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{Receiver, UnboundedReceiver, UnboundedSender, channel, unbounded_channel};
use tokio::time::{Instant, sleep_until};

use super::draw::draw;
use super::keys::{Do, press};
use super::mode::Work;
use super::model::Model;
use crate::cli::drill::in_a_lab;
use crate::cli::global::Global;
use crate::cli::order::{Ended, Order};
use crate::cli::show::progress::words;
use crate::ctl::cluster::Cluster;
use crate::ctl::desk::{Options, open};
use crate::ctl::progress::Listener;
use crate::ctl::stream::clock::now_ms;
use crate::ctl::stream::live::Live;
use crate::ctl::view::known::Event;
use crate::error::{Code, Exit, Failure, Outcome, Problem};
use hactl_engine::notice::Level;

/// Between two pictures, at the least: a slow line carries no more of them.
const FRAME: Duration = Duration::from_millis(50);
/// And at the longest: times grow.
const TICK: Duration = Duration::from_millis(500);
/// Keys that wait.
const KEYS: usize = 64;
/// How long it may take until a key thread notices that nobody wants keys any more.
const KEY_POLL: Duration = Duration::from_millis(200);

/// Shows the screen until somebody leaves it.
///
/// # Errors
/// What is wrong before anything is contacted; a terminal that cannot be used.
pub(super) async fn screen(global: &Global, mut options: Options, cluster: Cluster, drift: bool) -> Outcome {
    let (said, words) = unbounded_channel();
    options.listener = to(said);
    let model = Model::new(cluster.clone(), console::colors_enabled());
    // Whatever is asked for on the terminal, such as a password, is asked before.
    let live = Live::begin(cluster, options.clone(), drift)?;
    let mut shown = Shown { terminal: Terminal::open()?, model, zone: TimeZone::system(), drawn: None };
    let end = shown.watch(global, &options, live, words).await;
    drop(shown); // the terminal is as it was before anything else is said
    end
}

/// Words of whatever goes on, for the screen.
fn to(said: UnboundedSender<String>) -> Listener {
    Listener::new(move |event| {
        if let Some(words) = words(event) {
            let _ = said.send(words); // nobody looks any more
        }
    })
}

/// The terminal as ratatui has it; left as it was when this is dropped, and when something panics.
struct Terminal(DefaultTerminal);

impl Terminal {
    fn open() -> Result<Self, Failure> {
        ratatui::try_init().map(Self).map_err(|error| not_usable(&error))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = ratatui::try_restore(); // a terminal that is gone needs nothing
    }
}

fn not_usable(error: &io::Error) -> Failure {
    let problem = Problem::new(Code::Internal, format!("the terminal cannot be drawn on: {error}"));
    Failure::one(Exit::Internal, problem.next("`hactl status --watch | cat` tells the same line by line"))
}

/// What is shown, and where.
struct Shown {
    terminal: Terminal,
    model: Model,
    zone: TimeZone,
    /// When it was drawn last.
    drawn: Option<Instant>,
}

impl Shown {
    async fn watch(
        &mut self,
        global: &Global,
        options: &Options,
        mut live: Live,
        mut said: UnboundedReceiver<String>,
    ) -> Outcome {
        let mut keys = listen();
        let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        let [interrupt, terminate, hangup] = signals;
        let internal = |error: io::Error| Failure::internal(format!("signals cannot be heeded: {error}"));
        let (mut interrupt, mut terminate, mut hangup) =
            (interrupt.map_err(internal)?, terminate.map_err(internal)?, hangup.map_err(internal)?);
        let inventory = global.inventory.as_deref();
        let lab = in_a_lab();
        let mut work: LocalBoxFuture<'_, Ended> = pending().boxed_local();
        let mut dirty = true;
        loop {
            let due = match self.drawn {
                None => Instant::now(),
                Some(at) => at + if dirty { FRAME } else { TICK },
            };
            tokio::select! {
                biased;
                _ = interrupt.recv() => return Ok(Exit::Interrupted),
                _ = terminate.recv() => return Ok(Exit::Interrupted),
                _ = hangup.recv() => return Ok(Exit::Interrupted),
                () = sleep_until(due) => {
                    self.draw()?;
                    dirty = false;
                    continue;
                }
                input = keys.recv() => match input {
                    Some(Input::Key(key)) if key.kind != KeyEventKind::Release => match press(&mut self.model, key, lab) {
                        Do::Nothing => {}
                        Do::Quit => return Ok(Exit::Done),
                        Do::Redraw => self.terminal.0.clear().map_err(|error| not_usable(&error))?,
                        Do::CarryOut(order) => {
                            self.begin(order.clone());
                            work = order.carry_out(inventory, options.clone()).boxed_local();
                        }
                    },
                    Some(_) => {} // another size, a focus, a paste: it is drawn anew
                    None => return Ok(Exit::Interrupted), // the terminal is gone
                },
                Some(words) = said.recv() => self.hear(words),
                end = &mut work => {
                    work = pending().boxed_local();
                    while let Ok(words) = said.try_recv() {
                        self.hear(words); // its last words are its own, too
                    }
                    self.end(end, options, inventory);
                    live.look();
                }
                item = live.next() => {
                    let item = item.ok_or_else(|| Failure::internal("the stream has ended"))?;
                    let now = now_ms();
                    self.model.take(item, now);
                    while let Some(item) = live.at_hand() {
                        self.model.take(item, now);
                    }
                }
            }
            dirty = true;
        }
    }

    fn draw(&mut self) -> Result<(), Failure> {
        let (model, zone) = (&self.model, &self.zone);
        self.terminal.0.draw(|frame| draw(model, now_ms(), zone, frame)).map_err(|error| not_usable(&error))?;
        self.drawn = Some(Instant::now());
        Ok(())
    }

    fn begin(&mut self, order: Order) {
        let since_ms = now_ms();
        let words = format!("ordered from here: {}", order.command());
        self.model.happened(Event { at_ms: since_ms, host: String::new(), words, level: Level::Info });
        self.model.work = Some(Work { order, since_ms, words: Vec::new(), end: None });
    }

    fn end(&mut self, end: Ended, options: &Options, inventory: Option<&std::path::Path>) {
        // A drain of nginx is an edit of the inventory.
        if let Ok(cluster) = open(inventory, options) {
            self.model.known.cluster = cluster;
        }
        if let Some(work) = &mut self.model.work {
            let level = if end.well { Level::Info } else { Level::Error };
            let first = end.words.split([';', '\n']).next().unwrap_or_default();
            let how = if end.well { "done".to_owned() } else { format!("failed: {first}") };
            let words = format!("{}: {how}", work.order.command());
            work.end = Some(end);
            self.model.happened(Event { at_ms: now_ms(), host: String::new(), words, level });
        }
    }

    fn hear(&mut self, words: String) {
        match &mut self.model.work {
            Some(work) if work.end.is_none() => work.words.push(words),
            _ => self.model.happened(Event { at_ms: now_ms(), host: String::new(), words, level: Level::Warning }),
        }
    }
}

/// Keys as they are pressed, from a thread of their own, since a terminal is read by waiting for it.
fn listen() -> Receiver<Input> {
    let (to, keys) = channel(KEYS);
    std::thread::spawn(move || {
        while !to.is_closed() {
            match event::poll(KEY_POLL) {
                Ok(false) => {}
                Ok(true) => match event::read() {
                    Ok(input) => {
                        if to.blocking_send(input).is_err() {
                            return;
                        }
                    }
                    Err(_) => return, // the terminal is gone: so is the channel's end
                },
                Err(_) => return,
            }
        }
    });
    keys
}
