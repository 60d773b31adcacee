//! Checks of real servers.

use std::fmt::Write as _;

use data_encoding::HEXLOWER;

use super::page::{Page, command, user_words, word};
use crate::conf::config::lvs::{
    Check, Checker, Connection, DnsCheck, HttpCheck, HttpVersion, MiscCheck, Pattern, SmtpCheck, Tls, UdpCheck, Url,
};
use crate::conf::grammar::values::show_seconds;
use crate::conf::lvs::network::RECORD_TYPES;

impl Page {
    /// `outer` is `alpha` of the virtual server.
    pub(crate) fn checker(&mut self, checker: &Checker, outer: bool) {
        self.open(format_args!("{}", keyword(&checker.check)));
        self.line(format_args!("delay_loop {}", show_seconds(checker.interval)));
        self.line(format_args!("retry {}", checker.retry));
        self.line(format_args!("delay_before_retry {}", show_seconds(checker.retry_delay)));
        self.line(format_args!("rise {}", checker.rise));
        self.line(format_args!("warmup {}", show_seconds(checker.warmup)));
        if checker.alpha != outer {
            self.line(format_args!("alpha {}", if checker.alpha { "on" } else { "off" }));
        }
        self.flag(checker.log_all_failures, "log_all_failures");
        match &checker.check {
            Check::Tcp(connection) | Check::Ping(connection) => self.connection(connection),
            Check::Http(http) => self.http(http),
            Check::Smtp(smtp) => self.smtp(smtp),
            Check::Dns(dns) => self.dns(dns),
            Check::Udp(udp) => self.udp(udp),
            Check::Misc(misc) => self.misc(misc),
            Check::File(file) => {
                self.word("track_file", Some(&file.file));
                self.line(format_args!("weight {}{}", file.weight, if file.reverse { " reverse" } else { "" }));
            }
        }
        self.close();
    }

    fn connection(&mut self, connection: &Connection) {
        self.line(format_args!("connect_ip {}", connection.to.ip()));
        if connection.to.port() != 0 {
            self.line(format_args!("connect_port {}", connection.to.port()));
        }
        self.line(format_args!("connect_timeout {}", show_seconds(connection.timeout)));
        let Some(from) = &connection.from else { return };
        if let Some(address) = from.address {
            self.line(format_args!("bindto {address}"));
        }
        if let Some(port) = from.port {
            self.line(format_args!("bind_port {port}"));
        }
        self.word("bind_if", from.interface.as_ref());
        if let Some(mark) = from.mark {
            self.line(format_args!("fwmark {mark}"));
        }
    }

    fn http(&mut self, http: &HttpCheck) {
        self.connection(&http.connection);
        let version = match http.version {
            HttpVersion::Http10 => "1.0",
            HttpVersion::Http10Close => "1.0C",
            HttpVersion::Http11 => "1.1",
        };
        self.line(format_args!("http_protocol {version}"));
        self.flag(http.fast_recovery, "fast_recovery");
        if let Some(Tls { sni, sni_from_host, verify }) = &http.tls {
            self.flag(*sni_from_host, "enable_sni");
            self.word("sni_name", sni.as_ref());
            match verify.as_deref() {
                None => {}
                Some("") => self.line(format_args!("tls_verify")),
                Some(file) => self.line(format_args!("tls_verify {}", word(file))),
            }
        }
        for url in &http.urls {
            self.url(url);
        }
    }

    fn url(&mut self, url: &Url) {
        self.open(format_args!("url"));
        self.word("path", Some(&url.path));
        self.word("virtualhost", url.host.as_ref());
        let mut codes = String::new();
        for (first, last) in &url.status.0 {
            // Writing to a String cannot fail.
            let _ = if first == last { write!(codes, " {first}") } else { write!(codes, " {first}-{last}") };
        }
        self.line(format_args!("status_code{codes}"));
        if let Some(digest) = &url.digest {
            self.line(format_args!("digest {}", HEXLOWER.encode(digest)));
        }
        if let Some(pattern) = &url.pattern {
            self.pattern(pattern);
        }
        for (name, value) in &url.headers {
            self.line(format_args!("header {}", word(&format!("{name}: {value}"))));
        }
        if let Some(auth) = &url.auth {
            self.line(format_args!("basic_auth {} {}", word(&auth.user), word(&auth.password_file)));
        }
        self.close();
    }

    fn pattern(&mut self, pattern: &Pattern) {
        self.word("regex", Some(&pattern.regex));
        self.flag(pattern.absent, "regex_no_match");
        for (name, offset) in [("regex_min_offset", pattern.min_offset), ("regex_max_offset", pattern.max_offset)] {
            if offset != 0 {
                self.line(format_args!("{name} {offset}"));
            }
        }
    }

    fn smtp(&mut self, smtp: &SmtpCheck) {
        self.word("helo_name", smtp.helo.as_ref());
        for host in &smtp.hosts {
            self.open(format_args!("host"));
            self.connection(host);
            self.close();
        }
    }

    fn dns(&mut self, dns: &DnsCheck) {
        self.connection(&dns.connection);
        match RECORD_TYPES.iter().find(|(_, number)| *number == dns.record_type) {
            Some((name, _)) => self.line(format_args!("type {name}")),
            None => self.line(format_args!("type {}", dns.record_type)),
        }
        self.word("name", Some(&dns.name));
    }

    fn udp(&mut self, udp: &UdpCheck) {
        self.connection(&udp.connection);
        if !udp.payload.is_empty() {
            self.line(format_args!("payload {}", HEXLOWER.encode(&udp.payload)));
        }
        if udp.require_reply {
            let digit = |value: u8, mask: u8| if mask == 0 { "X".to_owned() } else { format!("{value:x}") };
            let bytes = udp.reply.iter().map(|(byte, mask)| digit(byte >> 4, mask >> 4) + &digit(byte & 15, mask & 15));
            let bytes: String = bytes.collect();
            self.line(format_args!("require_reply{}{bytes}", if bytes.is_empty() { "" } else { " " }));
        }
        self.line(format_args!("min_reply_length {}", udp.min_length));
        self.line(format_args!("max_reply_length {}", udp.max_length));
    }

    fn misc(&mut self, misc: &MiscCheck) {
        self.line(format_args!("misc_path {}", command(&misc.command)));
        self.line(format_args!("misc_timeout {}", show_seconds(misc.timeout)));
        self.flag(misc.dynamic, "misc_dynamic");
        if let Some(user) = &misc.user {
            self.line(format_args!("user{}", user_words(Some(user))));
        }
    }
}

fn keyword(check: &Check) -> &'static str {
    match check {
        Check::Tcp(_) => "TCP_CHECK",
        Check::Http(http) if http.tls.is_some() => "SSL_GET",
        Check::Http(_) => "HTTP_GET",
        Check::Smtp(_) => "SMTP_CHECK",
        Check::Dns(_) => "DNS_CHECK",
        Check::Udp(_) => "UDP_CHECK",
        Check::Ping(_) => "PING_CHECK",
        Check::Misc(_) => "MISC_CHECK",
        Check::File(_) => "FILE_CHECK",
    }
}
