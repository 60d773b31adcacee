//! The picture of a model: what matters most stands on top, events fill what is left. Pure: a model, a time, a frame.

mod front;
mod hosts;
mod services;
mod share;
#[cfg(test)]
mod tests;
mod view;

use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use self::share::share;
use self::view::View;
use super::mode::{Mode, Work};
use super::model::Model;
use super::parts::{Paint, clock, clock_ms, heading, span, wrapped};
use crate::ctl::view::known::Event;
use hactl_engine::notice::Level;

/// Events have at least so many lines.
const EVENTS_MIN: usize = 5;
/// What became of an order has at most so many.
const WORK_MAX: usize = 5;
/// Smaller is no screen.
const SMALLEST: (u16, u16) = (40, 12);

/// Draws everything.
pub(super) fn draw(model: &Model, now_ms: u64, zone: &TimeZone, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        let words = format!("too small: {}x{}; 80x24 is enough. q ends it", area.width, area.height);
        return frame.render_widget(Paragraph::new(words), area);
    }
    let width = usize::from(area.width);
    let view = View { model, now_ms, zone, width, paint: Paint(model.colours) };
    let lines = view.lines(usize::from(area.height));
    frame.render_widget(Paragraph::new(lines), area);
    front::draw(&view, frame);
}

impl View<'_> {
    fn lines(&self, height: usize) -> Vec<Line<'static>> {
        let work = self.work();
        let parts: [(&str, Vec<Line<'static>>); 5] = [
            ("VIPs", hosts::vips(self)),
            ("Hosts", hosts::hosts(self)),
            ("Pools, sites, certificates", services::services(self)),
            ("Wrong", services::wrong(self)),
            ("Drift since the last deploy", services::drift(self)),
        ];
        // The first line, a heading for the events, the last line.
        let room = height.saturating_sub(3 + EVENTS_MIN + work.len());
        let rooms = share(room, &parts.each_ref().map(|(_, lines)| lines.len()));
        let mut lines = vec![self.top()];
        for ((title, part), room) in parts.into_iter().zip(rooms) {
            if room == 0 {
                continue;
            }
            lines.push(heading(title, self.width, self.paint));
            lines.extend(cut(part, room - 1, self.paint));
        }
        let left = height.saturating_sub(lines.len() + work.len() + 2);
        lines.push(heading(&self.events_title(), self.width, self.paint));
        let events = self.events(left);
        let blank = left.saturating_sub(events.len());
        lines.extend(events);
        lines.extend(std::iter::repeat_n(Line::default(), blank));
        lines.extend(work);
        lines.push(self.bottom());
        lines
    }

    fn top(&self) -> Line<'static> {
        let agents = self
            .model
            .known
            .hosts
            .iter()
            .filter(|host| self.model.known.cluster.agents().any(|one| one.name == host.name));
        let (heard, all) =
            agents.fold((0, 0), |(heard, all), host| (heard + usize::from(host.is_heard(self.now_ms)), all + 1));
        let looked = self.model.known.looked.as_ref().map_or_else(
            || "sites and web hosts: being asked".to_owned(),
            |(at, _)| format!("sites and web hosts asked {} ago", span(self.now_ms.saturating_sub(*at))),
        );
        let agents = format!("agents heard: {heard} of {all}");
        let style = if heard == all { Style::new() } else { self.paint.bad() };
        let name = Span::styled(self.model.known.cluster.name.clone(), Style::new().add_modifier(Modifier::BOLD));
        let time = clock(self.now_ms, self.zone);
        let mut spans = vec![name, Span::raw("   "), Span::styled(agents, style), Span::raw("   "), Span::raw(looked)];
        let used: usize = spans.iter().map(Span::width).sum();
        let gap = self.width.saturating_sub(used + time.len());
        spans.extend([Span::raw(" ".repeat(gap)), Span::raw(time)]);
        Line::from(spans)
    }

    fn events_title(&self) -> String {
        let adverts = if self.model.with_adverts { "Events and adverts" } else { "Events" };
        match self.model.back {
            0 => adverts.to_owned(),
            back => format!("{adverts} ({back} newer below; Enter goes there)"),
        }
    }

    /// The last events that fit, each with its reason in full.
    fn events(&self, room: usize) -> Vec<Line<'static>> {
        let listed = self.model.listed();
        let mut lines: Vec<Line<'static>> = Vec::new();
        for event in listed.iter().rev().skip(self.model.back) {
            let mut more = self.event(event);
            if lines.len() + more.len() > room {
                break;
            }
            more.reverse();
            lines.extend(more);
        }
        if lines.is_empty() && listed.is_empty() {
            return vec![Line::styled("nothing has happened since this began", self.paint.quiet())];
        }
        lines.reverse();
        lines
    }

    fn event(&self, event: &Event) -> Vec<Line<'static>> {
        let time = clock_ms(event.at_ms, self.zone);
        let host = if event.host.is_empty() { String::new() } else { format!("{}  ", event.host) };
        let prefix = format!("{}: ", event.host);
        let words = event.words.strip_prefix(&prefix).unwrap_or(&event.words);
        let style = match event.level {
            Level::Info => Style::new(),
            Level::Warning => self.paint.odd(),
            Level::Error => self.paint.of(ratatui::style::Color::Red),
        };
        let indent = time.len() + 2;
        let all = wrapped(&format!("{host}{words}"), self.width.saturating_sub(indent).max(20), 0);
        let heads = std::iter::once(format!("{time}  ")).chain(std::iter::repeat(" ".repeat(indent)));
        let line = |(head, words): (String, String)| {
            Line::from(vec![Span::styled(head, self.paint.quiet()), Span::styled(words, style)])
        };
        heads.zip(all).map(line).collect()
    }

    /// What is ordered, and what became of it.
    fn work(&self) -> Vec<Line<'static>> {
        let Some(Work { order, since_ms, words, end }) = &self.model.work else { return Vec::new() };
        let bold = Style::new().add_modifier(Modifier::BOLD);
        match end {
            None => {
                let head = format!("{}: at work for {}", order.command(), span(self.now_ms.saturating_sub(*since_ms)));
                let said = words.last().map(|word| Line::raw(word.replace('\n', " ")));
                std::iter::once(Line::styled(head, bold)).chain(said).collect()
            }
            Some(end) => {
                let style = if end.well { self.paint.good() } else { self.paint.bad() };
                let verdict = if end.well { "done" } else { "FAILED" };
                let head = format!("{}: {verdict} (Enter: away with this)", order.command());
                let all = end.words.lines().flat_map(|line| wrapped(line, self.width, 2)).take(WORK_MAX).map(Line::raw);
                std::iter::once(Line::styled(head, style)).chain(all).collect()
            }
        }
    }

    fn bottom(&self) -> Line<'static> {
        if let Some(hint) = &self.model.hint {
            return Line::styled(hint.clone(), self.paint.odd());
        }
        let keys = match &self.model.mode {
            Mode::Watching => "q quit  f failover  d drain  r drill  a adverts  ↑↓ older, newer  ? help",
            Mode::Help => "any key: back",
            Mode::Choosing { .. } => "↑↓ or a number: choose  Enter: go on  Esc: back  (you are asked once more)",
            Mode::Confirming(_) => "y: do it  any other key: back, nothing is done",
        };
        Line::styled(keys, self.paint.quiet())
    }
}

/// The first lines of a part, and how many are missing.
fn cut(mut lines: Vec<Line<'static>>, room: usize, paint: Paint) -> Vec<Line<'static>> {
    if lines.len() > room {
        let missing = lines.len() - room + 1;
        lines.truncate(room.saturating_sub(1));
        lines.push(Line::styled(format!("… {missing} more; a larger terminal shows them"), paint.odd()));
    }
    lines
}
