//! Braces that do not add up: the one that is missing is named, once, and what follows is still read.

use super::support::{faults, instance, shown};
use crate::conf::expand::surroundings::Nothing;
use crate::conf::expand::{Limits, expand};
use crate::conf::grammar::tree::{grow, regrow};
use crate::conf::parse;
use crate::conf::text::sink::Sink;

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

/// Ten thousands of real servers as a tree take more memory than all the rest: each virtual server is read by itself.
#[test]
fn virtual_servers_are_read_one_after_the_other() {
    let server = |last: u8, check: &str| {
        format!(
            "virtual_server 10.1.2.{last} 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 10.1.2.91 80 {{ {check} }} }}"
        )
    };
    let text =
        instance("") + &server(4, "TCP_CHECK {\n}") + &server(5, "weight x") + " " + &server(6, "notify_up '/x }'");
    let (source, found) = expand("f", &text, Limits::default(), &mut Nothing);
    let mut sink = Sink::over(&source, found);
    let grown = grow(&source, &mut sink);
    let blocks: Vec<_> = grown.iter().filter_map(|one| one.block.as_deref()).collect();
    assert_eq!(blocks.iter().map(|block| block.deferred).collect::<Vec<_>>(), [false, true, true, true]);
    assert!(blocks[1..].iter().all(|block| block.statements.is_empty()));
    let whole: Vec<_> = grown.iter().filter_map(|one| regrow(one, &mut sink)).collect();
    let inside = |at: usize| whole[at].block.as_ref().map(|block| block.statements.len());
    assert_eq!((whole.len(), inside(0), inside(1), inside(2)), (3, Some(4), Some(4), Some(4)));
    let parsed = parse("f", &text);
    assert_eq!(shown(&parsed), ["E 18:35 `weight x` is not in 0..=65535; 1 is used"]);
    let names: Vec<_> = parsed.config.virtual_servers.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["10.1.2.4:80", "10.1.2.5:80", "10.1.2.6:80"]);
    assert_eq!(parsed.config.virtual_servers[2].location.line, 18);
    assert_eq!(parsed.config.virtual_servers[2].real_servers[0].notify_up.as_ref().unwrap().argv, ["/x", "}"]);
}
