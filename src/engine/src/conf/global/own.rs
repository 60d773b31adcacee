//! `hactl`: the settings that keepalived does not have.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::web_url::WebUrl;
use crate::conf::config::{MetricsAddress, Own, SmtpTls};
use crate::conf::grammar::keywords::HACTL;
use crate::conf::grammar::values::{seconds, single, surplus, switched, unread};
use crate::conf::grammar::walk::{inside, walk};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// Reads a block; blocks add up.
pub(crate) fn own(block: &Statement, own: &mut Own, sink: &mut Sink<'_>) {
    surplus(block, &block.arguments, sink);
    walk(inside(block), &HACTL, sink, |line, sink| match line.name() {
        "lease" => own.lease = switched(line, false, sink),
        "guard" => own.guard = switched(line, false, sink),
        "connection_draining" => own.connection_draining = draining(line, sink),
        "peers" => own.peers.extend(peers(line, sink)),
        "metrics" => own.metrics = metrics(line, sink),
        "smtp_tls" => own.smtp_tls = smtp_tls(line, sink),
        "smtp_user" => own.smtp_user = single(line, sink).map(|word| word.text.clone()),
        "smtp_password_file" => own.smtp_password_file = file(line, sink),
        "tls_authorities" => own.tls_authorities = file(line, sink),
        "webhook" => own.webhook = webhook(line, sink),
        _ => unread(line, sink),
    });
    login(block, own, sink);
    let silent = own.lease && own.guard;
    if !own.connection_draining.is_zero() && !silent {
        own.connection_draining = Duration::ZERO;
        let problem =
            "`connection_draining` is ignored: an address may only stay on two hosts where one of them is kept silent";
        sink.error_help(block.place(), problem, "add `lease on` and `guard on`");
    }
}

fn draining(line: &Statement, sink: &mut Sink<'_>) -> Duration {
    seconds(line, Duration::ZERO..=DRAINING_MAX, "connections are not drained", sink).unwrap_or_default()
}

/// A login is a user and a password, and the password is not for everybody on the way.
fn login(block: &Statement, own: &mut Own, sink: &mut Sink<'_>) {
    let (problem, help) = match (&own.smtp_user, &own.smtp_password_file, own.smtp_tls) {
        (None, None, _) | (Some(_), Some(_), SmtpTls::StartTls | SmtpTls::On) => return,
        (Some(_), None, _) => ("`smtp_user` is ignored: there is no password", "add `smtp_password_file PATH`"),
        (None, Some(_), _) => ("`smtp_password_file` is ignored: there is no user", "add `smtp_user NAME`"),
        (Some(_), Some(_), SmtpTls::Off) => (
            "`smtp_user` is ignored: without TLS anybody on the way could read the password",
            "add `smtp_tls starttls`",
        ),
    };
    (own.smtp_user, own.smtp_password_file) = (None, None);
    sink.error_help(block.place(), problem, help);
}

fn smtp_tls(line: &Statement, sink: &mut Sink<'_>) -> SmtpTls {
    let Some(word) = single(line, sink) else { return SmtpTls::Off };
    match word.text.as_str() {
        "off" => SmtpTls::Off,
        "starttls" => SmtpTls::StartTls,
        "on" => SmtpTls::On,
        other => {
            let help = "write `starttls`, `on` (TLS from the first byte) or `off`";
            sink.error_help(word.place, format!("`smtp_tls {other}` is unknown; mail goes without TLS"), help);
            SmtpTls::Off
        }
    }
}

fn file(line: &Statement, sink: &mut Sink<'_>) -> Option<String> {
    let word = single(line, sink)?;
    if word.text.starts_with('/') {
        return Some(word.text.clone());
    }
    sink.error_help(word.place, format!("`{}` is not a path from the root; ignored", word.text), "begin it with `/`");
    None
}

fn peers(line: &Statement, sink: &mut Sink<'_>) -> Vec<IpAddr> {
    if line.arguments.is_empty() {
        sink.error_help(line.place(), "`peers` names nobody", "write the addresses of the other load balancers");
    }
    let mut all = Vec::new();
    for word in &line.arguments {
        match word.text.parse::<IpAddr>() {
            Ok(address) => all.push(address),
            Err(_) => {
                let help = "write the address from which that load balancer sends its adverts";
                sink.error_help(word.place, format!("`{}` is no IP address; this peer is left out", word.text), help);
            }
        }
    }
    all
}

/// Behind the address of `metrics`: whoever reaches it may read them.
const UNPROTECTED: &str = "unprotected";

fn metrics(line: &Statement, sink: &mut Sink<'_>) -> Option<MetricsAddress> {
    let open = line.arguments.get(1).is_some_and(|word| word.text == UNPROTECTED);
    let word = if open { line.arguments.first()? } else { single(line, sink)? };
    if let Some(path) = word.text.strip_prefix("unix:") {
        if path.starts_with('/') {
            return Some(MetricsAddress::Unix(path.to_owned()));
        }
        sink.error_help(word.place, format!("`{path}` is not a path from the root; no metrics"), "begin it with `/`");
        return None;
    }
    match word.text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() && address.port() != 0 => Some(MetricsAddress::Tcp(address)),
        Ok(address) if open && address.port() != 0 => Some(MetricsAddress::Unprotected(address)),
        Ok(address) if address.port() == 0 => {
            sink.error(word.place, format!("`metrics {address}` has no port; no metrics"));
            None
        }
        Ok(address) => {
            let message = format!("`metrics {address}` is not a loopback address; no metrics: anybody could read them");
            let help =
                "use 127.0.0.1 or [::1], or write `unprotected` behind it and let a firewall choose who reads them";
            sink.error_help(word.place, message, help);
            None
        }
        Err(_) => {
            let help = "write ADDRESS:PORT, as 127.0.0.1:9650, or unix:/PATH";
            sink.error_help(word.place, format!("`metrics {}` is no address; no metrics", word.text), help);
            None
        }
    }
}

fn webhook(line: &Statement, sink: &mut Sink<'_>) -> Option<String> {
    let word = single(line, sink)?;
    match WebUrl::parse(&word.text) {
        Ok(_) => Some(word.text.clone()),
        Err(why) => {
            let help = "write http://HOST/PATH or https://HOST/PATH";
            sink.error_help(word.place, format!("`webhook` is ignored: {why}"), help);
            None
        }
    }
}

/// The kernel keeps an entry for each connection of that time.
const DRAINING_MAX: Duration = Duration::from_secs(300);
