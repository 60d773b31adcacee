//! Changes of what the load balancers must have alike: VRID, version, interval, password, unicast, the list of addresses. The pair
//! keeps its owner through each of them; somebody pings all the time, and every host looks at itself as fast as it can.

use super::hosts::{Lab, SUBNET, expect};
use super::kills::Pings;

/// From the deployed pair on, one after another: each is a change of the one before it.
const VIPS: [(&str, &str); 9] = [
    ("another VRID", "{ address: VIP/24, vrid: 77 }"),
    ("VRRP version 3", "{ address: VIP/24, vrid: 77, version: 3 }"),
    ("a shorter interval", "{ address: VIP/24, vrid: 77, version: 3, interval: 500ms }"),
    ("a longer interval", "{ address: VIP/24, vrid: 77, version: 3, interval: 2s }"),
    ("unicast", "{ address: VIP/24, vrid: 77, version: 3, interval: 2s, unicast: yes }"),
    ("multicast", "{ address: VIP/24, vrid: 77, version: 3, interval: 2s }"),
    ("a password, which needs version 2", "{ address: VIP/24, vrid: 77, auth: { pass: hunter2 } }"),
    ("one more address", "{ addresses: [VIP/24, SECOND/24], vrid: 77, auth: { pass: hunter2 } }"),
    ("everything at once, back to the first", "{ address: VIP/24 }"),
];

pub fn the_owner_stays(lab: &Lab) {
    expect("the first state", &lab.desk(&inventory(lab, VIPS[8].1), &["deploy", "-y"]), 0);
    for (what, vip) in VIPS {
        let has = |host: &str| !lab.sh(host, &format!("ip -o addr show to {SUBNET}.3")).is_empty();
        let (owner, standby) = if has("lb-5") { ("lb-5", "lb-6") } else { ("lb-6", "lb-5") };
        let watchers = [owner, standby].map(|host| Watcher::begin(lab, host));
        let pings = Pings::begin(lab, "0.001");
        let done = lab.desk(&inventory(lab, vip), &["deploy", "-y"]);
        // And for as long as a router would need to notice what it does not hear any more.
        std::thread::sleep(std::time::Duration::from_secs(4));
        let (sent, lost) = pings.end();
        let [owned, stood_by] = watchers.map(Watcher::end);
        expect(what, &done, 0);
        assert!(sent > 500 && lost <= 1, "{what}: {lost} of {sent} pings lost");
        assert!(owned.yes > 20 && owned.no == 0, "{what}: {owner} was without the VIP: {owned:?}");
        assert!(stood_by.no > 20 && stood_by.yes == 0, "{what}: {standby} had the VIP: {stood_by:?}");
        println!("{what}: {lost} of {sent} pings lost; {owned:?}, {stood_by:?}");
    }
    expect("the homework again", &lab.desk(&lab.homework(), &["deploy", "-y"]), 0);
}

fn inventory(lab: &Lab, vip: &str) -> std::path::PathBuf {
    let vip = vip.replace("VIP", &format!("{SUBNET}.3")).replace("SECOND", &format!("{SUBNET}.4"));
    lab.inventory("changed-vip.yaml", &[(&format!("vip: {SUBNET}.3/24"), &format!("vip: {vip}"))])
}

/// A host that looks again and again whether it has the VIP.
struct Watcher<'l> {
    lab: &'l Lab,
    host: String,
}

#[derive(Debug)]
struct Looked {
    yes: usize,
    no: usize,
}

impl<'l> Watcher<'l> {
    fn begin(lab: &'l Lab, host: &str) -> Self {
        let look = format!("if ip -o addr show to {SUBNET}.3 | grep -q .; then echo yes; else echo no; fi");
        let line =
            format!("rm -f /tmp/stop; (while [ ! -e /tmp/stop ]; do {look}; done) >/tmp/looked 2>&1 </dev/null &");
        lab.sh(host, &line);
        Self { lab, host: host.to_owned() }
    }

    fn end(self) -> Looked {
        let text = self.lab.sh(&self.host, "touch /tmp/stop; sleep 0.3; cat /tmp/looked");
        let count = |word: &str| text.lines().filter(|line| *line == word).count();
        Looked { yes: count("yes"), no: count("no") }
    }
}
