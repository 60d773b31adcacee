//! `takeover:` of a VIP: what else only its owner has, routes and running units.

use super::document::Node;
use super::fields::Reader;
use super::nginx_words::shaped;
use crate::ctl::cluster::Vip;
use crate::error::{Code, Problem};

/// When units start, and when they stop; each is a keyword of keepalived's.
const STARTS: &str = "notify_master";
const STOPS: [&str; 3] = ["notify_backup", "notify_fault", "notify_stop"];

/// Reads it.
pub(super) fn takeover(reader: &Reader<'_>, node: &Node, vip: &mut Vip) {
    let fields = reader.fields(node, "takeover");
    if let Some(node) = fields.get("routes") {
        let items = reader.list(node).into_iter();
        vip.routes =
            items.filter_map(|item| shaped(reader, item, "routes", is_route, "default via 202.102.152.1")).collect();
    }
    let units: Vec<String> = match fields.get("start") {
        Some(node) => {
            let items = reader.list(node).into_iter();
            items.filter_map(|item| shaped(reader, item, "start", is_unit, "stunnel4.service")).collect()
        }
        None => Vec::new(),
    };
    fields.finish();
    if units.is_empty() {
        return;
    }
    let taken = [STARTS].iter().chain(&STOPS).find(|keyword| vip.notify.contains_key(**keyword));
    if let Some(keyword) = taken {
        let word = keyword.trim_start_matches("notify_");
        let problem = Problem::new(Code::TwoForms, format!("the VIP has both `takeover: start` and `notify: {word}`"))
            .why("one command runs at each change, and starting and stopping the units is that");
        reader.wrong(node.place, problem.next("do both in one script of your own, and name it in `notify`"));
        return;
    }
    let words = units.join(" ");
    vip.notify.insert(STARTS.into(), format!("/usr/bin/systemctl start {words}"));
    for keyword in STOPS {
        vip.notify.insert(keyword.into(), format!("/usr/bin/systemctl stop {words}"));
    }
}

/// Words of `ip route`: a destination, then pairs such as `via 10.0.0.1`. What they mean the agent's own reader judges.
fn is_route(text: &str) -> bool {
    let word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || ".:/-_".contains(c));
    !text.is_empty() && text.split(' ').all(word)
}

/// The name of a unit, as systemd has them.
fn is_unit(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('-') && text.chars().all(|c| c.is_ascii_alphanumeric() || "@.:_-".contains(c))
}

#[cfg(test)]
mod tests {
    use crate::ctl::inventory::load::parse;

    fn read(takeover: &str) -> Result<crate::ctl::cluster::Vip, String> {
        let vip = format!("vip: {{ address: 10.0.0.3/24, {takeover} }}");
        let text = include_str!("../../../inventories/homework.yaml").replace("vip: 10.0.0.3/24", &vip);
        let loaded = parse(std::path::Path::new("x.yaml"), &text).map_err(|failure| failure.to_string())?;
        Ok(loaded.cluster.vips.into_iter().next().unwrap())
    }

    #[test]
    fn the_owner_has_routes_and_units() {
        let vip = read("takeover: { routes: default via 10.0.0.1 dev eth1, start: [stunnel4.service, cron] }").unwrap();
        assert_eq!(vip.routes, ["default via 10.0.0.1 dev eth1"]);
        assert_eq!(vip.notify["notify_master"], "/usr/bin/systemctl start stunnel4.service cron");
        assert_eq!(vip.notify["notify_stop"], "/usr/bin/systemctl stop stunnel4.service cron");
    }

    #[test]
    fn what_would_be_another_line_is_refused() {
        for (takeover, said) in [
            ("takeover: { routes: ['default via 10.0.0.1\\n priority 255'] }", "E104"),
            ("takeover: { routes: ['default; x'] }", "E104"),
            ("takeover: { start: ['a;b'] }", "E104"),
            ("takeover: { start: ['--now'] }", "E104"),
            ("notify: { master: /bin/true }, takeover: { start: [cron] }", "E172"),
            ("takeover: { rutes: [] }", "did you mean `routes`?"),
        ] {
            let told = read(takeover).unwrap_err();
            assert!(told.contains(said), "{takeover}: {told}");
        }
    }
}
