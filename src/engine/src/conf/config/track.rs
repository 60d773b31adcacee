//! What influences a priority: scripts, files, processes, interfaces.

use std::time::Duration;

use super::notify::{Argv, ScriptUser};
use crate::conf::text::diagnostic::Location;

/// `vrrp_script NAME`: a check run on an interval.
#[derive(Debug, Clone, PartialEq)]
pub struct VrrpScript {
    /// Block name.
    pub name: String,
    /// `script`: command and arguments.
    pub command: Argv,
    /// `interval` between starts; default 1 s.
    pub interval: Duration,
    /// `timeout`: default the interval. A run that takes longer is killed and counts as failed.
    pub timeout: Duration,
    /// `weight`: -253..=253. 0 means a failure puts the instance in FAULT.
    pub weight: i16,
    /// `weight N reverse`: success and failure swap their meaning.
    pub reverse: bool,
    /// `rise`: successes in a row that make it good; default 1.
    pub rise: u32,
    /// `fall`: failures in a row that make it bad; default 1.
    pub fall: u32,
    /// `user`: default `script_user`.
    pub user: Option<ScriptUser>,
    /// `init_fail`: counts as failed until its first success.
    pub init_fail: bool,
    /// Where the block begins.
    pub location: Location,
}

/// `track_file NAME`: a file that holds one whole number.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackFile {
    /// Block name.
    pub name: String,
    /// `file`: its path.
    pub path: String,
    /// `weight`: -254..=254, default 1; multiplies the number. 0: any number but 0 means FAULT.
    pub weight: i16,
    /// `weight N reverse`: the sign of the product is turned.
    pub reverse: bool,
    /// `init_file VALUE`: written when the file does not exist (with `overwrite` always).
    pub init: Option<i32>,
    /// `init_file … overwrite`.
    pub overwrite: bool,
    /// Where the block begins.
    pub location: Location,
}

/// How the arguments of a process are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProcessMatch {
    /// They are exactly those given.
    Exact,
    /// `param_match initial`: they begin with those given; the last may be longer.
    Initial,
    /// `param_match partial`: the first ones are exactly those given.
    Partial,
}

/// `vrrp_track_process NAME`: processes that must run.
#[derive(Debug, Clone, PartialEq)]
pub struct TrackProcess {
    /// Block name.
    pub name: String,
    /// `process`: a path (contains `/`: the first argument is compared) or a command name.
    pub process: String,
    /// Arguments after the process; compared when `matching` is given.
    pub arguments: Argv,
    /// `param_match`: `None` compares the name alone.
    pub matching: Option<ProcessMatch>,
    /// `weight`: -254..=254, default 0.
    pub weight: i16,
    /// `weight N reverse`.
    pub reverse: bool,
    /// `quorum`: so many must run; default 1.
    pub quorum: u32,
    /// `quorum_max`: and not more than so many.
    pub quorum_max: Option<u32>,
    /// `fork_delay` (or `delay`): a start counts only after this time; default 0.
    pub fork_delay: Duration,
    /// `terminate_delay` (or `delay`): an end counts only after this time; default 0.
    pub terminate_delay: Duration,
    /// `full_command`: the whole command line is compared rather than the short name.
    pub full_command: bool,
    /// `unit NAME` (hactl's own): systemd's unit they belong to. Only their end counts, and not one that a job of that
    /// unit is about to mend.
    pub unit: Option<String>,
    /// Where the block begins.
    pub location: Location,
}

/// A tracked object and how its failure counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// Name of the interface, script, file or process.
    pub name: String,
    /// -253..=253 (files and processes -254..=254); 0 means FAULT on failure. The object's own weight unless
    /// overridden.
    pub weight: i16,
    /// Swaps success and failure.
    pub reverse: bool,
}
