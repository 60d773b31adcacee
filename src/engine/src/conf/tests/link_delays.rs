//! `interface_up_down_delays`.

use std::time::Duration;

use super::full::FULL;
use super::support::{clean, faults, instance};
use crate::conf::config::LinkDelay;

const MS: fn(u64) -> Duration = Duration::from_millis;

#[test]
fn a_line_an_interface() {
    let full = clean(FULL);
    assert_eq!(
        full.link_delays,
        [
            LinkDelay { interface: "eth1".into(), down: MS(250), up: MS(1500) },
            LinkDelay { interface: "eth5".into(), down: MS(500), up: MS(500) },
        ]
    );
    let promotes: Vec<&str> =
        full.instances.iter().filter(|one| one.promote_secondaries).map(|one| one.name.as_str()).collect();
    assert_eq!(promotes, ["peers"]);
}

#[test]
fn what_is_wrong_is_said() {
    for (lines, said) in [
        ("eth0", vec!["E 2:1 `eth0` has no delay; ignored"]),
        ("eth0 256", vec!["E 2:6 `256` is no delay of 0..=255 s; the line is ignored"]),
        ("eth0 1 -1", vec!["E 2:8 `-1` is no delay of 0..=255 s; the line is ignored"]),
        ("eth0 0\neth0 1", vec!["W 3:1 the delays of `eth0` were already given on line 2; these count"]),
        (
            "eth7 2",
            vec![
                "W 2:1 2 s until `eth7` counts as down is too long for `web`: others take over after some 2 s without adverts",
            ],
        ),
        ("eth7 1.99 255", vec![]),
        ("eth9 255", vec![]),
    ] {
        let text = format!("interface_up_down_delays {{\n{lines}\n}}\n{}", instance(""));
        assert_eq!(faults(&text), said, "{lines}");
    }
}
