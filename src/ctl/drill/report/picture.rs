//! The geometry of a timeline: from times to the rectangles, lines and labels of an SVG, which the page's template
//! only has to write down.

use std::time::Duration;

use serde::Serialize;

use crate::ctl::drill::judge::shown;
use crate::ctl::drill::lanes::{Has, Span, Stretch};
use crate::ctl::drill::listen::Happened;
use crate::ctl::drill::timeline::{Run, Timeline};

/// A paper: the screen it is for, its width in SVG units, room for the lanes' names, and marks on the axis at most.
#[derive(Debug, Clone, Copy)]
struct Paper {
    screen: &'static str,
    width: f64,
    left: f64,
    ticks: f64,
}

/// The widths that pages are read in: a desk's and a phone's.
const PAPERS: [Paper; 2] = [
    Paper { screen: "wide", width: 960.0, left: 110.0, ticks: 10.0 },
    Paper { screen: "narrow", width: 350.0, left: 58.0, ticks: 5.0 },
];
/// Room right of the lanes, for half a label of the axis.
const RIGHT: f64 = 26.0;
/// Room above the lanes, for the fault's labels.
const TOP: f64 = 22.0;
const LANE: f64 = 22.0;
const LANE_GAP: f64 = 8.0;
/// Room below the lanes, for the axis.
const BOTTOM: f64 = 52.0;
/// Nothing is drawn narrower: a lost probe must be visible in a minute of answered ones.
const THIN: f64 = 2.0;

/// One drawing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Picture {
    /// What it shows.
    pub caption: String,
    /// The screen it is for: `wide` or `narrow`.
    pub screen: &'static str,
    /// Size.
    pub width: f64,
    /// Size.
    pub height: f64,
    /// Where the lanes begin.
    pub left: f64,
    /// Where the lanes end.
    pub right: f64,
    /// Top of the lanes.
    pub top: f64,
    /// Bottom of the lanes.
    pub bottom: f64,
    /// Rows.
    pub lanes: Vec<Lane>,
    /// Marks on the axis.
    pub ticks: Vec<Label>,
    /// Vertical lines where the fault begins and ends.
    pub lines: Vec<Label>,
    /// The time between them.
    pub shade: Option<Bar>,
    /// What agents told, as numbered places in the list below.
    pub events: Vec<Label>,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lane {
    /// Host, `ping` or `http`.
    pub name: String,
    /// Top.
    pub y: f64,
    /// Baseline of the name.
    pub text_y: f64,
    /// Height of its bars.
    pub height: f64,
    /// What is in it.
    pub bars: Vec<Bar>,
}

/// A rectangle in a lane.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// Left.
    pub x: f64,
    /// Width.
    pub width: f64,
    /// CSS class: `own-N`, `ok` or `lost`.
    pub class: String,
    /// Shown by browsers on hover.
    pub hint: String,
}

/// One of a trend's upright bars.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    /// Left.
    pub x: f64,
    /// From the bottom.
    pub height: f64,
    /// CSS class: `past` or `now`.
    pub class: &'static str,
    /// Shown by browsers on hover.
    pub hint: String,
}

/// A place on the time axis with a text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Label {
    /// Where.
    pub x: f64,
    /// What it says.
    pub text: String,
}

/// The pictures of a drill: all of it, and the longest outage enlarged when it is too short to see in the first.
/// `hosts` gives every host its colour: the same in all pictures of a page.
pub fn pictures(timeline: &Timeline, hosts: &[String]) -> Vec<Picture> {
    let all = Span { from: Duration::ZERO, to: timeline.end };
    if all.to.is_zero() {
        return Vec::new();
    }
    let both =
        |window: Span, caption: &str| PAPERS.map(|paper| draw(timeline, hosts, window, caption.to_owned(), paper));
    let mut pictures = both(all, "the whole drill").to_vec();
    if let Some(worst) = timeline.worst {
        let long = worst.to.saturating_sub(worst.from);
        if long * 25 < timeline.end {
            let around = (long * 2).max(Duration::from_millis(10));
            let window = Span { from: worst.from.saturating_sub(around), to: (worst.to + around).min(timeline.end) };
            pictures.extend(both(window, &format!("the longest outage, {}, enlarged", shown(long))));
        }
    }
    pictures
}

/// Height of the bars of a trend, and their width with what is between two of them.
const TREND: (f64, f64) = (28.0, 8.0);

/// Drills of the past beside this one, the last: bars from the bottom. Nothing where there are none.
pub fn trend(before: &[Duration], now: Duration) -> Vec<Column> {
    let most = before.iter().copied().chain([now]).max().unwrap_or_default().as_secs_f64().max(f64::MIN_POSITIVE);
    let gaps: Vec<Duration> =
        if before.is_empty() { Vec::new() } else { before.iter().copied().chain([now]).collect() };
    let bar = |(n, gap): (u32, &Duration)| {
        let high = (gap.as_secs_f64() / most * TREND.0).max(THIN);
        let class = if n + 1 == u32::try_from(gaps.len()).unwrap_or(u32::MAX) { "now" } else { "past" };
        Column { x: f64::from(n) * TREND.1, height: rounded(high), class, hint: shown(*gap) }
    };
    (0..).zip(&gaps).map(bar).collect()
}

fn draw(timeline: &Timeline, hosts: &[String], window: Span, caption: String, paper: Paper) -> Picture {
    let scale = Scale { window, zero: timeline.fault.0, paper };
    let mut rows: Vec<(String, Vec<Bar>)> = Vec::new();
    for (host, spans) in &timeline.owners {
        let class = format!("own-{}", hosts.iter().position(|known| known == host).unwrap_or_default() % COLOURS);
        let asked = if timeline.asked.contains(host) { ", as far as it was asked" } else { "" };
        let bar = |one: &Stretch| {
            let (class, what) = match one.has {
                Has::Owner => (class.clone(), "owned the VIP"),
                Has::HandingOver => (format!("{class} handing"), "handed the VIP over, and still answered"),
                Has::Unknown => ("unknown".to_owned(), "was not heard: nobody knows"),
                Has::Nothing => return None,
            };
            let hint = format!("{host} {what} from {} to {}{asked}", scale.at(one.span.from), scale.at(one.span.to));
            scale.bar(one.span, &class, hint)
        };
        rows.push((host.clone(), spans.iter().filter_map(bar).collect()));
    }
    for (name, runs) in [("ping", &timeline.pings), ("http", &timeline.requests)] {
        if !runs.is_empty() {
            rows.push((name.into(), scale.runs(runs)));
        }
    }
    for (host, runs) in timeline.elsewhere.iter().filter(|(_, runs)| !runs.is_empty()) {
        rows.push((if paper.left < 100.0 { host.clone() } else { format!("http, {host}") }, scale.runs(runs)));
    }
    let mut y = TOP;
    let mut lanes = Vec::new();
    for (name, bars) in rows {
        lanes.push(Lane { name, y, text_y: y + LANE * 0.7, height: LANE, bars });
        y += LANE + LANE_GAP;
    }
    let (begin, end) = timeline.fault;
    let lines = [(begin, "fault"), (end, "undone")];
    let lines = lines.into_iter().filter_map(|(at, text)| Some(Label { x: scale.x(at)?, text: text.into() }));
    Picture {
        caption,
        screen: paper.screen,
        width: paper.width,
        height: y + BOTTOM,
        left: paper.left,
        right: paper.width - RIGHT,
        top: TOP - LANE_GAP,
        bottom: y,
        lanes,
        ticks: scale.ticks(),
        lines: lines.collect(),
        shade: scale.bar(Span { from: begin, to: end }, "fault", String::new()),
        events: scale.events(&timeline.events),
    }
}

/// How many colours for hosts the page has.
const COLOURS: usize = 6;

/// Times of a window to places on the paper.
struct Scale {
    window: Span,
    /// The time that the axis calls 0: the beginning of the fault.
    zero: Duration,
    paper: Paper,
}

impl Scale {
    /// Numbers of events that would stand on one another are left away; the list has them all.
    fn events(&self, events: &[Happened]) -> Vec<Label> {
        let mut labels: Vec<Label> = Vec::new();
        for (number, event) in (1..).zip(events) {
            let Some(x) = self.x(event.at) else { continue };
            if labels.last().is_none_or(|last: &Label| x - last.x >= 12.0) {
                labels.push(Label { x, text: u32::to_string(&number) });
            }
        }
        labels
    }

    /// Where a time is, when it is in the window.
    fn x(&self, at: Duration) -> Option<f64> {
        (self.window.from..=self.window.to).contains(&at).then(|| self.place(at))
    }

    fn place(&self, at: Duration) -> f64 {
        let long = (self.window.to.saturating_sub(self.window.from)).as_secs_f64();
        let part = at.saturating_sub(self.window.from).as_secs_f64() / long.max(f64::MIN_POSITIVE);
        rounded(self.paper.left + part.min(1.0) * (self.paper.width - RIGHT - self.paper.left))
    }

    /// The part of a span that is in the window.
    fn bar(&self, span: Span, class: &str, hint: String) -> Option<Bar> {
        if span.to <= self.window.from || span.from >= self.window.to {
            return None;
        }
        let (from, to) = (self.place(span.from), self.place(span.to));
        Some(Bar { x: from, width: rounded((to - from).max(THIN)), class: class.into(), hint })
    }

    /// Lost ones last, so that none disappears under its neighbours.
    fn runs(&self, runs: &[Run]) -> Vec<Bar> {
        let bar = |run: &Run| {
            let (class, word) = if run.ok { ("ok", "answered") } else { ("lost", "lost") };
            let hint = format!("{} {word} from {} to {}", run.count, self.at(run.span.from), self.at(run.span.to));
            self.bar(run.span, class, hint)
        };
        let (answered, lost): (Vec<&Run>, Vec<&Run>) = runs.iter().partition(|run| run.ok);
        answered.into_iter().chain(lost).filter_map(bar).collect()
    }

    /// Marks at round times, counted from the fault.
    fn ticks(&self) -> Vec<Label> {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let (from, to) = (ms(self.window.from) - ms(self.zero), ms(self.window.to) - ms(self.zero));
        let step = round_step((to - from) / self.paper.ticks);
        let mut ticks = Vec::new();
        let mut at = (from / step).ceil() * step;
        while at <= to {
            let seconds = ((at + ms(self.zero)) / 1000.0).max(0.0);
            if let Ok(time) = Duration::try_from_secs_f64(seconds) {
                ticks.push(Label { x: self.place(time), text: format!("{}", rounded(at) + 0.0) });
            }
            at += step;
        }
        ticks
    }

    /// A time as the axis counts it.
    fn at(&self, at: Duration) -> String {
        format!("{:.1} ms", (at.as_secs_f64() - self.zero.as_secs_f64()) * 1000.0)
    }
}

/// The next of 1, 2, 5, 10, 20…
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.max(0.1).log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= least).unwrap_or(power * 10.0)
}

/// Two digits are enough on paper.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::super::entry::tests::run;
    use super::*;

    #[test]
    fn a_short_outage_is_enlarged_and_a_long_one_is_not() {
        let run = run();
        let hosts = ["lb-5".to_string(), "lb-6".to_string()];
        let drawn = |n: usize| pictures(run.entries[n].timeline.as_ref().unwrap(), &hosts);
        assert_eq!((drawn(0).len(), drawn(1).len(), drawn(2).len()), (4, 2, 2));
        let lost: Vec<_> = drawn(0)[2].lanes.iter().flat_map(|lane| &lane.bars).cloned().collect();
        let lost = lost.iter().find(|bar| bar.class == "lost").unwrap();
        assert!(lost.width > 100.0 && lost.hint == "4 lost from 0.0 ms to 4.0 ms", "{lost:?}");
    }

    #[test]
    fn both_owners_have_a_lane_and_nothing_leaves_the_paper() {
        let run = run();
        let hosts = ["lb-5".to_string(), "lb-6".to_string()];
        for entry in &run.entries {
            for picture in entry.timeline.iter().flat_map(|timeline| pictures(timeline, &hosts)) {
                for bar in picture.lanes.iter().flat_map(|lane| &lane.bars) {
                    assert!(bar.x >= picture.left && bar.x + bar.width <= picture.right + THIN, "{bar:?}");
                }
                assert!((2..=12).contains(&picture.ticks.len()), "{:?}", picture.ticks);
            }
        }
        let split = &pictures(run.entries[2].timeline.as_ref().unwrap(), &hosts)[0];
        let names: Vec<_> = split.lanes.iter().map(|lane| (lane.name.as_str(), lane.bars[0].class.as_str())).collect();
        assert_eq!(names, [("lb-5", "own-0"), ("lb-6", "own-1"), ("ping", "ok"), ("http", "ok")]);
    }

    #[test]
    fn the_past_is_drawn_beside_this_one() {
        let ms = Duration::from_millis;
        let bars = trend(&[ms(700), ms(0)], ms(1400));
        let drawn: Vec<_> = bars.iter().map(|bar| (bar.x, bar.height, bar.class)).collect();
        assert_eq!(drawn, [(0.0, 14.0, "past"), (8.0, 2.0, "past"), (16.0, 28.0, "now")]);
        assert!(trend(&[], ms(37)).is_empty());
    }

    #[test]
    fn an_empty_timeline_has_no_picture() {
        assert!(pictures(&Timeline::default(), &[]).is_empty());
    }

    #[test]
    fn the_axis_has_round_steps_counted_from_the_fault() {
        assert_eq!([0.3, 1.0, 1.1, 37.0, 700.0].map(round_step), [0.5, 1.0, 2.0, 50.0, 1000.0]);
        let window = Span { from: Duration::ZERO, to: Duration::from_secs(4) };
        let scale = Scale { window, zero: Duration::from_millis(1100), paper: PAPERS[0] };
        let ticks: Vec<_> = scale.ticks().into_iter().map(|tick| tick.text).collect();
        assert_eq!(ticks, ["-1000", "-500", "0", "500", "1000", "1500", "2000", "2500"]);
    }
}
