use super::*;
use crate::ctl::apply::ladder::ladders;
use crate::ctl::cluster::Secret;
use crate::ctl::look::facts::Facts;
use crate::ctl::plan::HostPlan;
use crate::ctl::render::context::Interfaces;
use crate::ctl::render::host::Renderer;
use crate::ctl::signing::{Origin, minted_file};

const HOMEWORK: &str = include_str!("../../../../inventories/homework.yaml");
const OLD: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const NEW: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

/// Without the guard, so that nothing but what is understood keeps a standby from claiming.
fn cluster(auth: &str, key: &str) -> Cluster {
    let vip = format!("vip: {{ address: 10.0.0.3/24, interval: 100ms, auth: {auth} }}");
    let text = HOMEWORK.replace("vip: 10.0.0.3/24", &vip) + "roles: { vip: { guard: no, lease: no } }\n";
    let parsed = crate::ctl::inventory::load::parse(std::path::Path::new("/nowhere/x.yaml"), &text);
    let mut cluster = parsed.unwrap().cluster;
    for hmac in cluster.vips.iter_mut().filter_map(|vip| vip.hmac.as_mut()) {
        hmac.key.origin = Origin::Minted(Some(Secret(key.into())));
    }
    cluster
}

/// What a pair that signs with key 1 would do, if it were to sign so.
fn rehearsed(auth: &str, key: &str) -> Traffic {
    let (before, after) = (cluster("{ hmac: yes }", OLD), cluster(auth, key));
    let mut facts: BTreeMap<&str, Facts> = BTreeMap::new();
    let mut interfaces = Interfaces::new();
    for (host, own) in [("lb-5", "10.0.0.5/24"), ("lb-6", "10.0.0.6/24")] {
        let state = if host == "lb-5" { "MASTER" } else { "BACKUP" };
        let signing =
            serde_json::json!({"mode": "enforce", "active_key": 1, "keys": [1], "replay": "time", "window_ms": 5000});
        let instance = serde_json::json!({
            "name": "VI_1", "state": state, "interface": "eth0", "vrid": 3, "base_priority": 100, "effective_priority": 100,
            "advert_interval_ms": 100, "addresses": [], "signing": signing,
        });
        let agent = serde_json::json!({
            "version": "0", "pid": 1, "started_unix_s": 0, "now_unix_ms": 0, "config": "", "instances": [instance],
        });
        let own = ("eth0".to_owned(), own.parse().unwrap());
        let mut one = Facts::default();
        one.seen.agent = Some(serde_json::from_value(agent).unwrap());
        one.seen.addresses = vec![own.clone()];
        if host == "lb-5" {
            one.seen.addresses.push(("eth0".to_owned(), "10.0.0.3/24".parse().unwrap()));
        }
        one.keys = [(minted_file(1), Secret(OLD.into()))].into();
        facts.insert(host, one);
        interfaces.insert(host.to_owned(), vec![own]);
    }
    let mut ladders = ladders(&after, &facts, &interfaces).unwrap();
    let files =
        |cluster: &Cluster, host: &str| Renderer::new(cluster, &interfaces).host(cluster.host(host).unwrap()).unwrap();
    let found: BTreeMap<&str, Found> = ["lb-5", "lb-6"]
        .into_iter()
        .map(|host| {
            let file = files(&before, host).files.into_iter().find(|file| file.dest == HA_CONFIG).unwrap();
            (host, Found::Text(String::from_utf8(file.content).unwrap()))
        })
        .collect();
    let jobs: Vec<Job> = facts
        .into_iter()
        .map(|(host, facts)| Job {
            wanted: files(&after, host),
            facts,
            plan: HostPlan { host: host.to_owned(), changes: vec![Change::Reload(AGENT.into())] },
            ladder: ladders.remove(host).unwrap(),
        })
        .collect();
    let configurations = found.iter().map(|(host, found)| (*host, found)).collect();
    rehearse(&after, &jobs, &configurations)
}

/// The key that goes stands in the configuration of each step, and lies in a file on who has not taken it: it is the
/// same one.
#[test]
fn keys_that_change_by_steps_give_nobody_a_second_owner() {
    for auth in ["{ hmac: { id: 7 } }", "{ hmac: { id: 7, mode: permissive } }", "{ hmac: no }"] {
        let traffic = rehearsed(auth, NEW);
        let said: Vec<String> = traffic.effects.iter().map(ToString::to_string).collect();
        assert_eq!(
            (said.as_slice(), traffic.not_rehearsed),
            (["VIP 10.0.0.3 stays on lb-5, 0 ms without an owner".to_owned()].as_slice(), None),
            "{auth}"
        );
    }
}

/// Two keys of one number are not both known at any time: who has the one does not believe who has the other.
#[test]
fn another_key_of_the_same_number_gives_it_two_owners() {
    let alike = rehearsed("{ hmac: yes }", OLD);
    assert_eq!((alike.effects[0].moves, alike.effects[0].two_owners_ms), (0, 0), "{alike:?}");
    let other = rehearsed("{ hmac: yes }", NEW);
    assert!(other.effects[0].two_owners_ms > 0, "{other:?}");
}
