//! What is said about groups, weights and strict mode.

use super::support::{faults, instance, shown};
use crate::conf::parse;

fn two(groups: &str) -> String {
    let second = instance("").replace("web", "mail").replace("37", "38").replace("10.1.2.3", "10.1.2.4");
    instance("") + &second + groups
}

#[test]
fn members_exist_and_belong_to_one_group() {
    let text = two("vrrp_sync_group a {\ngroup { web\nmial }\n}\nvrrp_sync_group b {\ngroup {\nmail\nweb\n}\n}\n");
    let parsed = parse("f", &text);
    let members: Vec<_> = parsed.config.groups.iter().map(|group| group.members.join(" ")).collect();
    assert_eq!(members, ["web", "mail"]);
    assert_eq!(
        shown(&parsed),
        [
            "W 17:17 vrrp_sync_group `a` has one member: it binds nothing together",
            "E 19:1 no vrrp_instance is called `mial`; not a member of `a`",
            "W 21:17 vrrp_sync_group `b` has one member: it binds nothing together",
            "E 24:1 `web` already belongs to vrrp_sync_group `a`; ignored here",
        ]
    );
    assert_eq!(parsed.diagnostics[1].help.as_deref(), Some("did you mean `mail`?"));
}

#[test]
fn a_group_without_members_is_left_out() {
    let parsed = parse("f", &two("vrrp_sync_group a { smtp_alert }\n"));
    assert_eq!(parsed.config.groups, []);
    assert_eq!(shown(&parsed), ["W 17:17 vrrp_sync_group `a` has no members; ignored"]);
}

#[test]
fn old_forms_of_members_work() {
    for form in ["web\nmail", "web mail", "group web mail"] {
        let parsed = parse("f", &two(&format!("vrrp_sync_group a {{\n{form}\n}}\n")));
        assert_eq!(parsed.config.groups[0].members, ["web", "mail"], "{form}");
        assert_eq!(shown(&parsed), ["W 18:1 members without `group { … }` are an old form"]);
    }
}

/// Scripts c (weight 5) and d, a group of both instances, and what each tracks.
fn weighed(group: &str, web: &str) -> String {
    let scripts = "vrrp_script c {\nscript /bin/true\nweight 5\n}\nvrrp_script d { script /bin/true }\n";
    let groups = format!("{scripts}vrrp_sync_group a {{\ngroup {{ web mail }}\n{group}\n}}\n");
    two(&groups).replacen("interface", &format!("{web}\ninterface"), 1)
}

fn weights(text: &str) -> (Vec<Vec<(String, i16)>>, Vec<String>) {
    let parsed = parse("f", text);
    let of = |one: &std::sync::Arc<crate::conf::config::VrrpInstance>| {
        one.track_scripts.iter().map(|track| (track.name.clone(), track.weight)).collect()
    };
    (parsed.config.instances.iter().map(of).collect(), shown(&parsed))
}

#[test]
fn what_a_group_tracks_weighs_on_all_members() {
    let (found, said) = weights(&weighed("track_script { c\nd weight 3 }", ""));
    let both = vec![("c".to_owned(), 5), ("d".to_owned(), 3)];
    assert_eq!((found, said), (vec![both.clone(), both], Vec::<String>::new()));
}

#[test]
fn a_weight_of_one_member_alone_is_left_out() {
    let (found, said) = weights(&weighed("", "track_script { c\nd }"));
    assert_eq!(found, [vec![("d".to_owned(), 0)], vec![]], "without a weight a failure is everybody's FAULT");
    assert_eq!(
        said,
        [
            "W 3:16 `c` is not tracked: with a weight it would change the priority of `web` alone, which is in \
          vrrp_sync_group `a`",
            "W 19:1 vrrp_script `c` is tracked by no instance, so it never runs"
        ]
    );
    let (found, said) = weights(&weighed("sync_group_tracking_weight", "track_script { c\nd }"));
    assert_eq!((found[0][0].1, said), (5, Vec::new()));
    let (found, _) = weights(&weighed("track_script { c weight 7 }", "track_script { c }"));
    let seven = vec![("c".to_owned(), 7)];
    assert_eq!(found, [seven.clone(), seven], "the group's own entry counts");
}

#[test]
fn weights_that_change_nothing_are_told() {
    let limit = |priority: u8, weight: &str| {
        faults(&instance(&format!("priority {priority}\ntrack_interface {{ eth1 weight {weight} }}")))
    };
    assert_eq!(limit(1, "-5"), ["W 3:19 the weight of `eth1` changes nothing: priority 1 is at its limit"]);
    assert_eq!(limit(254, "5"), ["W 3:19 the weight of `eth1` changes nothing: priority 254 is at its limit"]);
    assert_eq!(limit(255, "-5"), ["W 3:19 the weight of `eth1` never counts: priority 255 owns the addresses"]);
    assert_eq!(limit(254, "-5"), Vec::<String>::new());
    assert_eq!(limit(255, "0"), Vec::<String>::new());
}

#[test]
fn strict_mode_takes_out_what_the_rfc_has_not() {
    let text = instance(
        "strict_mode\npreempt_delay 3\nunicast_peer { 10.1.2.9 }\nauthentication {\nauth_type PASS\nauth_pass x\n}",
    );
    let parsed = parse("f", &text);
    let found = &parsed.config.instances[0];
    assert!(found.strict && !found.accept && found.password.is_none() && found.preempt_delay.is_zero());
    assert_eq!(found.unicast_peers.len(), 1);
    assert_eq!(
        shown(&parsed),
        [
            "W 2:1 in strict mode the virtual addresses take no traffic: they do not even answer ping",
            "E 3:1 strict mode permits no `preempt_delay`; 0 is used, as in keepalived",
            "W 4:16 strict mode permits no unicast; the peers are kept all the same",
            "E 5:1 strict mode permits no authentication; ignored, as keepalived does",
        ]
    );
    let owner = parse("f", &instance("strict_mode\npriority 255"));
    assert!(owner.config.instances[0].accept && owner.diagnostics.is_empty());
    assert!(!parse("f", &instance("no_accept")).config.instances[0].accept);
}

#[test]
fn tracked_objects_are_checked() {
    let text = "track_file f {\nweight 255\n}\nvrrp_track_process p { process nginx\nparam_match some\nunit ../a\n}\n"
        .to_owned()
        + &instance("track_file { g }\ntrack_process { p weight -254 }");
    let parsed = parse("f", &text);
    assert_eq!(parsed.config.instances[0].track_processes[0].weight, -254);
    assert_eq!(
        shown(&parsed),
        [
            "E 1:12 track_file `f` has no `file`; ignored",
            "E 2:8 `weight 255` is not in -254..=254; its default is used",
            "E 5:13 unknown param_match `some`; the arguments must be exactly those given",
            "E 6:6 `../a` cannot be the name of a systemd unit; not read",
            "E 9:14 no track_file is called `g`; not tracked",
        ]
    );
}

#[test]
fn global_values_are_checked() {
    let text = "global_defs {\nvrrp_mcast_group4 10.0.0.1\nvrrp_mcast_group6 ff05::1\nstate_dump_file x\nvrrp_notify_fifo_script /bin/x\nsmtp_server a 0\nsmtp_alert\nnftables a-b\nstartup_script_timeout 0\n}\n"
        .to_owned()
        + &instance("");
    assert_eq!(
        faults(&text),
        [
            "E 2:19 `vrrp_mcast_group4 10.0.0.1` is ignored: multicast (224.0.0.0/4) addresses only",
            "E 3:19 `vrrp_mcast_group6 ff05::1` is ignored: multicast of the link (ffX2::/16) addresses only",
            "W 4:17 `state_dump_file x` is not a path from the root; ignored",
            "W 5:1 `vrrp_notify_fifo_script` without `vrrp_notify_fifo` has nothing to read; ignored",
            "W 6:1 mail is asked for, but nobody is there to get it",
            "E 6:15 port `0` is not in 1..=65535; 25 is used",
            "W 8:10 `a-b` is no table name; `hactl` is used",
            "E 9:24 `startup_script_timeout 0` is not in 1..=1000 s; 10 s is used",
        ]
    );
}
