//! What goes wrong on a host, and in which call of which script.

use std::sync::Mutex;

use hactl::ctl::host::split;
use nix::sys::signal::Signal;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call fails.
    Fails,
    /// The power fails before the call: everything there ends, and nobody answers until it is back.
    PowerCut,
    /// The script runs to its end, but the connection is gone before the answer has come.
    Lost,
    /// The connection ends after so many bytes of script and input; the script sees the end of its input.
    Starved(usize),
    /// The same, so many bytes after the functions.
    StarvedInCalls(usize),
    /// The connection ends after so many bytes of output; the script goes on, for as long as it says nothing more.
    Cut(usize),
    /// The script runs to its end, and the answer comes after the limit.
    Late,
    /// The login shell begins nothing.
    Silent,
    /// The desk is killed; the script runs to its end.
    DeskDies,
    /// The desk gets this signal; the script runs to its end.
    Signal(Signal),
}

/// Faults to come, and the calls so far.
#[derive(Default)]
pub(crate) struct Faults(Mutex<State>);

#[derive(Default)]
struct State {
    off: bool,
    wanted: Vec<(Before, Fault)>,
    calls: Vec<String>,
}

enum Before {
    Word(String),
    Nth(String, usize),
    Number(usize),
}

/// A script with the fault that it meets, if any.
pub(crate) struct Met {
    pub script: String,
    pub fault: Option<Fault>,
}

impl Faults {
    /// At the next call that begins with these words.
    pub(crate) fn at(&self, words: &str, fault: Fault) {
        self.0.lock().unwrap().wanted.push((Before::Word(words.to_owned()), fault));
    }

    /// At the so-many-th call from now that begins with these words, 1 being the next.
    pub(crate) fn at_nth(&self, words: &str, number: usize, fault: Fault) {
        self.0.lock().unwrap().wanted.push((Before::Nth(words.to_owned(), number), fault));
    }

    /// At a call by its number from now.
    pub(crate) fn at_call(&self, number: usize, fault: Fault) {
        self.clear();
        self.and_at_call(number, fault);
    }

    /// The same beside what is to come already.
    pub(crate) fn and_at_call(&self, number: usize, fault: Fault) {
        let mut state = self.0.lock().unwrap();
        state.calls.clear();
        state.wanted.push((Before::Number(number), fault));
    }

    /// Whether all of them came.
    pub(crate) fn over(&self) -> bool {
        self.0.lock().unwrap().wanted.is_empty()
    }

    /// No fault any more, and no call so far.
    pub(crate) fn clear(&self) {
        let mut state = self.0.lock().unwrap();
        state.wanted.clear();
        state.calls.clear();
    }

    /// The calls since they were cleared: the function and its first word.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.0.lock().unwrap().calls.clone()
    }

    /// Power on or off.
    pub(crate) fn power(&self, on: bool) {
        self.0.lock().unwrap().off = !on;
    }

    /// Whether it has power.
    pub(crate) fn is_on(&self) -> bool {
        !self.0.lock().unwrap().off
    }

    /// What a script meets; where it fails in the middle, it is changed accordingly.
    pub(crate) fn meet(&self, script: &str) -> Met {
        let mut state = self.0.lock().unwrap();
        let (head, body) = split(script);
        let mut found = None;
        let mut text = head.to_owned();
        for call in calls(body) {
            let number = state.calls.len();
            state.calls.push(name(call));
            let at = state.wanted.iter_mut().position(|(before, _)| match before {
                Before::Word(words) => call.starts_with(words.as_str()),
                Before::Nth(words, left) => {
                    *left -= usize::from(call.starts_with(words.as_str()));
                    *left == 0
                }
                Before::Number(wanted) => *wanted == number,
            });
            if let (Some(at), None) = (at, found) {
                let (_, fault) = state.wanted.remove(at);
                found = Some(fault);
                match fault {
                    Fault::Fails => text.push_str("die 'the story lets it fail'\n"),
                    Fault::PowerCut => text.push_str("kill -KILL $$\n"),
                    _ => {}
                }
            }
            text.push_str(call);
        }
        if found == Some(Fault::PowerCut) {
            state.off = true;
        }
        Met { script: text, fault: found }
    }
}

/// The calls of a script, each with its line end: quoted words may have several lines.
fn calls(body: &str) -> Vec<&str> {
    let (mut quoted, mut escaped, mut begin, mut found) = (false, false, 0, Vec::new());
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if !quoted => escaped = true,
            '\'' => quoted = !quoted,
            '\n' if !quoted => {
                found.push(&body[begin..=at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    if begin < body.len() {
        found.push(&body[begin..]);
    }
    found
}

/// For people: the function and its first word.
fn name(call: &str) -> String {
    call.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}
