//! What a cluster's settings have to do with a drill: what scenarios need to know, and what a report says of them.

use std::time::Duration;

use hactl_engine::conf::config::Version;

use super::scenario::Context;
use crate::ctl::cluster::{Cluster, Group, Vip};

/// What scenarios need to know of a cluster, whichever host they break.
pub(super) fn context(cluster: &Cluster, vip: &Vip, standby: Option<&str>, lab: bool) -> Context {
    let role = cluster.role_params.get("vip");
    let given = |name: &str| role.and_then(|role| role.get(name));
    let flag = |name: &str| given(name).and_then(serde_json::Value::as_bool);
    let interval = given("check_interval_s").and_then(serde_json::Value::as_u64);
    let weight = given("check_weight").and_then(serde_json::Value::as_i64);
    let default = Context::default();
    let priority =
        vip.members.iter().find(|member| Some(member.host.as_str()) == standby).map(|member| member.priority);
    Context {
        advert: vip.interval,
        check_interval: interval.map_or(default.check_interval, Duration::from_secs),
        max_fails: cluster.group(Group::Web).map(|host| host.backend.max_fails).max().unwrap_or(default.max_fails),
        guarded: flag("guard").unwrap_or(default.guarded),
        leased: flag("lease").unwrap_or(default.leased),
        watched: weight.map_or(default.watched, |weight| weight == 0),
        standby_priority: priority.unwrap_or(default.standby_priority),
        balancers: vip.members.len(),
        vip: vip.address().map(|address| address.to_string()).unwrap_or_default(),
        lab,
        ..default
    }
}

/// The settings that a result depends on, for whoever reads it later.
pub(super) fn settings(context: &Context, vip: &Vip) -> Vec<(String, String)> {
    let yes = |on: bool| if on { "on" } else { "off" }.to_owned();
    let priorities: Vec<String> =
        vip.members.iter().map(|member| format!("{} {}", member.host, member.priority)).collect();
    let version = match vip.version {
        Version::V2 => "2",
        Version::V3 => "3",
    };
    [
        ("advert", format!("each {} s", context.advert.as_secs_f64())),
        ("priorities", priorities.join(", ")),
        ("guard", yes(context.guarded)),
        ("lease", yes(context.leased)),
        ("preempt", yes(vip.preempt)),
        ("VRRP", format!("version {version}, {}", if vip.unicast { "unicast" } else { "multicast" })),
        ("adverts signed", yes(vip.hmac.is_some())),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
