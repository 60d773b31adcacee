//! `auth:` of a VIP: a password in clear (version 2), or signed adverts.

use std::time::Duration;

use hactl_engine::conf::config::{HmacMode, Replay, Version};

use super::document::{Node, Value};
use super::fields::Reader;
use super::secret;
use crate::ctl::cluster::Vip;
use crate::ctl::signing::{GIVEN_ID, Hmac, Key, MINTED_ID, Origin};
use crate::error::{Code, Problem};

const MODES: [(&str, HmacMode); 3] =
    [("enforce", HmacMode::Enforce), ("permissive", HmacMode::Permissive), ("receive-only", HmacMode::ReceiveOnly)];
const REPLAYS: [(&str, Replay); 2] = [("time", Replay::Time), ("monotonic", Replay::Monotonic)];

/// Reads it; the VIP's version is known.
pub fn auth(reader: &Reader<'_>, node: &Node, vip: &mut Vip) {
    let fields = reader.fields(node, "auth");
    let pass = fields.get("pass");
    vip.auth = pass.and_then(|node| secret::value(reader, node, "pass"));
    if let Some((secret, node)) = vip.auth.as_ref().zip(pass).filter(|(secret, _)| secret.0.len() > 8) {
        let message = format!("the password of {} has {} characters", vip.name, secret.0.len());
        let problem =
            Problem::new(Code::PasswordLength, message).why("adverts carry eight, and the rest is not compared");
        reader.wrong_hiding(node.place, problem.next("give one of eight characters or fewer").warn());
    }
    if let Some(node) = pass.filter(|_| vip.auth.as_ref().is_some_and(|secret| secret.0.contains(char::is_control))) {
        let message = format!("the password of {} has control characters", vip.name);
        let problem = Problem::new(Code::WrongValue, message).why("a line of the HA configuration cannot hold them");
        reader.wrong_hiding(node.place, problem.next("give one of letters, digits and signs"));
    }
    if vip.version == Version::V3 && pass.is_some() {
        let problem = Problem::new(Code::VersionThree, "version 3 of VRRP has no passwords")
            .next("remove `pass`, or `version: 2`; `hmac: yes` signs adverts of every version");
        reader.wrong(node.place, problem);
    }
    vip.hmac = fields.get("hmac").and_then(|node| hmac(reader, node));
    fields.finish();
}

fn hmac(reader: &Reader<'_>, node: &Node) -> Option<Hmac> {
    if let Value::Text(text) = &node.value {
        return match text.as_str() {
            "yes" | "true" | "on" => Some(settings(Key { id: MINTED_ID, origin: Origin::Minted(None) })),
            "no" | "false" | "off" => None,
            _ => {
                let problem =
                    Problem::new(Code::SecretSource, "hmac is neither yes nor no, and a key is not written here")
                        .why("a secret written here would end up in version control")
                        .next(
                            "`hmac: yes` makes a key up at the first deploy; `hmac: { key: { file: PATH } }` names one",
                        );
                reader.wrong_hiding(node.place, problem);
                None
            }
        };
    }
    let fields = reader.fields(node, "hmac");
    let number = fields.get("id").and_then(|node| reader.number(node, "id", 0..=255));
    let id = number.and_then(|id| u8::try_from(id).ok());
    let given = fields.get("key").map(|node| secret::sealed(reader, node, "key", "{ file: PATH }"));
    let key = match given {
        None => Some(Key { id: id.unwrap_or(MINTED_ID), origin: Origin::Minted(None) }),
        Some(sealed) => sealed.map(|sealed| Key { id: id.unwrap_or(GIVEN_ID), origin: Origin::Given(sealed) }),
    };
    let mode = fields.get("mode").and_then(|node| reader.choice(node, "mode", &MODES));
    let replay = fields.get("replay").and_then(|node| reader.choice(node, "replay", &REPLAYS));
    let window = fields.get("window").and_then(|node| window(reader, node));
    fields.finish();
    let settings = settings(key?);
    Some(Hmac { mode: mode.unwrap_or(settings.mode), replay: replay.unwrap_or(settings.replay), window, ..settings })
}

fn settings(key: Key) -> Hmac {
    Hmac { key, former: None, mode: HmacMode::Enforce, window: None, replay: Replay::Time }
}

fn window(reader: &Reader<'_>, node: &Node) -> Option<Duration> {
    let window = reader.duration(node, "window")?;
    if (Duration::from_secs(1)..=Duration::from_secs(300)).contains(&window) {
        return Some(window);
    }
    let problem = Problem::new(Code::WrongValue, "window is from 1s to 300s")
        .why("it is how far the load balancers' clocks may be apart, and for how long an advert could be replayed")
        .next("leave it out for three intervals, at least 5s");
    reader.wrong(node.place, problem);
    None
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ctl::cluster::SecretSource;
    use crate::ctl::inventory::load::parse;

    const HOMEWORK: &str = include_str!("../../../inventories/homework.yaml");

    fn with(auth: &str) -> String {
        HOMEWORK.replace("vip: 10.0.0.3/24", &format!("vip: {{ address: 10.0.0.3/24, version: 3, auth: {auth} }}"))
    }

    fn read(auth: &str) -> Option<Hmac> {
        let loaded = parse(Path::new("x.yaml"), &with(auth)).unwrap_or_else(|failure| panic!("{auth}: {failure}"));
        loaded.cluster.vips[0].hmac.clone()
    }

    #[test]
    fn a_word_is_enough_and_everything_can_be_said() {
        for off in ["{ hmac: no }", "{ hmac: off }"] {
            assert_eq!(read(off), None);
        }
        let yes = read("{ hmac: yes }").unwrap();
        assert_eq!(
            (yes.key, yes.mode, yes.replay),
            (Key { id: 1, origin: Origin::Minted(None) }, HmacMode::Enforce, Replay::Time)
        );
        assert_eq!(read("{ hmac: { id: 7 } }").unwrap().key.file("VI_1").unwrap(), "/etc/hactl/vrrp-7.key");
        let all =
            read("{ hmac: { key: { env: VRRP }, id: 9, mode: permissive, window: 30s, replay: monotonic } }").unwrap();
        let Origin::Given(sealed) = &all.key.origin else { panic!("{all:?}") };
        assert_eq!((&sealed.source, &sealed.value), (&Some(SecretSource::Environment("VRRP".into())), &None));
        assert_eq!(all.key.file("VI_1").unwrap(), "/etc/hactl/vrrp-VI_1-9.key");
        assert_eq!(
            (all.mode, all.window, all.replay),
            (HmacMode::Permissive, Some(Duration::from_secs(30)), Replay::Monotonic)
        );
        assert_eq!(read("{ hmac: { key: env:VRRP } }").unwrap().key.id, 2);
    }

    #[test]
    fn mistakes_have_a_place_and_no_key_in_them() {
        for (text, code, said) in [
            ("{ hmac: hunter2 }", "E120", "`hmac: yes` makes a key up"),
            ("{ hmac: { key: hunter2 } }", "E120", "prompt, {env: NAME}"),
            ("{ hmac: { key: [hunter2] } }", "E120", "write it like `key: { file: PATH }`"),
            ("{ hmac: { id: 256 } }", "E104", "from 0 to 255"),
            ("{ hmac: { mode: sign } }", "E107", "write `enforce`"),
            ("{ hmac: { window: 10m } }", "E104", "window is from 1s to 300s"),
            ("{ hmac: { time_window: 5 } }", "E102", "is `window: 5s` in `hmac:` here"),
            ("{ pass: \"1111\" }", "E112", "`hmac: yes` signs adverts of every version"),
        ] {
            let told = parse(Path::new("x.yaml"), &with(text)).map(drop).unwrap_err().to_string();
            assert!(told.contains(said) && told.contains(code) && told.contains("x.yaml:4:"), "{text}: {told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
