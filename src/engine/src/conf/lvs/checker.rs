//! One check block to a [`Checker`], by its name.

use super::super::config::lvs::{Check, Checker};
use super::super::keywords::{PING_CHECK, TCP_CHECK};
use super::super::sink::Sink;
use super::super::tree::Statement;
use super::check::{Common, RETRY, RETRY_DELAY};
use super::connection::{Port, Target};
use super::http::http;
use super::misc::{file, misc};
use super::network::{dns, smtp};
use super::read::Shared;
use super::timing::Timing;
use super::udp::udp;

/// What the blocks around a check say for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) target: Target,
    pub(super) timing: Timing,
    /// `virtualhost`.
    pub(super) host: Option<&'a str>,
}

/// Reads a block. Nothing when it cannot be run, which is reported.
pub(super) fn checker(
    block: &Statement,
    around: Around<'_>,
    shared: &mut Shared<'_>,
    sink: &mut Sink<'_>,
) -> Option<Checker> {
    let Around { target, timing, .. } = around;
    match block.name() {
        "TCP_CHECK" => {
            let common = Common::read(block, &TCP_CHECK, target, timing, sink, |_, _| {});
            let connection = common.connection(Port::Required, sink)?;
            Some(common.checker(Check::Tcp(connection), RETRY, RETRY_DELAY, sink))
        }
        "PING_CHECK" => {
            let common = Common::read(block, &PING_CHECK, target, timing, sink, |_, _| {});
            let connection = common.connection(Port::None, sink)?;
            Some(common.checker(Check::Ping(connection), RETRY, RETRY_DELAY, sink))
        }
        "SMTP_CHECK" => smtp(block, around, sink),
        "DNS_CHECK" => dns(block, around, sink),
        "UDP_CHECK" => udp(block, around, sink),
        "MISC_CHECK" => misc(block, around, sink),
        "FILE_CHECK" => file(block, around, shared, sink),
        _ => http(block, around, shared, sink),
    }
}
