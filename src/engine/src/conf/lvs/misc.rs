//! `MISC_CHECK` and `FILE_CHECK`: what this host finds out by itself.

use std::time::Duration;

use super::check::{Around, Common, RETRY, RETRY_DELAY};
use super::shared::Shared;
use crate::conf::config::lvs::{Check, Checker, FileCheck, MiscCheck};
use crate::conf::grammar::keywords::{FILE_CHECK, MISC_CHECK};
use crate::conf::grammar::script;
use crate::conf::grammar::values::{SECONDS_MAX, seconds, single, switched, unread};
use crate::conf::grammar::weight::weight;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

pub(crate) fn misc(block: &Statement, around: Around<'_>, sink: &mut Sink<'_>) -> Option<Checker> {
    let (mut command, mut given, mut timeout, mut dynamic, mut user) = (None, false, None, false, None);
    let common = Common::read(block, &MISC_CHECK, around.target, around.timing, sink, |line, sink| match line.name() {
        "misc_path" => {
            given = true;
            command = script::command(line, sink);
        }
        "misc_timeout" => {
            let range = Duration::from_millis(1)..=SECONDS_MAX;
            timeout = seconds(line, range, "the interval is used", sink);
        }
        "misc_dynamic" => dynamic = switched(line, true, sink),
        "user" => match script::user(line, &line.arguments, sink) {
            Some(found) => user = Some(found),
            None => sink.error(line.place(), "`user` needs a user"),
        },
        _ => unread(line, sink),
    });
    if !given {
        let message = "MISC_CHECK has no `misc_path`; not checked";
        sink.error_help(block.place(), message, "add `misc_path \"/path/to/check arguments\"`");
    }
    let timeout = timeout.unwrap_or(common.interval());
    let check = MiscCheck { command: command?, timeout, dynamic, user };
    Some(common.checker(Check::Misc(Box::new(check)), MISC_RETRY, RETRY_DELAY, sink))
}

pub(crate) fn file(
    block: &Statement,
    around: Around<'_>,
    shared: &mut Shared<'_>,
    sink: &mut Sink<'_>,
) -> Option<Checker> {
    let (mut named, mut weighed) = (None, None);
    let common = Common::read(block, &FILE_CHECK, around.target, around.timing, sink, |line, sink| match line.name() {
        "track_file" => named = single(line, sink),
        "weight" => weighed = weight(line, &line.arguments, i16::MAX, sink),
        _ => unread(line, sink),
    });
    let Some(word) = named else {
        let message = "FILE_CHECK names no file; not checked";
        sink.error_help(
            block.place(),
            message,
            "add `track_file NAME`, and a `track_file NAME { … }` block to the file",
        );
        return None;
    };
    let own = shared.file(word, sink)?;
    let (weight, reverse) = weighed.unwrap_or(own);
    let check = Check::File(FileCheck { file: word.text.clone(), weight, reverse });
    Some(common.checker(check, RETRY, RETRY_DELAY, sink))
}

const MISC_RETRY: u32 = 0;
