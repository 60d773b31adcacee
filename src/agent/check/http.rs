//! `HTTP_GET` and `SSL_GET`: each url is asked for over a connection of its own, and what comes back is judged.

use data_encoding::{BASE64, HEXLOWER};
use hactl_engine::conf::config::lvs::{HttpCheck, HttpVersion, Pattern, StatusSet, Url};
use tokio::time::timeout;

use super::around::Surroundings;
use super::connect::connect;
use super::failed::Failed;
use super::tls;
use crate::agent::command::secret::read_secret;
use crate::net::http::exchange::{Answer, Wanted, exchange};
use crate::net::http::head::Head;
use crate::net::http::request::Request;
use crate::net::pace::{Meter, Paced};

/// Asks for every url, one after another; all must be good, within the check's time.
///
/// # Errors
/// The first url that is not as wanted.
pub(crate) async fn check(http: &HttpCheck, around: &Surroundings) -> Result<(), Failed> {
    let (limit, meter) = (http.connection.timeout, Meter::default());
    let all = async {
        for url in &http.urls {
            let wanted = Wanted { digest: url.digest.is_some(), text: url.pattern.is_some() };
            let answer = ask(http, url, wanted, around, &meter).await?;
            judge(url, &answer, around)?;
        }
        Ok(())
    };
    timeout(limit, all).await.unwrap_or_else(|_| Err(Failed::late(limit, &meter)))
}

/// Asks for one url; the caller limits the time, and can tell from the meter what it was spent on.
///
/// # Errors
/// No connection, no answer, or none of HTTP.
pub(crate) async fn ask(
    http: &HttpCheck,
    url: &Url,
    wanted: Wanted,
    around: &Surroundings,
    meter: &Meter,
) -> Result<Answer, Failed> {
    let request = request(http, url)?;
    // A status that is not wanted is the answer: no body mends it.
    let wanted = |head: Head| if url.status.contains(head.status) { wanted } else { Wanted::default() };
    let stream = Paced::new(connect(&http.connection).await?, meter.clone());
    match &http.tls {
        None => Ok(exchange(stream, &request, wanted).await?),
        Some(settings) => {
            let stream = tls::begin(stream, settings, url, &http.connection, around).await?;
            Ok(exchange(stream, &request, wanted).await?)
        }
    }
}

fn request(http: &HttpCheck, url: &Url) -> Result<Vec<u8>, Failed> {
    let version = if http.version == HttpVersion::Http11 { "1.1" } else { "1.0" };
    let mut request = Request::new("GET", &url.path, version);
    request.header("Host", host(http, url));
    let given = |name: &str| url.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
    if !given("User-Agent") {
        request.header("User-Agent", "hactl");
    }
    if !given("Accept") {
        request.header("Accept", "*/*");
    }
    if http.version != HttpVersion::Http10 {
        request.header("Connection", "close");
    }
    if let Some(auth) = &url.auth {
        let file = &auth.password_file;
        let secret = read_secret(file).map_err(|why| Failed::Password(file.clone(), why))?;
        let password = secret.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
        let pair = [auth.user.as_bytes(), b":", password].concat();
        request.header("Authorization", format!("Basic {}", BASE64.encode(&pair)));
    }
    for (name, value) in &url.headers {
        request.header(name, value);
    }
    Ok(request.finish())
}

/// The host asked for; without a name the address, with its port where that is not the usual one.
fn host(http: &HttpCheck, url: &Url) -> String {
    let to = http.connection.to;
    match &url.host {
        Some(host) => host.clone(),
        None if to.port() == if http.tls.is_some() { 443 } else { 80 } => {
            if to.is_ipv6() {
                format!("[{}]", to.ip())
            } else {
                to.ip().to_string()
            }
        }
        None => to.to_string(),
    }
}

fn judge(url: &Url, answer: &Answer, around: &Surroundings) -> Result<(), Failed> {
    let path = &url.path;
    if !url.status.contains(answer.status) {
        let wanted = set(&url.status);
        return Err(Failed::Status { found: answer.status, wanted, path: path.clone() });
    }
    if let (Some(wanted), Some(found)) = (&url.digest, &answer.digest)
        && wanted != found
    {
        let (found, wanted) = (HEXLOWER.encode(found), HEXLOWER.encode(wanted));
        return Err(Failed::Digest { found, wanted, path: path.clone() });
    }
    match (&url.pattern, &answer.text) {
        (Some(pattern), Some(text)) => search(pattern, text, path, around),
        _ => Ok(()),
    }
}

fn search(pattern: &Pattern, text: &[u8], path: &str, around: &Surroundings) -> Result<(), Failed> {
    let regex = around.patterns.compiled(&pattern.regex).map_err(Failed::Regex)?;
    let found = if pattern.min_offset <= text.len() { regex.find_at(text, pattern.min_offset) } else { None };
    let found = found.map(|found| found.start()).filter(|at| pattern.max_offset == 0 || *at < pattern.max_offset);
    match (found, pattern.absent) {
        (Some(_), false) | (None, true) => Ok(()),
        (None, false) => Err(Failed::NoMatch { bytes: text.len(), path: path.into() }),
        (Some(at), true) => Err(Failed::Match { at, path: path.into() }),
    }
}

fn set(status: &StatusSet) -> String {
    let range = |(first, last): &(u16, u16)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    status.0.iter().map(range).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
#[path = "tests/http.rs"]
mod tests;
