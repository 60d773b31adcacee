//! What was pressed, and what follows.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::choice::{drains, drills, failovers};
use super::mode::Mode;
use super::model::Model;
use crate::cli::order::Order;
use crate::ctl::cluster::SecretSource;

/// What follows from a key beyond the picture.
#[derive(Debug, PartialEq)]
pub(super) enum Do {
    /// Nothing.
    Nothing,
    /// Somebody has seen enough.
    Quit,
    /// Draw everything anew: something else may have written on the terminal.
    Redraw,
    /// Carry this out.
    CarryOut(Order),
}

/// Lines that a page of events has.
const PAGE: usize = 10;

/// Takes a key. `lab`: the hosts are those of a lab.
pub(super) fn press(model: &mut Model, key: KeyEvent, lab: bool) -> Do {
    model.hint = None;
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match (control, key.code) {
        (true, KeyCode::Char('c')) => return Do::Quit,
        (true, KeyCode::Char('l')) => return Do::Redraw,
        (true, _) => return Do::Nothing,
        (false, _) => {}
    }
    match std::mem::take(&mut model.mode) {
        Mode::Watching => watching(model, key.code, lab),
        Mode::Help => Do::Nothing, // any key ends it
        Mode::Choosing { choice, at } => {
            let last = choice.lines.len().saturating_sub(1);
            let number = if let KeyCode::Char(c) = key.code { c.to_digit(10) } else { None };
            let numbered = number.and_then(|number| usize::try_from(number).ok()?.checked_sub(1));
            let chosen = match key.code {
                KeyCode::Enter => Some(at),
                _ => numbered,
            };
            if let Some((order, _)) = chosen.and_then(|at| choice.lines.get(at)) {
                model.mode = Mode::Confirming(order.clone());
                return Do::Nothing;
            }
            let at = match key.code {
                KeyCode::Up | KeyCode::Char('k') => at.saturating_sub(1),
                KeyCode::Down | KeyCode::Char('j') => (at + 1).min(last),
                KeyCode::Esc | KeyCode::Char('q') | KeyCode::Enter => return Do::Nothing,
                _ => at,
            };
            model.mode = Mode::Choosing { choice, at };
            Do::Nothing
        }
        Mode::Confirming(order) => match key.code {
            KeyCode::Char('y') => Do::CarryOut(order),
            _ => {
                model.hint = Some("nothing was done".into());
                Do::Nothing
            }
        },
    }
}

fn watching(model: &mut Model, code: KeyCode, lab: bool) -> Do {
    let choice = match code {
        KeyCode::Char('q') | KeyCode::Esc if model.is_at_work() => {
            model.hint =
                Some("an order is being carried out: wait for its end (Ctrl-C leaves it in the middle)".into());
            return Do::Nothing;
        }
        KeyCode::Char('q') => return Do::Quit,
        KeyCode::Char('?' | 'h') => {
            model.mode = Mode::Help;
            return Do::Nothing;
        }
        KeyCode::Char('a') => {
            model.with_adverts = !model.with_adverts;
            return Do::Nothing;
        }
        KeyCode::Enter | KeyCode::Esc => {
            model.back = 0;
            if !model.is_at_work() {
                model.work = None;
            }
            return Do::Nothing;
        }
        KeyCode::Up | KeyCode::Char('k') => return back(model, 1),
        KeyCode::PageUp => return back(model, PAGE),
        KeyCode::Down | KeyCode::Char('j') => return forth(model, 1),
        KeyCode::PageDown => return forth(model, PAGE),
        KeyCode::Char('f') => failovers(model),
        KeyCode::Char('d') => drains(model),
        KeyCode::Char('r') => drills(lab),
        _ => return Do::Nothing,
    };
    if is_asked_for_passwords(model) {
        model.hint = Some(
            "passwords are typed in for this inventory: give orders on another terminal, e.g. `hactl failover`".into(),
        );
    } else if model.is_at_work() {
        model.hint = Some("one order after the other: this one is not at its end".into());
    } else if choice.lines.is_empty() {
        model.hint = Some(choice.nothing.into());
    } else {
        model.mode = Mode::Choosing { choice, at: 0 };
    }
    Do::Nothing
}

/// An order connects anew, and would ask on the terminal that is drawn on.
fn is_asked_for_passwords(model: &Model) -> bool {
    model.known.cluster.managed().any(|host| matches!(host.ssh.password, Some(SecretSource::Prompt)))
}

fn back(model: &mut Model, lines: usize) -> Do {
    model.back = (model.back + lines).min(model.listed().len().saturating_sub(1));
    Do::Nothing
}

fn forth(model: &mut Model, lines: usize) -> Do {
    model.back = model.back.saturating_sub(lines);
    Do::Nothing
}
