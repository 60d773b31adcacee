//! Changes of what the load balancers must have alike: VRID, version, interval, password, keys, unicast, the list of
//! addresses. The pair keeps its owner through each of them; somebody pings all the time, and the kernel of each host
//! tells of every address that comes or goes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::hosts::{Lab, SUBNET, expect};
use super::pings::Pings;

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

pub(crate) fn the_owner_stays(lab: &Lab) {
    expect("the first state", &lab.desk(&inventory(lab, VIPS[8].1), &["deploy", "-y"]), 0);
    for (what, vip) in VIPS {
        measured(lab, what, &inventory(lab, vip));
    }
    expect("the homework again", &lab.desk(&lab.homework(), &["deploy", "-y"]), 0);
}

/// Signed adverts come, their key changes, and they go: each from the one before it, first with the guard and then
/// without.
const SIGNED: [(&str, &str); 6] = [
    ("signed adverts", "{ address: VIP/24, auth: { hmac: yes } }"),
    ("another key", "{ address: VIP/24, auth: { hmac: { id: 7 } } }"),
    (
        "a key of the inventory, with a password",
        "{ address: VIP/24, auth: { pass: hunter2, hmac: { key: { file: KEY } } } }",
    ),
    (
        "adverts that need not be signed",
        "{ address: VIP/24, auth: { pass: hunter2, hmac: { key: { file: KEY }, mode: permissive } } }",
    ),
    ("unsigned adverts", "{ address: VIP/24, auth: { pass: hunter2 } }"),
    ("signed ones at once, of version 3", "{ address: VIP/24, version: 3, auth: { hmac: yes } }"),
];

pub(crate) fn signing_comes_and_goes(lab: &Lab) {
    let key = lab.files.path().join("vrrp.key");
    std::fs::write(&key, "correct horse battery staple\n").unwrap();
    for (what, vip) in SIGNED {
        let vip = vip.replace("KEY", &key.display().to_string());
        measured(lab, what, &inventory(lab, &vip));
        signs(lab, what, &vip);
    }
    // A guard that is off keeps nobody from claiming, and a standby that hears nothing claims within 0.4 s, long before
    // a deploy has come to the other host: the steps alone keep the VIP where it is.
    let unguarded = |vip: &str| {
        let text = std::fs::read_to_string(inventory(lab, vip)).unwrap() + "roles: { vip: { guard: no } }\n";
        let path = lab.files.path().join("unguarded.yaml");
        std::fs::write(&path, text).unwrap();
        path
    };
    let (on, off) =
        ("{ address: VIP/24, interval: 100ms, auth: { hmac: yes } }", "{ address: VIP/24, interval: 100ms }");
    expect("unsigned, guarded", &lab.desk(&inventory(lab, off), &["deploy", "-y"]), 0);
    expect("unsigned, unguarded", &lab.desk(&unguarded(off), &["deploy", "-y"]), 0);
    let other = "{ address: VIP/24, interval: 100ms, auth: { hmac: { id: 7 } } }";
    for (what, vip) in
        [("signed adverts, unguarded", on), ("another key, unguarded", other), ("unsigned adverts, unguarded", off)]
    {
        measured(lab, what, &unguarded(vip));
        signs(lab, what, vip);
    }
    expect("the homework again", &lab.desk(&lab.homework(), &["deploy", "-y"]), 0);
    assert_eq!(lab.sh("lb-5", "ls /etc/hactl/*.key 2>/dev/null"), "", "no key is left");
}

/// Both agents sign as the VIP says, and drop nothing that the other one says.
fn signs(lab: &Lab, what: &str, vip: &str) {
    let status = |host: &str| -> serde_json::Value {
        let text = lab.sh(host, "/usr/local/bin/hactl agent status --json");
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["instances"][0].clone()
    };
    let dropped =
        |one: &serde_json::Value| ["bad_auth", "bad_packet"].map(|name| one["counters"][name].as_u64().unwrap_or(0));
    let before = ["lb-5", "lb-6"].map(|host| dropped(&status(host)));
    std::thread::sleep(Duration::from_secs(3));
    for (host, before) in ["lb-5", "lb-6"].into_iter().zip(before) {
        let one = status(host);
        let expected = match (vip.contains("hmac:"), vip.contains("permissive")) {
            (false, _) => serde_json::Value::Null,
            (true, true) => "permissive".into(),
            (true, false) => "enforce".into(),
        };
        assert_eq!(one["signing"]["mode"], expected, "{what}: {host}: {one:#}");
        assert_eq!(dropped(&one), before, "{what}: {host} drops adverts: {one:#}");
        assert!(one["last_advert_ms"].as_u64().unwrap() < 2000, "{what}: {host}: {one:#}");
    }
}

/// Deploys while somebody pings: nothing is lost, and the owner stays. Where it is not so, what both agents did is
/// told, and for how long a clock that has nothing to do with hactl stood still.
fn measured(lab: &Lab, what: &str, inventory: &Path) {
    let has = |host: &str| !lab.sh(host, &format!("ip -o addr show dev eth0 to {SUBNET}.3")).is_empty();
    let (owner, standby) = if has("lb-5") { ("lb-5", "lb-6") } else { ("lb-6", "lb-5") };
    let planned = predicted(lab, what, inventory);
    assert_eq!((planned.before.as_str(), planned.after.as_str()), (owner, owner), "{what}: {planned:?}");
    assert_eq!((planned.moves, planned.without_owner_ms, planned.two_owners_ms), (0, 0, 0), "{what}: {planned:?}");
    let watchers = [owner, standby].map(|host| Watcher::begin(lab, host));
    let pings = Pings::begin(lab, "0.001");
    let clock = Metronome::begin();
    let done = lab.desk(inventory, &["deploy", "-y"]);
    // And for as long as a router would need to notice what it does not hear any more.
    std::thread::sleep(Duration::from_secs(4));
    let stood_still = clock.end();
    let pinged = pings.end();
    let [owned, stood_by] = watchers.map(Watcher::end);
    expect(what, &done, 0);
    assert!(pinged.sent > 500, "{what}: {pinged}");
    let went = owned.told.iter().any(|line| line.contains("Deleted"));
    let untouched = !stood_by.had && stood_by.told.is_empty();
    if pinged.lost <= 1 && owned.had && !went && untouched {
        return println!("{what}: {pinged}; {}", punctual(lab, stood_still));
    }
    let history = |host: &str| lab.sh(host, "/usr/local/bin/hactl agent history | tail -n 6");
    panic!(
        "{what}: {pinged}; {}; {owner} {owned:?}, {standby} {stood_by:?}\n{owner}: {}\n{standby}: {}",
        punctual(lab, stood_still),
        history(owner),
        history(standby)
    );
}

/// How late a clock was that has nothing to do with hactl, and how late the agents have been since they were started:
/// the latest wake, how many were later than 100 ms, and leases that ended meanwhile.
fn punctual(lab: &Lab, stood_still: Duration) -> String {
    let agents = ["lb-5", "lb-6"].map(|host| {
        let status = lab.sh(host, "/usr/local/bin/hactl agent status --json");
        let status: serde_json::Value = serde_json::from_str(&status).unwrap_or_default();
        let (timing, counters) = (&status["timing"], &status["instances"][0]["counters"]);
        let (worst, late) = (&timing["worst_overshoot_us"], &timing["overshoots"][4]);
        format!(
            "{host} woke up to {worst} us late, {late} times over 100 ms, leases lapsed {}",
            counters["leases_lapsed"]
        )
    });
    format!("a clock stood still for {stood_still:?}; {}", agents.join("; "))
}

/// Wakes up each millisecond, and keeps the longest time that it did not.
struct Metronome {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

impl Metronome {
    fn begin() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
            while !ends.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(1));
                longest = longest.max(last.elapsed());
                last = Instant::now();
            }
            longest
        });
        Self { stop, thread }
    }

    fn end(self) -> Duration {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

/// What `plan` says of the VIP's way.
#[derive(Debug)]
struct Predicted {
    before: String,
    after: String,
    moves: u64,
    without_owner_ms: u64,
    two_owners_ms: u64,
}

fn predicted(lab: &Lab, what: &str, inventory: &Path) -> Predicted {
    let said = lab.desk(inventory, &["plan", "--json"]);
    let value: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap_or_else(|_| panic!("{what}: {said:?}"));
    let effects = value["traffic"]["effects"].as_array().unwrap_or_else(|| panic!("{what}: {value:#}"));
    let vip = format!("{SUBNET}.3");
    let one = effects.iter().find(|one| one["address"] == vip.as_str());
    let one = one.unwrap_or_else(|| panic!("{what}: nothing is said of {vip}: {value:#}"));
    let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let number = |name: &str| one[name].as_u64().unwrap();
    Predicted {
        before: text("before"),
        after: text("after"),
        moves: number("moves"),
        without_owner_ms: number("without_owner_ms"),
        two_owners_ms: number("two_owners_ms"),
    }
}

/// The balancers change places, and `plan` says so before: who owns the VIP in the end, and for how long nobody does on
/// the way.
pub(crate) fn a_move_is_predicted(lab: &Lab) {
    let order = |first: &str, second: &str| format!("{{ address: VIP/24, order: [{first}, {second}] }}");
    expect("the first state", &lab.desk(&inventory(lab, &order("lb-5", "lb-6")), &["deploy", "-y"]), 0);
    for (owner, heir) in [("lb-5", "lb-6"), ("lb-6", "lb-5")] {
        let (what, inventory) = (format!("from {owner} to {heir}"), inventory(lab, &order(heir, owner)));
        let planned = predicted(lab, &what, &inventory);
        assert_eq!((planned.before.as_str(), planned.after.as_str(), planned.moves), (owner, heir, 1), "{planned:?}");
        let pings = Pings::begin(lab, "0.001");
        expect(&what, &lab.desk(&inventory, &["deploy", "-y"]), 0);
        std::thread::sleep(Duration::from_secs(4));
        let pinged = pings.end();
        let has = |host: &str| !lab.sh(host, &format!("ip -o addr show dev eth0 to {SUBNET}.3")).is_empty();
        assert!(has(heir) && !has(owner), "{what}: it is not on {heir} alone");
        println!("{what}: {pinged}; {planned:?}");
        // A ping each millisecond. A machine that is busy answers some late; nothing is lost where nothing was said to
        // be.
        assert!(pinged.lost <= planned.without_owner_ms + 20, "{what}: {pinged}, and {planned:?}");
    }
    expect("the homework again", &lab.desk(&lab.homework(), &["deploy", "-y"]), 0);
}

fn inventory(lab: &Lab, vip: &str) -> std::path::PathBuf {
    let vip = vip.replace("VIP", &format!("{SUBNET}.3")).replace("SECOND", &format!("{SUBNET}.4"));
    lab.inventory("changed-vip.yaml", &[(&format!("vip: {SUBNET}.3/24"), &format!("vip: {vip}"))])
}

/// What the kernel of a host tells of its addresses.
struct Watcher<'l> {
    lab: &'l Lab,
    host: String,
    had: bool,
}

#[derive(Debug)]
struct Watched {
    /// Whether it had the VIP when that began.
    had: bool,
    /// Each line that tells of the VIP.
    told: Vec<String>,
}

/// The first and the last address that is told of; nobody else has them.
const MARKS: [&str; 2] = ["192.0.2.77", "192.0.2.78"];

impl<'l> Watcher<'l> {
    fn begin(lab: &'l Lab, host: &str) -> Self {
        lab.sh(host, "ip -o monitor address >/tmp/told 2>&1 </dev/null & echo $! >/tmp/told.pid");
        let mut watcher = Self { lab, host: host.to_owned(), had: false };
        watcher.tells_of(MARKS[0]);
        watcher.had = !lab.sh(host, &format!("ip -o addr show dev eth0 to {SUBNET}.3")).is_empty();
        watcher
    }

    /// Whatever it tells afterwards came after this, and it has lost nothing that came before.
    fn tells_of(&self, mark: &str) {
        let line = format!("ip addr add {mark}/32 dev lo; ip addr del {mark}/32 dev lo; cat /tmp/told");
        let end = Instant::now() + Duration::from_secs(20);
        while !self.lab.sh(&self.host, &line).contains(mark) {
            assert!(Instant::now() < end, "{}: nothing is told of {mark}", self.host);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn end(self) -> Watched {
        self.tells_of(MARKS[1]);
        let text = self.lab.sh(&self.host, "kill $(cat /tmp/told.pid); cat /tmp/told");
        // On `lo` a former owner keeps it for connections that are open.
        let vip = |line: &&str| line.contains(": eth0 ") && line.contains(&format!(" {SUBNET}.3/"));
        Watched { had: self.had, told: text.lines().filter(vip).map(str::to_owned).collect() }
    }
}
