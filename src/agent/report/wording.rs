//! A notice as somebody far away needs it: with the node, the addresses and the time; as a mail and as JSON.

use hactl_engine::conf::config::Config;
use hactl_engine::notice::account::About;
use hactl_engine::notice::{Level, Notice, What};
use serde_json::{Value, json};

/// A notice worded for mail and webhook.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    /// When, Unix milliseconds.
    pub unix_ms: u64,
    /// One line.
    pub subject: String,
    /// Lines of text.
    pub body: String,
    /// The same for programs.
    pub json: Value,
}

impl Report {
    /// Words a notice of `node`.
    pub(crate) fn new(node: &str, notice: &Notice, config: &Config, unix_ms: u64) -> Self {
        let addresses = addresses(config, &notice.instance);
        let mut lines = vec![("time", time(unix_ms)), ("node", node.to_owned())];
        lines.extend(notice.account());
        lines.push(("addresses", addresses.join(" ")));
        let body = lines.iter().map(|(key, value)| format!("{:<11}{value}\n", format!("{key}:"))).collect();
        let mut json = json!({"node": node, "unix_ms": unix_ms, "level": level(notice.what.level()),
            "message": notice.what.to_string(), "addresses": addresses});
        if let (Value::Object(all), Value::Object(more)) = (&mut json, values(notice)) {
            all.extend(more);
        }
        Self { unix_ms, subject: format!("[{node}] {}", notice.headline()), body, json }
    }
}

/// What a program wants to know of changes; of all else it gets the message.
fn values(notice: &Notice) -> Value {
    let name = &notice.instance;
    match (&notice.what, notice.what.about()) {
        (What::Entered { from, to, reason, priority, lasted_ms }, _) => {
            json!({"kind": "transition", "instance": name, "from": from, "to": to, "reason": reason,
                "priority": priority, "lasted_ms": lasted_ms})
        }
        (What::GroupEntered { from, to, reason }, _) => {
            json!({"kind": "group_transition", "group": name, "from": from, "to": to, "reason": reason})
        }
        (What::RealServer { address, up, reason, lasted_ms }, _) => {
            json!({"kind": "real_server", "virtual_server": name, "real_server": address.to_string(), "up": up,
                "reason": reason, "lasted_ms": lasted_ms})
        }
        (What::Quorum { up, alive, quorum, sorry, begun: _ }, _) => {
            json!({"kind": "quorum", "virtual_server": name, "up": up, "alive": alive, "quorum": quorum,
                "sorry_server": sorry.map(|address| address.to_string())})
        }
        (_, About::Instance) => json!({"kind": "event", "instance": name}),
        (_, About::Group) => json!({"kind": "event", "group": name}),
        (_, About::VirtualServer) => json!({"kind": "event", "virtual_server": name}),
    }
}

/// RFC 3339 with the local offset.
pub(crate) fn time(unix_ms: u64) -> String {
    let at = i64::try_from(unix_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map_or_else(
        || unix_ms.to_string(),
        |at| at.to_zoned(jiff::tz::TimeZone::system()).strftime("%FT%T%.3f%:z").to_string(),
    )
}

/// The addresses of an instance, or of all members of a group.
fn addresses(config: &Config, name: &str) -> Vec<String> {
    let group = config.groups.iter().find(|group| group.name == name);
    let instance = config.instances.iter().find(|instance| instance.name == name);
    let members = group.filter(|_| instance.is_none()).map(|group| group.members.as_slice()).unwrap_or_default();
    config
        .instances
        .iter()
        .filter(|one| one.name == name || members.contains(&one.name))
        .flat_map(|one| one.addresses.iter().chain(&one.excluded))
        .map(|one| one.address.to_string())
        .collect()
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

#[cfg(test)]
mod tests {
    use hactl_engine::conf::config::{SyncGroup, VirtualAddress, VrrpInstance};
    use hactl_engine::control::RouterState;
    use hactl_engine::time::span;

    use super::*;

    #[test]
    fn a_change_of_state_says_all() {
        let mut instance = VrrpInstance::new("VI_1", "eth0", 51);
        instance.addresses.push(VirtualAddress::new("10.0.0.3/27".parse().unwrap()));
        let group = SyncGroup {
            name: "G1".into(),
            members: vec!["VI_1".into()],
            notify: Default::default(),
            smtp_alert: true,
            location: Default::default(),
        };
        let config = Config { instances: vec![instance.into()], groups: vec![group], ..Config::default() };
        let (from, to) = (RouterState::Backup, RouterState::Master);
        let reason = "no advert from 10.0.0.5 for 3.61 s".to_owned();
        let what = What::Entered { from, to, reason: reason.clone(), priority: 91, lasted_ms: 3_725_000 };
        let report = Report::new("lb-5", &Notice { instance: "VI_1".into(), what }, &config, 1_700_000_000_123);
        assert_eq!(report.subject, "[lb-5] VRRP instance VI_1 - entering MASTER state");
        for part in ["BACKUP -> MASTER", "3.61 s", "91", "BACKUP for 1 h 2 min", "10.0.0.3/27", "lb-5", "20.123"] {
            assert!(report.body.contains(part), "{part} is missing in {}", report.body);
        }
        assert_eq!(report.json["from"], "BACKUP");
        assert_eq!((&report.json["lasted_ms"], &report.json["level"]), (&json!(3_725_000), &json!("info")));
        let what = What::GroupEntered { from, to: RouterState::Stopped, reason };
        let report = Report::new("lb-5", &Notice { instance: "G1".into(), what }, &config, 0);
        assert_eq!(report.subject, "[lb-5] VRRP group G1 - entering STOP state");
        assert_eq!(report.json["addresses"], json!(["10.0.0.3/27"]));
    }

    #[test]
    fn spans() {
        assert_eq!([730, 302_000, 183_600_000].map(span), ["0.730 s", "5 min 2 s", "2 d 3 h"]);
    }
}
