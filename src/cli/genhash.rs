//! `hactl genhash`: the MD5 sum of a page, for the `digest` of `HTTP_GET` and `SSL_GET`. The options are keepalived's.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use clap::Args;
use data_encoding::HEXLOWER;
use hactl_engine::conf::config::Global as Settings;
use hactl_engine::conf::config::lvs::{Connection, Endpoint, HttpCheck, HttpVersion, StatusSet, Tls, Url};
use serde::Serialize;
use thiserror::Error;

use super::global::Global;
use super::show::finish;
use crate::agent::check::page::fetch;
use crate::ctl::report::Report;
use crate::error::{Code, Exit, Failure, Outcome, Problem};

/// `hactl genhash`.
#[derive(Debug, Clone, Args)]
pub(crate) struct GenHash {
    /// Address to connect to
    #[arg(short, long, value_name = "ADDRESS")]
    pub server: IpAddr,
    /// Port to connect to; 80, or 443 with TLS, when absent
    #[arg(short, long)]
    pub port: Option<u16>,
    /// Path of the page
    #[arg(short, long, default_value = "/", value_name = "PATH", value_parser = path)]
    pub url: String,
    /// Speak TLS; the certificate is not looked at
    #[arg(short = 'S', long)]
    pub use_ssl: bool,
    /// Tell the virtual host in the TLS handshake
    #[arg(short = 'I', long, requires = "virtualhost")]
    pub use_sni: bool,
    /// Host to ask for; the address when absent
    #[arg(short = 'V', long = "use-virtualhost", visible_alias = "virtualhost", id = "virtualhost", value_name = "HOST", value_parser = host)]
    pub host: Option<String>,
    /// 1.0, 1.0c (with `Connection: close`) or 1.1
    #[arg(short = 'P', long, default_value = "1.0", value_name = "VERSION", value_parser = version)]
    pub protocol: HttpVersion,
    /// Limit in seconds, as --timeout
    #[arg(short = 't', value_name = "SECONDS")]
    pub limit: Option<u64>,
    /// Mark of the packets
    #[arg(short = 'm', long, value_name = "MARK")]
    pub fwmark: Option<u32>,
}

/// Fetches the page and prints its sum.
///
/// # Errors
/// No answer of HTTP.
pub(crate) fn run(global: &Global, wanted: GenHash) -> Outcome {
    let verbose = global.verbose > 0;
    let http = check(global, wanted);
    let begun = Instant::now();
    let answer = fetch(&http, Settings::default()).map_err(|why| {
        let problem = Problem::new(Code::GenhashFailed, format!("{}: {why}", http.connection.to));
        Failure::one(Exit::Verification, problem.next("look with `curl -v` what answers there"))
    })?;
    let digest = HEXLOWER.encode(&answer.digest.unwrap_or_default());
    if !(200..300).contains(&answer.status) {
        eprintln!("warning: HTTP status {}; a check with this digest needs `status_code` too", answer.status);
    }
    if verbose {
        eprintln!("HTTP status {}, {} bytes in {:?}", answer.status, answer.length, begun.elapsed());
    }
    let page = Page { digest, status: answer.status, bytes: answer.length };
    finish(global, "genhash", Ok(Report::done(page)), |page| format!("{}\n", page.digest))
}

/// A page, as `digest` of HTTP_GET wants it.
#[derive(Serialize)]
struct Page {
    digest: String,
    status: u16,
    bytes: usize,
}

fn check(global: &Global, wanted: GenHash) -> HttpCheck {
    let port = wanted.port.unwrap_or(if wanted.use_ssl { 443 } else { 80 });
    let connection = Connection {
        to: SocketAddr::new(wanted.server, port),
        timeout: Duration::from_secs(wanted.limit.unwrap_or(global.timeout)),
        from: wanted.fwmark.map(|mark| Box::new(Endpoint { mark: Some(mark), ..Endpoint::default() })),
    };
    let url = Url {
        path: wanted.url,
        host: wanted.host,
        status: StatusSet(vec![(0, u16::MAX)]), // of whatever comes
        digest: None,
        pattern: None,
        headers: Vec::new(),
        auth: None,
    };
    let tls = wanted.use_ssl.then(|| Tls { sni_from_host: wanted.use_sni, ..Tls::default() });
    HttpCheck { connection, tls, version: wanted.protocol, fast_recovery: false, urls: vec![url] }
}

/// What is wrong with an option.
#[derive(Debug, Error)]
enum BadOption {
    #[error("a path has no blanks and no control characters; write a blank as %20")]
    Path,
    #[error("a host has no blanks and no control characters")]
    Host,
    #[error("one of 1.0, 1.0c, 1.1")]
    Version,
}

fn path(text: &str) -> Result<String, BadOption> {
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(BadOption::Path);
    }
    Ok(if text.starts_with('/') { text.into() } else { format!("/{text}") })
}

fn host(text: &str) -> Result<String, BadOption> {
    let usable = !text.is_empty() && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if usable { Ok(text.into()) } else { Err(BadOption::Host) }
}

fn version(text: &str) -> Result<HttpVersion, BadOption> {
    match text {
        "1.0" => Ok(HttpVersion::Http10),
        "1.0c" | "1.0C" => Ok(HttpVersion::Http10Close),
        "1.1" => Ok(HttpVersion::Http11),
        _ => Err(BadOption::Version),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::super::args::{Command, parse};
    use super::*;

    fn read(line: &str) -> HttpCheck {
        let cli = parse(line.split(' ').map(OsString::from)).unwrap_or_else(|error| panic!("{line}: {error}"));
        let Command::Genhash(wanted) = cli.command else { panic!("{line} is not genhash") };
        check(&cli.global, wanted)
    }

    #[test]
    fn each_option_says_what_it_takes() {
        assert!(matches!(version("2"), Err(BadOption::Version)));
        assert!(matches!(path("/a\tb"), Err(BadOption::Path)));
        assert!(matches!(host(""), Err(BadOption::Host)));
        assert!(matches!(path("health"), Ok(path) if path == "/health"));
    }

    #[test]
    fn keepalived_s_letters_are_taken() {
        for name in ["hactl genhash", "/usr/bin/genhash", "keepalived --genhash", "keepalived -T"] {
            let http =
                read(&format!("{name} -S -I -s fd00::7 -p 8443 -u health -V www.example.cc -P 1.0c -t 7 -m 37 -v"));
            assert_eq!(http.connection.to, "[fd00::7]:8443".parse().unwrap());
            assert_eq!(http.connection.timeout, Duration::from_secs(7));
            assert_eq!(http.connection.from.and_then(|from| from.mark), Some(37));
            assert_eq!((http.version, http.tls.unwrap().sni_from_host), (HttpVersion::Http10Close, true));
            assert_eq!((http.urls[0].path.as_str(), http.urls[0].host.as_deref()), ("/health", Some("www.example.cc")));
        }
        assert_eq!(read("hactl genhash --server 10.0.0.7").connection.to, "10.0.0.7:80".parse().unwrap());
        assert_eq!(read("hactl genhash --server 10.0.0.7 --use-ssl").connection.to.port(), 443);
        for line in ["genhash", "genhash -s www.example.cc", "genhash -s 10.0.0.7 -P 2", "genhash -s 10.0.0.7 -u a\tb"]
        {
            assert!(parse(line.split(' ').map(OsString::from)).is_err(), "{line}");
        }
    }
}
