//! A hardware address as it travels in JSON: in words, as `status` and logs have it.

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer, Serializer};

use crate::wire::arp::{Mac, mac_text};

pub(super) fn serialize<S: Serializer>(mac: &Mac, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&mac_text(mac))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Mac, D::Error> {
    let text = String::deserialize(from)?;
    let bytes: Vec<u8> = text.split(':').map_while(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    Mac::try_from(bytes)
        .ok()
        .filter(|mac| mac_text(mac) == text)
        .ok_or_else(|| D::Error::custom(format!("`{text}` is no hardware address")))
}
