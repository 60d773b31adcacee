//! Braces that do not add up: the one that is missing is named, once, and what follows is still read.

use super::super::parse;
use super::support::{faults, shown};

const TWO: &str = "vrrp_script c {
    script /bin/true
}
vrrp_instance a {
    interface eth0
    virtual_router_id 37
    virtual_ipaddress {
        10.0.0.3/27
    }
    track_script {
        c
    }
}
vrrp_instance b {
    interface eth0
    virtual_router_id 91
    virtual_ipaddress {
        10.0.0.4/27
    }
}
";

fn without_line(number: usize) -> String {
    TWO.lines().enumerate().filter(|(at, _)| at + 1 != number).map(|(_, line)| format!("{line}\n")).collect()
}

#[test]
fn every_missing_brace_is_named_at_its_opening_one() {
    // (line of the `}` taken away, place of the `{` it belonged to)
    for (gone, open) in [(3, "1:15"), (9, "7:23"), (12, "10:18"), (13, "4:17"), (19, "17:23"), (20, "14:17")] {
        let parsed = parse("ha.conf", &without_line(gone));
        let instances: Vec<_> = parsed.config.instances.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(shown(&parsed), [format!("E {open} this `{{` is never closed")], "without line {gone}");
        assert_eq!(instances, ["a", "b"], "without line {gone}");
    }
}

#[test]
fn flat_files_name_the_block_that_a_new_one_cuts_off() {
    let flat: String = without_line(9).lines().map(|line| format!("{}\n", line.trim_start())).collect();
    assert_eq!(faults(&flat), ["E 7:19 this `{` is never closed"]);
    let flat: String = without_line(13).lines().map(|line| format!("{}\n", line.trim_start())).collect();
    assert_eq!(faults(&flat), ["E 4:17 this `{` is never closed"]);
}

#[test]
fn a_stray_brace_is_named_and_skipped() {
    let text = TWO.replace("vrrp_instance b", "}\nvrrp_instance b");
    let parsed = parse("ha.conf", &text);
    assert_eq!(shown(&parsed), ["E 14:1 `}` without a `{` that it could close"]);
    assert_eq!(parsed.config.instances.len(), 2);
}

#[test]
fn a_block_without_a_keyword_is_skipped() {
    let said = faults(&format!("{{\nx y\n}}\n{TWO}"));
    assert_eq!(said, ["E 1:1 `{` without a keyword before it; what it holds is ignored"]);
}

#[test]
fn endless_nesting_ends() {
    let deep = "a {\n".repeat(100_000);
    let said = faults(&deep);
    assert!(said.iter().any(|one| one == "E 17:3 blocks nest deeper than 16; this one is ignored"), "{}", said.len());
    let closed = deep + &"}\n".repeat(100_000) + TWO;
    assert_eq!(parse("x", &closed).config.instances.len(), 2);
}
