//! The checks of a real server.

use std::sync::Arc;
use std::time::Duration;

use super::support::{faults, read};
use crate::conf::config::lvs::{Check, Checker, HttpVersion};
use crate::conf::parse;

/// A real server with this check, its first line on line 4.
fn text(check: &str) -> String {
    format!(
        "virtual_server 192.0.2.3 8080 {{\nprotocol TCP\nreal_server 10.0.0.7 8081 {{\n{check}\n}}\ndelay_loop 11\n}}\n"
    )
}

fn checker(check: &str) -> Checker {
    let mut config = read(&text(check));
    Arc::unwrap_or_clone(config.virtual_servers.remove(0)).real_servers.remove(0).checkers.remove(0)
}

/// Interval, retry, delay before it, warmup.
fn times(one: &Checker) -> (u64, u32, u64, u64) {
    (one.interval.as_secs(), one.retry, one.retry_delay.as_secs(), one.warmup.as_secs())
}

#[test]
fn each_kind_has_its_defaults() {
    for (check, wanted) in [
        ("TCP_CHECK {\n}", (11, 1, 1, 11)),
        ("PING_CHECK {\n}", (11, 1, 1, 11)),
        ("SMTP_CHECK {\n}", (11, 1, 1, 11)),
        ("UDP_CHECK {\n}", (11, 1, 1, 11)),
        ("HTTP_GET {\nurl {\npath /\n}\n}", (11, 1, 3, 11)),
        ("SSL_GET {\nurl {\npath /\n}\n}", (11, 1, 3, 11)),
        ("DNS_CHECK {\n}", (11, 3, 11, 11)),
        ("MISC_CHECK {\nmisc_path /bin/true\n}", (11, 0, 1, 11)),
        ("MISC_CHECK {\nmisc_path /bin/true\n}\nretry 4\ndelay_before_retry 2", (11, 4, 2, 11)),
        ("TCP_CHECK {\ndelay_loop 7\nretry 3\nwarmup 5\ndelay_before_retry 2\n}\nretry 9", (7, 3, 2, 5)),
    ] {
        let found = checker(check);
        assert_eq!(times(&found), wanted, "{check}");
        assert_eq!((found.rise, found.alpha, found.log_all_failures), (1, false, false), "{check}");
    }
}

#[test]
fn a_connection_goes_and_comes_as_told() {
    let Check::Tcp(plain) = checker("TCP_CHECK {\n}").check else { panic!() };
    assert_eq!((plain.to.to_string().as_str(), plain.timeout.as_secs(), plain.from), ("10.0.0.7:8081", 5, None));
    let lines = "TCP_CHECK {\nconnect_ip 10.0.0.91\nconnect_port 37\nconnect_timeout 0.7\nbindto 10.0.0.1\nbind_port 4091\n\
                 bind_if eth7\nfwmark 9\nalpha\nlog_all_failures\nrise 3\n}";
    let found = checker(lines);
    assert!(found.alpha && found.log_all_failures && found.rise == 3);
    let Check::Tcp(told) = found.check else { panic!() };
    assert_eq!((told.to.to_string().as_str(), told.timeout.as_millis()), ("10.0.0.91:37", 700));
    let from = told.from.unwrap();
    assert_eq!((from.address, from.port, from.mark), (Some([10, 0, 0, 1].into()), Some(4091), Some(9)));
    assert_eq!(from.interface.as_deref(), Some("eth7"));
}

#[test]
fn http_asks_and_judges() {
    let lines = "HTTP_GET {\nhttp_protocol 1.1\nfast_recovery\nvirtualhost check.example\nurl {\npath /a?b=1\nstatus_code 503 200-204 205-299 304\n\
                 digest 9b3a0c85A887a256d6939da88aabd8cd\nregex \"^ok$\"\nregex_options caseless dotall\nregex_no_match\n\
                 regex_min_offset 3\nregex_max_offset 91\nheader \"X-One: 1: 2\"\nheader \"X-Two:2\"\nbasic_auth me /etc/ha/password\n}\n\
                 url {\npath /b\nvirtualhost own.example\n}\n}";
    let Check::Http(http) = checker(lines).check else { panic!() };
    assert_eq!((http.version, http.fast_recovery, http.tls.is_none()), (HttpVersion::Http11, true, true));
    let [first, second] = http.urls.as_slice() else { panic!("{http:?}") };
    assert_eq!((first.path.as_str(), first.host.as_deref()), ("/a?b=1", Some("check.example")));
    assert_eq!(first.status.0, [(200, 299), (304, 304), (503, 503)]);
    assert_eq!(first.digest.unwrap()[..5], [0x9b, 0x3a, 0x0c, 0x85, 0xa8]);
    let pattern = first.pattern.as_ref().unwrap();
    assert_eq!(pattern.regex, "(?is-u)^ok(?:\\n?\\z)");
    assert_eq!((pattern.absent, pattern.min_offset, pattern.max_offset), (true, 3, 91));
    let headers: Vec<(&str, &str)> =
        first.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(headers, [("X-One", "1: 2"), ("X-Two", "2")]);
    let auth = first.auth.as_ref().unwrap();
    assert_eq!((auth.user.as_str(), auth.password_file.as_str()), ("me", "/etc/ha/password"));
    assert_eq!((second.host.as_deref(), second.status.0.as_slice()), (Some("own.example"), [(200, 299)].as_slice()));
    assert!(second.pattern.is_none() && second.digest.is_none());
}

#[test]
fn the_host_comes_from_the_block_around() {
    let host = |lines: &str| {
        let text = format!(
            "virtual_server 192.0.2.3 80 {{\nprotocol TCP\nvirtualhost vs\nreal_server 10.0.0.7 80 {{\n{lines}HTTP_GET {{\nurl {{\npath /\n}}\n}}\n}}\n}}\n"
        );
        let check = read(&text).virtual_servers[0].real_servers[0].checkers[0].check.clone();
        let Check::Http(http) = check else { panic!() };
        http.urls[0].host.clone()
    };
    assert_eq!(host("").as_deref(), Some("vs"));
    assert_eq!(host("virtualhost rs\n").as_deref(), Some("rs"));
}

#[test]
fn tls_is_as_strict_as_told() {
    let tls = |lines: &str, after: &str| {
        let config = read(&(text(&format!("SSL_GET {{\n{lines}\nurl {{\npath /\n}}\n}}")) + after));
        let Check::Http(http) = config.virtual_servers[0].real_servers[0].checkers[0].check.clone() else { panic!() };
        let tls = http.tls.unwrap();
        (tls.sni, tls.sni_from_host, tls.verify)
    };
    assert_eq!(tls("", ""), (None, false, None));
    assert_eq!(tls("enable_sni\ntls_verify", ""), (None, true, Some(String::new())));
    let authorities = "SSL {\nca /etc/ca.pem\n}\n";
    assert_eq!(
        tls("sni_name x.example\ntls_verify", authorities),
        (Some("x.example".into()), false, Some("/etc/ca.pem".into()))
    );
    assert_eq!(tls("tls_verify /own.pem", authorities).2.as_deref(), Some("/own.pem"));
    let said = faults(&text("HTTP_GET {\nenable_sni\nurl {\npath /\n}\n}"));
    assert_eq!(said, ["E 5:1 `enable_sni` is ignored: HTTP_GET speaks without TLS"]);
}

#[test]
fn other_protocols_are_read() {
    let Check::Smtp(smtp) =
        checker("SMTP_CHECK {\nhelo_name lb\nhost {\nconnect_port 2525\n}\nhost {\nconnect_ip 10.0.0.9\n}\n}").check
    else {
        panic!()
    };
    let hosts: Vec<String> = smtp.hosts.iter().map(|host| host.to.to_string()).collect();
    assert_eq!((hosts, smtp.helo.as_deref()), (vec!["10.0.0.7:2525".to_owned(), "10.0.0.9:8081".into()], Some("lb")));
    let Check::Dns(dns) = checker("DNS_CHECK {\ntype aaaa\nname www.example.org\n}").check else { panic!() };
    assert_eq!((dns.record_type, dns.name.as_str()), (28, "www.example.org"));
    let Check::Dns(dns) = checker("DNS_CHECK {\ntype 65\n}").check else { panic!() };
    assert_eq!((dns.record_type, dns.name.as_str()), (65, "."));
    let lines = "UDP_CHECK {\npayload 0102 f\nrequire_reply aX 7\nmin_reply_length 2\nmax_reply_length 91\n}";
    let Check::Udp(udp) = checker(lines).check else { panic!() };
    assert_eq!((udp.payload.as_slice(), udp.require_reply), ([1, 2, 15].as_slice(), true));
    assert_eq!((udp.reply.as_slice(), udp.min_length, udp.max_length), ([(0xa0, 0xf0), (7, 0xff)].as_slice(), 2, 91));
    let Check::Udp(udp) = checker("UDP_CHECK {\n}").check else { panic!() };
    assert_eq!((udp.require_reply, udp.min_length, udp.max_length), (false, 0, 255));
    assert!(
        matches!(checker("PING_CHECK {\nconnect_ip 10.0.0.9\n}").check, Check::Ping(to) if to.to.ip().to_string() == "10.0.0.9")
    );
}

#[test]
fn a_server_without_a_port_is_checked_where_the_protocol_usually_is() {
    let lines = "SMTP_CHECK {\n}\nDNS_CHECK {\n}\nHTTP_GET {\nurl {\npath /\n}\n}\nSSL_GET {\nurl {\npath /\n}\n}\nTCP_CHECK {\n}";
    let text = format!("virtual_server fwmark 5 {{\nreal_server 10.0.0.7 {{\n{lines}\n}}\n}}\n");
    let parsed = parse("f", &text);
    let ports: Vec<u16> = parsed.config.virtual_servers[0].real_servers[0]
        .checkers
        .iter()
        .map(|one| match &one.check {
            Check::Smtp(smtp) => smtp.hosts[0].to.port(),
            Check::Dns(dns) => dns.connection.to.port(),
            Check::Http(http) => http.connection.to.port(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ports, [25, 53, 80, 443]);
    assert_eq!(faults(&text), ["E 17:1 TCP_CHECK has no port to go to: the real server has none; not checked"]);
}

#[test]
fn commands_and_files() {
    let found =
        checker("MISC_CHECK {\nmisc_path \"/bin/check 'a b'\"\nmisc_timeout 7\nmisc_dynamic\nuser nobody nogroup\n}");
    let Check::Misc(misc) = found.check else { panic!() };
    assert_eq!(
        (misc.command.as_slice(), misc.timeout),
        (["/bin/check".to_owned(), "a b".into()].as_slice(), Duration::from_secs(7))
    );
    assert!(misc.dynamic && misc.user.unwrap().group.as_deref() == Some("nogroup"));
    let file = |lines: &str| {
        let tracked = "track_file load {\nfile /run/load\nweight -3 reverse\n}\n";
        let config = read(&(text(&format!("FILE_CHECK {{\ntrack_file load\n{lines}}}")) + tracked));
        let Check::File(file) = config.virtual_servers[0].real_servers[0].checkers[0].check.clone() else { panic!() };
        (file.file, file.weight, file.reverse)
    };
    assert_eq!(file(""), ("load".into(), -3, true));
    assert_eq!(file("weight 9000\n"), ("load".into(), 9000, false));
}

#[test]
fn what_cannot_be_checked_is_left_out_and_told() {
    for (check, said) in [
        ("HTTP_GET {\n}", "E 4:1 HTTP_GET has no `url`; not checked"),
        ("MISC_CHECK {\n}", "E 4:1 MISC_CHECK has no `misc_path`; not checked"),
        ("FILE_CHECK {\n}", "E 4:1 FILE_CHECK names no file; not checked"),
        ("FILE_CHECK {\ntrack_file x\n}", "E 5:12 no track_file is called `x`; not checked"),
        ("HTTP_GET {\nurl {\nstatus_code 200\n}\n}", "E 5:1 `url` has no `path`; not asked for"),
        (
            "HTTP_GET {\nurl {\npath \"/a b\"\n}\n}",
            "E 6:6 a `path` has no blanks and no control characters; not asked for",
        ),
    ] {
        let found = faults(&text(check));
        assert_eq!(found, [said], "{check}");
        assert!(parse("f", &text(check)).config.virtual_servers[0].real_servers[0].checkers.is_empty());
    }
}

#[test]
fn values_that_cannot_be_are_told_where_they_stand() {
    let url = |line: &str| faults(&text(&format!("HTTP_GET {{\nurl {{\npath /\n{line}\n}}\n}}")));
    assert_eq!(
        url("status_code 99 200-100 200")[..],
        [
            "E 7:13 `99` is no status code or range of 100..=599; ignored",
            "E 7:16 `200-100` is no status code or range of 100..=599; ignored",
        ]
    );
    assert_eq!(url("digest 12"), ["E 7:8 `digest 12` is no MD5 sum; the body is not compared"]);
    assert_eq!(url("regex \"(a\""), ["E 7:7 `regex` is ignored: unclosed group"]);
    assert_eq!(
        url("regex (?<=a)b"),
        ["E 7:7 `regex` is ignored: look-around, including look-ahead and look-behind, is not supported"]
    );
    assert_eq!(
        url("regex a\nregex_options caseles utf"),
        [
            "E 8:15 unknown regex option `caseles`; ignored",
            "W 8:23 `utf` is an option of PCRE that is not there; ignored",
        ]
    );
    assert_eq!(url("regex a\nregex_min_offset 9\nregex_max_offset 9").len(), 1);
    assert_eq!(url("header \"Host: x\""), ["E 7:8 `header` cannot set `Host`; ignored"]);
    assert_eq!(url("header secret"), ["E 7:8 this is no header; ignored"]);
    assert_eq!(url("basic_auth me hunter2"), ["E 7:15 the second word is no path from the root; no user is sent"]);
    assert_eq!(url("path foo")[1], "W 7:6 `path foo` does not begin with `/`; `/foo` is asked for");
    let check = |lines: &str| faults(&text(lines));
    assert_eq!(
        check("HTTP_GET {\nhttp_protocol 2\nurl {\npath /\n}\n}"),
        ["E 5:15 unknown http_protocol `2`; 1.0 is used"]
    );
    assert_eq!(
        check("DNS_CHECK {\ntype FOO\nname a..b\n}"),
        ["E 5:6 unknown record type `FOO`; SOA is used", "E 6:6 `name a..b` is no domain name; the root is asked for",]
    );
    assert_eq!(check("UDP_CHECK {\npayload 0g\n}"), ["E 5:10 `g` in `payload 0g` is no hexadecimal digit; ignored"]);
    assert_eq!(check("UDP_CHECK {\nmin_reply_length 9\nmax_reply_length 7\n}").len(), 1);
    assert_eq!(check("TCP_CHECK {\nbindto ::1\n}").len(), 1);
    assert_eq!(check("TCP_CHECK {\nconnect_timeout 0\nconnect_port 0\n}").len(), 2);
}
