//! `track_file` and `vrrp_track_process` blocks.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::build::{SECONDS_MAX, block_name, weight};
use super::config::{ProcessMatch, TrackFile, TrackProcess};
use super::keywords::{TRACK_FILE, TRACK_PROCESS};
use super::sink::Sink;
use super::tree::Statement;
use super::values::{flag, seconds, single, surplus, switch, whole};
use super::walk::{inside, walk};

/// Weights of files and processes.
pub(super) const WEIGHTS: RangeInclusive<i16> = -254..=254;

pub(super) fn file(block: &Statement, files: &mut Vec<TrackFile>, sink: &mut Sink<'_>) {
    let Some((name, place)) = block_name(block, sink) else { return };
    if let Some(earlier) = files.iter().find(|file| file.name == name) {
        sink.error(place, format!("track_file `{name}` exists already on line {}; ignored", earlier.location.line));
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
    walk(inside(block), &TRACK_FILE, sink, |line, sink| match line.name() {
        "file" => file.path = single(line, sink).map(|word| word.text.clone()).unwrap_or_default(),
        "weight" => {
            (file.weight, file.reverse) = weight(line, &line.arguments, WEIGHTS, sink).unwrap_or((1, false));
        }
        _ => {
            let mut words = line.arguments.iter().peekable();
            let value = words.next_if(|word| word.text != "overwrite");
            file.init = Some(value.map_or(0, |word| word.text.parse().unwrap_or_default()));
            if let Some(word) = value.filter(|word| word.text.parse::<i32>().is_err()) {
                sink.error(word.place, format!("`init_file {}` is no whole number; 0 is used", word.text));
            }
            file.overwrite = words.next_if(|word| word.text == "overwrite").is_some();
            let rest: Vec<_> = words.cloned().collect();
            surplus(line, &rest, sink);
        }
    });
    if file.path.is_empty() {
        let message = format!("track_file `{}` names no file; ignored", file.name);
        sink.error_help(place, message, "add `file /path/to/it`");
        return;
    }
    files.push(file);
}

pub(super) fn process(block: &Statement, processes: &mut Vec<TrackProcess>, sink: &mut Sink<'_>) {
    let Some((name, place)) = block_name(block, sink) else { return };
    if let Some(earlier) = processes.iter().find(|process| process.name == name) {
        let line = earlier.location.line;
        sink.error(place, format!("vrrp_track_process `{name}` exists already on line {line}; ignored"));
        return;
    }
    let mut process = TrackProcess {
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
        location: sink.locate(block.place()),
    };
    let times = Duration::ZERO..=SECONDS_MAX;
    walk(inside(block), &TRACK_PROCESS, sink, |line, sink| match line.name() {
        "process" => match line.arguments.split_first() {
            Some((first, rest)) => {
                process.process.clone_from(&first.text);
                process.arguments = rest.iter().map(|word| word.text.clone()).collect();
            }
            None => sink.error(line.place(), "`process` needs a value"),
        },
        "param_match" => {
            process.matching = single(line, sink).and_then(|word| match word.text.as_str() {
                "initial" => Some(ProcessMatch::Initial),
                "partial" => Some(ProcessMatch::Partial),
                "exact" => Some(ProcessMatch::Exact),
                other => {
                    sink.error_help(
                        word.place,
                        format!("`param_match {other}`: the arguments are not compared"),
                        "write initial or partial",
                    );
                    None
                }
            });
        }
        "weight" => {
            (process.weight, process.reverse) = weight(line, &line.arguments, WEIGHTS, sink).unwrap_or_default();
        }
        "quorum" => process.quorum = whole(line, 1..=65_535, "1 is used", sink).unwrap_or(1),
        "quorum_max" => process.quorum_max = whole(line, 0..=65_535, "there is no maximum", sink),
        "fork_delay" => process.fork_delay = seconds(line, times.clone(), "0 is used", sink).unwrap_or_default(),
        "terminate_delay" => {
            process.terminate_delay = seconds(line, times.clone(), "0 is used", sink).unwrap_or_default();
        }
        "delay" => {
            let delay = seconds(line, times.clone(), "0 is used", sink).unwrap_or_default();
            (process.fork_delay, process.terminate_delay) = (delay, delay);
        }
        _ if line.arguments.is_empty() => {
            flag(line, sink);
            process.full_command = true;
        }
        _ => process.full_command = switch(line, sink).unwrap_or(true),
    });
    // Without `param_match` but with arguments all of them must be there.
    if process.matching.is_none() && !process.arguments.is_empty() {
        process.matching = Some(ProcessMatch::Exact);
    }
    if process.process.is_empty() {
        let message = format!("vrrp_track_process `{}` names no process; ignored", process.name);
        sink.error_help(place, message, "add `process NAME`");
        return;
    }
    processes.push(process);
}
