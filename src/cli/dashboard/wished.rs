//! From a wish to an order, or to why there is none. The word that was typed counts here: a page can be made to say
//! anything.

use crate::cli::order::Order;
use crate::ctl::cluster::SecretSource;
use crate::ctl::dashboard::wish::{Refused, What, Wish};
use crate::ctl::drill::select::find;
use crate::ctl::view::known::Known;

/// What is carried out. `lab`: the hosts are those of a lab.
///
/// # Errors
/// Why it is not.
pub(super) fn order(known: &Known, wish: &Wish, lab: bool) -> Result<Order, Refused> {
    if wish.typed != wish.what.word() {
        return Err(Refused::WrongWord);
    }
    // An order connects anew, and would ask on the terminal.
    if known.cluster.managed().any(|host| matches!(host.ssh.password, Some(SecretSource::Prompt))) {
        return Err(Refused::Passwords);
    }
    match &wish.what {
        What::Failover { vip, to } => {
            let vip = known.cluster.vips.iter().find(|known| known.name == *vip && known.is_carried_by(to));
            let (vip, address) = vip.and_then(|vip| Some((vip, vip.address()?))).ok_or(Refused::Unknown)?;
            let owners = known.owners(vip, known.now_ms).names;
            let from = if owners.is_empty() { "nobody".to_owned() } else { owners.join(" and ") };
            Ok(Order::Failover { vip: vip.name.clone(), address, from, to: to.clone() })
        }
        What::Drain { host } => drain(known, host, false),
        What::Undrain { host } => drain(known, host, true),
        What::Drill { scenario } => {
            let scenario = find(scenario).filter(|known| lab || !known.needs_lab()).ok_or(Refused::Unknown)?;
            Ok(Order::Drill { name: scenario.name, title: scenario.title, expected: scenario.expected })
        }
    }
}

fn drain(known: &Known, host: &str, back: bool) -> Result<Order, Refused> {
    let server = known.cluster.backends().find(|known| known.name == host).ok_or(Refused::Unknown)?;
    if known.is_drained(server) != back {
        return Err(Refused::Unknown);
    }
    Ok(Order::Drain { host: host.to_owned(), back, by_kernel: known.cluster.lvs.is_some() })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ctl::inventory::load::parse;

    fn known(change: (&str, &str)) -> Known {
        let text = include_str!("../../../inventories/homework.yaml");
        assert!(text.contains(change.0));
        Known::new(parse(Path::new("x.yaml"), &text.replace(change.0, change.1)).unwrap().cluster)
    }

    fn asked(known: &Known, text: &str, lab: bool) -> Result<Order, Refused> {
        order(known, &serde_json::from_str(text).unwrap(), lab)
    }

    #[test]
    fn a_wish_needs_its_word_and_its_thing() {
        let known = known(("user: root", "user: root"));
        let vip = &known.cluster.vips[0].name;
        let failover =
            |to: &str, typed: &str| format!(r#"{{"do":"failover","vip":"{vip}","to":"{to}","typed":"{typed}"}}"#);
        let order = asked(&known, &failover("lb-6", "lb-6"), false).unwrap();
        assert_eq!(order.command(), format!("hactl failover --vip {vip} --to lb-6"));
        for (text, why) in [
            (failover("lb-6", "lb-5"), Refused::WrongWord),
            (failover("lb-6", ""), Refused::WrongWord),
            (failover("web-7", "web-7"), Refused::Unknown),
            (failover("lb-6", "lb-6").replace(vip, "VI_9"), Refused::Unknown),
            (r#"{"do":"drain","host":"lb-5","typed":"lb-5"}"#.into(), Refused::Unknown),
            (r#"{"do":"undrain","host":"web-7","typed":"web-7"}"#.into(), Refused::Unknown),
            (r#"{"do":"drill","scenario":"earthquake","typed":"earthquake"}"#.into(), Refused::Unknown),
            (r#"{"do":"drill","scenario":"crash","typed":"crash"}"#.into(), Refused::Unknown),
        ] {
            assert_eq!(asked(&known, &text, false).unwrap_err(), why, "{text}");
        }
        let drain = asked(&known, r#"{"do":"drain","host":"web-7","typed":"web-7"}"#, false).unwrap();
        assert_eq!(drain.command(), "hactl backend drain web-7");
        let crash = asked(&known, r#"{"do":"drill","scenario":"crash","typed":"crash"}"#, true).unwrap();
        assert!(crash.is_a_drill());
    }

    #[test]
    fn who_types_passwords_orders_on_a_terminal() {
        let known = known(("user: root", "user: root, password: prompt"));
        let text = r#"{"do":"drill","scenario":"stop","typed":"stop"}"#;
        assert_eq!(asked(&known, text, false).unwrap_err(), Refused::Passwords);
    }
}
