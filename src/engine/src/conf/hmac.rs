//! `auth_hmac { … }`. No key ever appears in a message.

use std::time::Duration;

use super::config::{HmacKey, HmacMode, HmacSettings, Replay};
use super::keywords::AUTH_HMAC;
use super::sink::Sink;
use super::tree::Statement;
use super::values::{seconds, single, surplus, whole};
use super::walk::{inside, walk};

/// Reads the block; `interval` is the instance's, from which the time window follows.
pub(super) fn read(block: &Statement, interval: Duration, sink: &mut Sink<'_>) -> Option<HmacSettings> {
    surplus(block, &block.arguments, sink);
    let mut hmac = HmacSettings {
        keys: Vec::new(),
        active: 0,
        replay: Replay::Time,
        window: (interval * 3).max(Duration::from_secs(5)),
        mode: HmacMode::Enforce,
    };
    let mut active = None;
    walk(inside(block), &AUTH_HMAC, sink, |line, sink| match line.name() {
        "key" => hmac.keys.extend(key(line, sink)),
        "active_key" => active = whole(line, 0..=255, "the first key is used", sink).map(|id| (id, line.place())),
        "anti_replay" => match single(line, sink).map(|word| word.text.as_str()) {
            Some("monotonic") => hmac.replay = Replay::Monotonic,
            Some("time") | None => {}
            Some(_) => sink.error_help(line.place(), "unknown anti_replay; time is used", "write time or monotonic"),
        },
        "time_window" => {
            let range = Duration::from_secs(1)..=Duration::from_secs(300);
            hmac.window = seconds(line, range, "the default is used", sink).unwrap_or(hmac.window);
        }
        _ => match single(line, sink).map(|word| word.text.as_str()) {
            Some("permissive") => hmac.mode = HmacMode::Permissive,
            Some("receive-only" | "receive_only") => hmac.mode = HmacMode::ReceiveOnly,
            Some("enforce") | None => {}
            Some(_) => {
                let help = "write enforce, permissive or receive-only";
                sink.error_help(line.place(), "unknown mode; enforce is used", help);
            }
        },
    });
    let Some(first) = hmac.keys.first().map(|key| key.id) else {
        sink.error_help(block.place(), "`auth_hmac` has no key; adverts are not signed", "add `key 1 hex:…`");
        return None;
    };
    hmac.active = match active {
        Some((id, place)) if !hmac.keys.iter().any(|key| key.id == id) => {
            sink.error(place, format!("there is no key {id}; key {first} is used"));
            first
        }
        Some((id, _)) => id,
        None => first,
    };
    Some(hmac)
}

fn key(line: &Statement, sink: &mut Sink<'_>) -> Option<HmacKey> {
    let [id, secret] = line.arguments.as_slice() else {
        sink.error_help(line.place(), "this key is ignored", "write `key ID hex:…`, `ascii:…` or `file:PATH`");
        return None;
    };
    let Ok(number) = id.text.parse::<u8>() else {
        sink.error(id.place, format!("`{}` is no key id from 0 to 255; this key is ignored", id.text));
        return None;
    };
    let (secret_bytes, file) = match secret.text.split_once(':') {
        Some(("ascii", text)) => (text.as_bytes().to_vec(), None),
        Some(("hex", text)) => (hex(text).unwrap_or_default(), None),
        Some(("file", path)) => (Vec::new(), Some(path.to_owned())),
        _ => (Vec::new(), None),
    };
    if secret_bytes.is_empty() && file.is_none() {
        sink.error_help(secret.place, "this key is ignored: it is empty or none", "write hex:…, ascii:… or file:PATH");
        return None;
    }
    Some(HmacKey { id: number, secret: secret_bytes, file })
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2))?;
    Some(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| (byte << 4) | digit)).collect())
}
