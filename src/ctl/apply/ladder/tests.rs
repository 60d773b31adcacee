use hactl_engine::conf::config::{HmacSettings, Replay};
use hactl_engine::conf::parse;

use super::*;
use crate::ctl::inventory::load;
use crate::ctl::render::host::render;

const HOMEWORK: &str = include_str!("../../../../inventories/homework.yaml");
const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn cluster(auth: &str) -> Cluster {
    let vip = format!("vip: {{ address: 10.0.0.3/24, auth: {auth} }}");
    let text = HOMEWORK.replace("vip: 10.0.0.3/24", &vip);
    let mut cluster = load::parse(std::path::Path::new("/nowhere/x.yaml"), &text).unwrap().cluster;
    for hmac in cluster.vips.iter_mut().filter_map(|vip| vip.hmac.as_mut()) {
        match &mut hmac.key.origin {
            Origin::Minted(secret) => *secret = Some(Secret(KEY.into())),
            Origin::Given(sealed) => sealed.value = Some(Secret("a key that was given".into())),
            Origin::Leaving(_) => {}
        }
    }
    cluster
}

/// A load balancer that signs so, with these keys in its folder.
fn facts(signing: Option<(&str, u8)>, keys: &[(&str, &str)]) -> Facts {
    let signing = signing.map(|(mode, key)| {
        serde_json::json!({"mode": mode, "active_key": key, "keys": [key], "replay": "time", "window_ms": 7000})
    });
    let instance = serde_json::json!({
        "name": "VI_1", "state": "BACKUP", "interface": "eth0", "vrid": 3, "base_priority": 100, "effective_priority": 100,
        "advert_interval_ms": 1000, "addresses": [], "signing": signing,
    });
    let agent = serde_json::json!({
        "version": "0", "pid": 1, "started_unix_s": 0, "now_unix_ms": 0, "config": "", "instances": [instance],
    });
    let mut facts = Facts::default();
    facts.seen.agent = Some(serde_json::from_value(agent).unwrap());
    facts.keys = keys.iter().map(|(path, key)| ((*path).to_owned(), Secret((*key).to_owned()))).collect();
    facts
}

/// How each step of a host signs, `-` where it does not: its mode, the key that signs, and the keys that are known.
fn steps(cluster: &Cluster, lb5: Facts, lb6: Facts) -> (Vec<String>, Option<Signed>) {
    let facts = [("lb-5", lb5), ("lb-6", lb6)].into();
    let mut ladders = ladders(cluster, &facts, &Interfaces::new()).unwrap();
    let ladder = ladders.remove("lb-6").unwrap();
    let host = cluster.host("lb-6").unwrap();
    let wanted = render(cluster, host, &Interfaces::new()).unwrap();
    let last = wanted.files.into_iter().find(|file| file.dest == HA_CONFIG).unwrap().content;
    let word = |hmac: &HmacSettings| {
        let ids: Vec<String> = hmac.keys.iter().map(|key| key.id.to_string()).collect();
        format!("{} {} of {}", word(level(Some(hmac.mode))), hmac.active, ids.join("+"))
    };
    let told = ladder.steps.iter().chain([&last]).map(|conf| {
        let parsed = parse("x", std::str::from_utf8(conf).unwrap());
        assert_eq!(parsed.diagnostics, []);
        parsed.config.instances[0].hmac.as_ref().map_or("-".to_owned(), word)
    });
    (told.collect(), ladder.signed.first().cloned())
}

#[test]
fn signing_comes_step_by_step() {
    let yes = cluster("{ hmac: yes }");
    let off = || facts(None, &[]);
    let (told, signed) = steps(&yes, off(), off());
    assert_eq!(told, ["receive-only 1 of 1", "permissive 1 of 1", "enforce 1 of 1"]);
    let signed = signed.unwrap();
    assert_eq!((signed.what.as_str(), signed.stepwise), ("signing of adverts changes from off to enforce", true));
    // Where nobody speaks, there is nobody to be understood.
    let (told, signed) = steps(&yes, Facts::default(), Facts::default());
    assert_eq!((told, signed), (vec!["enforce 1 of 1".to_owned()], None));
    // A keepalived whose place is taken does not sign.
    let keepalived = || {
        let unit = crate::ctl::look::facts::ServiceFact { active: true, enabled: true };
        Facts { services: [("keepalived".to_owned(), unit)].into(), ..Facts::default() }
    };
    assert_eq!(steps(&yes, keepalived(), keepalived()).0.len(), 3);
    // A new load balancer beside one that has it.
    let file = minted_file(1);
    let enforces = || facts(Some(("enforce", 1)), &[(&file, KEY)]);
    let (told, signed) = steps(&yes, enforces(), Facts::default());
    assert_eq!((told, signed), (vec!["enforce 1 of 1".to_owned()], None));
    let (told, signed) = steps(&yes, enforces(), enforces());
    assert_eq!((told, signed), (vec!["enforce 1 of 1".to_owned()], None));
}

/// Each pair of neighbouring steps, and each step with itself, understands each other: what a host that has taken it
/// says is believed by one that has not.
#[test]
fn steps_lead_from_everywhere_to_everywhere() {
    let file = minted_file(1);
    for from in 0..=3_u8 {
        for to in 0..=3_u8 {
            let auth = mode(to).map_or("{ hmac: no }".to_owned(), |mode| {
                format!("{{ hmac: {{ mode: {} }} }}", word(level(Some(mode))))
            });
            let now = || match from {
                0 => facts(None, &[]),
                _ => facts(Some((word(from), 1)), &[(&file, KEY)]),
            };
            let (told, signed) = steps(&cluster(&auth), now(), now());
            let levels: Vec<u8> =
                told.iter().map(|told| (0..=3).find(|level| told.starts_with(word(*level))).unwrap_or(0)).collect();
            let mut before = from;
            for level in &levels {
                assert!(level.abs_diff(before) <= 1, "{from} to {to}: {levels:?}");
                before = *level;
            }
            assert_eq!((before, signed.is_some()), (to, from != to), "{from} to {to}: {levels:?}");
            assert!(signed.is_none_or(|signed| signed.stepwise));
        }
    }
}

#[test]
fn a_half_done_change_is_finished_or_undone() {
    let file = minted_file(1);
    let at = |mode: &str| facts(Some((mode, 1)), &[(&file, KEY)]);
    let (told, _) = steps(&cluster("{ hmac: yes }"), at("receive-only"), facts(None, &[]));
    assert_eq!(told, ["receive-only 1 of 1", "permissive 1 of 1", "enforce 1 of 1"]);
    let (told, _) = steps(&cluster("{ hmac: no }"), at("receive-only"), at("permissive"));
    assert_eq!(told, ["receive-only 1 of 1", "-"]);
    // They do not understand each other now; no step could make it worse, and the guard is needed.
    let (told, signed) = steps(&cluster("{ hmac: yes }"), at("enforce"), facts(None, &[]));
    assert_eq!((told, signed.unwrap().stepwise), (vec!["enforce 1 of 1".to_owned()], false));
}

/// The old key stands in the steps themselves, since its file goes.
#[test]
fn a_key_changes_with_both_of_them_known() {
    let file = minted_file(1);
    let now = || facts(Some(("enforce", 1)), &[(&file, KEY)]);
    for (auth, new) in [("{ hmac: { id: 7 } }", 7), ("{ hmac: { key: { env: X } } }", 2)] {
        let (told, signed) = steps(&cluster(auth), now(), now());
        let expected =
            [format!("enforce 1 of {new}+1"), format!("enforce {new} of {new}+1"), format!("enforce {new} of {new}")];
        assert_eq!(told, expected);
        assert!(signed.unwrap().stepwise);
    }
    let given = given_file("VI_1", 2);
    let now = || facts(Some(("enforce", 2)), &[(&given, "a key from before")]);
    let (told, signed) = steps(&cluster("{ hmac: { key: { env: X } } }"), now(), now());
    let signed = signed.unwrap();
    assert_eq!((told.len(), signed.stepwise), (1, false), "two keys of one number cannot both be known");
    assert_eq!(signed.what, "another key is to have the number 2");
    let (told, signed) = steps(&cluster("{ hmac: { key: { env: X }, id: 3 } }"), now(), now());
    assert_eq!((told.len(), signed.unwrap().stepwise), (3, true));
}

#[test]
fn a_clock_that_is_off_is_refused() {
    let job = |cluster: &Cluster, host: &str, clock: f64| {
        let wanted = render(cluster, cluster.host(host).unwrap(), &Interfaces::new()).unwrap();
        let facts = Facts { clock: Some(clock), ..Facts::default() };
        let plan = crate::ctl::plan::plan(&wanted, &facts, "sum");
        Job { wanted, facts, plan, ladder: Ladder::default() }
    };
    for (auth, off, refused) in [
        ("{ hmac: yes }", 3.9, false),
        ("{ hmac: yes }", -7.0, true),
        ("{ hmac: { window: 30s } }", 7.0, false),
        ("{ hmac: { replay: monotonic } }", 3600.0, false),
        ("{ hmac: no }", 3600.0, false),
    ] {
        let cluster = cluster(auth);
        let jobs = [job(&cluster, "lb-5", 1_800_000_000.5), job(&cluster, "lb-6", 1_800_000_000.5 + off)];
        let found = clocks(&cluster, &jobs);
        assert_eq!(found.is_err(), refused, "{auth} {off}: {found:?}");
        if let Err(failure) = found {
            assert_eq!(failure.problems[0].code, Code::ClocksDiffer);
            assert!(failure.to_string().contains("the clock of lb-5 is 7 s ahead of that of lb-6"), "{failure}");
        }
    }
    let settings = cluster("{ hmac: yes }").vips[0].hmac.clone().unwrap();
    assert_eq!(settings.replay, Replay::Time);
    assert_eq!(settings.tolerance(Duration::from_secs(3)), Some(Duration::from_secs(9)));
}
