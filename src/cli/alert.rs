//! What docs/monitoring.md says of each alert, for `hactl explain ALERT`.

/// The page with a section for each alert.
const PAGE: &str = include_str!("../../docs/monitoring.md");
/// The same in Chinese.
const CHINESE: &str = include_str!("../../docs/monitoring.zh-CN.md");
/// What begins a section.
const HEAD: &str = "\n### ";

/// Every alert with its text.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    sections(PAGE)
}

fn sections(page: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    page.split(HEAD)
        .skip(1)
        .filter_map(|section| section.split_once("\n\n"))
        .map(|(name, text)| (name, text.trim_end()))
}

/// One of them; letters may be large or small.
pub(super) fn find(name: &str) -> Option<(&'static str, &'static str)> {
    all().find(|(known, _)| known.eq_ignore_ascii_case(name.trim()))
}

/// What the Chinese page says of an alert.
pub(super) fn in_chinese(name: &str) -> Option<&'static str> {
    sections(CHINESE).find(|(known, _)| *known == name).map(|(_, text)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_alert_of_the_rules_is_explained() {
        let rules = include_str!("../../docs/monitoring/prometheus_alerts.yaml");
        let named: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
        let mut told: Vec<&str> = all().map(|(name, _)| name).collect();
        assert_eq!(named.len(), 10);
        for name in &named {
            assert!(rules.contains(&format!("monitoring.md#{}\"", name.to_lowercase())), "{name} has no runbook_url");
        }
        told.sort_unstable();
        let mut named = named;
        named.sort_unstable();
        assert_eq!(named, told);
        assert!(named.iter().all(|name| in_chinese(name).is_some_and(|text| text.contains("`hactl"))));
        let (name, text) = find(" hactlnostandby").unwrap();
        assert!(name == "HactlNoStandby" && text.contains("`hactl status`") && !text.contains("###"), "{text}");
        assert_eq!(find("HactlNothing"), None);
    }
}
