//! What can be tracked: `vrrp_script`, `track_file` and `vrrp_track_process` blocks.

use std::time::Duration;

use crate::conf::config::{ProcessMatch, TrackFile, TrackProcess, VrrpScript};
use crate::conf::grammar::keywords::{TRACK_FILE, TRACK_PROCESS, VRRP_SCRIPT};
use crate::conf::grammar::script;
use crate::conf::grammar::values::{
    COUNT_MAX, SECONDS_MAX, block_name, flag, integer, seconds, single, switched, unread,
};
use crate::conf::grammar::walk::{inside, walk};
use crate::conf::grammar::weight::{OBJECT_WEIGHT_MAX, WEIGHT_MAX, weight};
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// Everything that can be tracked, by kind, each with the place of its block.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    pub(crate) scripts: Vec<(VrrpScript, Place)>,
    pub(crate) files: Vec<(TrackFile, Place)>,
    pub(crate) processes: Vec<(TrackProcess, Place)>,
    /// Names of blocks that were reported and left out: who tracks them need not hear of it again.
    pub(crate) broken: Vec<String>,
}

impl Objects {
    /// Reads a `vrrp_script` block.
    pub(crate) fn script(&mut self, block: &Statement, sink: &mut Sink<'_>) {
        let Some((name, place)) = block_name(block, sink) else { return };
        let known = self.scripts.iter().find(|(script, _)| script.name == name).map(|(_, at)| *at);
        if exists(block, &name, place, known, sink) {
            return;
        }
        let mut command = None;
        let mut command_given = false;
        let mut timeout = None;
        let mut script = blank_script(name, block, sink);
        walk(inside(block), &VRRP_SCRIPT, sink, |line, sink| match line.name() {
            "script" => {
                command_given = true;
                command = script::command(line, sink);
            }
            "interval" => {
                let range = INTERVAL_MIN..=SECONDS_MAX;
                script.interval = seconds(line, range, "1 s is used", sink).unwrap_or(script.interval);
            }
            "timeout" => timeout = seconds(line, INTERVAL_MIN..=SECONDS_MAX, "the interval is used", sink),
            "weight" => {
                (script.weight, script.reverse) = weight(line, &line.arguments, WEIGHT_MAX, sink).unwrap_or_default();
            }
            "rise" => script.rise = integer(line, 1..=COUNT_MAX, "1 is used", sink).unwrap_or(1),
            "fall" => script.fall = integer(line, 1..=COUNT_MAX, "1 is used", sink).unwrap_or(1),
            "user" => match script::user(line, &line.arguments, sink) {
                Some(user) => script.user = Some(user),
                None => sink.error(line.place(), "`user` needs a user"),
            },
            "init_fail" => {
                flag(line, sink);
                script.init_fail = true;
            }
            _ => unread(line, sink),
        });
        match command {
            Some(command) => {
                script.command = command;
                script.timeout = timeout.unwrap_or(script.interval);
                self.scripts.push((script, block.place()));
            }
            None => {
                if !command_given {
                    let message = format!("vrrp_script `{}` has no `script`; ignored", script.name);
                    sink.error_help(place, message, "add `script \"/path/to/check arguments\"`");
                }
                self.broken.push(script.name);
            }
        }
    }

    /// Reads a `track_file` (`vrrp_track_file`) block.
    pub(crate) fn file(&mut self, block: &Statement, sink: &mut Sink<'_>) {
        let Some((name, place)) = block_name(block, sink) else { return };
        let known = self.files.iter().find(|(file, _)| file.name == name).map(|(_, at)| *at);
        if exists(block, &name, place, known, sink) {
            return;
        }
        let mut file = TrackFile {
            name,
            path: String::new(),
            weight: 1,
            reverse: false,
            init: None,
            overwrite: false,
            location: sink.locate(block.place()),
        };
        let mut given = false;
        walk(inside(block), &TRACK_FILE, sink, |line, sink| match line.name() {
            "file" => {
                given = true;
                file.path = path(line, sink).unwrap_or_default();
            }
            "weight" => {
                let read = weight(line, &line.arguments, OBJECT_WEIGHT_MAX, sink);
                (file.weight, file.reverse) = read.unwrap_or((1, false));
            }
            "init_file" => (file.init, file.overwrite) = init_file(line, sink),
            _ => unread(line, sink),
        });
        if file.path.is_empty() {
            if !given {
                let message = format!("{} `{}` has no `file`; ignored", block.name(), file.name);
                sink.error_help(place, message, "add `file /path/to/the/file`");
            }
            self.broken.push(file.name);
        } else {
            self.files.push((file, block.place()));
        }
    }

    /// Reads a `vrrp_track_process` block.
    pub(crate) fn process(&mut self, block: &Statement, sink: &mut Sink<'_>) {
        let Some((name, place)) = block_name(block, sink) else { return };
        let known = self.processes.iter().find(|(process, _)| process.name == name).map(|(_, at)| *at);
        if exists(block, &name, place, known, sink) {
            return;
        }
        let mut process = blank_process(name, block, sink);
        let mut given = false;
        walk(inside(block), &TRACK_PROCESS, sink, |line, sink| {
            given |= line.name() == "process";
            process_line(&mut process, line, sink);
        });
        if process.process.is_empty() {
            if !given {
                let message = format!("vrrp_track_process `{}` has no `process`; ignored", process.name);
                sink.error_help(place, message, "add `process NAME`");
            }
            self.broken.push(process.name);
            return;
        }
        if !process.arguments.is_empty() && process.matching.is_none() {
            process.matching = Some(ProcessMatch::Exact);
        }
        if process.quorum_max.is_some_and(|most| most < process.quorum && process.quorum != 1) {
            let message = format!("`quorum_max` of `{}` is below its `quorum`: it can never be met", process.name);
            sink.warning(place, message);
        }
        self.processes.push((process, block.place()));
    }
}

fn blank_script(name: String, block: &Statement, sink: &Sink<'_>) -> VrrpScript {
    VrrpScript {
        name,
        command: Vec::new(),
        interval: Duration::from_secs(1),
        timeout: Duration::ZERO,
        weight: 0,
        reverse: false,
        rise: 1,
        fall: 1,
        user: None,
        init_fail: false,
        location: sink.locate(block.place()),
    }
}

fn blank_process(name: String, block: &Statement, sink: &Sink<'_>) -> TrackProcess {
    TrackProcess {
        name,
        process: String::new(),
        arguments: Vec::new(),
        matching: None,
        weight: 0,
        reverse: false,
        quorum: 1,
        quorum_max: None,
        fork_delay: Duration::ZERO,
        terminate_delay: Duration::ZERO,
        full_command: false,
        unit: None,
        location: sink.locate(block.place()),
    }
}

fn process_line(process: &mut TrackProcess, line: &Statement, sink: &mut Sink<'_>) {
    let delay = |sink: &mut Sink<'_>| seconds(line, DELAY_MIN..=DELAY_MAX, "0 is used", sink).unwrap_or_default();
    match line.name() {
        "process" => match line.arguments.split_first() {
            Some((name, rest)) if !name.text.is_empty() => {
                process.process = name.text.clone();
                process.arguments = rest.iter().map(|word| word.text.clone()).collect();
            }
            _ => sink.error(line.place(), "`process` needs the name or path of a program"),
        },
        "param_match" => {
            let Some(word) = single(line, sink) else { return };
            process.matching = match word.text.as_str() {
                "initial" => Some(ProcessMatch::Initial),
                "partial" => Some(ProcessMatch::Partial),
                other => {
                    let message = format!("unknown param_match `{other}`; the arguments must be exactly those given");
                    sink.error_help(word.place, message, "write initial or partial");
                    None
                }
            };
        }
        "weight" => {
            let read = weight(line, &line.arguments, OBJECT_WEIGHT_MAX, sink);
            (process.weight, process.reverse) = read.unwrap_or_default();
        }
        "quorum" => process.quorum = integer(line, 1..=PROCESSES_MAX, "1 is used", sink).unwrap_or(1),
        "quorum_max" => process.quorum_max = integer(line, 0..=PROCESSES_MAX, "there is no limit", sink),
        "fork_delay" => process.fork_delay = delay(sink),
        "terminate_delay" => process.terminate_delay = delay(sink),
        "delay" => {
            process.fork_delay = delay(sink);
            process.terminate_delay = process.fork_delay;
        }
        "full_command" => process.full_command = switched(line, true, sink),
        "unit" => {
            let Some(word) = single(line, sink) else { return };
            match unit_name(&word.text) {
                Some(name) => process.unit = Some(name),
                None => {
                    let message = format!("`{}` cannot be the name of a systemd unit; not read", word.text);
                    sink.error_help(word.place, message, "write `unit NAME.service`");
                }
            }
        }
        _ => unread(line, sink),
    }
}

/// A unit's whole name: without a suffix it is a service, as for systemctl.
fn unit_name(word: &str) -> Option<String> {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || ":-_.\\@".contains(letter);
    if word.is_empty() || word.len() > UNIT_MAX || !word.chars().all(fits) {
        return None;
    }
    Some(if word.contains('.') { word.to_owned() } else { format!("{word}.service") })
}

/// Whether a block of this kind and name stands further up, which is reported.
fn exists(block: &Statement, name: &str, place: Place, known: Option<Place>, sink: &mut Sink<'_>) -> bool {
    if let Some(earlier) = known {
        let line = sink.earlier(earlier);
        sink.error(place, format!("{} `{name}` exists already on {line}; ignored", block.name()));
    }
    known.is_some()
}

fn path(line: &Statement, sink: &mut Sink<'_>) -> Option<String> {
    let word = single(line, sink)?;
    if word.text.starts_with('/') {
        return Some(word.text.clone());
    }
    let message = format!("`file {}` is not a path from the root: it starts where the agent was started", word.text);
    sink.warning_help(word.place, message, "begin it with `/`");
    Some(word.text.clone()).filter(|path| !path.is_empty())
}

/// `init_file [VALUE] [overwrite]`.
fn init_file(line: &Statement, sink: &mut Sink<'_>) -> (Option<i32>, bool) {
    let (mut value, mut overwrite) = (0, false);
    for word in &line.arguments {
        match (word.text.as_str(), word.text.parse()) {
            ("overwrite", _) => overwrite = true,
            (_, Ok(number)) => value = number,
            (other, Err(_)) => {
                let message = format!("`{other}` is neither a whole number nor `overwrite`; it is not read");
                sink.error(word.place, message);
            }
        }
    }
    (Some(value), overwrite)
}

/// Shortest interval between two runs of a script.
const INTERVAL_MIN: Duration = Duration::from_millis(1);
/// Most processes that a quorum can ask for.
const PROCESSES_MAX: u32 = 65_535;
/// Longest name of a unit, its suffix aside.
const UNIT_MAX: usize = 240;
const DELAY_MIN: Duration = Duration::ZERO;
const DELAY_MAX: Duration = Duration::from_secs(3600);
