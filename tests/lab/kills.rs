//! Deploys that meet bad luck at a random moment: the desk is killed or told to end, an SSH session dies, a host loses
//! its power or its cable. Whatever the desk still says is true, and the next deploy makes everything good.
//! `HACTL_LAB_KILLS` is how many (10 here, 100 in `make bench`), `HACTL_LAB_SEED` where they begin; with
//! `HACTL_LAB_ONLY=kills` they run by themselves.

use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::hosts::{Lab, SUBNET, expect};
use super::pings::Pings;

const HOSTS: [&str; 4] = ["lb-5", "lb-6", "web-7", "web-8"];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Luck {
    Desk(Signal),
    Session,
    Power,
    Cable,
}

const ALL: [Luck; 7] = [
    Luck::Desk(Signal::SIGKILL),
    Luck::Desk(Signal::SIGTERM),
    Luck::Desk(Signal::SIGHUP),
    Luck::Desk(Signal::SIGINT),
    Luck::Session,
    Luck::Power,
    Luck::Cable,
];

/// Numbers that look random and come again with the same seed (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}

pub(crate) fn bad_luck_at_random_moments(lab: &Lab) {
    let number = |name: &str, default: u64| -> u64 {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let seed = number("HACTL_LAB_SEED", u64::from(std::process::id()));
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut good = "rev-0".to_owned();
    expect("the first state", &lab.desk(&revision(lab, &good), &["deploy", "-y"]), 0);
    let mut ends = std::collections::BTreeMap::new();
    for round in 1..=number("HACTL_LAB_KILLS", 10) {
        let (luck, host) = (ALL[dice.below(ALL.len())], HOSTS[dice.below(HOSTS.len())]);
        let after = Duration::from_millis(dice.below(1800).try_into().unwrap());
        let story = format!("round {round} of seed {seed}: {luck:?} on {host} after {after:?}");
        let new = format!("rev-{round}");
        let inventory = revision(lab, &new);
        let owner = settled(lab, &story);
        let pings = Pings::begin(lab, "0.05");
        let end = meet(lab, &inventory, luck, host, after);
        let pinged = pings.end();
        let cut = owner == host && matches!(luck, Luck::Power | Luck::Cable);
        assert!(cut || (pinged.sent > 0 && pinged.lost <= 1), "{story}: {pinged}, and {owner:?} was not cut");
        let said = end
            .as_ref()
            .map(|output| String::from_utf8_lossy(&[&*output.stdout, &*output.stderr].concat()).into_owned());
        let code = end.as_ref().and_then(|output| output.status.code());
        *ends.entry(format!("{luck:?}: {code:?}")).or_insert(0) += 1;
        let seen = revisions(lab);
        let all = |wanted: &str| seen.iter().all(|one| one == wanted);
        match code {
            Some(0) => assert!(all(&new), "{story}: verified, and there is {seen:?}\n{said:?}"),
            Some(4 | 5 | 130) => assert!(all(&good), "{story}: as before, and there is {seen:?}\n{said:?}"),
            // Killed, or a hand is needed: hosts may differ until they have gone back.
            None | Some(6) => {}
            Some(other) => panic!("{story}: exit {other}\n{said:?}"),
        }
        let limit = Instant::now() + Duration::from_secs(90);
        loop {
            let again = lab.desk(&inventory, &["deploy", "-y"]);
            if again.status.code() == Some(0) {
                break;
            }
            let said = String::from_utf8_lossy(&again.stderr).into_owned();
            assert!(Instant::now() < limit, "{story}: the next deploy does not end well: {said}");
            std::thread::sleep(Duration::from_secs(1));
        }
        let seen = revisions(lab);
        assert!(seen.iter().all(|one| *one == new), "{story}: after the next deploy there is {seen:?}");
        for host in HOSTS {
            let left =
                lab.sh(host, "cat /var/lib/hactl/state; ls -d /var/lib/hactl/lock /var/lib/hactl/staging 2>/dev/null");
            assert!(left.starts_with("committed ") && left.lines().count() == 1, "{story}: {host}: {left}");
        }
        good = new;
    }
    println!("{ends:#?}");
    expect("the homework again", &lab.desk(&lab.homework(), &["deploy", "-y"]), 0);
}

/// Who owns the VIP once the better balancer has taken it back. A round that began before that would cut the one that
/// had just become the owner, and blame the deploy for the pings lost.
fn settled(lab: &Lab, story: &str) -> &'static str {
    let limit = Instant::now() + Duration::from_secs(30);
    loop {
        let has = |host: &&str| !lab.sh(host, &format!("ip -o addr show dev eth0 | grep -w {SUBNET}.3")).is_empty();
        let owners: Vec<&str> = HOSTS.into_iter().filter(has).collect();
        if owners == ["lb-5"] {
            return "lb-5";
        }
        assert!(Instant::now() < limit, "{story}: lb-5 has not taken the VIP back before it; it is on {owners:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// The homework with this text on every page, and in what the load balancers say.
fn revision(lab: &Lab, text: &str) -> std::path::PathBuf {
    let inventory = lab.inventory("killed.yaml", &[("www.example.cc", &format!("{text}.example.cc"))]);
    let more =
        std::fs::read_to_string(&inventory).unwrap() + &format!("\nroles: {{ web-static: {{ page: {text} }} }}\n");
    std::fs::write(&inventory, more).unwrap();
    inventory
}

/// What each host has.
fn revisions(lab: &Lab) -> Vec<String> {
    let one = |host: &&str| {
        let line = "cat /usr/share/nginx/html/hactl/index.html /etc/nginx/conf.d/*.conf 2>/dev/null | grep -o 'rev-[0-9]*' | sort -u | tr -d '\\n'";
        lab.sh(host, line)
    };
    HOSTS.iter().map(one).collect()
}

/// A deploy that meets it; what the desk said, unless it was killed.
fn meet(lab: &Lab, inventory: &Path, luck: Luck, host: &str, after: Duration) -> Option<Output> {
    let mut command = lab.desk_command(inventory, &["deploy", "-y", "--timeout", "5"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(after);
    match luck {
        Luck::Desk(signal) => signal_desk(&child, signal),
        Luck::Session => drop(lab.sh(host, "pkill -KILL -f 'sshd: root@notty'")),
        Luck::Power => {
            expect("power off", &lab.hactl(&["lab", "power", host, "off"]), 0);
            std::thread::sleep(Duration::from_secs(1));
            expect("power on", &lab.hactl(&["lab", "power", host, "on"]), 0);
        }
        Luck::Cable => drop(lab.sh(
            host,
            &format!("dev=$(ip -o -4 addr show | awk '/{SUBNET}/ {{ print $2; exit }}'); ip link set $dev down; sleep 2; ip link set $dev up"),
        )),
    }
    let output = child.wait_with_output().unwrap();
    output.status.code().is_some().then_some(output)
}

/// `hactl lab exec` becomes what it runs, so the child is the desk.
pub(crate) fn signal_desk(child: &Child, signal: Signal) {
    let _ = kill(Pid::from_raw(child.id().try_into().unwrap()), signal);
}
