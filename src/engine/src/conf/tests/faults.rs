//! What is said about a wrong file: each fault once, where it stands, and what is used instead.

use std::time::Duration;

use super::support::{faults, instance, one};
use crate::conf::parse;

#[test]
fn values_outside_their_range_fall_back() {
    let (found, said) = one(&instance("priority 300\nadvert_int 0\npreempt_delay 1001\ngarp_master_repeat 0"));
    assert_eq!((found.priority, found.advert_interval), (100, Duration::from_secs(1)));
    assert_eq!((found.preempt_delay, found.announcement.repeat), (Duration::ZERO, 5));
    assert_eq!(
        said,
        [
            "E 2:10 `priority 300` is not in 1..=255; 100 is used",
            "E 3:12 `advert_int 0` is not in 0.01..=255 s; 1 s is used",
            "E 4:15 `preempt_delay 1001` is not in 0..=1000 s; 0 is used",
            "E 5:20 `garp_master_repeat 0` is not in 1..=255; 5 is used",
        ]
    );
}

#[test]
fn a_misspelt_keyword_is_guessed() {
    let parsed = parse("ha.conf", &instance("prioritty 37"));
    let fault = &parsed.diagnostics[0];
    assert_eq!(fault.message, "unknown keyword `prioritty` in vrrp_instance");
    assert_eq!(fault.help.as_deref(), Some("did you mean `priority`?"));
    assert_eq!(fault.location.as_ref().map(ToString::to_string).as_deref(), Some("ha.conf:2:1"));
    assert_eq!(fault.location.as_ref().map(|at| at.length), Some(9));
    assert_eq!(parsed.diagnostics.len(), 1);
}

#[test]
fn a_misspelt_block_is_one_fault() {
    let text = instance("").replace("vrrp_instance", "vrrp_instnce");
    let parsed = parse("ha.conf", &text);
    assert_eq!(parsed.diagnostics.len(), 1);
    assert_eq!(parsed.diagnostics[0].help.as_deref(), Some("did you mean `vrrp_instance`?"));
}

#[test]
fn a_misplaced_keyword_is_sent_home() {
    let parsed = parse("ha.conf", "priority 37\n");
    assert_eq!(parsed.diagnostics[0].message, "`priority` does not belong in the file");
    assert_eq!(parsed.diagnostics[0].help.as_deref(), Some("it belongs in vrrp_instance; is a `}` too early?"));
}

#[test]
fn what_an_instance_cannot_be_without() {
    let parsed = parse("ha.conf", "vrrp_instance a {\npriority 37\nvirtual_ipaddress { 10.0.0.3/27 }\n}");
    assert_eq!(parsed.config.instances, []);
    assert_eq!(
        super::support::shown(&parsed),
        [
            "E 1:15 vrrp_instance `a` has no `virtual_router_id`; the instance is ignored",
            "E 1:15 vrrp_instance `a` has no `interface`; the instance is ignored",
        ]
    );
    let wrong = instance("").replace("virtual_router_id 37", "virtual_router_id 256");
    let parsed = parse("ha.conf", &wrong);
    assert_eq!(parsed.config.instances, []);
    assert_eq!(
        super::support::shown(&parsed),
        ["E 4:19 `virtual_router_id 256` is not in 1..=255; the instance is ignored"]
    );
}

#[test]
fn a_virtual_router_id_serves_one_instance_an_interface() {
    let second = instance("").replace("web", "mail").replace("10.1.2.3", "10.1.2.4");
    let parsed = parse("ha.conf", &(instance("") + &second));
    assert_eq!(parsed.config.instances.len(), 1);
    assert_eq!(
        super::support::shown(&parsed),
        ["E 12:1 virtual_router_id 37 is already used on eth7 by `web`; ignored"]
    );
}

#[test]
fn names_and_addresses_exist_once() {
    let same_name = instance("").replace("37", "38");
    assert_eq!(faults(&(instance("") + &same_name)), ["E 9:15 vrrp_instance `web` exists already on line 1; ignored"]);
    let same_address = same_name.replace("web", "mail");
    assert_eq!(
        faults(&(instance("") + &same_address)),
        ["W 14:1 `10.1.2.3` belongs to `web`, too: it goes when neither is master"]
    );
    let twice = instance("").replace("10.1.2.3/27", "10.1.2.3/27\n10.1.2.3/26");
    assert_eq!(faults(&twice), ["W 7:1 `10.1.2.3` is listed twice; this line is ignored"]);
    let script = "vrrp_script c { script /bin/true }\nvrrp_script c { script /bin/false }\n";
    assert_eq!(
        faults(&(script.to_owned() + &instance("track_script { c }"))),
        ["E 2:13 vrrp_script `c` exists already on line 1; ignored"]
    );
}

#[test]
fn an_undefined_script_is_guessed_and_not_tracked() {
    let text = instance("track_script {\nchek_web weight 5\n}") + "vrrp_script check_web { script /bin/true }\n";
    let parsed = parse("ha.conf", &text);
    assert_eq!(parsed.config.instances[0].track_scripts, []);
    assert_eq!(parsed.diagnostics[0].message, "no vrrp_script is called `chek_web`; not tracked");
    assert_eq!(parsed.diagnostics[0].help.as_deref(), Some("did you mean `check_web`?"));
    assert_eq!(
        super::support::shown(&parsed)[1],
        "W 11:1 vrrp_script `check_web` is tracked by no instance, so it never runs"
    );
}

#[test]
fn a_script_without_a_command_is_one_fault() {
    let text = instance("track_script { c }") + "vrrp_script c { interval 5 }\n";
    assert_eq!(faults(&text), ["E 9:13 vrrp_script `c` has no `script`; ignored"]);
}

#[test]
fn a_script_is_one_word() {
    let text = "vrrp_script c { script /bin/kill -0 nginx }\n".to_owned() + &instance("track_script { c }");
    let parsed = parse("ha.conf", &text);
    assert_eq!(parsed.config.scripts[0].command, ["/bin/kill"]);
    assert_eq!(super::support::shown(&parsed), ["W 1:34 `-0` is not part of the command: only the first word is"]);
}

#[test]
fn weights_have_their_range_and_words() {
    let text = "vrrp_script c {\nscript /bin/true\nweight -254\n}\n".to_owned()
        + &instance("track_script { c weight 253 reversed }\ntrack_interface { eth0 wieght 3 }");
    assert_eq!(
        faults(&text),
        [
            "E 3:8 `weight -254` is not in -253..=253; 0 is used",
            "E 6:29 unknown word `reversed` after a weight",
            "E 7:24 unknown option `wieght` of `eth0`",
        ]
    );
}

#[test]
fn weights_without_preemption_move_nothing() {
    let (_, said) = one(&instance("nopreempt\ntrack_interface { eth0 weight -5 }"));
    assert_eq!(said, ["W 2:1 with `nopreempt` the weight of `eth0` never moves the addresses"]);
}

#[test]
fn addresses_are_checked_one_by_one() {
    let text = instance("").replace(
        "10.1.2.3/27",
        "10.1.2.3\n10.1.2.300/27\n10.1.2.4/33\nfe80::7/64\n10.1.2.5/27 10.1.2.6/27\n10.1.2.7/27 lable x\n10.1.2.8/27 dev",
    );
    let (found, said) = one(&text);
    assert_eq!(found.addresses.len(), 4);
    assert_eq!(found.addresses[0].address.prefix_len(), 32);
    assert_eq!(
        said,
        [
            "W 6:1 `10.1.2.3` has no prefix length; /32 is used",
            "E 7:1 `10.1.2.300/27` is not an IP address with a prefix length; ignored",
            "E 8:1 `10.1.2.4/33` is not an IP address with a prefix length; ignored",
            "E 9:1 `fe80::7` is of another family than the first address; ignored",
            "E 10:13 `10.1.2.6/27` is ignored: only the first address of a line is read",
            "E 11:13 unknown option `lable` of an address",
            "E 11:19 unknown option `x` of an address",
            "E 12:13 `dev` needs a value",
        ]
    );
}

#[test]
fn address_options_are_checked() {
    let text = instance("").replace(
        "10.1.2.3/27",
        "10.1.2.3/27 label eth7:much-too-long scope galaxy brd x\n10.1.2.4/27 dev interface-with-a-long-name home peer fe80::1 preferred_lft x",
    );
    assert_eq!(
        faults(&text),
        [
            "E 6:19 `label eth7:much-too-long` is ignored: a label has 1 to 15 bytes",
            "E 6:44 unknown scope `galaxy`; global is used",
            "E 6:55 `brd x` is ignored: not an IPv4 address, `+` or `-`",
            "E 7:17 `interface-with-a-long-name` is no interface name: 1 to 15 bytes without `/`",
            "E 7:54 `peer fe80::1` is ignored: it is of another family",
            "E 7:76 `preferred_lft x` is ignored: neither whole seconds nor `forever`",
        ]
    );
}

#[test]
fn authentication_must_be_complete() {
    let said = |lines: &str| one(&instance(&format!("authentication {{\n{lines}\n}}"))).1;
    assert_eq!(said("auth_type PASS"), ["E 2:1 `authentication` has no `auth_pass`; adverts carry no authentication"]);
    assert_eq!(said("auth_pass x"), ["E 3:11 `auth_pass` without `auth_type`; adverts carry no authentication"]);
    assert_eq!(said("auth_type AH\nauth_pass x").len(), 1);
    assert_eq!(said("auth_type PASS auth_pass x"), ["W 3:16 `auth_pass` is not read: `auth_type` is already complete"]);
}

#[test]
fn shapes_are_checked() {
    let said = |lines: &str| one(&instance(lines)).1;
    assert_eq!(said("track_script"), ["E 2:1 `track_script` needs a block"]);
    assert_eq!(said("priority 37 {\n}"), ["E 2:13 `priority` takes no block; the block is ignored"]);
    assert_eq!(said("priority"), ["E 2:1 `priority` needs a value"]);
    assert_eq!(said("priority 37 38"), ["W 2:13 `38` is not read: `priority` is already complete"]);
    assert_eq!(said("priority 37\npriority 91"), ["W 3:1 `priority` was already given on line 2; this one counts"]);
    assert_eq!(faults("vrrp_instance {\n}"), ["E 1:1 `vrrp_instance` needs a name; ignored"]);
}

#[test]
fn an_instance_without_addresses_and_a_file_without_anything() {
    let text = "vrrp_instance a {\ninterface eth7\nvirtual_router_id 37\n}";
    assert_eq!(faults(text), ["W 1:15 vrrp_instance `a` has no virtual address"]);
    assert_eq!(faults("# nothing\n"), ["W - nothing is configured"]);
}

#[test]
fn faults_come_in_file_order() {
    let text = "vrrp_instance a {\nstate SLAVE\nprioritty 3\nvirtual_ipaddress { 10.0.0.3 }\ninterface \"eth0\n}\n";
    let lines: Vec<usize> =
        parse("x", text).diagnostics.iter().filter_map(|one| one.location.as_ref()).map(|at| at.line).collect();
    assert!(lines.is_sorted(), "{lines:?}");
    assert_eq!(lines, [1, 2, 3, 4, 5]);
}

#[test]
fn a_name_is_tracked_once_and_a_peer_spoken_to_once_across_blocks() {
    let lines =
        "track_interface { eth0 }\ntrack_interface { eth0 }\nunicast_peer { 10.1.2.9 }\nunicast_peer { 10.1.2.9 }";
    let (found, said) = one(&instance(lines));
    assert_eq!((found.track_interfaces.len(), found.unicast_peers.len()), (1, 1));
    assert_eq!(said, ["W 3:19 `eth0` is tracked twice; this line is ignored", "W 5:16 peer 10.1.2.9 is listed twice"]);
}
