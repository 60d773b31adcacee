//! The kernel's table as we write it and read it, beside what `ipvsadm` says of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use hactl_engine::conf::config::lvs::Timeouts;
use hactl_engine::ipvs::{
    DestinationSettings, Family, Forward, Protocol, Scheduling, Service, ServiceKey, Table, Tunnel, TunnelChecksum,
};
use hactl_engine::lvs::diff::{Change, diff};

use super::Case;
use super::host::{HACTL, Host};
use super::words::{apply, at, by, make, mark, service, sticky, tcp, to, udp};

pub(crate) const CASES: &[Case] = crate::cases![
    the_binary_under_test_runs_here,
    every_scheduler_is_listed,
    every_setting_reads_the_same_in_both_tools,
    every_change_does_what_it_says,
    one_table_after_another,
    strangers_stay,
    a_thousand_services_of_ten,
    a_refused_change_is_named_among_good_ones,
    two_thousand_refusals_are_all_told,
    timeouts_and_flush,
];

fn the_binary_under_test_runs_here() {
    let host = Host::alone("lb");
    assert!(host.sh(&format!("{HACTL} --version")).starts_with("hactl "));
}

fn every_scheduler_is_listed() {
    let host = Host::alone("lb");
    let mut ipvs = host.ipvs();
    for (n, name) in (1..).zip(Scheduling::NAMES) {
        let refused = ipvs.apply(&[Change::AddService { service: mark(n), settings: by(name) }]).unwrap();
        if host.try_sh(&format!("modprobe -n ip_vs_{name}")).status.success() {
            assert!(refused.is_empty(), "{}", refused[0]);
            assert!(host.ipvsadm("-Ln").contains(&format!("FWM  {n} {name}")), "{:?}", host.ipvsadm("-Ln"));
        } else {
            let words = refused[0].to_string();
            println!("NOTE {words}");
            assert!(words.contains(&format!("fwmark {n}")) && words.contains(&format!("modprobe ip_vs_{name}")));
        }
    }
}

fn every_setting_reads_the_same_in_both_tools() {
    let host = Host::alone("lb");
    let mut ipvs = host.ipvs();
    let mut hashed = by("sh");
    hashed.scheduling.flags = [true, true, false];
    let mut maglev = by("mh");
    maglev.scheduling.flags = [false, true, false];
    let mut single = by("rr");
    single.scheduling.one_packet = true;
    let limits = DestinationSettings { upper_threshold: 91, lower_threshold: 37, ..to(5, Forward::Nat) };
    let gue = Tunnel::Gue { port: 6080, checksum: TunnelChecksum::Remote };
    let gre = Tunnel::Gre { checksum: TunnelChecksum::Outer };
    let only = |settings, address, destination| Service { settings, destinations: [(at(address), destination)].into() };
    let wanted = Table::from([
        (tcp("10.37.0.3:80"), only(sticky("wrr", 360, 32), "10.37.0.21:8080", limits)),
        (tcp("10.37.0.3:443"), only(sticky("wlc", 50, 20), "10.37.0.21:443", to(0, Forward::Direct))),
        (tcp("10.37.0.4:80"), only(hashed, "10.37.0.21:80", to(7, Forward::Tunnel(Tunnel::Ipip)))),
        (tcp("10.37.0.5:80"), only(maglev, "10.37.0.21:80", to(1, Forward::Tunnel(gue)))),
        (tcp("10.37.0.6:80"), only(by("sed"), "10.37.0.21:80", to(1, Forward::Tunnel(gre)))),
        (tcp("10.37.0.7:80"), only(by("sed"), "[fd37::21]:80", to(1, Forward::Tunnel(Tunnel::Ipip)))),
        (tcp("[fd37::3]:80"), only(sticky("nq", 7, 64), "[fd37::21]:80", to(65_535, Forward::Nat))),
        (udp("10.37.0.3:53"), only(single, "10.37.0.21:53", to(1, Forward::Nat))),
        (udp("[fd37::3]:53"), only(by("lc"), "[fd37::21]:53", to(1, Forward::Direct))),
        (mark(9), only(sticky("fo", 300, 24), "10.37.0.21:0", to(2, Forward::Direct))),
        (ServiceKey::Mark { family: Family::V6, mark: 9 }, only(by("ovf"), "[fd37::21]:0", to(2, Forward::Direct))),
        (
            ServiceKey::Address { protocol: Protocol::Sctp, address: at("10.37.0.3:36412") },
            only(by("dh"), "10.37.0.21:36412", to(3, Forward::Nat)),
        ),
    ]);
    make(&mut ipvs, &wanted);
    assert_eq!(ipvs.table().unwrap(), wanted);
    let mut saved = host.ipvsadm("-Sn");
    saved.sort();
    let expected = [
        "-A --sctp-service 10.37.0.3:36412 -s dh",
        "-A -f 9 -6 -s ovf",
        "-A -f 9 -s fo -p 300 -M 255.255.255.0",
        "-A -t 10.37.0.3:443 -s wlc -p 50 -M 255.255.240.0",
        "-A -t 10.37.0.3:80 -s wrr -p 360",
        "-A -t 10.37.0.4:80 -s sh -b sh-fallback,sh-port",
        "-A -t 10.37.0.5:80 -s mh -b mh-port",
        "-A -t 10.37.0.6:80 -s sed",
        "-A -t 10.37.0.7:80 -s sed",
        "-A -t [fd37::3]:80 -s nq -p 7 -M 64",
        "-A -u 10.37.0.3:53 -s rr -o",
        "-A -u [fd37::3]:53 -s lc",
        "-a --sctp-service 10.37.0.3:36412 -r 10.37.0.21:36412 -m -w 3",
        "-a -f 9 -6 -r [fd37::21]:0 -g -w 2",
        "-a -f 9 -r 10.37.0.21:0 -g -w 2",
        "-a -t 10.37.0.3:443 -r 10.37.0.21:443 -g -w 0",
        "-a -t 10.37.0.3:80 -r 10.37.0.21:8080 -m -w 5",
        "-a -t 10.37.0.4:80 -r 10.37.0.21:80 -i -w 7 --tun-type ipip",
        "-a -t 10.37.0.5:80 -r 10.37.0.21:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum",
        "-a -t 10.37.0.6:80 -r 10.37.0.21:80 -i -w 1 --tun-type gre --tun-csum",
        "-a -t 10.37.0.7:80 -r [fd37::21]:80 -i -w 1 --tun-type ipip",
        "-a -t [fd37::3]:80 -r [fd37::21]:80 -m -w 65535",
        "-a -u 10.37.0.3:53 -r 10.37.0.21:53 -m -w 1",
        "-a -u [fd37::3]:53 -r [fd37::21]:53 -g -w 1",
    ];
    assert_eq!(saved, expected);
    // It does not save thresholds, but lists them: upper, lower, active, inactive.
    let listed = host.ipvsadm("-Ln --thresholds");
    let words = |line: &String| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert!(listed.iter().any(|line| words(line) == ["->", "10.37.0.21:8080", "91", "37", "0", "0"]), "{listed:#?}");
}

fn every_change_does_what_it_says() {
    let host = Host::alone("lb");
    let mut ipvs = host.ipvs();
    let service = tcp("10.37.0.3:80");
    let mut step = |change: Change, expected: &[&str]| {
        let words = change.to_string();
        apply(&mut ipvs, &[change]);
        let mut found = host.ipvsadm("-Sn");
        found.sort();
        assert_eq!(found, expected, "after: {words}");
    };
    step(Change::AddService { service, settings: by("rr") }, &["-A -t 10.37.0.3:80 -s rr"]);
    step(
        Change::EditService { service, settings: sticky("wlc", 60, 24) },
        &["-A -t 10.37.0.3:80 -s wlc -p 60 -M 255.255.255.0"],
    );
    step(Change::EditService { service, settings: by("wrr") }, &["-A -t 10.37.0.3:80 -s wrr"]);
    let head = "-A -t 10.37.0.3:80 -s wrr";
    let address = at("10.37.0.21:8080");
    let add = Change::AddDestination { service, address, settings: to(5, Forward::Nat) };
    step(add, &[head, "-a -t 10.37.0.3:80 -r 10.37.0.21:8080 -m -w 5"]);
    let edit = Change::EditDestination { service, address, settings: to(6, Forward::Tunnel(Tunnel::Ipip)) };
    step(edit, &[head, "-a -t 10.37.0.3:80 -r 10.37.0.21:8080 -i -w 6 --tun-type ipip"]);
    let edit = Change::EditDestination { service, address, settings: to(0, Forward::Nat) };
    step(edit, &[head, "-a -t 10.37.0.3:80 -r 10.37.0.21:8080 -m -w 0"]);
    step(Change::DeleteDestination { service, address }, &[head]);
    step(
        Change::AddDestination { service, address, settings: to(1, Forward::Nat) },
        &[head, "-a -t 10.37.0.3:80 -r 10.37.0.21:8080 -m -w 1"],
    );
    step(Change::DeleteService { service }, &[]);
}

/// Each table differs from the one before in its own way; what the kernel has then is what was wanted.
fn one_table_after_another() {
    let host = Host::alone("lb");
    let mut ipvs = host.ipvs();
    let forwards = [Forward::Nat, Forward::Direct, Forward::Tunnel(Tunnel::Ipip)];
    for round in 0..24_u8 {
        let mut wanted = Table::new();
        for n in (1..12_u8).filter(|n| !(n * 7 + round).is_multiple_of(4)) {
            let name = ["rr", "wrr", "wlc", "sh", "mh"][usize::from(n * round) % 5];
            let settings =
                if (n + round).is_multiple_of(3) { sticky(name, u64::from(round) + 1, 28) } else { by(name) };
            let numbers = (1..9_u8).filter(|m| !(m * 5 + n + round).is_multiple_of(3));
            let weights: Vec<_> = numbers.map(|m| (at(&format!("10.37.0.{m}:80")), u32::from(m * round % 7))).collect();
            let forward = forwards[usize::from(n + round / 2) % 3];
            wanted.insert(tcp(&format!("10.37.1.{n}:80")), service(settings, forward, &weights));
        }
        make(&mut ipvs, &wanted);
        assert_eq!(ipvs.table().unwrap(), wanted, "round {round}");
        assert_eq!(make(&mut ipvs, &wanted), 0, "round {round}");
    }
}

fn strangers_stay() {
    let host = Host::alone("lb");
    let mut ipvs = host.ipvs();
    host.sh("ipvsadm -A -t 10.37.9.9:80 -s rr && ipvsadm -a -t 10.37.9.9:80 -r 10.37.0.29 -m -w 3");
    let ours = tcp("10.37.0.3:80");
    let weights = [(at("10.37.0.21:80"), 1), (at("10.37.0.22:80"), 1)];
    let wanted = Table::from([(ours, service(by("rr"), Forward::Direct, &weights))]);
    let owned = BTreeSet::from([ours]);
    let found = ipvs.table().unwrap();
    apply(&mut ipvs, &diff(&found, &wanted, &owned));
    assert_eq!(host.ipvsadm("-Sn").len(), 5);
    let found = ipvs.table().unwrap();
    assert!(found.contains_key(&tcp("10.37.9.9:80")));
    apply(&mut ipvs, &diff(&found, &Table::new(), &owned));
    let stranger = ["-A -t 10.37.9.9:80 -s rr", "-a -t 10.37.9.9:80 -r 10.37.0.29:80 -m -w 3"];
    assert_eq!(host.ipvsadm("-Sn"), stranger);
}

fn a_thousand_services_of_ten() {
    let host = Host::alone("lb");
    let mut ipvs = host.ipvs();
    let mut wanted = thousand_of_ten();
    assert_eq!(make(&mut ipvs, &wanted), 11_000);
    assert_eq!(host.ipvsadm("-Sn").len(), 11_000);
    assert_eq!(ipvs.table().unwrap(), wanted);
    let one = wanted.get_mut(&tcp("10.38.2.7:80")).unwrap();
    one.destinations.get_mut(&at("10.39.0.5:80")).unwrap().weight = 37;
    assert_eq!(make(&mut ipvs, &wanted), 1);
    assert!(host.ipvsadm("-Sn").contains(&"-a -t 10.38.2.7:80 -r 10.39.0.5:80 -m -w 37".to_owned()));
    make(&mut ipvs, &Table::new());
    assert_eq!(host.ipvsadm("-Sn").len(), 0);
}

/// 10.38.0.0:80 … 10.38.3.249:80, each with 10.39.0.1 … 10.39.0.10.
pub(crate) fn thousand_of_ten() -> Table {
    let weights: Vec<_> = (1..=10).map(|n| (at(&format!("10.39.0.{n}:80")), 1)).collect();
    let key = |n: u32| tcp(&format!("10.38.{}.{}:80", n / 250, n % 250));
    (0..1000).map(|n| (key(n), service(by("wlc"), Forward::Nat, &weights))).collect()
}

fn a_refused_change_is_named_among_good_ones() {
    let host = Host::alone("lb");
    let mut ipvs = host.ipvs();
    let (good, never) = (tcp("10.37.0.3:80"), tcp("10.37.0.4:80"));
    let settings = to(1, Forward::Nat);
    let wrong = DestinationSettings { upper_threshold: 3, lower_threshold: 8, ..settings };
    let mut nowhere = by("rr");
    nowhere.scheduling.name = "twos"; // Debian's kernel is built without it
    let changes = [
        Change::AddService { service: good, settings: by("rr") },
        Change::AddService { service: never, settings: nowhere },
        Change::AddDestination { service: never, address: at("10.37.0.21:80"), settings },
        Change::AddDestination { service: good, address: at("10.37.0.21:80"), settings },
        Change::EditDestination { service: good, address: at("10.37.0.22:80"), settings },
        Change::AddDestination { service: good, address: at("10.37.0.23:80"), settings: wrong },
        Change::AddDestination { service: good, address: at("224.0.0.5:80"), settings },
        Change::AddDestination { service: good, address: at("[fd37::21]:80"), settings },
        Change::DeleteDestination { service: good, address: at("10.37.0.24:80") },
        Change::DeleteService { service: tcp("10.37.0.5:80") },
        Change::AddDestination { service: good, address: at("10.37.0.25:80"), settings },
    ];
    let refused = ipvs.apply(&changes).unwrap();
    for one in &refused {
        println!("NOTE {one}");
        assert_eq!(one.change, changes[one.place]);
    }
    // 2 is not told: its service was refused.
    assert_eq!(refused.iter().map(|one| one.place).collect::<Vec<_>>(), [1, 4, 5, 6, 7, 8, 9]);
    let weights = [(at("10.37.0.21:80"), 1), (at("10.37.0.25:80"), 1)];
    assert_eq!(ipvs.table().unwrap(), Table::from([(good, service(by("rr"), Forward::Nat, &weights))]));
}

fn two_thousand_refusals_are_all_told() {
    let host = Host::alone("lb");
    let mut ipvs = host.ipvs();
    let ours = tcp("10.37.0.3:80");
    let mut changes = vec![Change::AddService { service: ours, settings: by("rr") }];
    let missing = |n: u16| Change::DeleteDestination { service: ours, address: at(&format!("10.37.0.21:{n}")) };
    changes.extend((1..=2000).map(missing));
    let refused = ipvs.apply(&changes).unwrap();
    assert_eq!(refused.iter().map(|one| one.place).collect::<Vec<_>>(), (1..=2000).collect::<Vec<_>>());
    assert_eq!(ipvs.table().unwrap().len(), 1, "the conversation goes on");
}

fn timeouts_and_flush() {
    let host = Host::alone("lb");
    let mut ipvs = host.ipvs();
    let some = Timeouts { tcp: Some(Duration::from_secs(1234)), tcp_fin: None, udp: Some(Duration::from_secs(56)) };
    ipvs.set_timeouts(&some).unwrap();
    assert_eq!(ipvs.timeouts().unwrap(), Timeouts { tcp_fin: Some(Duration::from_secs(120)), ..some });
    assert!(host.ipvsadm("-L --timeout").contains(&"Timeout (tcp tcpfin udp): 1234 120 56".to_owned()));
    let too_long = Timeouts { tcp: Some(Duration::from_secs(u64::from(u32::MAX))), ..Timeouts::default() };
    println!("NOTE {}", ipvs.set_timeouts(&too_long).unwrap_err());
    make(&mut ipvs, &Table::from([(mark(1), Service { settings: by("rr"), destinations: BTreeMap::new() })]));
    ipvs.flush().unwrap();
    assert!(ipvs.table().unwrap().is_empty());
}
