//! The words of `import` and `takeover`.

use super::deploy::deployed;
use crate::ctl::apply::takeover::TakenOver;
use crate::ctl::import::run::Imported;

/// The inventory, or where it was written; what stays nginx's own behind it, as comments.
pub(crate) fn imported(done: &Imported) -> String {
    let mut text = done.inventory.clone();
    if !done.nginx.is_empty() {
        text.push_str("\n# Stays nginx's own:\n");
        for one in &done.nginx {
            text.push_str(&format!("#   {} {}: {}\n", one.host, one.place, one.text));
        }
    }
    if !done.files.is_empty() {
        text.push_str(&format!("\n# Written: {}\n", done.files.join(", ")));
    }
    text
}

/// What was taken over, and how to give it back.
pub(crate) fn taken_over(done: &TakenOver) -> String {
    let mut text = deployed(&done.deployed);
    if done.deployed.changed > 0 {
        let names: Vec<&str> = done.keepalived.iter().map(|one| one.host.as_str()).collect();
        text.push_str(&format!(
            "keepalived is stopped and kept ready on {}; `hactl uninstall` gives it the VIP back\n",
            names.join(" and ")
        ));
    }
    text
}
