//! `LEDGER.md` and the tests name each other: no rule without its two cases, no case without its rule.

use std::collections::BTreeSet;
use std::path::Path;

const RULES_MIN: usize = 20;

struct Row {
    rule: String,
    keeps: Vec<String>,
    breaks: Vec<String>,
}

#[test]
fn ledger_and_tests_name_each_other() {
    let (rows, tests) = (rows(), tests());
    let named: BTreeSet<String> = rows.iter().flat_map(|row| row.keeps.iter().chain(&row.breaks)).cloned().collect();
    let no_such: Vec<_> = named.difference(&tests).collect();
    let no_rule: Vec<_> = tests.difference(&named).collect();
    assert!(no_such.is_empty(), "LEDGER.md names tests that do not exist: {no_such:#?}");
    assert!(no_rule.is_empty(), "tests that LEDGER.md does not name: {no_rule:#?}");
}

#[test]
fn every_rule_has_a_case_for_and_a_case_against() {
    let rows = rows();
    assert!(rows.len() >= RULES_MIN, "{} rules", rows.len());
    let one_sided: Vec<_> =
        rows.iter().filter(|row| row.keeps.is_empty() || row.breaks.is_empty()).map(|row| &row.rule).collect();
    assert!(one_sided.is_empty(), "{one_sided:#?}");
}

fn rows() -> Vec<Row> {
    let text = read("LEDGER.md");
    let table = text.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    table
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [place, rule, keeps, breaks] = cells[..] else { panic!("four cells are wanted: {line}") };
            Row { rule: format!("{place}: {rule}"), keeps: quoted(keeps), breaks: quoted(breaks) }
        })
        .collect()
}

fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// `file::name` of every test beside this file.
fn tests() -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    let declared = read("main.rs");
    let modules = declared.lines().filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    // The bench that the tests stand on, what is said of breaches, and this file hold no rules.
    for module in modules.filter(|module| !["rig", "said", "ledger"].contains(module)) {
        let text = read(&format!("{module}.rs"));
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if line == "#[test]" {
                let signature = lines.next().unwrap_or_default();
                let name = signature.strip_prefix("fn ").and_then(|rest| rest.split('(').next());
                tests.insert(format!("{module}::{}", name.unwrap_or_else(|| panic!("no function: {signature}"))));
            }
        }
    }
    tests
}

fn read(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
