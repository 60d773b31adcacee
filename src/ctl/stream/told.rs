//! What comes out of the stream.

use std::time::Duration;

use hactl_engine::seen::Sight;

use crate::ctl::capture::clocks::Offset;
use crate::ctl::report::Report;
use crate::ctl::verify::status::Status;
use crate::error::Problem;

/// One thing of the stream.
#[derive(Debug)]
pub enum Item {
    /// Something of one host.
    Host(Told),
    /// The desk has looked at all hosts and asked the sites.
    Looked(Box<Report<Status>>),
}

/// Something of one host's stream.
#[derive(Debug, Clone)]
pub struct Told {
    /// Its name.
    pub host: String,
    /// When, on the desk's clock: Unix time in milliseconds.
    pub at_ms: u64,
    /// What.
    pub news: News,
}

/// What is told of a host.
#[derive(Debug, Clone)]
pub enum News {
    /// It is being connected to.
    Connecting,
    /// Its agent speaks.
    Connected,
    /// What its clock shows beside the desk's.
    Clock(Offset),
    /// Its agent has seen something.
    Seen(Box<Sight>),
    /// Its agent said something that this desk does not understand; they are not of one version.
    NotUnderstood,
    /// It is not heard any more.
    Lost {
        /// Why.
        problem: Box<Problem>,
        /// When it is tried again.
        again_in: Duration,
    },
}
