//! The table of docs/drills.md and its twin, made of the scenarios. `HACTL_UPDATE=1` writes it; otherwise a difference
//! fails.

use std::path::Path;

use super::said::in_chinese;
use crate::ctl::drill::judge::{foretold, shown};
use crate::ctl::drill::scenario::{Context, Target};
use crate::ctl::drill::table::SCENARIOS;

const HEADS: [&str; 2] = [
    "| drill | what breaks | where | what has to come of it | predicted | allowed |",
    "| 演练 | 弄坏什么 | 在哪里 | 应当怎样 | 预计 | 允许 |",
];

fn place(target: Target, chinese: bool) -> &'static str {
    match (target, chinese) {
        (Target::Owner, false) => "owner",
        (Target::Owner, true) => "持有者",
        (Target::Standby, false) => "standby",
        (Target::Standby, true) => "备机",
        (Target::Web, false) => "web host",
        (Target::Web, true) => "Web 主机",
    }
}

fn table(chinese: bool) -> String {
    let context = Context::default();
    let told = |text: &str| if chinese { in_chinese(text) } else { text.to_owned() };
    let mut table = format!("{}\n|---|---|---|---|---:|---:|\n", HEADS[usize::from(chinese)]);
    for one in SCENARIOS {
        let both = one.also.map(|(target, _)| format!(", {}", place(target, chinese))).unwrap_or_default();
        table.push_str(&format!(
            "| `{}` | {} | {}{both} | {} | {} | {} |\n",
            one.name,
            told(one.title),
            place(one.target, chinese),
            told(one.expected),
            foretold((one.predicted)(&context)),
            shown((one.budget)(&context)),
        ));
    }
    table
}

#[test]
fn the_table_of_drills_is_current() {
    for (name, chinese) in [("drills.md", false), ("drills.zh-CN.md", true)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name);
        let page = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = page.split_once(HEADS[usize::from(chinese)]).unwrap();
        let after = rest.split_once("|\n\n").unwrap().1;
        let current = format!("{before}{}\n{after}", table(chinese));
        if std::env::var_os("HACTL_UPDATE").is_some() {
            std::fs::write(&path, current).unwrap();
        } else {
            assert!(page == current, "docs/{name} is out of date: HACTL_UPDATE=1 cargo test --lib the_table_of_drills");
        }
    }
}

#[test]
fn every_scenario_is_told_in_chinese() {
    for one in SCENARIOS {
        for text in [one.title, one.expected] {
            assert_ne!(in_chinese(text), text, "{}: {text}", one.name);
        }
    }
}
