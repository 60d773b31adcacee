//! Faults of the network: cables, switches, and what is beyond them.

use std::time::Duration;

use super::usual::{USUAL, nothing, silence, silent_takeover};
use crate::ctl::drill::scenario::{Context, Fault, Measure, Outcome, Scenario, Target};
use crate::ctl::remote::quote;

pub(super) const LINK: Scenario = Scenario {
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
    predicted: silence,
    ..USUAL
};

/// The kernel forgets routes and neighbours (and, unless told to keep them, IPv6 addresses) of a link that goes down.
pub(super) fn save_routes(context: &Context) -> String {
    let link = quote(&context.interface);
    format!(
        "ip -4 route show dev {link} | grep -v 'proto kernel' > /run/hactl-drill-link.4 || true\n\
         ip -6 route show dev {link} | grep -v -e 'proto kernel' -e 'proto ra' > /run/hactl-drill-link.6 || true\n\
         ip neigh show dev {link} nud permanent > /run/hactl-drill-link.neigh || true\n\
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
         done\n\
         if [ -f /run/hactl-drill-link.neigh ]; then\n\
         \x20 while read -r address lladdr mac rest; do\n\
         \x20\x20 ip neigh replace $address lladdr $mac dev {link} nud permanent || true\n\
         \x20 done < /run/hactl-drill-link.neigh\n\
         \x20 rm -f /run/hactl-drill-link.neigh\n\
         fi"
    )
}

/// Removes a table of ours, wherever it is.
fn no_table(name: &str) -> String {
    format!("nft delete table {name} 2>/dev/null || true")
}

/// Fails where the kernel does not take this table; tried in a network namespace that ends with the try.
fn takes(table: &str) -> String {
    format!(
        "command -v nft >/dev/null || {{ echo 'there is no nft' >&2; exit 1; }}\n\
         said=$(printf '%s' {} | unshare -n nft -f - 2>&1) || \
         {{ echo \"its kernel cannot do this: $(echo \"$said\" | head -n 1)\" >&2; exit 1; }}",
        quote(table)
    )
}

/// What frames of the other load balancer are known by.
fn peer_mac(context: &Context) -> String {
    let (peer, link) = (quote(&context.peer), quote(&context.interface));
    format!(
        "ping -c 1 -W 1 {peer} >/dev/null 2>&1 || true\n\
         mac=$(ip neigh show {peer} dev {link} | sed -n 's/.*lladdr \\([0-9a-f:]*\\).*/\\1/p' | head -n 1)\n\
         if [ -z \"$mac\" ]; then echo 'it does not know the hardware address of '{peer} >&2; exit 1; fi"
    )
}

/// No frame of the other load balancer comes in.
fn drop_peer(context: &Context) -> String {
    format!(
        "echo \"table netdev hactl_drill_cut {{ chain c {{ type filter hook ingress device \\\"{}\\\" priority -300; \
         ether saddr $mac drop; }}; }}\" | nft -f -",
        context.interface
    )
}

fn cut_is_possible(_: &Context) -> String {
    takes(
        "table netdev hactl_drill_cut { chain c { type filter hook ingress device \"lo\" priority -300; \
         ether saddr 02:00:00:00:00:01 drop; }; }",
    )
}

const CUT: Fault = Fault::Shell {
    prepare: peer_mac,
    inject: drop_peer,
    undo: |_| no_table("netdev hactl_drill_cut"),
    cuts_connection: false,
};

pub(super) const ONE_WAY_CUT: Scenario = Scenario {
    name: "one-way-cut",
    title: "nothing of the owner reaches the standby any more, the other way is whole",
    expected: "two owners, since nobody can tell this from a dead owner; found and named within 5 s; one again after it",
    target: Target::Standby,
    fault: CUT,
    possible: cut_is_possible,
    outcome: Outcome::TwoOwners,
    budget: silent_takeover,
    ..USUAL
};

pub(super) const LAN_CUT: Scenario = Scenario {
    name: "lan-cut",
    title: "the LAN is cut in two between the load balancers, and clients reach both",
    expected: "two owners, since each is alone for all it knows; found and named within 5 s; one again after it",
    target: Target::Standby,
    fault: CUT,
    also: Some((Target::Owner, CUT)),
    possible: cut_is_possible,
    outcome: Outcome::TwoOwners,
    budget: silent_takeover,
    ..USUAL
};

/// How long each of the three times without a link is; there is a second with it in between.
const DOWN: Duration = Duration::from_millis(500);

pub(super) const FLAPPING_CABLE: Scenario = Scenario {
    name: "flapping-cable",
    title: "the owner's interface goes down and up three times",
    expected: "the VIP may move to the standby, and comes to rest when the cable does: never two owners, one in the end",
    target: Target::Owner,
    fault: Fault::Shell {
        prepare: save_routes,
        inject: |context| {
            let link = quote(&context.interface);
            let down = DOWN.as_secs_f64();
            format!(
                "for flap in 1 2 3; do ip link set dev {link} down; sleep {down}; ip link set dev {link} up; sleep 1; done"
            )
        },
        undo: link_up,
        cuts_connection: true,
    },
    outcome: Outcome::Settles,
    budget: |context| FLAPPING + silent_takeover(context),
    predicted: |context| (DOWN, FLAPPING + silence(context).1),
    lasts: Some(|_| FLAPPING),
    ..USUAL
};
const FLAPPING: Duration = Duration::from_secs(5);

const LOSS: &str = "table inet hactl_drill_loss { \
    chain i { type filter hook input priority -300; meta l4proto != tcp numgen random mod 100 < 30 drop; }; \
    chain o { type filter hook output priority -300; meta l4proto != tcp numgen random mod 100 < 30 drop; }; }";

pub(super) const PACKET_LOSS: Scenario = Scenario {
    name: "packet-loss",
    title: "of the standby's adverts and other datagrams 30 % are lost",
    expected: "the standby misses adverts now and then and stays backup: the owner keeps the VIP, no ping is lost",
    target: Target::Standby,
    fault: Fault::Shell {
        prepare: nothing,
        inject: |_| format!("echo {} | nft -f -", quote(LOSS)),
        undo: |_| no_table("inet hactl_drill_loss"),
        cuts_connection: false,
    },
    possible: |_| takes(LOSS),
    budget: |_| Duration::from_millis(50),
    lasts: Some(|context| context.advert * 12 + Duration::from_secs(2)),
    ..USUAL
};

pub(super) const DELAY: Scenario = Scenario {
    name: "delay",
    title: "all that the owner sends takes 100 ms longer, give or take 20",
    expected: "adverts come late, and all of them: the owner keeps the VIP, clients wait a little and lose nothing",
    target: Target::Owner,
    fault: Fault::Shell {
        prepare: nothing,
        inject: |context| format!("tc qdisc add dev {} root netem delay 100ms 20ms", quote(&context.interface)),
        undo: |context| {
            let link = quote(&context.interface);
            format!(
                "if tc qdisc show dev {link} | grep -q '^qdisc netem .* root '; then tc qdisc del dev {link} root; fi"
            )
        },
        cuts_connection: false,
    },
    // A queue that somebody has set has a handle; it could not be put back as it was.
    possible: |context| {
        format!(
            "command -v tc >/dev/null || {{ echo 'there is no tc' >&2; exit 1; }}\n\
             case $(tc qdisc show dev {link} | grep ' root') in ''|*' 0: root '*|*' 0: dev '*) ;; \
             *) echo {link}' has a queue of its own, which could not be put back as it was' >&2; exit 1;; esac\n\
             unshare -n sh -c 'ip link set lo up; tc qdisc add dev lo root netem delay 1ms' 2>/dev/null || \
             {{ echo 'its kernel has no netem (module sch_netem)' >&2; exit 1; }}",
            link = quote(&context.interface)
        )
    },
    budget: |_| Duration::from_millis(300),
    ..USUAL
};

pub(super) const STRANGER: Scenario = Scenario {
    name: "stranger",
    title: "a web host gives itself the VIP, too",
    expected: "the owner keeps the VIP; who asks meanwhile may find the stranger, and then waits until its cache forgets it",
    target: Target::Web,
    fault: Fault::Shell {
        prepare: nothing,
        inject: |context| {
            let (vip, link) = (with_prefix(context), quote(&context.interface));
            format!("echo {vip} > /run/hactl-drill-stranger\nip addr add {vip} dev {link}")
        },
        undo: |context| {
            let (vip, link) = (with_prefix(context), quote(&context.interface));
            format!(
                "if [ -f /run/hactl-drill-stranger ]; then\n\
                 \x20 ip addr del {vip} dev {link} 2>/dev/null || true\n\
                 \x20 rm -f /run/hactl-drill-stranger\n\
                 fi"
            )
        },
        cuts_connection: false,
    },
    possible: |context| {
        format!(
            "if ip -o addr show | grep -qF {}; then echo 'it has the VIP already' >&2; exit 1; fi",
            quote(&format!(" {}/", context.vip))
        )
    },
    // Linux believes an answer for up to 45 s, then asks that host again for some seconds, and then everybody.
    budget: |_| Duration::from_secs(60),
    predicted: |_| (Duration::ZERO, Duration::from_secs(55)),
    ..USUAL
};

/// The VIP as an address of its own, without a network.
fn with_prefix(context: &Context) -> String {
    quote(&format!("{}/{}", context.vip, if context.vip.contains(':') { 128 } else { 32 }))
}

/// The default gateway of this link.
fn gateway(context: &Context) -> String {
    format!(
        "gw=$(ip -4 route show default dev {} | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p' | head -n 1)",
        quote(&context.interface)
    )
}

pub(super) const GATEWAY_GONE: Scenario = Scenario {
    name: "gateway-gone",
    title: "the owner's default gateway does not answer any more",
    expected: "the owner keeps the VIP: clients of the same LAN notice nothing",
    target: Target::Owner,
    fault: Fault::Shell {
        prepare: |context| {
            format!(
                "{}\nif [ -z \"$gw\" ]; then echo 'it has no default gateway' >&2; exit 1; fi\n\
                 echo \"$gw\" > /run/hactl-drill-gateway",
                gateway(context)
            )
        },
        // Frames to it go to a hardware address that nobody has.
        inject: |context| {
            let link = quote(&context.interface);
            format!(
                "ip neigh replace \"$(cat /run/hactl-drill-gateway)\" lladdr 02:00:5e:00:53:01 dev {link} nud permanent"
            )
        },
        undo: |context| {
            let link = quote(&context.interface);
            format!(
                "if [ -f /run/hactl-drill-gateway ]; then\n\
                 \x20 ip neigh del \"$(cat /run/hactl-drill-gateway)\" dev {link} 2>/dev/null || true\n\
                 \x20 rm -f /run/hactl-drill-gateway\n\
                 fi"
            )
        },
        cuts_connection: true,
    },
    possible: |context| {
        format!(
            "{}\nif [ -z \"$gw\" ]; then echo 'it has no default gateway' >&2; exit 1; fi\n\
             if ip neigh show \"$gw\" | grep -q PERMANENT; then \
             echo 'somebody has fixed the hardware address of its gateway, and it could not be put back' >&2; exit 1; fi",
            gateway(context)
        )
    },
    budget: |_| Duration::from_millis(50),
    ..USUAL
};

const NO_NAMES: &str = "table inet hactl_drill_dns { chain o { type filter hook output priority -300; \
    udp dport { 53, 853 } drop; tcp dport { 53, 853 } drop; }; }";

pub(super) const DNS_GONE: Scenario = Scenario {
    name: "dns-gone",
    title: "the owner's name servers do not answer any more",
    expected: "nothing here asks for names to serve: the owner keeps the VIP, no request is lost",
    target: Target::Owner,
    fault: Fault::Shell {
        prepare: nothing,
        inject: |_| format!("echo {} | nft -f -", quote(NO_NAMES)),
        undo: |_| no_table("inet hactl_drill_dns"),
        cuts_connection: false,
    },
    possible: |_| takes(NO_NAMES),
    measure: Measure::Requests,
    budget: |_| Duration::from_millis(50),
    ..USUAL
};
