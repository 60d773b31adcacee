//! `drill:`, what somebody asks of the cluster when it is drilled.

use std::collections::BTreeMap;

use super::document::{Node, Value};
use super::fields::Reader;
use crate::ctl::budget::{Budget, NAMES, unknown};

/// Reads `drill: { budgets: { NAME: TIME } }`, or `NAME: { gap: TIME, requests: N }`.
pub(super) fn budgets(reader: &Reader<'_>, node: &Node) -> BTreeMap<String, Budget> {
    let fields = reader.fields(node, "drill");
    let mut budgets = BTreeMap::new();
    if let Some(node) = fields.get("budgets") {
        for (key, node) in reader.fields(node, "budgets").entries {
            if !NAMES.contains(&key.name.as_str()) {
                reader.wrong(key.place, unknown(&key.name));
                continue;
            }
            budgets.insert(key.name.clone(), budget(reader, node));
        }
    }
    fields.finish();
    budgets
}

fn budget(reader: &Reader<'_>, node: &Node) -> Budget {
    if !matches!(node.value, Value::Map(_)) {
        return Budget { gap: reader.duration(node, "budget"), requests: None };
    }
    let fields = reader.fields(node, "budget");
    let budget = Budget {
        gap: fields.get("gap").and_then(|node| reader.duration(node, "gap")),
        requests: fields
            .get("requests")
            .and_then(|node| reader.number(node, "requests", 0..=1_000_000))
            .and_then(|most| usize::try_from(most).ok()),
    };
    fields.finish();
    budget
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use super::*;
    use crate::ctl::inventory::load::parse;

    const HOSTS: &str = "vip: 10.0.0.3/24\nlb: { lb-5: 10.0.0.5 }\nweb: { web-7: 10.0.0.7 }\n";

    #[test]
    fn budgets_are_read_by_scenario() {
        let text = format!("{HOSTS}drill: {{ budgets: {{ stop: 37ms, crash: {{ gap: 4.5s, requests: 250 }} }} }}\n");
        let budgets = parse(Path::new("x.yaml"), &text).unwrap().cluster.drill_budgets;
        assert_eq!(budgets["stop"], Budget { gap: Some(Duration::from_millis(37)), requests: None });
        assert_eq!(budgets["crash"], Budget { gap: Some(Duration::from_millis(4500)), requests: Some(250) });
        for (line, code) in [
            ("drill: { budgets: { stopp: 1s } }", "E611"),
            ("drill: { budgets: { stop: soon } }", "E104"),
            ("drill: { budgets: { stop: { gap: 1s, request: 3 } } }", "E102"),
            ("drill: { budget: 1s }", "E102"),
        ] {
            let failure = parse(Path::new("x.yaml"), &format!("{HOSTS}{line}\n")).map(drop).unwrap_err();
            assert!(failure.problems.iter().any(|problem| problem.code.id() == code), "{line}: {failure}");
        }
    }
}
