//! The HA configuration's template with what no key of the inventory stands for: the built-in one, and the kept lines
//! where they belong. Lines that all load balancers have stand there plainly, others for their hosts alone.

use std::collections::BTreeSet;

use crate::ctl::roles::builtin::TEMPLATES;

/// The template's name.
pub const NAME: &str = "hactl.conf.tera";

/// Lines of one host that are kept as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The host.
    pub host: String,
    /// Where they belong.
    pub target: Target,
    /// The lines; for an address the words behind it.
    pub lines: Vec<String>,
}

/// Where kept lines belong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// `global_defs`.
    Global,
    /// The `vrrp_script` of this name.
    Script(String),
    /// The instance of this name.
    Instance(String),
    /// Behind an address of an instance.
    Address(String, String),
    /// A block of its own.
    Root,
}

/// The template; `None` where nothing is kept. `hosts` are all load balancers.
pub fn template(kept: &[Kept], hosts: &[&str]) -> Option<String> {
    let (_, built_in) = TEMPLATES.iter().find(|(name, _)| *name == NAME)?;
    if kept.is_empty() {
        return None;
    }
    let mut text = (*built_in).to_owned();
    let own_user = |one: &&Kept| {
        one.target == Target::Global && one.lines.iter().any(|line| line.trim().starts_with("script_user "))
    };
    let users: BTreeSet<&str> = kept.iter().filter(own_user).map(|one| one.host.as_str()).collect();
    let others: BTreeSet<&str> = hosts.iter().copied().filter(|host| !users.contains(host)).collect();
    if users.is_empty() {
        // hactl's own setting stays for all
    } else if others.is_empty() {
        text = text.replacen(USER, "", 1);
    } else if let Some(condition) = condition(&others, hosts, None) {
        text = text.replacen(USER, &format!("\n{{%- if {condition} %}}{USER}\n{{%- endif %}}"), 1);
    }
    let mut root = String::new();
    for Piece { target, lines, hosts: of } in pieces(kept) {
        let of: BTreeSet<&str> = of.iter().map(String::as_str).collect();
        match &target {
            Target::Global => insert(&mut text, GLOBAL, &piece(condition(&of, hosts, None), &lines)),
            Target::Script(name) => {
                let which = format!("check.name == {}", quoted(name));
                insert(&mut text, SCRIPT, &piece(condition(&of, hosts, Some(which)), &lines));
            }
            Target::Instance(name) => {
                let which = format!("vip.name == {}", quoted(name));
                insert(&mut text, INSTANCE, &piece(condition(&of, hosts, Some(which)), &lines));
            }
            Target::Address(name, address) => {
                let which = format!("vip.name == {} and address == {}", quoted(name), quoted(address));
                let condition = condition(&of, hosts, Some(which)).unwrap_or_default();
                let words = format!("{{% if {condition} %}} {{% raw %}}{}{{% endraw %}}{{% endif %}}", lines.join(" "));
                text = text.replacen(ADDRESS, &format!("{ADDRESS}{words}"), 1);
            }
            Target::Root => root.push_str(&piece(condition(&of, hosts, None), &lines)),
        }
    }
    Some(format!("{}{}\n", text.trim_end_matches('\n'), root.trim_end_matches('\n')))
}

/// Where in the built-in template kept lines go: before these.
const USER: &str = "\n    script_user root";
const GLOBAL: &str = "\n    enable_script_security";
const SCRIPT: &str = "\n    script \"{{ check.command }}\"";
const INSTANCE: &str = "\n    virtual_ipaddress {";
const ADDRESS: &str = "        {{ address }}";

/// The same lines of several hosts.
struct Piece {
    target: Target,
    lines: Vec<String>,
    hosts: BTreeSet<String>,
}

/// In the order in which they come first.
fn pieces(kept: &[Kept]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for one in kept {
        match pieces.iter_mut().find(|piece| piece.target == one.target && piece.lines == one.lines) {
            Some(piece) => drop(piece.hosts.insert(one.host.clone())),
            None => pieces.push(Piece {
                target: one.target.clone(),
                lines: one.lines.clone(),
                hosts: BTreeSet::from([one.host.clone()]),
            }),
        }
    }
    pieces
}

/// When a piece stands there; `None` for always.
fn condition(of: &BTreeSet<&str>, hosts: &[&str], which: Option<String>) -> Option<String> {
    let some = hosts.iter().any(|host| !of.contains(host)) && !of.is_empty();
    let names = || of.iter().map(|host| format!("host.name == {}", quoted(host))).collect::<Vec<_>>().join(" or ");
    match (which, some) {
        (None, false) => None,
        (None, true) => Some(names()),
        (Some(which), false) => Some(which),
        (Some(which), true) if of.len() == 1 => Some(format!("{which} and {}", names())),
        (Some(which), true) => Some(format!("{which} and ({})", names())),
    }
}

/// Lines as the template has them, beginning behind the line before them.
fn piece(condition: Option<String>, lines: &[String]) -> String {
    let raw = format!("\n{{% raw %}}{}{{% endraw %}}", lines.join("\n"));
    match condition {
        None => raw,
        Some(condition) => format!("\n{{%- if {condition} %}}{raw}\n{{%- endif %}}"),
    }
}

fn insert(text: &mut String, before: &str, piece: &str) {
    if let Some(at) = text.find(before) {
        text.insert_str(at, piece);
    }
}

/// Names come of configurations: a quote in one would end the template's text.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace(['"', '\\'], ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The built-in template has the places where kept lines go.
    #[test]
    fn every_place_is_there_once() {
        let (_, built_in) = TEMPLATES.iter().find(|(name, _)| *name == NAME).unwrap();
        for place in [GLOBAL, SCRIPT, INSTANCE, ADDRESS, USER] {
            assert_eq!(built_in.matches(place).count(), 1, "{place}");
        }
    }

    #[test]
    fn lines_stand_where_they_belong_and_for_whom() {
        let kept =
            |host: &str, target: Target, line: &str| Kept { host: host.into(), target, lines: vec![line.into()] };
        let a = || Target::Instance("A".into());
        let all = [
            kept("lb-5", a(), "    garp_master_repeat 3"),
            kept("lb-6", a(), "    garp_master_repeat 3"),
            kept("lb-5", a(), "    mcast_src_ip 10.0.0.5"),
            kept("lb-5", Target::Root, "static_routes { }"),
            kept("lb-6", Target::Global, "    script_user nobody"),
            kept("lb-5", Target::Address("A".into(), "10.0.0.3/24".into()), "label eth0:1 {{ x }}"),
        ];
        let text = template(&all, &["lb-5", "lb-6"]).unwrap();
        assert!(
            text.contains("{%- if vip.name == \"A\" %}\n{% raw %}    garp_master_repeat 3{% endraw %}\n{%- endif %}"),
            "{text}"
        );
        assert!(
            text.contains("{%- if vip.name == \"A\" and host.name == \"lb-5\" %}\n{% raw %}    mcast_src_ip"),
            "{text}"
        );
        assert!(text.contains("{%- if host.name == \"lb-5\" %}\n    script_user root\n{%- endif %}"), "{text}");
        assert!(text.contains("{{ address }}{% if vip.name == \"A\" and address == \"10.0.0.3/24\" and host.name == \"lb-5\" %} {% raw %}label eth0:1 {{ x }}{% endraw %}"), "{text}");
        assert!(text.ends_with("{% raw %}static_routes { }{% endraw %}\n{%- endif %}\n"), "{text}");
        assert_eq!(template(&[], &["lb-5"]), None);
    }
}
