//! Signed adverts (`auth: { hmac: … }`) as a VIP's load balancers have them: which key, where it lies on them, and what
//! becomes of adverts that are not signed.

use std::time::Duration;

use hactl_engine::conf::config::{HmacMode, Replay};

use super::sealed::{Sealed, Secret};

/// The folder on load balancers where keys lie. Their names begin with `vrrp-` and end in `.key`.
pub const KEY_FOLDER: &str = "/etc/hactl";
/// The number of a key that is made up, and of one that the inventory names, where it gives none.
pub const MINTED_ID: u8 = 1;
/// See [`MINTED_ID`].
pub const GIVEN_ID: u8 = 2;

/// `auth: hmac:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hmac {
    /// The key that signs, unless the former one still does.
    pub key: Key,
    /// The one before it: still believed while keys change.
    pub former: Option<Former>,
    /// What becomes of adverts that are not signed, and whether own ones are.
    pub mode: HmacMode,
    /// How far the hosts' clocks may be apart; three intervals and at least 5 s when absent.
    pub window: Option<Duration>,
    /// How replayed adverts are told.
    pub replay: Replay,
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its number, which adverts carry.
    pub id: u8,
    /// Where it comes from.
    pub origin: Origin,
}

/// Where a key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A deploy makes it up and the hosts keep it; `None` as long as nobody has asked them.
    Minted(Option<Secret>),
    /// The inventory names its source.
    Given(Sealed),
    /// It is on its way out, and its file is gone before it is.
    Leaving(Secret),
}

/// A key that is on its way out. Its file may be gone already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Former {
    /// Its number.
    pub id: u8,
    /// What it is.
    pub secret: Secret,
    /// Whether it is the one that signs.
    pub signs: bool,
}

impl Key {
    /// Where it lies on the load balancers of a VIP. One that is made up is the same for all VIPs.
    pub fn file(&self, vip: &str) -> Option<String> {
        match self.origin {
            Origin::Minted(_) => Some(minted_file(self.id)),
            Origin::Given(_) => Some(given_file(vip, self.id)),
            Origin::Leaving(_) => None,
        }
    }

    /// What it is, once that is known.
    pub fn secret(&self) -> Option<&Secret> {
        match &self.origin {
            Origin::Minted(secret) => secret.as_ref(),
            Origin::Given(sealed) => sealed.value.as_ref(),
            Origin::Leaving(secret) => Some(secret),
        }
    }
}

/// Where a key lies that a deploy has made up.
pub fn minted_file(id: u8) -> String {
    format!("{KEY_FOLDER}/vrrp-{id}.key")
}

/// Where a key lies that the inventory names.
pub fn given_file(vip: &str, id: u8) -> String {
    format!("{KEY_FOLDER}/vrrp-{vip}-{id}.key")
}

/// Whether such a key lies there.
pub fn is_key(path: &str) -> bool {
    let name = path.strip_prefix(KEY_FOLDER).and_then(|rest| rest.strip_prefix("/vrrp-"));
    name.is_some_and(|name| name.ends_with(".key"))
}

impl Hmac {
    /// The number of the key that signs.
    pub fn active(&self) -> u8 {
        self.former.as_ref().filter(|former| former.signs).map_or(self.key.id, |former| former.id)
    }

    /// How far the clocks of two hosts may be apart with adverts this often.
    pub fn tolerance(&self, interval: Duration) -> Option<Duration> {
        match self.replay {
            Replay::Time => Some(self.window.unwrap_or((interval * 3).max(Duration::from_secs(5)))),
            Replay::Monotonic => None,
        }
    }
}
