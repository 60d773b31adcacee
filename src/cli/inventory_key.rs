//! What `hactl explain` tells of keys of an inventory.

use serde::Serialize;

use crate::ctl::inventory::reference::{Key, sections};

/// A key in one of the places that it may stand in.
#[derive(Debug, Serialize)]
pub(super) struct InventoryKey {
    /// Such as `vip.vrid`; what stands in capitals is a name of one's own.
    key: String,
    takes: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    example: String,
    text: String,
}

/// The keys that are called so: `vip.vrid` is one of them, `vip.auth` all in it, `vrid` wherever it may stand.
pub(super) fn find(wanted: &str) -> Vec<InventoryKey> {
    let wanted = wanted.trim();
    let sections = sections();
    let all =
        sections.iter().flat_map(|section| section.keys.0.iter().map(|(name, key)| (section.path.as_str(), name, key)));
    let whole = |path: &str, name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    };
    let told = |(path, name, key): (&str, &String, &Key)| InventoryKey {
        key: whole(path, name),
        takes: key.takes.clone(),
        default: key.default.clone(),
        example: format!("{name}: {}", key.example),
        text: key.text.0.clone(),
    };
    let by = |fits: &dyn Fn(&str, &str) -> bool| -> Vec<InventoryKey> {
        all.clone().filter(|(path, name, _)| fits(path, name)).map(told).collect()
    };
    let found = by(&|path, name| same(&whole(path, name), wanted));
    // What a mapping takes is more than that it is one.
    let inside = by(&|path, _| same(path, wanted));
    let found: Vec<InventoryKey> = found.into_iter().chain(inside).collect();
    if found.is_empty() { by(&|_, name| name == wanted) } else { found }
}

/// A name of one's own is another one in each inventory: `lb.lb-5.address` is `lb.HOST.address`.
fn same(path: &str, wanted: &str) -> bool {
    let (mut path, mut wanted) = (path.split('.'), wanted.split('.'));
    loop {
        match (path.next(), wanted.next()) {
            (None, None) => return true,
            (Some(own), Some(word))
                if own == word || own.chars().all(|c| c.is_ascii_uppercase()) && !own.is_empty() => {}
            _ => return false,
        }
    }
}

/// For people.
pub(super) fn words(one: &InventoryKey) -> String {
    let default = one.default.as_ref().map(|default| format!("  default: {default}\n")).unwrap_or_default();
    format!("{} (inventory)\n  {}\n  takes: {}\n{default}  example: {}\n", one.key, one.text, one.takes, one.example)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_by_its_path_its_section_and_its_name() {
        let keys = |wanted: &str| find(wanted).into_iter().map(|one| one.key).collect::<Vec<_>>();
        assert_eq!(keys("vip.vrid"), ["vip.vrid"]);
        assert_eq!(keys("vip.auth"), ["vip.auth", "vip.auth.pass", "vip.auth.hmac"]);
        assert_eq!(keys("lb.lb-5.address"), ["lb.HOST.address"]);
        assert_eq!(keys("max_body"), ["site.max_body", "sites.max_body", "sites.locations.max_body"]);
        assert_eq!(keys("vip.nothing"), [""; 0]);
        let text = words(&find("vip.interval")[0]);
        assert!(text.contains("default: 1s\n") && text.contains("example: interval: 200ms"), "{text}");
    }
}
