//! One check block to a [`Checker`], by its name.

use super::check::{Around, Common, RETRY, RETRY_DELAY};
use super::connection::Port;
use super::http::http;
use super::misc::{file, misc};
use super::network::{dns, smtp};
use super::shared::Shared;
use super::udp::udp;
use crate::conf::config::lvs::{Check, Checker};
use crate::conf::grammar::keywords::{PING_CHECK, TCP_CHECK};
use crate::conf::grammar::values::unread;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// Reads a block. Nothing when it cannot be run, which is reported.
pub(crate) fn checker(
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
        "HTTP_GET" | "SSL_GET" => http(block, around, shared, sink),
        _ => {
            unread(block, sink);
            None
        }
    }
}
