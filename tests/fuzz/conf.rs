//! The keepalived.conf parser: whatever the bytes, it answers, its diagnostics make sense, and the configuration
//! that it found reads back from its own print.

use std::sync::Arc;

use hactl_engine::conf::config::Config;
use hactl_engine::conf::config::lvs::{Check, VirtualServer};
use hactl_engine::conf::grammar::keywords::ROOT;
use hactl_engine::conf::grammar::schema::Context;
use hactl_engine::conf::parse;
use hactl_engine::conf::print::{Secrets, print};
use hactl_engine::conf::text::diagnostic::{Diagnostic, Location, Severity};
use hactl_engine::conf::text::lexer::LINE_BYTES_MAX;
use hactl_engine::ipvs::{Family, Forward, ServiceKey};

use super::mutate;

#[test]
fn the_configuration_parser() {
    let mut words = vec![
        "{", "}", "{ ", " }\n", "\"", "'", "\\", "#", "!", "\n", "\r\n", "\0", "$X=", "${X}", "@id ", "~SEQ(",
        "include ",
    ];
    keywords(&ROOT, &mut words);
    words.extend(VALUES);
    mutate::run("conf", &mutate::corpus("conf"), &words, |bytes| check(&String::from_utf8_lossy(bytes)));
}

fn check(text: &str) {
    let parsed = parse("fuzz.conf", text);
    check_diagnostics(text, &parsed.diagnostics);
    check_config(&parsed.config);
    check_print(&parsed.config);
}

fn check_diagnostics(text: &str, diagnostics: &[Diagnostic]) {
    let lines: Vec<&str> = text.split('\n').collect();
    let key = |one: &Diagnostic| one.location.as_ref().map_or((usize::MAX, 0), |at| (at.line, at.column));
    assert!(diagnostics.iter().map(key).is_sorted(), "diagnostics out of order");
    for (index, one) in diagnostics.iter().enumerate() {
        assert!(!diagnostics[..index].iter().rev().take(20).any(|earlier| earlier == one), "said twice: {one:?}");
        let Some(at) = &one.location else { continue };
        let line = lines.get(at.line.wrapping_sub(1)).unwrap_or_else(|| panic!("no such line: {one:?}"));
        // A byte order mark at the start is no column.
        let columns = line.chars().count().max(1);
        assert!(at.length >= 1 && at.column >= 1 && at.column - 1 + at.length <= columns, "beyond the line: {one:?}");
    }
}

/// What the agent relies on without looking again.
fn check_config(config: &Config) {
    for script in &config.scripts {
        assert!(script.command.first().is_some_and(|program| !program.is_empty()), "{script:?}");
        assert!(script.weight.abs() <= 253 && script.rise >= 1 && script.fall >= 1 && !script.interval.is_zero());
    }
    for instance in &config.instances {
        assert!(instance.vrid >= 1 && instance.priority >= 1 && !instance.advert_interval.is_zero(), "{instance:?}");
        let ipv6 = instance.addresses.first().is_some_and(|first| first.address.addr().is_ipv6());
        assert!(instance.addresses.iter().all(|one| one.address.addr().is_ipv6() == ipv6));
        assert!(instance.addresses.len() <= 255);
        let defined = |name: &String| config.scripts.iter().any(|script| script.name == *name);
        assert!(instance.track_scripts.iter().all(|track| defined(&track.name)));
        let file = |name: &String| config.files.iter().any(|file| file.name == *name);
        assert!(instance.track_files.iter().all(|track| file(&track.name)));
        let process = |name: &String| config.processes.iter().any(|process| process.name == *name);
        assert!(instance.track_processes.iter().all(|track| process(&track.name)));
        assert!((1..=100).contains(&instance.down_adverts));
        assert!(instance.vmac.iter().all(|vmac| (1..=15).contains(&vmac.name.len())), "{:?}", instance.vmac);
        assert!(instance.group_address.is_none_or(|group| group.is_multicast()));
        if let Some(hmac) = &instance.hmac {
            assert!(hmac.keys.iter().any(|key| key.id == hmac.active), "{hmac:?}");
            assert!(hmac.keys.iter().all(|key| key.secret.is_empty() == key.file.is_some()));
        }
        for rule in &instance.rules {
            assert!(rule.preference != u32::MAX, "{rule:?}");
        }
        for route in &instance.routes {
            assert!(route.hops.iter().all(|hop| hop.via.is_some() || hop.interface.is_some()), "{route:?}");
        }
    }
    for server in &config.virtual_servers {
        check_server(server, config);
    }
    for group in &config.groups {
        assert!(!group.members.is_empty());
        for name in &group.members {
            assert!(config.instances.iter().any(|one| one.name == *name), "{name} of {}", group.name);
            assert_eq!(config.group_of(name).map(|found| &found.name), Some(&group.name));
        }
    }
}

fn check_server(server: &VirtualServer, config: &Config) {
    assert!(!server.services.is_empty() && !server.real_servers.is_empty(), "{server:?}");
    assert!(server.quorum >= 1 && server.hysteresis < server.quorum, "{server:?}");
    let ipv6 = server.services.iter().any(|key| key.family() == Family::V6);
    assert!(server.persistence.is_none_or(|one| one.prefix >= 1 && one.prefix <= if ipv6 { 128 } else { 32 }));
    for (index, real) in server.real_servers.iter().enumerate() {
        let twice = server.real_servers[..index].iter().any(|other| other.address == real.address);
        assert!(!twice, "{real:?}");
        let family = Family::of(real.address.ip());
        let tunnel = matches!(real.forward, Forward::Tunnel(_));
        assert!(tunnel || server.services.iter().all(|key| key.family() == family), "{server:?}");
        for checker in &real.checkers {
            assert!(!checker.interval.is_zero() && checker.rise >= 1, "{checker:?}");
            match &checker.check {
                Check::Http(http) => {
                    assert!(http.urls.iter().all(|url| url.path.starts_with('/') && !url.path.contains(' ')))
                }
                Check::Smtp(smtp) => assert!(!smtp.hosts.is_empty()),
                Check::Misc(misc) => assert!(!misc.command.is_empty()),
                Check::File(file) => assert!(config.files.iter().any(|one| one.name == file.file)),
                Check::Tcp(to) => assert!(to.to.port() != 0),
                Check::Udp(_) | Check::Dns(_) | Check::Ping(_) => {}
            }
        }
    }
}

fn check_print(config: &Config) {
    let text = print(config, Secrets::Shown);
    let printable = |one: &hactl_engine::conf::config::SimplePassword| std::str::from_utf8(&one.0).is_ok();
    if text.lines().any(|line| line.len() > LINE_BYTES_MAX)
        || renamed(config)
        || !config.instances.iter().filter_map(|one| one.password.as_ref()).all(printable)
    {
        return;
    }
    let back = parse("printed.conf", &text);
    let wrong = back.diagnostics.iter().find(|one| one.severity == Severity::Error);
    assert!(wrong.is_none(), "{wrong:?} in\n{text}");
    let (wrote, read) = (without_places(config.clone()), without_places(back.config));
    if wrote != read {
        let (wrote, read) = (format!("{wrote:#?}"), format!("{read:#?}"));
        let differing = wrote.lines().zip(read.lines()).find(|(wrote, read)| wrote != read);
        panic!("printed and read back: {differing:?} in\n{text}");
    }
}

/// Virtual servers of one group that differ in what they have of it: they are printed with a group each.
fn renamed(config: &Config) -> bool {
    let groups = config.virtual_servers.iter().filter(|one| one.name.starts_with("group "));
    let ip = |key: &ServiceKey| match key {
        ServiceKey::Address { address, .. } => (address.to_string(), None),
        ServiceKey::Mark { family, mark } => (mark.to_string(), Some(*family)),
    };
    groups.clone().any(|one| {
        let own: Vec<_> = one.services.iter().map(ip).collect();
        groups.clone().any(|other| other.name == one.name && other.services.iter().map(ip).ne(own.iter().cloned()))
    })
}

fn without_places(mut config: Config) -> Config {
    let nowhere = Location { file: "".into(), line: 0, column: 0, length: 0 };
    config.scripts.iter_mut().for_each(|one| one.location = nowhere.clone());
    config.files.iter_mut().for_each(|one| one.location = nowhere.clone());
    config.processes.iter_mut().for_each(|one| one.location = nowhere.clone());
    config.groups.iter_mut().for_each(|one| one.location = nowhere.clone());
    config.instances.iter_mut().for_each(|one| Arc::make_mut(one).location = nowhere.clone());
    for server in config.virtual_servers.iter_mut().map(Arc::make_mut) {
        server.location = nowhere.clone();
        for real in &mut server.real_servers {
            real.location = nowhere.clone();
            real.checkers.iter_mut().for_each(|one| one.location = nowhere.clone());
        }
    }
    config
}

fn keywords(context: &'static Context, into: &mut Vec<&str>) {
    for keyword in context.keywords() {
        into.push(keyword.name);
        if let Some(block) = keyword.block {
            keywords(block, into);
        }
    }
}

const VALUES: &[&str] = &[
    " 10.0.0.37/27 ",
    " fe80::91/64 ",
    " 255 ",
    " 0 ",
    " -253 ",
    " 0.7 ",
    " 99999999999999999999 ",
    " MASTER ",
    " weight ",
    " reverse ",
    " dev ",
    " label ",
    " brd + ",
    " scope ",
    " on ",
    " PASS ",
    " \"a 'b c' \\x41\" ",
    " table 91 ",
    " via 192.0.2.9 ",
    " from 192.0.2.0/27 ",
    " preference 37 ",
    " group ",
    " hex:00ff ",
    " 02:00:5e:00:01:25 ",
    " file:/x ",
    " never ",
    " forever ",
    "\n~SEQ(N, 1, 3) ",
    "\n~LST({A, B}, {1, 2}, {3, 4}) ",
    " ${N} ",
    "\n$X= \\\n",
    "\n@^id ",
    " 192.0.2.8-15 80 ",
    " 192.0.2.8/29 ",
    " 2001:db8::1-1f 443 ",
    " fwmark 5 inet6 ",
    " TUN type gue port 6080 csum ",
    " DR ",
    " TCP ",
    " 200-299 304 ",
    " \"(?i)a[b$]c$\" ",
    " caseless multiline ",
    " aX 0b ",
    " \"Name: value\" ",
    " tcp 900 udp 3 ",
];
