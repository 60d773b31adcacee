//! The desk behind the page: the stream comes in, pictures go out, and one order after the other is carried out.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{FutureExt as _, LocalBoxFuture, pending};
use hactl_engine::notice::Level;
use hactl_engine::seen::Sight;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, sleep_until};

use super::glossary::Glossary;
use super::wished;
use super::work::{End, Work};
use crate::cli::dashboard_args::Dashboard;
use crate::cli::drill::in_a_lab;
use crate::cli::global::Global;
use crate::cli::order::{Ended, Found, Order};
use crate::cli::show::{finish, progress};
use crate::ctl::dashboard::door::{Door, House};
use crate::ctl::dashboard::feed::Now;
use crate::ctl::dashboard::lanes::Lanes;
use crate::ctl::dashboard::picture::{Drill, Picture, log, picture};
use crate::ctl::dashboard::token::Token;
use crate::ctl::dashboard::wish::{Refused, Wished};
use crate::ctl::desk::{Options, open};
use crate::ctl::drill::report::html::html;
use crate::ctl::drill::table::SCENARIOS;
use crate::ctl::progress::Listener;
use crate::ctl::report::Report;
use crate::ctl::stream::clock::now_ms;
use crate::ctl::stream::live::Live;
use crate::ctl::stream::told::{Item, News};
use crate::ctl::view::known::{Event, Known};
use crate::error::{Exit, Failure, Outcome};

/// Between two pictures, at the least.
const FRAME: Duration = Duration::from_millis(100);
/// And at the longest: who falls silent says nothing of it.
const TICK: Duration = Duration::from_millis(500);

/// Where the page is.
#[derive(Serialize)]
struct Opened {
    url: String,
    read_only: bool,
}

/// Serves the page until it is interrupted.
///
/// # Errors
/// What is wrong before anything is contacted.
pub(in crate::cli) async fn dashboard(global: &Global, mut options: Options, wanted: &Dashboard) -> Outcome {
    let cluster = open(global.inventory.as_deref(), &options)?;
    let door = Door::open(wanted.port).await?;
    let (said, words) = unbounded_channel();
    options.listener = Listener::new(move |event| {
        if let Some(words) = progress::words(event) {
            let _ = said.send(words); // nobody serves any more
        }
    });
    // Whatever is asked for on the terminal is asked before.
    let live = Live::begin(cluster.clone(), options.clone(), false)?;
    let token = Token::new()?;
    let opened = Opened { url: door.url(&token), read_only: wanted.read_only };
    finish(global, "dashboard", Ok(Report::done(opened)), |opened: &Opened| format!("{}\n", opened.url))?;
    let (house, wished) = House::new(token);
    tokio::spawn(door.serve(Arc::clone(&house)));
    let lab = in_a_lab();
    let drills = SCENARIOS.iter().filter(|scenario| lab || !scenario.needs_lab()).map(Drill::from).collect();
    let desk = Desk {
        house,
        glossary: Glossary::new(cluster.hosts.iter().map(|host| host.name.clone()).collect()),
        known: Known::new(cluster),
        lanes: Lanes::default(),
        work: None,
        drills,
        lab,
        read_only: wanted.read_only,
        orders: 0,
    };
    desk.serve(global, &options, live, words, wished).await
}

/// Who serves.
struct Desk {
    house: Arc<House>,
    known: Known,
    lanes: Lanes,
    glossary: Glossary,
    work: Option<Work>,
    drills: Vec<Drill>,
    lab: bool,
    read_only: bool,
    orders: u64,
}

/// Everything that the page is told.
#[derive(Serialize)]
struct Shown<'d> {
    #[serde(flatten)]
    picture: Picture<'d>,
    work: Option<&'d Work>,
}

impl<'d> Shown<'d> {
    /// What is said in it in English.
    fn texts(&self) -> Vec<&'d str> {
        let Picture { hosts, pools, sites, findings, drills, vips, .. } = &self.picture;
        let mut texts = Vec::new();
        for host in hosts {
            texts.extend(host.why);
            for router in &host.routers {
                texts.extend(router.reason);
                texts.extend(router.faults.iter().map(String::as_str));
            }
        }
        texts.extend(pools.iter().flat_map(|pool| &pool.servers).filter_map(|server| server.reason));
        texts.extend(sites.iter().filter_map(|site| site.error.as_deref()));
        texts.extend(vips.iter().filter_map(|vip| vip.service?.error.as_deref()));
        for finding in *findings {
            texts.extend([finding.code.id(), finding.message.as_str()]);
            texts.extend(finding.why.as_deref());
            texts.extend(finding.next.as_deref());
        }
        texts.extend(drills.iter().flat_map(|drill| [drill.title, drill.expected]));
        if let Some(work) = self.work {
            texts.extend(work.words.iter().map(String::as_str));
            texts.extend(work.end.as_ref().map(|end| end.words.as_str()));
        }
        texts
    }
}

/// Adverts of a virtual router, as they were sent or heard.
#[derive(Serialize)]
struct Beat<'b> {
    host: &'b str,
    router: &'b str,
    sent: u64,
    heard: u64,
    from: Option<String>,
}

impl Desk {
    async fn serve(
        mut self,
        global: &Global,
        options: &Options,
        mut live: Live,
        mut said: UnboundedReceiver<String>,
        mut wishes: tokio::sync::mpsc::Receiver<Wished>,
    ) -> Outcome {
        let signals = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        let internal = |error: std::io::Error| Failure::internal(format!("signals cannot be heeded: {error}"));
        let [interrupt, terminate, hangup] = signals;
        let (mut interrupt, mut terminate, mut hangup) =
            (interrupt.map_err(internal)?, terminate.map_err(internal)?, hangup.map_err(internal)?);
        let inventory = global.inventory.as_deref();
        let mut work: LocalBoxFuture<'_, Ended> = pending().boxed_local();
        let (mut drawn, mut dirty) = (Instant::now(), true);
        loop {
            tokio::select! {
                biased;
                _ = interrupt.recv() => return Ok(Exit::Interrupted),
                _ = terminate.recv() => return Ok(Exit::Interrupted),
                _ = hangup.recv() => return Ok(Exit::Interrupted),
                () = sleep_until(drawn + if dirty { FRAME } else { TICK }) => {
                    self.draw();
                    (drawn, dirty) = (Instant::now(), false);
                    continue;
                }
                Some(wished) = wishes.recv() => {
                    let order = self.take(&wished);
                    if let Ok(order) = &order {
                        self.begin(order);
                        work = order.clone().carry_out(inventory, options.clone()).boxed_local();
                    }
                    let _ = wished.answer.send(order.map(drop)); // the browser may be gone
                }
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
                    self.know(item);
                    while let Some(item) = live.at_hand() {
                        self.know(item);
                    }
                }
            }
            dirty = true;
        }
    }

    fn know(&mut self, item: Item) {
        self.lanes.take(&item);
        if let Item::Host(told) = &item
            && let News::Seen(sight) = &told.news
            && let Sight::Adverts { instance, sent, heard, from, .. } = &**sight
        {
            let from = from.as_deref().map(|from| self.known.name_of(from));
            let beat = Beat { host: &told.host, router: instance, sent: *sent, heard: *heard, from };
            self.house.feed.beat(&serde_json::to_string(&beat).unwrap_or_default());
        }
        self.known.take(item, now_ms());
    }

    fn draw(&mut self) {
        let now = now_ms();
        self.lanes.look(&self.known, now);
        let picture = picture(&self.known, &self.lanes, &self.drills, self.read_only, now);
        let shown = Shown { picture, work: self.work.as_ref() };
        let log = log(&self.known);
        let words = self.glossary.of(shown.texts().into_iter().chain(log.iter().map(|line| line.words)));
        let json = |text: serde_json::Result<String>| text.unwrap_or_default().into();
        let words = json(serde_json::to_string(&words));
        let (state, log) = (json(serde_json::to_string(&shown)), json(serde_json::to_string(&log)));
        self.house.feed.show(Now { state, log, words });
    }

    fn take(&self, wished: &Wished) -> Result<Order, Refused> {
        match &self.work {
            _ if self.read_only => Err(Refused::ReadOnly),
            Some(work) if work.end.is_none() => Err(Refused::Busy),
            _ => wished::order(&self.known, &wished.wish, self.lab),
        }
    }

    fn begin(&mut self, order: &Order) {
        self.orders += 1;
        let work = Work::new(self.orders, order, now_ms());
        self.happened(format!("ordered from the page: {}", work.command), Level::Info);
        self.work = Some(work);
    }

    fn hear(&mut self, words: String) {
        match &mut self.work {
            Some(work) if work.end.is_none() => work.says(words),
            _ => self.happened(words, Level::Warning),
        }
    }

    fn end(&mut self, ended: Ended, options: &Options, inventory: Option<&std::path::Path>) {
        // A drain of nginx is an edit of the inventory.
        if let Ok(cluster) = open(inventory, options) {
            self.known.cluster = cluster;
        }
        let report = match &ended.found {
            Found::Drilled(run) => html(run).ok().and_then(|page| self.house.keep(page).ok()),
            Found::Nothing | Found::Moves(_) => None,
        };
        let end = End::of(&ended, report, now_ms());
        let Some(work) = &mut self.work else { return };
        let first = ended.words.split([';', '\n']).next().unwrap_or_default();
        let command = &work.command;
        let words = if ended.well { format!("{command}: done") } else { format!("{command}: failed: {first}") };
        work.end = Some(end);
        self.happened(words, if ended.well { Level::Info } else { Level::Error });
    }

    fn happened(&mut self, words: String, level: Level) {
        self.known.happened(Event { at_ms: now_ms(), host: String::new(), words, level });
    }
}
