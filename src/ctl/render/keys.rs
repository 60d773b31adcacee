//! The keys of signed adverts as files of their own, readable by root alone; the HA configuration only names them.

use data_encoding::HEXLOWER;
use hactl_engine::conf::config::{HmacMode, Replay};
use serde::Serialize;

use crate::ctl::cluster::{Cluster, Host, Secret};
use crate::ctl::signing::Hmac;
use crate::ctl::units::seconds_text;
use crate::ctl::wanted::{OnChange, WantedFile};

/// The role whose hosts have them.
pub const ROLE: &str = "vip";

/// What stands in a key's place while nobody has asked for it.
const UNKNOWN: &str = "(not known here: a deploy asks the hosts, or makes it up)";

/// The key files of a load balancer.
pub fn files(cluster: &Cluster, host: &Host) -> Vec<WantedFile> {
    let mut files: Vec<WantedFile> = Vec::new();
    let mine = cluster.vips.iter().filter(|vip| vip.members.iter().any(|member| member.host == host.name));
    for (vip, hmac) in mine.filter_map(|vip| Some((vip, vip.hmac.as_ref()?))) {
        let Some(dest) = hmac.key.file(&vip.name).filter(|dest| !files.iter().any(|file| file.dest == *dest)) else {
            continue;
        };
        let key = hmac.key.secret().map_or(UNKNOWN, |secret| secret.0.as_str());
        files.push(WantedFile {
            dest,
            content: format!("{key}\n").into_bytes(),
            mode: 0o600,
            owner: "root:root".into(),
            role: ROLE.into(),
            once: false,
            secret: true,
            check: None,
            on_change: Some(OnChange::Reload("hactl-agent".into())),
        });
    }
    files
}

/// `auth_hmac` as templates see it.
#[derive(Serialize)]
pub struct HmacView {
    keys: Vec<KeyView>,
    active: u8,
    mode: HmacMode,
    replay: Replay,
    window_s: Option<String>,
}

/// A key: its number, and what follows it in the agent's language.
#[derive(Serialize)]
struct KeyView {
    id: u8,
    key: String,
}

impl HmacView {
    /// Of a VIP with this name.
    pub fn new(hmac: &Hmac, vip: &str) -> Self {
        // What goes with the change has no file any more, and stands nowhere when the change is over.
        let digits = |secret: &Secret| format!("hex:{}", HEXLOWER.encode(secret.0.as_bytes()));
        let file = hmac.key.file(vip).map(|file| format!("file:{file}"));
        let key = file.or_else(|| hmac.key.secret().map(digits));
        let mut keys = vec![KeyView { id: hmac.key.id, key: key.unwrap_or_default() }];
        keys.extend(hmac.former.iter().map(|former| KeyView { id: former.id, key: digits(&former.secret) }));
        Self {
            keys,
            active: hmac.active(),
            mode: hmac.mode,
            replay: hmac.replay,
            window_s: hmac.window.map(seconds_text),
        }
    }
}
