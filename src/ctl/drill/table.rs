//! The known scenarios. Each line of shell runs as root on the target.

use std::time::Duration;

use super::scenario::{Context, Fault, Measure, Outcome, Scenario, Target};
use crate::ctl::remote::quote;

/// Every scenario, in the order a full drill runs them.
pub const SCENARIOS: &[Scenario] = &[STOP, AGENT_KILLED, CRASH, LINK, NGINX, HEARTBEAT_BLOCKED, WEB_DOWN];

/// A takeover that nobody announced: three adverts missed, at most one of skew (RFC 9568 §6.1), and some room for
/// busy hosts.
fn silent_takeover(context: &Context) -> Duration {
    context.advert * 4 + Duration::from_millis(500)
}

fn nothing(_: &Context) -> String {
    ":".into()
}

const STOP: Scenario = Scenario {
    name: "stop",
    title: "the agent of the owner is stopped cleanly",
    expected: "the standby takes the VIP over at once: the agent announces that it leaves",
    target: Target::Owner,
    fault: Fault::Shell {
        prepare: nothing,
        inject: |_| "systemctl stop hactl-agent".into(),
        undo: |_| "systemctl start hactl-agent".into(),
        cuts_connection: false,
    },
    outcome: Outcome::TakeOver,
    measure: Measure::Pings,
    budget: |_| Duration::from_millis(50),
    lost_max: None,
};

const AGENT_KILLED: Scenario = Scenario {
    name: "agent-killed",
    title: "the agent of the owner is killed with SIGKILL",
    expected: "systemd starts it again, it goes on as owner, no ping is lost",
    target: Target::Owner,
    fault: Fault::Shell {
        prepare: nothing,
        inject: |_| "systemctl kill --kill-who=main --signal=KILL hactl-agent".into(),
        undo: |_| "systemctl start hactl-agent".into(),
        cuts_connection: false,
    },
    outcome: Outcome::Stay,
    measure: Measure::Pings,
    budget: |_| Duration::ZERO,
    lost_max: Some(|_| 0),
};

const CRASH: Scenario = Scenario {
    name: "crash",
    title: "the owner loses power",
    expected: "the standby notices the silence and takes the VIP over within three adverts and its skew",
    target: Target::Owner,
    fault: Fault::Power,
    outcome: Outcome::TakeOver,
    measure: Measure::Pings,
    budget: silent_takeover,
    lost_max: None,
};

const LINK: Scenario = Scenario {
    name: "link",
    title: "the owner's interface goes down",
    expected: "the standby takes the VIP over within three adverts and its skew; the link comes back, one owner stays",
    target: Target::Owner,
    fault: Fault::Shell {
        prepare: save_routes,
        inject: |context| format!("ip link set dev {} down", quote(&context.interface)),
        undo: link_up,
        cuts_connection: true,
    },
    outcome: Outcome::TakeOver,
    measure: Measure::Pings,
    budget: silent_takeover,
    lost_max: None,
};

/// The kernel forgets routes (and, unless told to keep them, IPv6 addresses) of a link that goes down.
fn save_routes(context: &Context) -> String {
    let link = quote(&context.interface);
    format!(
        "ip -4 route show dev {link} | grep -v 'proto kernel' > /run/hactl-drill-link.4 || true\n\
         ip -6 route show dev {link} | grep -v -e 'proto kernel' -e 'proto ra' > /run/hactl-drill-link.6 || true\n\
         keep=/proc/sys/net/ipv6/conf/{link}/keep_addr_on_down\n\
         [ ! -f $keep ] || {{ cat $keep > /run/hactl-drill-link.keep; (echo 1 > $keep) 2>/dev/null || true; }}"
    )
}

fn link_up(context: &Context) -> String {
    let link = quote(&context.interface);
    format!(
        "ip link set dev {link} up\n\
         if [ -f /run/hactl-drill-link.keep ]; then\n\
         \x20 (cat /run/hactl-drill-link.keep > /proc/sys/net/ipv6/conf/{link}/keep_addr_on_down) 2>/dev/null || true\n\
         \x20 rm -f /run/hactl-drill-link.keep\n\
         fi\n\
         for f in 4 6; do\n\
         \x20 [ -f /run/hactl-drill-link.$f ] || continue\n\
         \x20 while read -r route; do ip -$f route replace $route dev {link} || true; done < /run/hactl-drill-link.$f\n\
         \x20 rm -f /run/hactl-drill-link.$f\n\
         done"
    )
}

const NGINX: Scenario = Scenario {
    name: "nginx",
    title: "nginx of the owner is killed with SIGKILL and cannot start again",
    expected: "the agent hears of the death and gives the VIP up, and the standby takes over at once",
    target: Target::Owner,
    fault: Fault::Shell {
        prepare: nothing,
        // Not `mask --now`: systemd 219 does not know it.
        inject: |_| format!("systemctl mask --quiet --runtime nginx\n{KILL_NGINX}"),
        undo: |_| "systemctl unmask --quiet --runtime nginx\nsystemctl start nginx".into(),
        cuts_connection: false,
    },
    outcome: Outcome::TakeOver,
    measure: Measure::Requests,
    // Some milliseconds to hear of it and as many to move, seen by a request each 20 ms, and room for busy hosts.
    budget: |_| Duration::from_millis(250),
    lost_max: None,
};

/// The main process of the unit and its children, all at once, and nobody else's nginx. Not `systemctl kill`: in a
/// container that may find no control group.
const KILL_NGINX: &str = r#"main=$(systemctl show -p MainPID nginx)
main=${main#MainPID=}
if [ "${main:-0}" -le 1 ]; then
  echo "nginx does not run" >&2
  exit 1
fi
pids=$main
for one in /proc/[0-9]*/stat; do
  read -r pid name state parent rest 2>/dev/null <"$one" || continue
  [ "$parent" != "$main" ] || pids="$pids $pid"
done
kill -KILL $pids"#;

/// With a check that only lowers the priority nobody watches the process.
static NGINX_CHECKED: Scenario = Scenario {
    expected: "the check fails to restart nginx, the owner's priority falls and the standby takes over",
    // Up to one interval before each check that counts, the attempt to restart, the wait of a standby that now is the
    // better one.
    budget: |context| {
        (context.check_interval + context.restart_attempt) * context.check_fall.max(1) + silent_takeover(context)
    },
    ..NGINX
};

/// The scenario as it is expected to go on this cluster.
pub fn on(scenario: &'static Scenario, context: &Context) -> &'static Scenario {
    match scenario.name {
        name if name == HEARTBEAT_BLOCKED.name && !context.guarded => &HEARTBEAT_UNGUARDED,
        name if name == NGINX.name && !context.watched => &NGINX_CHECKED,
        _ => scenario,
    }
}

/// Plain VRRP, with the role's guard switched off.
static HEARTBEAT_UNGUARDED: Scenario = Scenario {
    expected: "two owners, found and named by verify within 5 s; one owner again after the block ends",
    outcome: Outcome::TwoOwners,
    // Both answer, so that clients notice nothing until the standby steps back, which must not cost more than an
    // unannounced takeover.
    budget: silent_takeover,
    ..HEARTBEAT_BLOCKED
};

const HEARTBEAT_BLOCKED: Scenario = Scenario {
    name: "heartbeat-blocked",
    title: "a firewall drops VRRP towards the standby",
    expected: "the standby finds that the owner still answers and stays backup: one owner all the time, no ping is lost",
    target: Target::Standby,
    fault: Fault::Shell {
        prepare: nothing,
        inject: |_| {
            "if command -v nft >/dev/null; then\n\
             \x20 echo 'table inet hactl_drill { chain input { type filter hook input priority -300; policy accept; \
             meta l4proto 112 drop; }; }' | nft -f -\n\
             else\n\
             \x20 iptables -I INPUT -p 112 -m comment --comment hactl-drill -j DROP\n\
             fi"
            .into()
        },
        undo: |_| {
            "if command -v nft >/dev/null; then\n\
             \x20 nft delete table inet hactl_drill 2>/dev/null || true\n\
             else\n\
             \x20 iptables -D INPUT -p 112 -m comment --comment hactl-drill -j DROP 2>/dev/null || true\n\
             fi"
            .into()
        },
        cuts_connection: false,
    },
    outcome: Outcome::Stay,
    measure: Measure::Pings,
    budget: |_| Duration::from_millis(50),
    lost_max: None,
};

const WEB_DOWN: Scenario = Scenario {
    name: "web-down",
    title: "nginx of one web host stops",
    expected: "the other web hosts answer: no request is lost beyond the max_fails that nginx needs to notice",
    target: Target::Web,
    fault: Fault::Shell {
        prepare: nothing,
        inject: |_| "systemctl stop nginx".into(),
        undo: |_| "systemctl start nginx".into(),
        cuts_connection: false,
    },
    outcome: Outcome::Stay,
    measure: Measure::Requests,
    budget: |_| Duration::from_secs(1),
    lost_max: Some(|context| usize::try_from(context.max_fails).unwrap_or(usize::MAX)),
};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;

    use super::super::scenario::Step;
    use super::*;

    fn context() -> Context {
        Context { interface: "bond0.37".into(), advert: Duration::from_millis(700), ..Context::default() }
    }

    #[test]
    fn names_are_unique_and_every_sentence_is_there() {
        let names: BTreeSet<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), SCENARIOS.len());
        assert!(SCENARIOS.iter().all(|scenario| !scenario.title.is_empty() && !scenario.expected.is_empty()));
    }

    #[test]
    fn every_shell_step_is_valid_shell() {
        for scenario in SCENARIOS {
            let plan = scenario.plan(&context(), None);
            for step in [plan.inject, plan.restore] {
                let Step::Shell(script) = step else { continue };
                let output = Command::new("sh").args(["-n", "-c", &script]).output().unwrap();
                assert!(output.status.success(), "{}: {script}\n{output:?}", scenario.name);
            }
        }
    }

    #[test]
    fn the_main_process_and_its_children_are_killed_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let run = |main: &str| {
            let fake = format!("#!/bin/sh\necho MainPID={main}\n");
            std::fs::write(at("fake"), fake).unwrap();
            let script = format!("set -e\nsystemctl() {{ sh '{}'; }}\n{KILL_NGINX}", at("fake").display());
            Command::new("sh").args(["-c", &script]).output().unwrap()
        };
        let stopped = run("0");
        assert_eq!(stopped.status.code(), Some(1), "not this process and its group");
        assert!(String::from_utf8_lossy(&stopped.stderr).contains("nginx does not run"));
        let line = format!("sleep 600 & echo $! >{0}.new; mv {0}.new {0}; wait", at("child").display());
        let mut main = Command::new("sh").args(["-c", &line]).spawn().unwrap();
        let end = std::time::Instant::now() + Duration::from_secs(30);
        while !at("child").exists() {
            assert!(std::time::Instant::now() < end, "it never started");
            std::thread::sleep(Duration::from_millis(10));
        }
        let child = std::fs::read_to_string(at("child")).unwrap();
        let killed = run(&main.id().to_string());
        assert!(killed.status.success(), "{killed:?}");
        assert!(!main.wait().unwrap().success());
        let stat = format!("/proc/{}/stat", child.trim());
        let lives = || std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(") Z"));
        while lives() {
            assert!(std::time::Instant::now() < end, "the child lives");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Runs the steps of a shell fault in a network namespace of its own; the host is not touched.
    #[test]
    fn the_firewall_block_is_made_and_undone_twice_without_harm() {
        let Fault::Shell { inject, undo, .. } = HEARTBEAT_BLOCKED.fault else { panic!("a shell fault") };
        let (inject, undo) = (inject(&context()), undo(&context()));
        let list = "nft list tables";
        let script = format!("set -e\n{inject}\n{list}\necho undone\n{undo}\n{undo}\n{list}");
        let output = Command::new("unshare").args(["-n", "sh", "-c", &script]).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if err.contains("not permitted") || err.contains("not found") {
            eprintln!("skipped: needs root, unshare and nft ({err})");
            return;
        }
        assert!(output.status.success(), "{out}{err}");
        assert_eq!(out.lines().collect::<Vec<_>>(), ["table inet hactl_drill", "undone"]);
    }

    #[test]
    fn the_link_gets_its_routes_back() {
        let Fault::Shell { inject, undo, .. } = LINK.fault else { panic!("a shell fault") };
        let (save, inject, undo) = (save_routes(&context()), inject(&context()), undo(&context()));
        let script = format!(
            "set -e\nmount -t tmpfs none /run\nip link add bond0.37 type veth peer name peer0\n\
             ip addr add 10.9.0.2/27 dev bond0.37\nip link set bond0.37 up\nip link set peer0 up\n\
             ip route add default via 10.9.0.1\n{save}\n{inject}\nip route\necho undone\n{undo}\n{undo}\n\
             ip route show default"
        );
        let output = Command::new("unshare").args(["-n", "-m", "sh", "-c", &script]).output().unwrap();
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if err.contains("not permitted") {
            eprintln!("skipped: needs root ({err})");
            return;
        }
        assert!(output.status.success(), "{out}{err}");
        let lines: Vec<_> = out.lines().map(str::trim_end).collect();
        assert_eq!(lines, ["undone", "default via 10.9.0.1 dev bond0.37"], "{err}");
    }

    #[test]
    fn budgets_follow_the_advert_interval() {
        let budget = |name: &str, advert: u64| {
            let context = Context { advert: Duration::from_millis(advert), ..context() };
            let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name).unwrap();
            scenario.plan(&context, None).budget.as_millis()
        };
        assert_eq!((budget("link", 1000), budget("link", 100)), (4500, 900));
        assert_eq!((budget("crash", 1000), budget("stop", 1000), budget("agent-killed", 1000)), (4500, 50, 0));
        assert_eq!(budget("nginx", 1000), 250);
        let checked = on(&NGINX, &Context { watched: false, ..context() });
        assert_eq!(checked.plan(&context(), None).budget.as_millis(), 3000 + 4 * 700 + 500);
        assert_eq!(on(&NGINX, &context()).expected, NGINX.expected);
    }

    #[test]
    fn a_budget_of_the_user_replaces_the_own_one_but_not_the_time_to_see_the_effect() {
        let plan = CRASH.plan(&context(), Some(Duration::from_millis(5)));
        assert_eq!(plan.budget, Duration::from_millis(5));
        assert!(plan.hold > silent_takeover(&context()));
    }

    #[test]
    fn the_link_comes_back_by_itself_when_the_fault_is_over() {
        let plan = LINK.plan(&context(), None);
        let Step::Shell(script) = plan.inject else { panic!("link is a shell fault") };
        assert!(script.contains("setsid sh -c 'sleep 0.3; ip link set dev bond0.37 down' "), "{script}");
        assert!(script.contains(&format!("--on-active={} ", plan.hold.as_secs_f64().ceil())), "{script}");
    }
}
