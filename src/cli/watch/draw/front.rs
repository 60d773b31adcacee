//! What stands in front of the picture: help, a list to choose from, a question.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

use super::view::View;
use crate::cli::watch::mode::Mode;
use crate::cli::watch::parts::wrapped;

/// Columns of a box.
const WIDTH: u16 = 76;

const HELP: &[&str] = &[
    "q        quit; nothing on the hosts changes by that",
    "f        failover: a VIP to another host",
    "d        drain a server, or take it back",
    "r        drill: break something on purpose, and put it right",
    "a        adverts among the events, or not",
    "↑ ↓      older and newer events (also PgUp, PgDn); Enter: the newest",
    "Ctrl-L   draw everything anew",
];

/// Below the keys.
const BELOW: &str = "f, d and r ask before anything is done, and name the command that does the same. Agents tell what happens when it happens; sites, web hosts and what is wrong are asked every 10 s and after a move. Times are this machine's; where a host's clock is off, that is taken into account. What is not heard is not known, and shown so.";

pub(super) fn draw(view: &View<'_>, frame: &mut Frame<'_>) {
    let plain = Style::new();
    match &view.model.mode {
        Mode::Watching => {}
        Mode::Help => {
            let mut lines: Vec<Line<'static>> = HELP.iter().map(|line| Line::raw(*line)).collect();
            lines.push(Line::default());
            lines.extend(wrapped(BELOW, usize::from(WIDTH) - 4, 0).into_iter().map(Line::raw));
            boxed("Keys", lines, plain, frame);
        }
        Mode::Choosing { choice, at } => {
            let room = usize::from(frame.area().height.saturating_sub(4)).max(1);
            let from = (at + 1).saturating_sub(room);
            let lines = choice.lines.iter().enumerate().skip(from).take(room).map(|(number, (_, words))| {
                let mark = if number == *at { "> " } else { "  " };
                let key = if number < 9 { format!("{} ", number + 1) } else { "  ".to_owned() };
                let style = if number == *at { plain.add_modifier(Modifier::REVERSED) } else { plain };
                Line::styled(format!("{mark}{key}{words}"), style)
            });
            boxed(choice.title, lines.collect(), plain, frame);
        }
        Mode::Confirming(order) => {
            let mut lines: Vec<Line<'static>> =
                wrapped(&order.will(), usize::from(WIDTH) - 4, 0).into_iter().map(Line::raw).collect();
            lines.extend([Line::default(), Line::raw(format!("The same as: {}", order.command())), Line::default()]);
            lines.push(Line::styled(
                "Press y to do it. Any other key: nothing is done.",
                plain.add_modifier(Modifier::BOLD),
            ));
            let style = if order.is_a_drill() { view.paint.bad() } else { view.paint.odd() };
            boxed("Really?", lines, style, frame);
        }
    }
}

/// A box in the middle.
fn boxed(title: &str, lines: Vec<Line<'static>>, style: Style, frame: &mut Frame<'_>) {
    let area = frame.area();
    let width = WIDTH.min(area.width);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    frame.render_widget(Clear, place);
    let block = Block::bordered().title(format!(" {title} ")).border_style(style);
    frame.render_widget(Paragraph::new(lines).block(block), place);
}
