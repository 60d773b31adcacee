//! The rarer parts of a printed configuration.

use std::fmt::Write as _;

use super::config::{
    Config, Destination, Fifo, Global, HmacMode, MetricsAddress, OldChecksum, Own, ProcessMatch, Replay, Route,
    RouteKind, Rule, RuleAction, SyncGroup, TimedScript, TrackFile, TrackProcess, VrrpInstance,
};
use super::print::{Page, Secrets, address, command, user_words, word};
use super::values::show_seconds;

impl Page {
    pub(super) fn global_rest(&mut self, global: &Global) {
        let timed = [("startup_script", &global.startup_script), ("shutdown_script", &global.shutdown_script)];
        for (name, script) in timed {
            let Some(TimedScript { command: argv, user, timeout }) = script else { continue };
            self.line(format_args!("{name} {}{}", command(argv), user_words(user.as_ref())));
            self.line(format_args!("{name}_timeout {}", show_seconds(*timeout)));
        }
        if let Some(mail) = &global.mail {
            self.list("notification_email", &mail.recipients, |one| word(one));
            mail.from.iter().for_each(|from| self.line(format_args!("notification_email_from {}", word(from))));
            self.line(format_args!("smtp_server {} {}", word(&mail.host), mail.port));
            self.line(format_args!("smtp_connect_timeout {}", show_seconds(mail.connect_timeout)));
            mail.helo.iter().for_each(|helo| self.line(format_args!("smtp_helo_name {}", word(helo))));
            self.flag(mail.no_faults, "no_email_faults");
        }
        for (name, fifo) in [("notify_fifo", &global.notify_fifo), ("vrrp_notify_fifo", &global.vrrp_notify_fifo)] {
            let Some(Fifo { path, script, user }) = fifo else { continue };
            self.line(format_args!("{name} {}{}", word(path), user_words(user.as_ref())));
            script.iter().for_each(|argv| self.line(format_args!("{name}_script {}", command(argv))));
        }
        self.flag(global.fifo_states_on_reload, "fifo_write_vrrp_states_on_reload");
        for (name, delay) in
            [("vrrp_startup_delay", global.startup_delay), ("vrrp_delay_after_boot", global.delay_after_boot)]
        {
            if !delay.is_zero() {
                self.line(format_args!("{name} {}", show_seconds(delay)));
            }
        }
        self.flag(global.log_unknown_vrids, "log_unknown_vrids");
        global.rt_priority.iter().for_each(|priority| self.line(format_args!("vrrp_rt_priority {priority}")));
        let names = [
            ("nftables", &global.nftables_table),
            ("state_dump_file", &global.state_dump_file),
            ("stats_dump_file", &global.stats_dump_file),
            ("json_dump_file", &global.json_dump_file),
        ];
        for (name, value) in names {
            value.iter().for_each(|value| self.line(format_args!("{name} {}", word(value))));
        }
        if global.json_version != 1 {
            self.line(format_args!("json_version {}", global.json_version));
        }
    }

    pub(super) fn own(&mut self, own: &Own) {
        if *own == Own::default() {
            return;
        }
        self.open(format_args!("hactl"));
        self.line(format_args!("lease {}", if own.lease { "on" } else { "off" }));
        self.line(format_args!("guard {}", if own.guard { "on" } else { "off" }));
        match &own.metrics {
            None => {}
            Some(MetricsAddress::Tcp(at)) => self.line(format_args!("metrics {}", word(&at.to_string()))),
            Some(MetricsAddress::Unix(path)) => self.line(format_args!("metrics {}", word(&format!("unix:{path}")))),
        }
        own.webhook.iter().for_each(|url| self.line(format_args!("webhook {}", word(url))));
        self.close();
    }

    pub(super) fn statics(&mut self, config: &Config) {
        self.list("static_ipaddress", &config.static_addresses, address);
        self.list("static_routes", &config.static_routes, route);
        self.list("static_rules", &config.static_rules, rule);
    }

    pub(super) fn file(&mut self, file: &TrackFile) {
        self.open(format_args!("track_file {}", word(&file.name)));
        self.line(format_args!("file {}", word(&file.path)));
        self.line(format_args!("weight {}{}", file.weight, if file.reverse { " reverse" } else { "" }));
        if let Some(value) = file.init {
            self.line(format_args!("init_file {value}{}", if file.overwrite { " overwrite" } else { "" }));
        }
        self.close();
    }

    pub(super) fn process(&mut self, process: &TrackProcess) {
        self.open(format_args!("vrrp_track_process {}", word(&process.name)));
        let arguments: String = process.arguments.iter().map(|one| format!(" {}", word(one))).collect();
        self.line(format_args!("process {}{arguments}", word(&process.process)));
        match process.matching {
            None => {}
            Some(ProcessMatch::Exact) => self.line(format_args!("param_match exact")),
            Some(ProcessMatch::Initial) => self.line(format_args!("param_match initial")),
            Some(ProcessMatch::Partial) => self.line(format_args!("param_match partial")),
        }
        self.line(format_args!("weight {}{}", process.weight, if process.reverse { " reverse" } else { "" }));
        self.line(format_args!("quorum {}", process.quorum));
        process.quorum_max.iter().for_each(|most| self.line(format_args!("quorum_max {most}")));
        self.line(format_args!("fork_delay {}", show_seconds(process.fork_delay)));
        self.line(format_args!("terminate_delay {}", show_seconds(process.terminate_delay)));
        self.flag(process.full_command, "full_command");
        self.close();
    }

    pub(super) fn group(&mut self, group: &SyncGroup) {
        self.open(format_args!("vrrp_sync_group {}", word(&group.name)));
        self.list("group", &group.members, |name| word(name));
        self.notify(&group.notify);
        self.flag(group.notify.priority_changes, "notify_priority_changes");
        self.line(format_args!("smtp_alert {}", if group.smtp_alert { "on" } else { "off" }));
        // Weights that do not count are 0 by now; the others shall stay.
        self.line(format_args!("sync_group_tracking_weight"));
        self.close();
    }

    pub(super) fn options(&mut self, instance: &VrrpInstance, secrets: Secrets) {
        self.line(format_args!("down_timer_adverts {}", instance.down_adverts));
        self.flag(instance.lower_prio_no_advert, "lower_prio_no_advert");
        self.flag(instance.higher_prio_send_advert, "higher_prio_send_advert");
        self.flag(instance.owner_ignore_adverts, "owner_ignore_adverts");
        self.flag(instance.check_unicast_source, "check_unicast_src");
        self.flag(instance.fault_without_peer, "unicast_fault_no_peer");
        self.flag(instance.track_source, "track_src_ip");
        self.flag(instance.strict, "strict_mode");
        self.flag(true, if instance.accept { "accept" } else { "no_accept" });
        self.line(format_args!("smtp_alert {}", if instance.smtp_alert { "on" } else { "off" }));
        self.flag(instance.notify.priority_changes, "notify_priority_changes");
        self.flag(instance.addresses.is_empty() && instance.excluded.is_empty(), "no_virtual_ipaddress");
        instance.unicast_ttl.iter().for_each(|ttl| self.line(format_args!("unicast_ttl {ttl}")));
        instance.group_address.iter().for_each(|group| self.line(format_args!("mcast_dst_ip {group}")));
        match instance.old_checksum {
            OldChecksum::Detect => {}
            OldChecksum::Send => self.line(format_args!("old_unicast_checksum")),
            OldChecksum::Never => self.line(format_args!("old_unicast_checksum never")),
        }
        if let Some(vmac) = &instance.vmac {
            self.line(format_args!("use_vmac {} {}", word(&vmac.name), crate::notice::mac_text(&vmac.mac)));
            self.flag(vmac.transmit_base, "vmac_xmit_base");
        }
        self.hmac(instance, secrets);
        self.list("virtual_routes", &instance.routes, route);
        self.list("virtual_rules", &instance.rules, rule);
    }

    fn hmac(&mut self, instance: &VrrpInstance, secrets: Secrets) {
        let Some(hmac) = &instance.hmac else { return };
        self.open(format_args!("auth_hmac"));
        for key in &hmac.keys {
            let secret = match (secrets, &key.file) {
                (Secrets::Masked, _) => "********".to_owned(),
                (Secrets::Shown, Some(path)) => word(&format!("file:{path}")),
                (Secrets::Shown, None) => key.secret.iter().fold("hex:".to_owned(), |mut text, byte| {
                    let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
                    text
                }),
            };
            self.line(format_args!("key {} {secret}", key.id));
        }
        self.line(format_args!("active_key {}", hmac.active));
        self.flag(hmac.replay == Replay::Monotonic, "anti_replay monotonic");
        self.line(format_args!("time_window {}", show_seconds(hmac.window)));
        match hmac.mode {
            HmacMode::Enforce => {}
            HmacMode::Permissive => self.line(format_args!("mode permissive")),
            HmacMode::ReceiveOnly => self.line(format_args!("mode receive-only")),
        }
        self.close();
    }
}

fn route(route: &Route) -> String {
    let mut line = if route.ipv6 { "inet6 ".to_owned() } else { "inet ".to_owned() };
    line += match route.kind {
        RouteKind::Unicast => "",
        RouteKind::Local => "local ",
        RouteKind::Broadcast => "broadcast ",
        RouteKind::Multicast => "multicast ",
        RouteKind::Blackhole => "blackhole ",
        RouteKind::Unreachable => "unreachable ",
        RouteKind::Prohibit => "prohibit ",
        RouteKind::Throw => "throw ",
    };
    match route.destination {
        Destination::Default => line += "default",
        Destination::Prefix(prefix) => line += &prefix.to_string(),
    }
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            line += &format!(" {name} {value}");
        }
    };
    add("from", route.from.map(|from| from.to_string()));
    add("src", route.source.map(|source| source.to_string()));
    add("table", Some(route.table.to_string()));
    add("proto", Some(route.protocol.to_string()));
    add("scope", route.scope.map(|scope| scope.to_string()));
    add("metric", route.metric.map(|metric| metric.to_string()));
    add("tos", (route.tos != 0).then(|| route.tos.to_string()));
    for (kind, value) in &route.metrics {
        let name = super::routing::METRICS.iter().find(|(_, known)| known == kind).map_or("", |(name, _)| name);
        let lock = if route.locked & (1 << kind) != 0 && *kind != 15 { "lock " } else { "" };
        line += &format!(" {name} {lock}{value}");
    }
    let several = route.hops.len() > 1;
    for hop in &route.hops {
        if several {
            line += " nexthop";
        }
        if several || hop.weight != 1 {
            line += &format!(" weight {}", hop.weight);
        }
        if let Some(via) = hop.via {
            line += &format!(" via {via}");
        }
        if let Some(interface) = &hop.interface {
            line += &format!(" dev {}", word(interface));
        }
        if hop.onlink {
            line += " onlink";
        }
    }
    if route.no_track {
        line += " no_track";
    }
    line
}

fn rule(rule: &Rule) -> String {
    let mut line = if rule.ipv6 { "inet6".to_owned() } else { "inet".to_owned() };
    if rule.invert {
        line += " not";
    }
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            line += &format!(" {name} {value}");
        }
    };
    add("from", rule.from.map(|from| from.to_string()));
    add("to", rule.to.map(|to| to.to_string()));
    add("preference", Some(rule.preference.to_string()));
    add("tos", (rule.tos != 0).then(|| rule.tos.to_string()));
    add("fwmark", rule.fwmark.map(|(mark, mask)| format!("{mark}/{mask}")));
    add("iif", rule.iif.as_ref().map(|name| word(name)));
    add("oif", rule.oif.as_ref().map(|name| word(name)));
    add("suppress_prefixlength", rule.suppress_prefix_length.map(|length| length.to_string()));
    add("suppress_ifgroup", rule.suppress_interface_group.map(|group| group.to_string()));
    add("uidrange", rule.uids.map(|range| format!("{}-{}", range.first, range.last)));
    add("ipproto", rule.ip_protocol.map(|number| number.to_string()));
    add("sport", rule.source_ports.map(|range| format!("{}-{}", range.first, range.last)));
    add("dport", rule.destination_ports.map(|range| format!("{}-{}", range.first, range.last)));
    add("protocol", Some(rule.protocol.to_string()));
    match rule.action {
        RuleAction::Table(table) => line += &format!(" table {table}"),
        RuleAction::Goto(preference) => line += &format!(" goto {preference}"),
        RuleAction::Nop => line += " nop",
        RuleAction::Blackhole => line += " blackhole",
        RuleAction::Unreachable => line += " unreachable",
        RuleAction::Prohibit => line += " prohibit",
    }
    if rule.no_track {
        line += " no_track";
    }
    line
}
