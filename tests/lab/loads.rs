//! What a move of the VIP costs clients whose connections are open. A planned one costs nothing: they go on with the
//! load balancer that they were opened to, which the new owner passes them on to. The death of a host costs each the
//! request that it is in, and no more. What is sent again on a new connection counts as lost here, too.

use super::hosts::{Lab, expect};
use super::moves::owner;
use super::sites::{CONNECTIONS, Load, timed};

/// A changed site, on load balancers and web servers: everybody gets an answer.
pub(crate) fn a_deploy_of_a_changed_site_loses_nothing(lab: &Lab) {
    let homework = lab.homework();
    let site = "server_name: www.example.cc";
    let changed = lab.inventory("shop.yaml", &[(site, "server_name: shop.example.cc, method: least_conn")]);
    let load = Load::begin(lab, None);
    for inventory in [&changed, &homework] {
        let mut said = String::new();
        let when = timed(|| said = expect("deploy", &lab.desk(inventory, &["deploy", "-y"]), 0));
        assert!(said.contains("verified"), "{said}");
        eprintln!("NOTE deploy of a changed site: {:.1} s", (when.1 - when.0) as f64 / 1e6);
        let shown = lab.sh("lb-6", "nginx -T 2>/dev/null | grep -c -e shop.example.cc -e least_conn");
        assert_eq!(shown.trim() != "0", inventory == &changed, "{shown}");
    }
    let loaded = load.end();
    eprintln!("NOTE {} requests on a new connection, as nginx had ended theirs", loaded.again.len());
    assert!(loaded.failed.is_empty(), "{:?}", loaded.failed);
}

pub(crate) fn a_move_costs_nothing_and_a_death_one_request(lab: &Lab) {
    let homework = &lab.homework();
    let failover = |to: &str| expect("failover", &lab.desk(homework, &["failover", "--to", to]), 0);
    for to in ["lb-6", "lb-5"] {
        let load = Load::begin(lab, None);
        let when = timed(|| drop(failover(to)));
        std::thread::sleep(std::time::Duration::from_secs(3));
        let lost = load.end();
        let answered = lost.during(when);
        eprintln!(
            "NOTE planned failover: {answered} requests meanwhile, {} of {CONNECTIONS} connections lost one",
            lost.broken()
        );
        assert!(answered > 0 && lost.broken() == 0, "{when:?}: {lost:?}");
    }
    let load = Load::begin(lab, None);
    expect("power off", &lab.hactl(&["lab", "power", "lb-5", "off"]), 0);
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while owner(lab, homework) != "[\"lb-6\"]" {
        assert!(std::time::Instant::now() < end, "nobody took over");
    }
    let served = timed(|| std::thread::sleep(std::time::Duration::from_secs(4)));
    let lost = load.end();
    let failed = lost.broken();
    eprintln!("NOTE the owner's host dies: {failed} of {CONNECTIONS} connections lost a request");
    assert!(failed <= CONNECTIONS && lost.during(served) > 0, "{served:?}: {lost:?}");
    expect("power on", &lab.hactl(&["lab", "power", "lb-5", "on"]), 0);
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while owner(lab, homework) != "[\"lb-5\"]" {
        assert!(std::time::Instant::now() < end, "lb-5 did not come back");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    expect("verify", &lab.desk(homework, &["verify"]), 0);
}
