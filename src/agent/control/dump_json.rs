//! keepalived.json, as exporters read it: version 1 is a list of instances, version 2 an object of lists.

use hactl_engine::conf::config::{Config, Track, Version, VrrpInstance};
use hactl_engine::control::{AgentStatus, InstanceStatus, RouterState};
use serde_json::{Value, json};

use super::dump_routing::{route, rule};
use super::dump_text::{address, is_set, quoted};

/// The document, with a line end.
pub(crate) fn json(config: &Config, status: &AgentStatus) -> String {
    let found = |one: &InstanceStatus| config.instances.iter().find(|instance| instance.name == one.name);
    let instances: Vec<Value> = status
        .instances
        .iter()
        .filter_map(|one| found(one).map(|instance| json!({"data": data(config, instance, one), "stats": stats(one)})))
        .collect();
    let document = if config.global.json_version == 2 {
        let process = |(settings, one): (_, &hactl_engine::control::ProcessStatus)| {
            let settings: &hactl_engine::conf::config::TrackProcess = settings;
            json!({"name": one.name, "process": settings.process, "num_cur_proc": one.running,
                "have_quorum": one.ok == Some(true), "quorum": settings.quorum})
        };
        let processes: Vec<Value> = config.processes.iter().zip(&status.processes).map(process).collect();
        json!({"vrrp": instances, "track_process": processes})
    } else {
        json!(instances)
    };
    format!("{document}\n")
}

/// Numbers where keepalived has numbers, 0 and 1 among them, and a list only where there is something in it.
fn data(config: &Config, instance: &VrrpInstance, status: &InstanceStatus) -> Value {
    let seconds = |ms: u64| std::time::Duration::from_millis(ms).as_secs_f64();
    let set = is_set(status.state);
    let listed = |one| address(one, &status.interface, set);
    let announcement = &instance.announcement;
    let mut data = json!({
        "iname": instance.name,
        "dont_track_primary": u8::from(instance.dont_track_primary),
        "skip_check_adv_addr": 0,
        "strict_mode": u8::from(instance.strict),
        "vmac_ifname": instance.vmac.as_ref().map(|vmac| vmac.name.as_str()).unwrap_or_default(),
        "ifp_ifname": status.interface,
        "master_priority": status.master_priority.unwrap_or_default(),
        "last_transition": status.last_transition.map(seconds).unwrap_or_default(),
        "garp_delay": announcement.delay.as_secs(),
        "garp_refresh": announcement.refresh.as_secs(),
        "garp_rep": announcement.repeat,
        "garp_refresh_rep": announcement.refresh_repeat,
        "garp_lower_prio_delay": announcement.lower_delay.as_secs(),
        "garp_lower_prio_rep": announcement.lower_repeat,
        "lower_prio_no_advert": u8::from(instance.lower_prio_no_advert),
        "higher_prio_send_advert": u8::from(instance.higher_prio_send_advert),
        "vrid": instance.vrid,
        "base_priority": status.base_priority,
        "effective_priority": status.effective_priority,
        "vipset": set,
        "promote_secondaries": instance.promote_secondaries,
        "adver_int": seconds(status.advert_interval_ms),
        "master_adver_int": seconds(status.advert_interval_ms),
        "accept": u8::from(instance.accept),
        "nopreempt": instance.nopreempt,
        "preempt_delay": instance.preempt_delay.as_secs(),
        "state": code(status.state),
        "wantstate": code(status.state),
        "version": if instance.version == Version::V3 { 3 } else { 2 },
        "smtp_alert": instance.smtp_alert,
        "notify_deleted": instance.notify.deleted.is_some(),
        "auth_type": u8::from(instance.password.is_some()),
    });
    let command = |track: &Track| config.scripts.iter().find(|script| script.name == track.name);
    let lists: [(&str, Vec<String>); 5] = [
        ("vips", instance.addresses.iter().map(listed).collect()),
        ("evips", instance.excluded.iter().map(listed).collect()),
        ("vroutes", instance.routes.iter().map(route).collect()),
        ("vrules", instance.rules.iter().map(rule).collect()),
        ("track_script", instance.track_scripts.iter().filter_map(command).map(|one| quoted(&one.command)).collect()),
    ];
    for (name, list) in lists {
        if let (Some(data), false) = (data.as_object_mut(), list.is_empty()) {
            data.insert(name.into(), json!(list));
        }
    }
    data
}

fn stats(status: &InstanceStatus) -> Value {
    let count = |names: &[&str]| names.iter().filter_map(|name| status.counters.get(*name)).sum::<u64>();
    json!({
        "advert_rcvd": count(&["adverts_received"]),
        "advert_sent": count(&["adverts_sent", "priority_zero_sent"]),
        "become_master": count(&["became_master"]),
        "release_master": count(&["released_master"]),
        "packet_len_err": count(&["bad_packet"]),
        "advert_interval_err": count(&["bad_interval"]),
        "ip_ttl_err": count(&["bad_ttl"]),
        "invalid_type_rcvd": count(&["bad_version"]),
        "addr_list_err": count(&["addresses_differ"]),
        "invalid_authtype": 0,
        "authtype_mismatch": 0,
        "auth_failure": count(&["bad_auth"]),
        "pri_zero_rcvd": count(&["priority_zero_received"]),
        "pri_zero_sent": count(&["priority_zero_sent"]),
    })
}

/// keepalived's number for a state. It knows no HANDOVER: for others the addresses are on their way out.
fn code(state: RouterState) -> u8 {
    match state {
        RouterState::Init | RouterState::Stopped => 0,
        RouterState::Backup | RouterState::Handover => 1,
        RouterState::Master => 2,
        RouterState::Fault => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::control::dump_text::tests::{config, status};

    #[test]
    fn both_versions() {
        let mut config = config();
        let list: Value = serde_json::from_str(&json(&config, &status())).unwrap();
        let data = &list[0]["data"];
        assert_eq!((&data["iname"], &data["state"], &data["wantstate"]), (&json!("VI_1"), &json!(2), &json!(2)));
        assert_eq!(data["vips"], json!(["10.0.0.3/27 dev eth0 scope global set"]));
        assert_eq!(data["last_transition"], json!(1_700_000_000.123));
        assert_eq!((&data["base_priority"], &data["effective_priority"]), (&json!(100), &json!(91)));
        assert_eq!((&list[0]["stats"]["advert_sent"], &list[0]["stats"]["ip_ttl_err"]), (&json!(39), &json!(5)));
        config.global.json_version = 2;
        let object: Value = serde_json::from_str(&json(&config, &status())).unwrap();
        assert_eq!(object["vrrp"], list);
        assert!(!object.to_string().contains("hunter2"));
    }
}
