//! `hactl { … }`: what keepalived does not have. It ignores a block it does not know.

use std::net::SocketAddr;

use super::config::{MetricsAddress, Own};
use super::keywords::HACTL;
use super::lexer::Word;
use super::sink::Sink;
use super::tree::Statement;
use super::values::{single, surplus, switch};
use super::walk::{inside, walk};

pub(super) fn read(block: &Statement, own: &mut Own, sink: &mut Sink<'_>) {
    surplus(block, &block.arguments, sink);
    walk(inside(block), &HACTL, sink, |line, sink| match line.name() {
        "lease" => own.lease = switch(line, sink).unwrap_or(false),
        "guard" => own.guard = switch(line, sink).unwrap_or(false),
        "metrics" => own.metrics = single(line, sink).and_then(|word| metrics(word, sink)),
        _ => own.webhook = single(line, sink).and_then(|word| webhook(word, sink)),
    });
}

fn metrics(word: &Word, sink: &mut Sink<'_>) -> Option<MetricsAddress> {
    let text = &word.text;
    if let Some(path) = text.strip_prefix("unix:") {
        if path.starts_with('/') {
            return Some(MetricsAddress::Unix(path.to_owned()));
        }
        sink.error(word.place, format!("`metrics {text}` is ignored: the path must begin with `/`"));
        return None;
    }
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Some(MetricsAddress::Tcp(address)),
        Ok(_) => {
            let message = format!("`metrics {text}` is ignored: metrics are offered on this host only");
            sink.error_help(word.place, message, "write 127.0.0.1:9650 or unix:/run/hactl/metrics.sock");
            None
        }
        Err(_) => {
            let message = format!("`metrics {text}` is ignored: neither ADDRESS:PORT nor unix:PATH");
            sink.error_help(word.place, message, "write 127.0.0.1:9650 or unix:/run/hactl/metrics.sock");
            None
        }
    }
}

fn webhook(word: &Word, sink: &mut Sink<'_>) -> Option<String> {
    if word.text.starts_with("http://") || word.text.starts_with("https://") {
        return Some(word.text.clone());
    }
    // The rest of it may be a secret.
    sink.error_help(word.place, "this webhook is ignored: it is no http:// or https:// address", "write the whole URL");
    None
}
