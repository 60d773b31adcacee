//! The network namespaces of labs, by their names: how labs in different folders know of each other.

/// Begins every namespace and link of every lab.
pub const PREFIX: &str = "hl";

/// Every network namespace of this machine that has a name.
pub fn namespaces() -> impl Iterator<Item = String> {
    let entries = std::fs::read_dir("/run/netns").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

/// Whether a namespace is one of a lab, whichever it is.
pub fn of_a_lab(namespace: &str) -> bool {
    let hex = |text: &str| text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let lab = namespace.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-'));
    lab.is_some_and(|(number, _)| number.is_empty() || hex(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::layout::Layout;

    #[test]
    fn labs_know_each_other() {
        for folder in ["/var/lib/hactl-lab", "/var/lib/hactl-lab-test", "/tmp/x"] {
            assert!(of_a_lab(&Layout::at(folder.into()).namespace("switch")), "{folder}");
        }
        for other in ["hactl-lb-5", "hl", "hlan-desk", "hl12345-desk", "blue"] {
            assert!(!of_a_lab(other), "{other}");
        }
    }
}
