//! `unicast_peer`: to whom adverts go when there is no group.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::conf::config::Peer;
use crate::conf::grammar::walk::inside;
use crate::conf::text::lexer::Word;
use crate::conf::text::place::{At, Place};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// The peers of an instance.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    pub(crate) found: Vec<At<Peer>>,
    pub(crate) names: Vec<String>,
    /// A range of TTLs was given, which says that only peers are listened to.
    pub(crate) checked: bool,
    /// Where the first block stands.
    pub(crate) block: Option<Place>,
    /// Where the first peer stands, usable or not.
    pub(crate) named: Option<Place>,
}

impl Peers {
    /// Reads a block; blocks add up.
    pub(crate) fn read(&mut self, block: &Statement, sink: &mut Sink<'_>) {
        self.block.get_or_insert(block.place());
        for line in inside(block) {
            self.named.get_or_insert(line.place());
            self.line(line, sink);
        }
    }

    /// Whether there is anybody to send to.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty() && self.names.is_empty()
    }

    fn line(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        let text = &line.keyword.text;
        let (mut min, mut max) = (None, None);
        let mut words = line.arguments.iter();
        while let Some(word) = words.next() {
            match word.text.as_str() {
                "min_ttl" => min = ttl(word, words.next(), sink),
                "max_ttl" => max = ttl(word, words.next(), sink),
                other => {
                    let message = format!("unknown option `{other}` of a peer");
                    sink.error_help(word.place, message, "put each peer on a line of its own");
                }
            }
        }
        let net = text.parse::<IpNet>().ok();
        if let Some(net) = net {
            let message = format!("peer `{text}`: a peer has no prefix length; {} is used", net.addr());
            sink.warning_help(line.place(), message, "leave it out, as in keepalived");
        }
        match net.map_or_else(|| text.parse::<IpAddr>(), |net| Ok(net.addr())) {
            Ok(address) if self.found.iter().any(|(earlier, _)| earlier.address == address) => {
                sink.warning(line.place(), format!("peer {address} is listed twice"));
            }
            Ok(address) => {
                self.checked |= min.is_some() || max.is_some();
                let mut peer = Peer::from(address);
                (peer.min_ttl, peer.max_ttl) = (min.unwrap_or(peer.min_ttl), max.unwrap_or(peer.max_ttl));
                if peer.min_ttl > peer.max_ttl {
                    sink.error(
                        line.place(),
                        format!("peer {address}: no TTL is from {} to {}; any is accepted", peer.min_ttl, peer.max_ttl),
                    );
                    peer = Peer::from(address);
                }
                self.found.push((peer, line.place()));
            }
            Err(_) if is_host_name(text) => {
                if min.or(max).is_some() {
                    sink.warning(line.place(), format!("TTL limits are for addresses; those of `{text}` are not used"));
                }
                match self.names.contains(text) {
                    true => sink.warning(line.place(), format!("peer {text} is listed twice")),
                    false => self.names.push(text.clone()),
                }
            }
            Err(_) => {
                let message = format!("`{text}` is neither an IP address nor a host name");
                match text.contains('/') {
                    true => sink.error_help(line.place(), message, "leave the prefix length out here"),
                    false => sink.error(line.place(), message),
                }
            }
        }
    }
}

fn ttl(name: &Word, value: Option<&Word>, sink: &mut Sink<'_>) -> Option<u8> {
    let Some(word) = value else {
        sink.error(name.place, format!("`{}` needs a value", name.text));
        return None;
    };
    let read = word.text.parse().ok();
    if read.is_none() {
        sink.error(word.place, format!("`{} {}` is not in 0..=255; not used", name.text, word.text));
    }
    read
}

/// Letters, digits, `-`, `_` and dots, with a letter in the last label: 10.0.0.300 is a mistake, not a name.
fn is_host_name(text: &str) -> bool {
    let labels_fit = text.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-' || c == b'_')
            && !label.starts_with('-')
    });
    let last = text.rsplit('.').next().unwrap_or_default();
    text.len() <= 253 && labels_fit && last.bytes().any(|c| c.is_ascii_alphabetic())
}
