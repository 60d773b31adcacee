//! The small space, walked whole: each call of each script of a deploy, with each thing that can go wrong there.
//! Whatever happens, what is said afterwards is true, what is promised comes, and the next deploy ends well.

use hactl::error::{Code, Exit};

use super::fault::Fault;
use super::stage::{Stage, carried, stage};
use super::truth::{Snapshots, check, comes_to_rest};

/// A deploy that can be done again and again from the same beginning.
struct Walk {
    stage: Stage,
    before: Snapshots,
    /// Of the VIP, and of the one that web hosts carry.
    owners: [String; 2],
    after: Snapshots,
    /// The calls of each host in a deploy that goes well.
    calls: Vec<(String, Vec<String>)>,
    /// Of alike calls in a row only the first and the last are gone to.
    ends_of_rows: bool,
    /// Only the calls of this host: a walk over all of them takes long.
    only: Option<&'static str>,
}

impl Walk {
    /// A first deploy, or one that changes what is there.
    fn new(first: bool) -> Option<Self> {
        Some(Self::on(stage(&["lb-5", "web-7"])?, first))
    }

    /// The same with a VIP that web hosts carry.
    fn with_carriers(first: bool) -> Option<Self> {
        Some(Self::on(carried(&["lb-5", "web-7", "web-8"])?, first))
    }

    fn on(stage: Stage, first: bool) -> Self {
        if first {
            stage.agents_wait();
        } else {
            stage.deployed();
            stage.binary("two");
            stage.inventory("roles: { web-static: { page: changed }, vip: { check_interval_s: 3 }, lb-nginx: { hotlink_protection: yes } }\n");
        }
        let (before, owners) = (stage.snapshot(), [stage.owner(), stage.carrier()]);
        stage.hosts.values().for_each(|host| host.faults.clear());
        stage.deployed();
        let calls = stage.hosts.iter().map(|(name, host)| (name.clone(), host.faults.calls())).collect();
        let after = stage.snapshot();
        Self { stage, before, owners, after, calls, ends_of_rows: false, only: None }
    }

    /// Every call, as host, number and name, but for those of which stories of their own tell.
    fn each(&self, wanted: impl Fn(&str) -> bool, mut tell: impl FnMut(&Self, &str, usize) -> Result<(), String>) {
        let mut wrong = Vec::new();
        for (host, calls) in self.calls.iter().filter(|(host, _)| self.only.is_none_or(|only| only == host)) {
            let word = |number: usize| calls.get(number).and_then(|call| call.split(' ').next());
            let within =
                |number: usize| number > 0 && [number - 1, number + 1].iter().all(|other| word(*other) == word(number));
            for (number, call) in calls.iter().enumerate().filter(|(_, call)| wanted(call)) {
                if self.ends_of_rows && within(number) {
                    continue;
                }
                self.stage.reset_both(&self.before, &self.owners);
                if let Err(why) = tell(self, host, number) {
                    wrong.push(format!("{host}, call {number}, {call}: {why}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    /// Whether a call comes after the one that commits its host.
    fn is_committed(&self, host: &str, number: usize) -> bool {
        let calls = self.calls.iter().find(|(name, _)| name == host).map(|(_, calls)| calls);
        calls.is_some_and(|calls| calls.iter().take(number).any(|call| call.starts_with("commit")))
    }

    /// One deploy with this fault: what is said is true, time brings every host to one of two ends, the next deploy
    /// ends well.
    fn meets(&self, host: &str, number: usize, fault: Fault) -> Result<(), String> {
        let stage = &self.stage;
        stage.host(host).faults.at_call(number, fault);
        let end = stage.deploy();
        if !stage.host(host).faults.over() {
            return Err("the call did not come".into());
        }
        let told = |why: String| format!("{why}\n{:?} {}", end.exit, end.said());
        check(stage, &self.before, &self.after, &end).map_err(told)?;
        comes_to_rest(stage, &self.before, &self.after, &end).map_err(told)?;
        self.again()
    }

    /// Time passes, whatever was wrong is mended, and the same command is run again.
    fn again(&self) -> Result<(), String> {
        let stage = &self.stage;
        stage.hosts.values().for_each(|host| host.faults.clear());
        let end = stage.deploy();
        let told = |why: String| format!("the next deploy: {why}\n{}", end.said());
        if end.exit != Exit::Done {
            return Err(told(format!("{:?}", end.exit)));
        }
        check(stage, &self.before, &self.after, &end).map_err(told)
    }
}

fn any(_: &str) -> bool {
    true
}

/// Whether a call belongs to an activation.
fn activates(call: &str) -> bool {
    let looks = [
        "keys",
        "look",
        "every_byte",
        "show",
        "system",
        "commands",
        "files",
        "put_before",
        "places",
        "services",
        "succeeds",
        "peers",
        "listeners",
    ];
    let looks = [looks.as_slice(), &["package_locks", "package_versions", "contents"]].concat();
    let stages = ["begin", "enter", "stage_binary", "stage_file", "check", "listen", "leave"];
    let word = call.split(' ').next().unwrap();
    !looks.contains(&word) && !stages.contains(&word)
}

/// One call of each script: its first.
fn first_of_a_script(call: &str) -> bool {
    let firsts = ["keys", "look", "places", "every_byte", "show", "begin", "enter", "listen", "commit", "leave"];
    firsts.iter().any(|first| call.split(' ').next() == Some(first))
}

fn each_call_of_a_first_deploy_fails(host: &'static str) {
    let Some(walk) = Walk::new(true) else { return };
    Walk { only: Some(host), ..walk }.each(any, |walk, host, number| walk.meets(host, number, Fault::Fails));
}

#[test]
fn each_call_of_a_first_deploy_fails_on_a_load_balancer() {
    each_call_of_a_first_deploy_fails("lb-5");
}

#[test]
fn each_call_of_a_first_deploy_fails_on_a_web_host() {
    each_call_of_a_first_deploy_fails("web-7");
}

#[test]
fn each_call_of_a_change_fails() {
    let Some(walk) = Walk::new(false) else { return };
    walk.each(any, |walk, host, number| walk.meets(host, number, Fault::Fails));
}

#[test]
fn the_power_fails_before_each_call_that_activates() {
    let Some(mut walk) = Walk::new(true) else { return };
    walk.ends_of_rows = true;
    let cut = |walk: &Walk, host: &str, number| walk.meets(host, number, Fault::PowerCut);
    walk.each(activates, cut);
}

#[test]
fn the_power_fails_before_each_other_call() {
    let Some(mut walk) = Walk::new(false) else { return };
    walk.ends_of_rows = true;
    walk.each(|call| !activates(call), |walk, host, number| walk.meets(host, number, Fault::PowerCut));
}

fn each_answer_meets(fault: Fault) {
    let Some(walk) = Walk::new(false) else { return };
    walk.each(first_of_a_script, |walk, host, number| walk.meets(host, number, fault));
}

#[test]
fn each_answer_is_lost() {
    each_answer_meets(Fault::Lost);
}

#[test]
fn each_answer_is_late() {
    each_answer_meets(Fault::Late);
}

#[test]
fn no_answer_comes_at_each_question() {
    each_answer_meets(Fault::Silent);
}

#[test]
fn each_answer_is_cut() {
    each_answer_meets(Fault::Cut(20));
}

/// At none of these bytes does a part of a script run: neither half of the functions, nor half of the calls.
#[test]
fn a_script_that_arrives_in_part_does_nothing() {
    let Some(walk) = Walk::new(false) else { return };
    for fault in [Fault::Starved(600), Fault::StarvedInCalls(5)] {
        walk.each(first_of_a_script, |walk, host, number| {
            walk.meets(host, number, fault).map_err(|why| format!("{fault:?}: {why}"))
        });
    }
}

#[test]
fn every_walk_has_somewhere_to_go() {
    let Some(walk) = Walk::new(true) else { return };
    let all =
        |wanted: fn(&str) -> bool| walk.calls.iter().flat_map(|(_, calls)| calls).filter(|call| wanted(call)).count();
    assert!(all(any) > 60 && all(first_of_a_script) > 10, "{:#?}", walk.calls);
    // And a check that finds everything good would be none.
    let end = walk.stage.deploy();
    end.is(Exit::Done, &[]);
    assert_eq!(end.codes(), Vec::<Code>::new());
    assert!(check(&walk.stage, &walk.before, &walk.before, &end).is_err(), "it is not as before");
    walk.stage.host("web-7").sh("echo active 1 2 >/var/lib/hactl/state");
    assert!(check(&walk.stage, &walk.before, &walk.after, &end).is_err(), "something is pending");
}

/// Something fails, and the way back, the commit or the next deploy fails as well.
#[test]
fn two_faults_in_a_row() {
    let Some(mut walk) = Walk::new(false) else { return };
    walk.ends_of_rows = true;
    for second in [Fault::Fails, Fault::Lost, Fault::PowerCut] {
        walk.each(activates, |walk, host, number| {
            for other in walk.stage.hosts.values() {
                other.faults.at("take_back", second);
            }
            walk.stage.host(host).faults.and_at_call(number, Fault::Fails);
            let end = walk.stage.deploy();
            let told = |why: String| format!("{second:?}: {why}\n{:?} {}", end.exit, end.said());
            check(&walk.stage, &walk.before, &walk.after, &end).map_err(told)?;
            comes_to_rest(&walk.stage, &walk.before, &walk.after, &end).map_err(told)?;
            walk.again()
        });
    }
}

/// The desk dies at every call before the commit (`members` is said in the same breath), and the next one dies as well.
#[test]
fn a_desk_that_dies_at_each_call() {
    let Some(mut walk) = Walk::new(false) else { return };
    walk.ends_of_rows = true;
    walk.each(
        |call| !["commit", "members", "leave"].iter().any(|last| call.starts_with(last)),
        |walk, host, number| {
            // What is looked at after the commit leaves the next deploy nothing to die in.
            if walk.is_committed(host, number) {
                return Ok(());
            }
            let stage = &walk.stage;
            stage.host(host).faults.at_call(number, Fault::DeskDies);
            stage.deploy_and_die();
            stage.holder_is_dead();
            stage.host("web-7").faults.at("begin", Fault::DeskDies);
            stage.deploy_and_die();
            stage.holder_is_dead();
            walk.again()
        },
    );
}

/// Where web hosts carry a VIP they have an agent, too, and change one at a time: each call of theirs fails.
#[test]
fn each_call_of_a_first_deploy_fails_on_a_web_host_that_carries_a_vip() {
    let Some(walk) = Walk::with_carriers(true) else { return };
    Walk { only: Some("web-7"), ..walk }.each(activates, |walk, host, number| walk.meets(host, number, Fault::Fails));
}

fn each_call_of_a_change_fails_on_who_carries_a_vip(host: &'static str) {
    let Some(walk) = Walk::with_carriers(false) else { return };
    let walk = Walk { only: Some(host), ends_of_rows: true, ..walk };
    walk.each(activates, |walk, host, number| walk.meets(host, number, Fault::Fails));
}

#[test]
fn each_call_of_a_change_fails_on_one_that_carries_a_vip() {
    each_call_of_a_change_fails_on_who_carries_a_vip("web-7");
}

#[test]
fn each_call_of_a_change_fails_on_the_other_that_carries_it() {
    each_call_of_a_change_fails_on_who_carries_a_vip("web-8");
}

#[test]
fn the_power_fails_on_hosts_that_carry_a_vip() {
    let Some(mut walk) = Walk::with_carriers(false) else { return };
    walk.ends_of_rows = true;
    for host in ["web-7", "web-8"] {
        walk.only = Some(host);
        walk.each(activates, |walk, host, number| walk.meets(host, number, Fault::PowerCut));
    }
}
