//! `HTTP_GET` and `SSL_GET`.

use std::time::Duration;

use super::check::{Around, Common, RETRY};
use super::connection::Port;
use super::network::host_name;
use super::shared::Shared;
use super::url::url;
use crate::conf::config::lvs::{Check, Checker, HttpCheck, HttpVersion, Tls};
use crate::conf::grammar::keywords::{HTTP_GET, SSL_GET};
use crate::conf::grammar::values::{single, surplus, switched, unread};
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

pub(crate) fn http(
    block: &Statement,
    around: Around<'_>,
    shared: &mut Shared<'_>,
    sink: &mut Sink<'_>,
) -> Option<Checker> {
    let secure = block.name() == "SSL_GET";
    let mut lines = Lines::default();
    let context = if secure { &SSL_GET } else { &HTTP_GET };
    let common = Common::read(block, context, around.target, around.timing, sink, |line, sink| lines.line(line, sink));
    if let Some((name, place)) = lines.tls_place.filter(|_| !secure) {
        let message = format!("`{name}` is ignored: HTTP_GET speaks without TLS");
        sink.error_help(place, message, "write SSL_GET");
    }
    let host = lines.host.as_deref().or(around.host);
    let urls: Vec<_> = lines.urls.iter().filter_map(|block| url(block, host, shared, sink)).collect();
    if urls.is_empty() {
        if lines.urls.is_empty() {
            let message = format!("{} has no `url`; not checked", block.name());
            sink.error_help(block.place(), message, "add `url { path / }`");
        }
        return None;
    }
    let port = if secure { HTTPS_PORT } else { HTTP_PORT };
    let connection = common.connection(Port::Usual(port), sink)?;
    let tls = secure.then(|| {
        let mut tls = lines.tls;
        // `tls_verify` without a file: what `SSL` names, else the system's authorities.
        if tls.verify.as_ref().is_some_and(String::is_empty) {
            tls.verify = Some(shared.authorities.clone().unwrap_or_default());
        }
        tls
    });
    let check = HttpCheck { connection, tls, version: lines.version, fast_recovery: lines.fast_recovery, urls };
    Some(common.checker(Check::Http(Box::new(check)), RETRY, RETRY_DELAY, sink))
}

/// The block's own lines.
#[derive(Default)]
struct Lines<'s> {
    urls: Vec<&'s Statement>,
    host: Option<String>,
    version: HttpVersion,
    fast_recovery: bool,
    tls: Tls,
    /// The first line that is about TLS.
    tls_place: Option<(&'s str, Place)>,
}

impl<'s> Lines<'s> {
    fn line(&mut self, line: &'s Statement, sink: &mut Sink<'_>) {
        match line.name() {
            "url" => self.urls.push(line),
            "virtualhost" => self.host = single(line, sink).and_then(|word| host_name("virtualhost", word, sink)),
            "fast_recovery" => self.fast_recovery = switched(line, true, sink),
            "http_protocol" => self.version = version(line, sink),
            name => {
                self.tls_place.get_or_insert((name, line.place()));
                self.tls(line, sink);
            }
        }
    }

    fn tls(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        match line.name() {
            "enable_sni" => self.tls.sni_from_host = switched(line, true, sink),
            "sni_name" => self.tls.sni = single(line, sink).and_then(|word| host_name("sni_name", word, sink)),
            "tls_verify" => {
                let (file, rest) =
                    line.arguments.split_first().map_or((None, Default::default()), |(file, rest)| (Some(file), rest));
                surplus(line, rest, sink);
                self.tls.verify = Some(file.map(|word| word.text.clone()).unwrap_or_default());
            }
            _ => unread(line, sink),
        }
    }
}

fn version(line: &Statement, sink: &mut Sink<'_>) -> HttpVersion {
    let Some(word) = single(line, sink) else { return HttpVersion::default() };
    match word.text.as_str() {
        "1.0" => HttpVersion::Http10,
        "1.0C" | "1.0c" => HttpVersion::Http10Close,
        "1.1" => HttpVersion::Http11,
        other => {
            let message = format!("unknown http_protocol `{other}`; 1.0 is used");
            sink.error_help(word.place, message, "write 1.0, 1.0C or 1.1");
            HttpVersion::default()
        }
    }
}

const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;
/// `delay_before_retry` of these checks.
const RETRY_DELAY: Duration = Duration::from_secs(3);
