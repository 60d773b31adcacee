//! Addresses with ports: what stands after `virtual_server`, `real_server`, `sorry_server` and in a group.

use std::net::{IpAddr, SocketAddr};

use crate::conf::grammar::values::{address, surplus};
use crate::conf::text::lexer::Word;
use crate::conf::text::place::At;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// What a `virtual_server` is called after.
#[derive(Debug, Clone)]
pub(super) enum Head {
    /// `IP [PORT]`; port 0 when none is given.
    Address(SocketAddr),
    /// `fwmark N`.
    Mark(u32),
    /// `group NAME`.
    Group(At<String>),
    /// `upstream NAME`.
    Upstream(At<String>),
}

impl Head {
    /// Reads it; what is wrong is reported, and the block cannot be used.
    pub(crate) fn read(block: &Statement, sink: &mut Sink<'_>) -> Option<Self> {
        match block.arguments.split_first() {
            Some((word, rest)) if word.text == "fwmark" => {
                let (number, more) = rest.split_first().or_else(|| missing(block, sink))?;
                surplus(block, more, sink);
                mark(number, sink).map(Self::Mark)
            }
            Some((word, rest)) if word.text == "group" => {
                let (name, more) = rest.split_first().or_else(|| missing(block, sink))?;
                surplus(block, more, sink);
                Some(Self::Group((name.text.clone(), name.place)))
            }
            Some((word, rest)) if word.text == "upstream" => {
                let (name, more) = rest.split_first().or_else(|| missing(block, sink))?;
                surplus(block, more, sink);
                Some(Self::Upstream((name.text.clone(), name.place)))
            }
            Some(_) => {
                let (ip, port) = address_port(block, &block.arguments, sink)?;
                Some(Self::Address(SocketAddr::new(ip, port.unwrap_or(0))))
            }
            None => missing(block, sink).and(None),
        }
    }

    /// As people call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Mark(mark) => format!("fwmark {mark}"),
            Self::Group((name, _)) => format!("group {name}"),
            Self::Upstream((name, _)) => format!("upstream {name}"),
        }
    }
}

fn missing<'s>(block: &Statement, sink: &mut Sink<'_>) -> Option<(&'s Word, &'s [Word])> {
    let help = "write `virtual_server ADDRESS PORT { … }`, `virtual_server fwmark N { … }` or `virtual_server group NAME { … }`";
    sink.error_help(block.place(), format!("`{}` does not say what it serves; ignored", block.name()), help);
    None
}

/// `IP [PORT]`; port 0 is none.
pub(super) fn address_port(line: &Statement, words: &[Word], sink: &mut Sink<'_>) -> Option<(IpAddr, Option<u16>)> {
    let Some((first, rest)) = words.split_first() else {
        let message = format!("`{}` needs an address; ignored", line.name());
        sink.error_help(line.place(), message, format!("write `{} ADDRESS PORT`", line.name()));
        return None;
    };
    if let Ok(joined) = first.text.parse::<SocketAddr>() {
        let message = format!("`{joined}` is no address; `{}` is ignored", line.name());
        sink.error_help(
            first.place,
            message,
            format!("put a blank before the port: `{} {}`", joined.ip(), joined.port()),
        );
        return None;
    }
    let ip = address(first, sink)?;
    let Some((word, more)) = rest.split_first() else { return Some((ip, None)) };
    surplus(line, more, sink);
    Some((ip, port(word, sink)?))
}

/// A port; `Some(None)` for 0, which is none.
pub(super) fn port(word: &Word, sink: &mut Sink<'_>) -> Option<Option<u16>> {
    match word.text.parse::<u16>() {
        Ok(port) => Some(Some(port).filter(|port| *port != 0)),
        Err(_) => {
            sink.error(word.place, format!("port `{}` is not in 1..=65535; ignored", word.text));
            None
        }
    }
}

/// A mark of netfilter.
pub(super) fn mark(word: &Word, sink: &mut Sink<'_>) -> Option<u32> {
    let mark = word.text.parse().ok().filter(|mark| *mark != 0);
    if mark.is_none() {
        sink.error(word.place, format!("fwmark `{}` is not in 1..=4294967295; ignored", word.text));
    }
    mark
}
