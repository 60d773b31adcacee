//! A keepalived.conf of a host as the engine reads it: what it means, its statements with their places, and what is
//! wrong with it.

use std::collections::BTreeSet;

use hactl_engine::conf::config::Config;
use hactl_engine::conf::outline::{Entry, outline};
use hactl_engine::conf::parse_with;
use hactl_engine::conf::text::diagnostic::{Diagnostic, Location, Severity};

use super::ask::{Around, ConfigFiles};

/// What one host's file says.
#[derive(Debug, Clone)]
pub struct Read {
    /// The host's name in the inventory.
    pub host: String,
    /// What it means.
    pub config: Config,
    /// Its statements.
    pub entries: Vec<Entry>,
    /// What the parser says of it.
    pub faults: Vec<Diagnostic>,
    /// Patterns of `include` that meant no file that could be read.
    pub unread: BTreeSet<String>,
}

impl Read {
    /// Reads the files of a host; `hostname` is what it calls itself.
    pub fn new(host: &str, hostname: &str, files: &ConfigFiles) -> Self {
        let text = files.texts.get(&files.main).map_or("", String::as_str);
        let mut around = Around::new(files, hostname);
        let parsed = parse_with(&files.main, text, &mut around);
        let entries = outline(&files.main, text, &mut Around::new(files, hostname));
        let unread = around.unread;
        Self { host: host.to_owned(), config: parsed.config, entries, faults: parsed.diagnostics, unread }
    }

    /// Why a statement cannot be carried over: the parser does not understand it, or the agent does not do it.
    pub fn fault(&self, at: &Location) -> Option<&str> {
        let here = |one: &&Diagnostic| {
            let place = one.location.as_ref().is_some_and(|place| place.file == at.file && place.line == at.line);
            place && (one.severity == Severity::Error || one.message.contains(NOT_SUPPORTED))
        };
        self.faults.iter().find(here).map(|one| one.message.as_str())
    }
}

/// What the parser says of keywords of keepalived that the agent does nothing for.
const NOT_SUPPORTED: &str = "not supported yet";

/// `HOST FILE:LINE`, for people.
pub fn place(host: &str, at: &Location) -> String {
    format!("{host} {}:{}", at.file, at.line)
}
