//! The known scenarios. Each line of shell runs as root on the target.

use std::time::Duration;

use super::scenario::{Context, Fault, Measure, Outcome, Scenario, Target};
use usual::{USUAL, nothing, silence, silent_takeover};

/// Every scenario, in the order a full drill runs them.
pub const SCENARIOS: &[Scenario] = &[
    STOP,
    AGENT_KILLED,
    more::HUNG_AGENT,
    CRASH,
    more::REBOOT,
    more::BOTH_DIE,
    network::LINK,
    network::FLAPPING_CABLE,
    NGINX,
    HEARTBEAT_BLOCKED,
    network::ONE_WAY_CUT,
    network::LAN_CUT,
    network::PACKET_LOSS,
    network::DELAY,
    network::STRANGER,
    more::WRONG_PASSWORD,
    network::GATEWAY_GONE,
    network::DNS_GONE,
    more::DISK_FULL,
    more::CLOCK_STEP,
    WEB_DOWN,
];

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
    ..USUAL
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
    ..USUAL
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
    predicted: silence,
    ..USUAL
};

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
    predicted: |_| (Duration::ZERO, Duration::from_millis(60)),
    ..USUAL
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
    predicted: |context| {
        let checks = context.check_interval * context.check_fall.max(1);
        let (least, most) = silence(context);
        (least + context.check_interval * context.check_fall.saturating_sub(1), most + checks + context.restart_attempt)
    },
    ..NGINX
};

/// The scenario as it is expected to go on this cluster.
pub fn on(scenario: &'static Scenario, context: &Context) -> &'static Scenario {
    match scenario.name {
        name if name == HEARTBEAT_BLOCKED.name && !context.guarded => &HEARTBEAT_UNGUARDED,
        name if name == more::WRONG_PASSWORD.name && !context.guarded => &more::PASSWORD_UNGUARDED,
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
    ..USUAL
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
    ..USUAL
};

mod more;
mod network;
#[cfg(test)]
mod tests;
mod usual;
