//! Figures beside keepalived and ipvsadm: told, never judged. They run when `HACTL_VM_ONLY` names them.

use std::fs;
use std::time::{Duration, Instant};

use hactl::sys::ipvs::Ipvs;
use hactl_engine::lvs::diff::diff;
use hactl_engine::lvs::table::{ServiceKey, Table};

use super::Case;
use super::host::{Host, wait};
use super::suite_table::thousand_of_ten;
use super::words::{apply, at, make, tcp};

pub const CASES: &[Case] = crate::cases![a_thousand_services];

/// 1,000 services of 10 servers each, three times with each tool; the best counts.
fn a_thousand_services() {
    let wanted = thousand_of_ten();
    let host = Host::alone("lb");
    let mut ipvs = host.ipvs();
    let tell = |what: &str, took: Duration| println!("NOTE {what:58} {:8.1} ms", took.as_secs_f64() * 1e3);
    make(&mut ipvs, &wanted); // modules loaded, caches warm
    let saved = host.folder().join("saved");
    host.sh(&format!("ipvsadm -Sn > {}", saved.display()));

    tell("hactl: read the full table with its counters", best(|| timed(|| drop(ipvs.read().unwrap()))));
    let found = ipvs.table().unwrap();
    tell(
        "hactl: compare two equal tables",
        best(|| timed(|| assert!(diff(&found, &wanted, &Default::default()).is_empty()))),
    );
    let mut weight = 1;
    let one = best(|| {
        let mut other = wanted.clone();
        weight += 1;
        let service = other.get_mut(&tcp("10.38.2.7:80")).unwrap();
        service.destinations.get_mut(&at("10.39.0.5:80")).unwrap().weight = weight;
        let changes = diff(&found, &other, &Default::default());
        timed(|| apply(&mut ipvs, &changes))
    });
    tell("hactl: change one weight", one);
    let apply_all = best(|| {
        ipvs.flush().unwrap();
        timed(|| {
            let changes = diff(&ipvs.table().unwrap(), &wanted, &Default::default());
            apply(&mut ipvs, &changes);
        })
    });
    tell("hactl: compare with an empty table, apply 11,000 changes", apply_all);
    let clear = best(|| {
        make(&mut ipvs, &wanted);
        timed(|| ipvs.flush().unwrap())
    });
    tell("the kernel: flush", clear);

    let restore = best(|| {
        ipvs.flush().unwrap();
        timed(|| drop(host.sh(&format!("ipvsadm -R < {}", saved.display()))))
    });
    tell("ipvsadm -R", restore);
    let config = configuration(&wanted);
    let file = host.folder().join("checked.conf");
    fs::write(&file, &config).unwrap();
    let check = format!("keepalived -t -f {}", file.display());
    tell("keepalived -t: reads the file", best(|| timed(|| drop(host.try_sh(&check)))));
    let keepalived = best(|| {
        ipvs.flush().unwrap();
        let started = Instant::now();
        let daemon = host.keepalived(&config);
        let took = full(&mut ipvs, started);
        daemon.stop();
        took
    });
    tell("keepalived: from start to the full table", keepalived);
}

/// How long until the last server of the last service is there. Looking costs keepalived time: seldom, and not all.
fn full(ipvs: &mut Ipvs, started: Instant) -> Duration {
    wait("keepalived's table", || {
        std::thread::sleep(Duration::from_millis(200));
        ipvs.table().unwrap().values().map(|service| service.destinations.len()).sum::<usize>() == 10_000
    });
    started.elapsed()
}

fn configuration(table: &Table) -> String {
    let mut text = String::new();
    for (key, service) in table {
        let ServiceKey::Address { address, .. } = key else { continue };
        text += &format!(
            "virtual_server {} {} {{\n  lb_algo wlc\n  lb_kind NAT\n  protocol TCP\n",
            address.ip(),
            address.port()
        );
        for to in service.destinations.keys() {
            text += &format!("  real_server {} {} {{\n    weight 1\n  }}\n", to.ip(), to.port());
        }
        text += "}\n";
    }
    text
}

fn best(mut once: impl FnMut() -> Duration) -> Duration {
    (0..3).map(|_| once()).min().unwrap_or_default()
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}
