//! The state of the agent in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::time::Duration;

use hactl_engine::control::{AgentStatus, InstanceStatus, RealServerStatus, RouterState, Timing, VirtualServerStatus};
use hactl_engine::lvs::health::Reason;

use super::certificates::Certificates;
use crate::sys::process::replace::Fresh;

/// Upper bounds of the classes of lateness, in seconds; the last has none.
const BOUNDS: [&str; 5] = ["0.0001", "0.001", "0.01", "0.1", "+Inf"];

/// Puts a page into a file, replaced whole. Everybody may read it: node_exporter, which reads such files, is no root.
///
/// # Errors
/// The kernel's; the old file is still there then.
pub(crate) fn put(path: &Path, page: &str) -> io::Result<()> {
    let fresh = Fresh::beside(path, page.as_bytes())?;
    fresh.readable()?;
    fresh.put()
}

/// The page.
pub(crate) fn page(status: &AgentStatus, certificates: &Certificates) -> String {
    let mut page = Page::default();
    page.family("build_info", "gauge", "The running binary.");
    page.sample("build_info", &[("version", &status.version)], 1);
    page.family("start_time_seconds", "gauge", "Unix time at which the agent started.");
    page.sample("start_time_seconds", &[], status.started_unix_s);
    page.family("config_warnings", "gauge", "Warnings and errors of the configuration in force.");
    page.sample("config_warnings", &[], status.warnings.len());
    instances(&mut page, status);
    counters(&mut page, &status.instances);
    page.family("vrrp_group_state", "gauge", STATES);
    for group in &status.groups {
        page.sample("vrrp_group_state", &[("group", &group.name)], code(group.state));
    }
    tracked(&mut page, status);
    if !status.virtual_servers.is_empty() {
        balancing(&mut page, &status.virtual_servers);
    }
    certified(&mut page, certificates);
    timing(&mut page, &status.timing);
    page.text
}

const STATES: &str = "0 init, 1 backup, 2 master, 3 fault, 4 handing over, 5 stopped.";

fn instances(page: &mut Page, status: &AgentStatus) {
    page.family("vrrp_state", "gauge", STATES);
    for one in &status.instances {
        let vrid = one.vrid.to_string();
        let family = if one.addresses.first().is_some_and(|address| address.contains(':')) { "ipv6" } else { "ipv4" };
        let labels = [
            ("vrrp_instance", one.name.as_str()),
            ("group", one.group.as_deref().unwrap_or_default()),
            ("vrid", &vrid),
            ("interface", &one.interface),
            ("family", family),
        ];
        page.sample("vrrp_state", &labels, code(one.state));
    }
    let seconds = |ms: u64| Duration::from_millis(ms).as_secs_f64();
    let masters = |one: &InstanceStatus| Some(f64::from(u8::from(one.state == RouterState::Master)));
    let age = |one: &InstanceStatus| one.last_advert_ms.map(seconds);
    let changed = |one: &InstanceStatus| one.last_transition.map(seconds);
    let gauges: [Gauge<'_>; 8] = [
        ("vrrp_is_master", "Whether this node owns the addresses; the sum over all nodes should be 1.", &masters),
        ("vrrp_priority", "Priority in force.", &|one| Some(one.effective_priority.into())),
        ("vrrp_base_priority", "Configured priority.", &|one| Some(one.base_priority.into())),
        ("vrrp_pinned", "Whether an operator has set the priority.", &|one| {
            Some(u8::from(one.pinned.is_some()).into())
        }),
        ("vrrp_faulty", "Whether something keeps it in FAULT.", &|one| {
            Some(u8::from(!one.fault_reasons.is_empty()).into())
        }),
        ("vrrp_last_transition_timestamp_seconds", "Unix time of the last change of state.", &changed),
        ("vrrp_last_advert_age_seconds", "Time since an advert was sent or received.", &age),
        ("vrrp_lease_seconds", "Time until the kernel lets go of the addresses by itself.", &|one| {
            one.lease_ms.map(seconds)
        }),
    ];
    for (name, help, value) in gauges {
        page.family(name, "gauge", help);
        for one in &status.instances {
            if let Some(value) = value(one) {
                page.sample(name, &[("vrrp_instance", &one.name)], value);
            }
        }
    }
    page.family("vrrp_answered_by", "gauge", "Another host that answered for the addresses.");
    for one in &status.instances {
        if let Some(mac) = &one.answered_by {
            page.sample("vrrp_answered_by", &[("vrrp_instance", &one.name), ("mac", mac)], 1);
        }
    }
}

type Family<'a> = (&'static str, &'static str, &'static str, &'a dyn Fn(&RealServerStatus) -> u64);

fn balancing(page: &mut Page, servers: &[VirtualServerStatus]) {
    page.family("lvs_quorum", "gauge", "Whether enough weight is alive.");
    for server in servers {
        page.sample("lvs_quorum", &[("virtual_server", &server.name)], u8::from(server.quorum));
    }
    let families: [Family<'_>; 6] = [
        ("lvs_real_server_up", "gauge", "Whether all of its checks pass.", &|real| real.up.into()),
        ("lvs_real_server_weight", "gauge", "Its weight in the kernel's table; 0 when it is not there.", &|real| {
            real.weight_now.unwrap_or_default().into()
        }),
        ("lvs_active_connections", "gauge", "Established connections.", &|real| real.active.into()),
        ("lvs_connections_total", "counter", "Connections scheduled.", &|real| real.traffic.connections),
        ("lvs_in_bytes_total", "counter", "Bytes from clients.", &|real| real.traffic.bytes_in),
        ("lvs_out_bytes_total", "counter", "Bytes to clients; only NAT sees them.", &|real| real.traffic.bytes_out),
    ];
    for (name, kind, help, value) in families {
        page.family(name, kind, help);
        // Of a proxy's servers the kernel counts nothing.
        let known = servers.iter().filter(|server| !server.upstream || name == "lvs_real_server_up");
        for (server, real) in known.flat_map(|server| server.real_servers.iter().map(move |real| (server, real))) {
            let labels = [("virtual_server", server.name.as_str()), ("real_server", real.address.as_str())];
            page.sample(name, &labels, value(real));
        }
    }
    failures(page, servers);
}

/// Of a silent server the operator looks for something else than of one that refuses, so failed checks are counted by
/// reason.
fn failures(page: &mut Page, servers: &[VirtualServerStatus]) {
    page.family("lvs_check_failures_total", "counter", "Tries of checks that failed, by reason.");
    for server in servers {
        for real in &server.real_servers {
            let mut counts: BTreeMap<(&str, Reason), u64> = BTreeMap::new();
            for check in &real.checks {
                for (reason, count) in &check.failures {
                    // Two checks of one real server may bear one name: `FILE_CHECK load` with different weights.
                    *counts.entry((&check.name, *reason)).or_default() += count;
                }
            }
            for ((check, reason), count) in counts {
                let (server, real) = (server.name.as_str(), real.address.as_str());
                let labels =
                    [("virtual_server", server), ("real_server", real), ("check", check), ("reason", reason.name())];
                page.sample("lvs_check_failures_total", &labels, count);
            }
        }
    }
}

fn certified(page: &mut Page, certificates: &Certificates) {
    if !certificates.shown.is_empty() {
        page.family(
            "certificate_expiry_timestamp_seconds",
            "gauge",
            "Unix time at which the certificate of a site ends.",
        );
    }
    for one in &certificates.shown {
        let labels = [("site", one.site.as_str()), ("issuer", one.issuer.as_str())];
        page.sample("certificate_expiry_timestamp_seconds", &labels, one.until_unix_s);
    }
    if !certificates.failed_tries.is_empty() {
        page.family("certificate_failed_tries", "gauge", "Tries in a row that got no certificate by ACME.");
    }
    for (site, times) in &certificates.failed_tries {
        page.sample("certificate_failed_tries", &[("site", site)], times);
    }
}

type Gauge<'a> = (&'static str, &'static str, &'a dyn Fn(&InstanceStatus) -> Option<f64>);

fn counters(page: &mut Page, instances: &[InstanceStatus]) {
    let count = |one: &InstanceStatus, name: &str| one.counters.get(name).copied().unwrap_or_default();
    page.family("vrrp_adverts_total", "counter", "Adverts.");
    for one in instances {
        let sent = count(one, "adverts_sent") + count(one, "priority_zero_sent");
        page.sample("vrrp_adverts_total", &[("vrrp_instance", &one.name), ("direction", "sent")], sent);
        let received = count(one, "adverts_received");
        page.sample("vrrp_adverts_total", &[("vrrp_instance", &one.name), ("direction", "received")], received);
    }
    page.family("vrrp_became_master_total", "counter", "Changes to master.");
    for one in instances {
        page.sample("vrrp_became_master_total", &[("vrrp_instance", &one.name)], count(one, "became_master"));
    }
    page.family("vrrp_events_total", "counter", "Everything that is counted, by name.");
    for one in instances {
        for (name, count) in &one.counters {
            page.sample("vrrp_events_total", &[("vrrp_instance", &one.name), ("name", name)], count);
        }
    }
}

fn tracked(page: &mut Page, status: &AgentStatus) {
    page.family("script_ok", "gauge", "Whether a check succeeds; absent before its first result.");
    for script in &status.scripts {
        if let Some(ok) = script.ok {
            page.sample("script_ok", &[("script", &script.name)], u8::from(ok));
        }
    }
    page.family("file_value", "gauge", "The number in a tracked file.");
    for file in &status.files {
        page.sample("file_value", &[("file", &file.name)], file.value);
    }
    page.family("process_running", "gauge", "Tracked processes that run.");
    for process in &status.processes {
        page.sample("process_running", &[("process", &process.name)], process.running);
    }
    page.family("process_ok", "gauge", "Whether enough of them run; absent before the first count.");
    for process in &status.processes {
        if let Some(ok) = process.ok {
            page.sample("process_ok", &[("process", &process.name)], u8::from(ok));
        }
    }
}

fn timing(page: &mut Page, timing: &Timing) {
    page.family("timer_overshoot_seconds", "histogram", "How late the VRRP loop woke for its deadlines.");
    let mut sum = 0;
    for (bound, count) in BOUNDS.into_iter().zip(timing.overshoots) {
        sum += count;
        page.sample("timer_overshoot_seconds_bucket", &[("le", bound)], sum);
    }
    page.sample("timer_overshoot_seconds_count", &[], sum);
    page.family("timer_worst_overshoot_seconds", "gauge", "The latest wake since the start.");
    let worst = Duration::from_micros(timing.worst_overshoot_us).as_secs_f64();
    page.sample("timer_worst_overshoot_seconds", &[], worst);
}

fn code(state: RouterState) -> u8 {
    match state {
        RouterState::Init => 0,
        RouterState::Backup => 1,
        RouterState::Master => 2,
        RouterState::Fault => 3,
        RouterState::Handover => 4,
        RouterState::Stopped => 5,
    }
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // A String takes everything.
        let _ = write!(self.text, "# HELP hactl_{name} {help}\n# TYPE hactl_{name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escape(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "hactl_{name}{labels} {value}");
    }
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use hactl_engine::control::{FileStatus, ProcessStatus, ScriptStatus};
    use hactl_engine::ipvs::Table;
    use hactl_engine::lvs::balancer::Balancer;
    use hactl_engine::lvs::status::status as lvs_status;
    use hactl_engine::time::Instant;
    use serde_json::json;

    use super::*;
    use crate::agent::control::certificates::Shown;
    use crate::agent::control::dump_text::tests::status;

    #[test]
    fn samples() {
        let mut status = status();
        status.instances[0].group = Some("G\"1".into());
        assert!(!page(&status, &Certificates::default()).contains("hactl_vrrp_answered_by{"), "nobody else answers");
        status.instances[0].answered_by = Some("02:00:00:00:00:99".into());
        status.scripts = vec![ScriptStatus { name: "web".into(), ok: Some(false), last_result: None }];
        status.files = vec![FileStatus { name: "load".into(), path: "/x".into(), value: -7 }];
        status.processes = vec![ProcessStatus { name: "nginx".into(), running: 3, ok: None }];
        let certificates = Certificates {
            shown: vec![Shown { site: "www.example.cc".into(), issuer: "R\"11".into(), until_unix_s: 1_900_000_037 }],
            failed_tries: vec![("www.example.cc".into(), 91)],
        };
        let page = page(&status, &certificates);
        for line in [
            r#"hactl_certificate_expiry_timestamp_seconds{site="www.example.cc",issuer="R\"11"} 1900000037"#,
            r#"hactl_certificate_failed_tries{site="www.example.cc"} 91"#,
            r#"hactl_vrrp_state{vrrp_instance="VI_1",group="G\"1",vrid="51",interface="eth0",family="ipv4"} 2"#,
            r#"hactl_vrrp_is_master{vrrp_instance="VI_1"} 1"#,
            r#"hactl_vrrp_answered_by{vrrp_instance="VI_1",mac="02:00:00:00:00:99"} 1"#,
            r#"hactl_vrrp_lease_seconds{vrrp_instance="VI_1"} 2.9"#,
            r#"hactl_vrrp_adverts_total{vrrp_instance="VI_1",direction="sent"} 39"#,
            r#"hactl_vrrp_events_total{vrrp_instance="VI_1",name="bad_ttl"} 5"#,
            r#"hactl_script_ok{script="web"} 0"#,
            r#"hactl_file_value{file="load"} -7"#,
            r#"hactl_process_running{process="nginx"} 3"#,
            r#"hactl_timer_overshoot_seconds_bucket{le="0.01"} 9"#,
            r#"hactl_timer_overshoot_seconds_bucket{le="+Inf"} 10"#,
            "hactl_timer_worst_overshoot_seconds 0.00073",
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is missing in\n{page}");
        }
        assert!(!page.contains("hactl_process_ok{"), "not counted yet");
    }

    #[test]
    fn timeouts_are_counted_apart_from_refusals() {
        let mut status = status();
        let check =
            |name: &str, failures| json!({ "name": name, "passing": false, "last": null, "failures": failures });
        let checks = [
            check("TCP_CHECK 10.0.0.7:80", json!({ "timeout": 3, "refused": 7 })),
            check("FILE_CHECK load", json!({ "verdict": 2 })),
            check("FILE_CHECK load", json!({ "verdict": 5 })),
        ];
        let text =
            "virtual_server 10.0.0.3 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 10.0.0.7 80 {\n}\n}\n";
        let config = hactl_engine::conf::parse("ha.conf", text).config;
        let mut balancer = Balancer::default();
        balancer.configure(&config.virtual_servers, &Table::new(), false, Instant(7));
        let mut servers = lvs_status(&balancer, None, Instant(7));
        servers[0].real_servers[0].checks =
            checks.into_iter().map(|one| serde_json::from_value(one).unwrap()).collect();
        status.virtual_servers = servers;
        let page = page(&status, &Certificates::default());
        let name = r#"hactl_lvs_check_failures_total{virtual_server="10.0.0.3:80",real_server="10.0.0.7:80""#;
        for line in [
            format!(r#"{name},check="TCP_CHECK 10.0.0.7:80",reason="timeout"}} 3"#),
            format!(r#"{name},check="TCP_CHECK 10.0.0.7:80",reason="refused"}} 7"#),
            format!(r#"{name},check="FILE_CHECK load",reason="verdict"}} 7"#),
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is missing in\n{page}");
        }
    }

    #[test]
    fn the_format_is_kept() {
        for line in page(&status(), &Certificates::default()).lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("hactl_") && value.parse::<f64>().is_ok(), "{line}");
        }
    }
}
