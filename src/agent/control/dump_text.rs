//! keepalived.data and keepalived.stats: the words that scripts around keepalived look for, in its order.

use std::fmt::Write as _;

use hactl_engine::conf::config::{Config, Version, VirtualAddress, VrrpInstance};
use hactl_engine::control::{AgentStatus, InstanceStatus, RouterState};
use hactl_engine::notice::state_name;

use crate::agent::report::wording::time;

/// The configuration and the state.
pub(crate) fn data(config: &Config, status: &AgentStatus) -> String {
    let mut lines = Lines { outdent: 1, ..Lines::default() };
    lines.say(0, "------< Global definitions >------");
    lines.field(1, "Router ID", config.global.router_id.as_deref().unwrap_or("(host name)"));
    if let Some(mail) = &config.global.mail {
        lines.field(1, "Smtp server", &mail.host);
        lines.field(1, "Smtp server port", mail.port);
        lines.field(1, "Smtp server connection timeout", mail.connect_timeout.as_secs());
        lines.say(1, "Email notification");
        mail.recipients.iter().for_each(|recipient| lines.say(2, recipient));
    }
    lines.field(1, "Script security", if config.global.enable_script_security { "enabled" } else { "disabled" });
    lines.field(1, "Version", format_args!("hactl {}", status.version));
    lines.say(0, "------< VRRP Topology >------");
    for one in &status.instances {
        if let Some(instance) = config.instances.iter().find(|instance| instance.name == one.name) {
            topology(&mut lines, instance, one);
        }
    }
    if !status.groups.is_empty() {
        lines.say(0, "------< VRRP Sync groups >------");
    }
    for group in &status.groups {
        lines.field(1, "VRRP Sync Group", format_args!("{}, {}", group.name, state_name(group.state)));
        lines.say(2, "VRRP member instances :");
        group.members.iter().for_each(|member| lines.say(3, member));
    }
    tracked(&mut lines, config, status);
    lines.text
}

fn topology(lines: &mut Lines, instance: &VrrpInstance, status: &InstanceStatus) {
    lines.field(1, "VRRP Instance", &instance.name);
    let (version, unit) = match instance.version {
        Version::V2 => (2, "sec"),
        Version::V3 => (3, "milli-sec"),
    };
    lines.field(2, "VRRP Version", version);
    if let Some(group) = &status.group {
        lines.field(2, "Sync group", group);
    }
    lines.field(2, "State", state_name(status.state));
    lines.field(2, "Wantstate", state_name(status.state));
    for fault in &status.fault_reasons {
        lines.field(2, "Fault reason", fault);
    }
    let at = status.last_transition.unwrap_or_default();
    lines.field(2, "Last transition", format_args!("{}.{:06} ({})", at / 1000, at % 1000 * 1000, time(at)));
    lines.field(2, "Interface", &status.interface);
    if let Some(vmac) = &instance.vmac {
        lines.field(2, "Using VMAC", &vmac.name);
    }
    if let Some(source) = instance.source {
        lines.field(2, "Using src_ip", source);
    }
    lines.field(2, "Virtual Router ID", instance.vrid);
    lines.field(2, "Priority", instance.priority);
    lines.field(2, "Effective priority", status.effective_priority);
    lines.field(2, "Total priority", status.effective_priority);
    if let Some(master) = &status.master {
        lines.field(2, "Master router", master);
        lines.field(2, "Master priority", status.master_priority.unwrap_or_default());
    }
    let interval = instance.advert_interval;
    let count = if version == 2 { interval.as_secs().into() } else { interval.as_millis() };
    lines.field(2, "Advert interval", format_args!("{count} {unit}"));
    lines.field(2, "Gratuitous ARP delay", instance.announcement.delay.as_secs());
    lines.field(2, "Gratuitous ARP repeat", instance.announcement.repeat);
    lines.field(2, "Gratuitous ARP refresh", instance.announcement.refresh.as_secs());
    lines.field(2, "Gratuitous ARP refresh repeat", instance.announcement.refresh_repeat);
    lines.field(2, "Gratuitous ARP lower priority delay", instance.announcement.lower_delay.as_secs());
    lines.field(2, "Gratuitous ARP lower priority repeat", instance.announcement.lower_repeat);
    lines.field(2, "Accept", if instance.accept { "enabled" } else { "disabled" });
    lines.field(2, "Preempt", if instance.nopreempt { "disabled" } else { "enabled" });
    if !instance.preempt_delay.is_zero() {
        lines.field(2, "Preempt delay", format_args!("{} secs", instance.preempt_delay.as_secs()));
    }
    if instance.password.is_some() {
        lines.field(2, "Authentication type", "SIMPLE_PASSWORD");
        lines.field(2, "Password", "********"); // never the word itself
    }
    if let Some(hmac) = &instance.hmac {
        lines.field(2, "Authentication type", format_args!("HMAC, active key {}", hmac.active));
    }
    let count = instance.addresses.len();
    let set = is_set(status.state);
    addresses(lines, &format!("Virtual IP ({count}):"), &instance.addresses, &instance.interface, set);
    addresses(lines, "Virtual IP Excluded :", &instance.excluded, &instance.interface, set);
    if instance.is_unicast() {
        lines.say(2, &format!("Unicast Peer ({}):", instance.unicast_peers.len()));
        instance.unicast_peers.iter().for_each(|peer| lines.say(3, &peer.address.to_string()));
    }
    if !instance.track_scripts.is_empty() {
        lines.say(2, "Tracked scripts :");
    }
    for track in &instance.track_scripts {
        let reverse = if track.reverse { " reverse" } else { "" };
        lines.say(3, &format!("{} weight {}{reverse}", track.name, track.weight));
    }
    lines.field(2, "Using smtp notification", if instance.smtp_alert { "yes" } else { "no" });
    lines.field(2, "Notify priority changes", instance.notify.priority_changes);
}

fn addresses(lines: &mut Lines, title: &str, all: &[VirtualAddress], interface: &str, set: bool) {
    if !all.is_empty() {
        lines.say(2, title);
        all.iter().for_each(|one| lines.say(3, &address(one, interface, set)));
    }
}

/// Whether a router in this state holds its addresses.
pub(crate) fn is_set(state: RouterState) -> bool {
    matches!(state, RouterState::Master | RouterState::Handover)
}

/// `10.0.0.3/24 dev eth0 scope global set`, as keepalived words it: a host's address has no prefix, one of IPv6 its
/// lifetime.
pub(crate) fn address(one: &VirtualAddress, interface: &str, set: bool) -> String {
    let scope = match one.scope {
        0 => "global".into(),
        200 => "site".into(),
        253 => "link".into(),
        254 => "host".into(),
        other => other.to_string(),
    };
    let device = one.stands_on().unwrap_or(interface);
    let label = one.label.as_ref().map(|label| format!(" label {label}")).unwrap_or_default();
    let host = one.address.prefix_len() == one.address.max_prefix_len();
    let shown = if host { one.address.addr().to_string() } else { one.address.to_string() };
    let lifetime = match (one.address.addr().is_ipv6(), host, one.preferred_s) {
        (false, ..) => String::new(),
        (true, true, None) | (true, _, Some(0)) => " deprecated".into(),
        (true, false, None) => " preferred_lft forever".into(),
        (true, _, Some(seconds)) => format!(" preferred_lft {seconds}"),
    };
    format!("{shown} dev {device} scope {scope}{label}{lifetime}{}", if set { " set" } else { "" })
}

fn tracked(lines: &mut Lines, config: &Config, status: &AgentStatus) {
    let verdict = |ok: Option<bool>| match ok {
        None => "unknown",
        Some(true) => "GOOD",
        Some(false) => "BAD",
    };
    if !status.scripts.is_empty() {
        lines.say(0, "------< VRRP Scripts >------");
    }
    for script in &status.scripts {
        lines.field(1, "VRRP Script", &script.name);
        if let Some(block) = config.scripts.iter().find(|block| block.name == script.name) {
            lines.field(2, "Command", quoted(&block.command));
            lines.field(2, "Interval", format_args!("{} sec", block.interval.as_secs()));
            lines.field(2, "Timeout", format_args!("{} sec", block.timeout.as_secs()));
            lines.field(2, "Weight", block.weight);
            lines.field(2, "Rise", block.rise);
            lines.field(2, "Fall", block.fall);
        }
        lines.field(2, "Status", verdict(script.ok));
    }
    if !status.files.is_empty() {
        lines.say(0, "------< VRRP Track files >------");
    }
    for file in &status.files {
        lines.field(1, "Track file", &file.name);
        lines.field(2, "File", &file.path);
        lines.field(2, "Status", file.value);
    }
    if !status.processes.is_empty() {
        lines.say(0, "------< VRRP Track processes >------");
    }
    for process in &status.processes {
        lines.field(1, "VRRP Track process", &process.name);
        lines.field(2, "Current processes", process.running);
        lines.field(2, "Have quorum", process.ok == Some(true));
    }
}

/// `'/bin/check' 'it'`.
pub(crate) fn quoted(command: &[String]) -> String {
    command.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
}

/// The counters.
pub(crate) fn stats(status: &AgentStatus) -> String {
    let mut lines = Lines::default();
    for one in &status.instances {
        let count = |names: &[&str]| names.iter().filter_map(|name| one.counters.get(*name)).sum::<u64>();
        lines.say(0, &format!("VRRP Instance: {}", one.name));
        lines.say(1, "Advertisements:");
        lines.count(2, "Received", count(&["adverts_received"]));
        lines.count(2, "Sent", count(&["adverts_sent", "priority_zero_sent"]));
        lines.count(1, "Became master", count(&["became_master"]));
        lines.count(1, "Released master", count(&["released_master"]));
        lines.say(1, "Packet Errors:");
        lines.count(2, "Length", count(&["bad_packet"]));
        lines.count(2, "TTL", count(&["bad_ttl"]));
        lines.count(2, "Invalid Type", count(&["bad_version"]));
        lines.count(2, "Advertisement Interval", count(&["bad_interval"]));
        lines.count(2, "Address List", count(&["addresses_differ"]));
        lines.say(1, "Authentication Errors:");
        // Told apart by keepalived; here all of them are failures.
        lines.count(2, "Invalid Type", 0);
        lines.count(2, "Type Mismatch", 0);
        lines.count(2, "Failure", count(&["bad_auth"]));
        lines.say(1, "Priority Zero:");
        lines.count(2, "Received", count(&["priority_zero_received"]));
        lines.count(2, "Sent", count(&["priority_zero_sent"]));
    }
    lines.text
}

#[derive(Default)]
struct Lines {
    text: String,
    /// keepalived.data stands one column further left than keepalived.stats.
    outdent: usize,
}

impl Lines {
    fn say(&mut self, depth: usize, words: &str) {
        let indent = (depth * 2).saturating_sub(self.outdent);
        let _ = writeln!(self.text, "{:indent$}{words}", ""); // a String takes everything
    }

    fn field(&mut self, depth: usize, name: &str, value: impl std::fmt::Display) {
        self.say(depth, &format!("{name} = {value}"));
    }

    fn count(&mut self, depth: usize, name: &str, value: u64) {
        self.say(depth, &format!("{name}: {value}"));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use hactl_engine::conf::config::SimplePassword;
    use hactl_engine::control::Timing;

    use super::*;

    pub(crate) fn config() -> Config {
        let mut instance = VrrpInstance::new("VI_1", "eth0", 51);
        instance.password = Some(SimplePassword(*b"hunter2\0"));
        instance.addresses.push(VirtualAddress::new("10.0.0.3/27".parse().unwrap()));
        let mut labelled = VirtualAddress::new("10.9.0.4/24".parse().unwrap());
        labelled.label = Some("eth0:1".into());
        labelled.scope = 253;
        instance.excluded.push(labelled);
        Config { instances: vec![instance.into()], ..Config::default() }
    }

    pub(crate) fn status() -> AgentStatus {
        let instance = InstanceStatus {
            name: "VI_1".into(),
            state: RouterState::Master,
            interface: "eth0".into(),
            vrid: 51,
            base_priority: 100,
            effective_priority: 91,
            advert_interval_ms: 1000,
            addresses: vec!["10.0.0.3/27".into(), "10.9.0.4/24".into()],
            master: None,
            master_priority: None,
            last_advert_ms: Some(17),
            last_transition: Some(1_700_000_000_123),
            last_reason: Some("silence".into()),
            fault_reasons: vec![],
            pinned: None,
            group: None,
            lease_ms: Some(2900),
            answered_by: None,
            withheld: false,
            wire: None,
            signing: None,
            counters: [("adverts_sent", 37), ("priority_zero_sent", 2), ("bad_ttl", 5)]
                .map(|(name, count)| (name.to_owned(), count))
                .into(),
        };
        AgentStatus {
            version: "0.1.0".into(),
            pid: 7,
            started_unix_s: 1_700_000_000,
            now_unix_ms: 1_700_000_060_123,
            config: "/etc/keepalived/keepalived.conf".into(),
            warnings: vec![],
            instances: vec![instance],
            groups: vec![],
            strangers: vec![],
            scripts: vec![],
            files: vec![],
            processes: vec![],
            virtual_servers: vec![],
            safety: None,
            timing: Timing { wakes: 9, worst_overshoot_us: 730, overshoots: [4, 3, 2, 0, 1] },
        }
    }

    #[test]
    fn the_words_that_scripts_look_for() {
        let text = data(&config(), &status());
        for line in [
            " VRRP Instance = VI_1",
            "   State = MASTER",
            "   Wantstate = MASTER",
            "   Effective priority = 91",
            "   Virtual IP (1):",
            "     10.0.0.3/27 dev eth0 scope global set",
            "   Virtual IP Excluded :",
            "     10.9.0.4/24 dev eth0 scope link label eth0:1 set",
        ] {
            assert!(text.lines().any(|found| found == line), "{line:?} is missing in\n{text}");
        }
        assert!(text.contains("   Last transition = 1700000000.123000 (") && !text.contains("hunter2"), "{text}");
    }

    #[test]
    fn counters_under_their_titles() {
        let text = stats(&status());
        assert!(text.starts_with("VRRP Instance: VI_1\n  Advertisements:\n    Received: 0\n    Sent: 39\n"), "{text}");
        assert!(
            text.contains("    TTL: 5\n") && text.contains("  Priority Zero:\n    Received: 0\n    Sent: 2\n"),
            "{text}"
        );
    }
}
