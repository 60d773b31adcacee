//! `takeover:` of a VIP: what else only its owner has, routes and running units, and scripts that are told.

use super::document::Node;
use super::fields::Reader;
use super::nginx_words::shaped;
use crate::ctl::cluster::Vip;

/// Reads it.
pub(super) fn takeover(reader: &Reader<'_>, node: &Node, vip: &mut Vip) {
    let fields = reader.fields(node, "takeover");
    if let Some(node) = fields.get("routes") {
        let items = reader.list(node).into_iter();
        vip.routes =
            items.filter_map(|item| shaped(reader, item, "routes", is_route, "default via 202.102.152.1")).collect();
    }
    let words = |key, fits: fn(&str) -> bool, example| -> Vec<String> {
        let items = fields.get(key).map(|node| reader.list(node)).unwrap_or_default().into_iter();
        items.filter_map(|item| shaped(reader, item, key, fits, example)).collect()
    };
    let units = words("start", is_unit, "stunnel4.service");
    let scripts = words("scripts", is_script, "/usr/local/bin/on-owner");
    fields.finish();
    vip.takeover_start = steps(&units, &scripts, "start");
    vip.takeover_stop = steps(&units, &scripts, "stop");
    vip.takeover_stop.reverse();
}

/// What is done at a change: units start before scripts are told, and are there until those were told of the end. A
/// step that fails keeps nobody from the next.
fn steps(units: &[String], scripts: &[String], verb: &str) -> Vec<String> {
    let units = (!units.is_empty()).then(|| format!("/usr/bin/systemctl {verb} {}", units.join(" ")));
    units.into_iter().chain(scripts.iter().map(|script| format!("{script} {verb}"))).collect()
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

/// A program by its whole path, with words that no shell takes for something else.
fn is_script(text: &str) -> bool {
    text.starts_with('/') && text.chars().all(|c| c.is_ascii_alphanumeric() || " @.:/_=,+-".contains(c))
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
        assert_eq!(vip.takeover_start, ["/usr/bin/systemctl start stunnel4.service cron"]);
        assert_eq!(vip.takeover_stop, ["/usr/bin/systemctl stop stunnel4.service cron"]);
    }

    #[test]
    fn scripts_are_told_after_units_start_and_before_they_stop() {
        let vip = read("takeover: { start: [cron], scripts: [/usr/local/bin/one -v, /opt/two] }").unwrap();
        assert_eq!(
            vip.takeover_start,
            ["/usr/bin/systemctl start cron", "/usr/local/bin/one -v start", "/opt/two start"]
        );
        assert_eq!(vip.takeover_stop, ["/opt/two stop", "/usr/local/bin/one -v stop", "/usr/bin/systemctl stop cron"]);
        let both = read("notify: { stop: /bin/true }, takeover: { scripts: [/opt/two] }").unwrap();
        assert_eq!(
            (&both.takeover_stop[..], &*both.notify["notify_stop"]),
            (&["/opt/two stop".to_owned()][..], "/bin/true")
        );
    }

    #[test]
    fn what_would_be_another_line_is_refused() {
        for (takeover, said) in [
            ("takeover: { routes: ['default via 10.0.0.1\\n priority 255'] }", "E104"),
            ("takeover: { routes: ['default; x'] }", "E104"),
            ("takeover: { start: ['a;b'] }", "E104"),
            ("takeover: { start: ['--now'] }", "E104"),
            ("takeover: { scripts: [on-owner] }", "E104"),
            ("takeover: { scripts: [\"/opt/two 'x'\"] }", "E104"),
            ("takeover: { scripts: [/opt/two; reboot] }", "E104"),
            ("takeover: { rutes: [] }", "did you mean `routes`?"),
        ] {
            let told = read(takeover).unwrap_err();
            assert!(told.contains(said), "{takeover}: {told}");
        }
    }
}
