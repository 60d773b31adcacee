//! How an instance proves who it is: `authentication` (PASS, version 2) and `auth_hmac`.

use std::time::Duration;

use data_encoding::HEXLOWER_PERMISSIVE;

use crate::conf::config::{HmacKey, HmacMode, HmacSettings, Replay, SimplePassword, Version};
use crate::conf::grammar::keywords::{AUTH_HMAC, AUTHENTICATION};
use crate::conf::grammar::values::{integer, seconds, single, surplus, unread};
use crate::conf::grammar::walk::{inside, walk};
use crate::conf::text::lexer::Word;
use crate::conf::text::place::{At, Place};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// `authentication`, as far as it was given.
#[derive(Debug, Default)]
pub(crate) struct Authentication {
    pub(crate) place: Option<Place>,
    type_given: bool,
    pass: bool,
    /// `auth_pass` stands behind `auth_type` on one line, which has been reported.
    misplaced: bool,
    password: Option<At<String>>,
}

impl Authentication {
    /// Reads a block.
    pub(crate) fn read(&mut self, block: &Statement, sink: &mut Sink<'_>) {
        self.place = Some(block.place());
        walk(inside(block), &AUTHENTICATION, sink, |line, sink| {
            let Some(word) = line.arguments.first() else {
                sink.error(line.place(), format!("`{}` needs a value", line.name()));
                return;
            };
            let rest = line.arguments.get(1..).unwrap_or_default();
            match (line.name(), rest.first()) {
                // Part of a secret perhaps: it stays out of the message.
                ("auth_pass", Some(extra)) => {
                    let help = "put a password with blanks in quotes";
                    sink.error_help(extra.place, "`auth_pass` takes one word; what follows is not read", help);
                }
                _ => surplus(line, rest, sink),
            }
            self.misplaced |= rest.iter().any(|word| word.text == "auth_pass");
            match line.name() {
                "auth_pass" => self.password = Some((word.text.clone(), word.place)),
                "auth_type" => {
                    self.type_given = true;
                    self.pass = auth_type(word, sink);
                }
                _ => unread(line, sink),
            }
        });
    }

    /// The password that adverts carry, if any.
    pub(crate) fn complete(self, version: Version, sink: &mut Sink<'_>) -> Option<SimplePassword> {
        let block = self.place?;
        if version == Version::V3 {
            sink.warning(block, "VRRP version 3 has no authentication; ignored (RFC 5798 §9)");
            return None;
        }
        match (self.pass, self.password) {
            (true, Some((text, place))) => Some(cut_password(&text, place, sink)),
            (true, None) if self.misplaced => None,
            (true, None) => {
                let help = "add a line `auth_pass SECRET`";
                sink.error_help(block, "`authentication` has no `auth_pass`; adverts carry no authentication", help);
                None
            }
            (false, Some((_, place))) if !self.type_given => {
                let help = "add a line `auth_type PASS`";
                sink.error_help(place, "`auth_pass` without `auth_type`; adverts carry no authentication", help);
                None
            }
            (false, _) => None,
        }
    }
}

/// Whether the type is PASS; anything else is reported and means no authentication, as in keepalived.
fn auth_type(word: &Word, sink: &mut Sink<'_>) -> bool {
    match word.text.as_str() {
        "PASS" => return true,
        "AH" => sink.warning_help(
            word.place,
            "`auth_type AH` is not supported; adverts carry no authentication and a peer that uses AH drops them",
            "use PASS, or no authentication, on all hosts",
        ),
        other => {
            let message = format!("unknown auth_type `{other}`; adverts carry no authentication");
            sink.error_help(word.place, message, "write PASS");
        }
    }
    false
}

fn cut_password(text: &str, place: Place, sink: &mut Sink<'_>) -> SimplePassword {
    if text.len() > PASSWORD_BYTES {
        // The word itself is a secret and stays out of the message.
        let message = format!("`auth_pass` has {} bytes; only the first {PASSWORD_BYTES} count", text.len());
        sink.warning(place, message);
    }
    let mut bytes = [0; PASSWORD_BYTES];
    bytes.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
    SimplePassword(bytes)
}

/// `auth_hmac`, as far as it was given.
#[derive(Debug)]
pub(crate) struct Hmac {
    place: Place,
    keys: Vec<HmacKey>,
    active: Option<At<u8>>,
    replay: Replay,
    window: Option<Duration>,
    mode: HmacMode,
}

impl Hmac {
    /// Reads a block.
    pub(crate) fn read(block: &Statement, sink: &mut Sink<'_>) -> Self {
        let mut hmac = Self {
            place: block.place(),
            keys: Vec::new(),
            active: None,
            replay: Replay::Time,
            window: None,
            mode: HmacMode::Enforce,
        };
        let (keys, others): (Vec<_>, Vec<_>) = inside(block).iter().cloned().partition(|line| line.name() == "key");
        for line in &keys {
            hmac.key(line, sink);
        }
        walk(&others, &AUTH_HMAC, sink, |line, sink| hmac.line(line, sink));
        hmac
    }

    fn line(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        match line.name() {
            "active_key" => {
                self.active = integer(line, 0..=u8::MAX, "the first key is used", sink).map(|id| (id, line.place()));
            }
            "time_window" => {
                let range = Duration::from_secs(1)..=Duration::from_secs(300);
                self.window = seconds(line, range, "three intervals, at least 5 s, are used", sink);
            }
            "anti_replay" => {
                let words = &[("time", Replay::Time), ("monotonic", Replay::Monotonic)];
                self.replay = one_of(line, words, sink).unwrap_or(self.replay);
            }
            "mode" => {
                let words = &[
                    ("enforce", HmacMode::Enforce),
                    ("permissive", HmacMode::Permissive),
                    ("receive-only", HmacMode::ReceiveOnly),
                    ("receive_only", HmacMode::ReceiveOnly),
                ];
                self.mode = one_of(line, words, sink).unwrap_or(self.mode);
            }
            _ => unread(line, sink),
        }
    }

    /// `key ID hex:…|ascii:…|file:…`. What follows the id is a secret and stays out of every message.
    fn key(&mut self, line: &Statement, sink: &mut Sink<'_>) {
        let (Some(id), Some(secret)) = (line.arguments.first(), line.arguments.get(1)) else {
            sink.error_help(line.place(), "`key` needs an id and a secret; ignored", KEY_FORM);
            return;
        };
        if let Some(extra) = line.arguments.get(2) {
            let help = "put a secret with blanks in quotes";
            sink.error_help(extra.place, "`key` takes an id and one word; what follows is not read", help);
        }
        let Ok(number) = id.text.parse::<u8>() else {
            sink.error(id.place, format!("key id `{}` is not in 0..=255; the key is ignored", id.text));
            return;
        };
        if self.keys.iter().any(|key| key.id == number) {
            sink.error(id.place, format!("key {number} exists already; this one is ignored"));
            return;
        }
        match secret_of(&secret.text) {
            Ok((bytes, file)) => self.keys.push(HmacKey { id: number, secret: bytes, file }),
            Err(why) => sink.error_help(secret.place, format!("key {number} is ignored: {why}"), KEY_FORM),
        }
    }

    /// The settings, when there is a key to sign with.
    pub(crate) fn complete(self, interval: Duration, sink: &mut Sink<'_>) -> Option<HmacSettings> {
        let Some(first) = self.keys.first().map(|key| key.id) else {
            let message = "`auth_hmac` has no key; adverts are not signed and any advert is believed";
            sink.error_help(self.place, message, KEY_FORM);
            return None;
        };
        let active = match self.active {
            Some((id, place)) if !self.keys.iter().any(|key| key.id == id) => {
                sink.error(place, format!("there is no key {id}; adverts are signed with key {first}"));
                first
            }
            Some((id, _)) => id,
            None => first,
        };
        let window = self.window.unwrap_or((interval * 3).max(WINDOW_MIN));
        Some(HmacSettings { keys: self.keys, active, replay: self.replay, window, mode: self.mode })
    }
}

fn one_of<T: Copy>(line: &Statement, words: &[(&str, T)], sink: &mut Sink<'_>) -> Option<T> {
    let word = single(line, sink)?;
    let found = words.iter().find(|(name, _)| *name == word.text).map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let first = names.first().copied().unwrap_or_default();
        let message = format!("unknown {} `{}`; {first} is used", line.name(), word.text);
        sink.error_help(word.place, message, format!("write {}", names.join(" or ")));
    }
    found
}

fn secret_of(text: &str) -> Result<(Vec<u8>, Option<String>), BadSecret> {
    if let Some(path) = text.strip_prefix("file:") {
        return match path.starts_with('/') {
            true => Ok((Vec::new(), Some(path.to_owned()))),
            false => Err(BadSecret::FileNotFromRoot),
        };
    }
    let bytes = match text.strip_prefix("hex:") {
        Some(digits) => HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(|_| BadSecret::NotHexadecimal)?,
        None => text.strip_prefix("ascii:").unwrap_or(text).as_bytes().to_vec(),
    };
    if bytes.is_empty() { Err(BadSecret::Empty) } else { Ok((bytes, None)) }
}

/// Why a key's secret cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum BadSecret {
    #[error("its file is not a path from the root")]
    FileNotFromRoot,
    #[error("its hexadecimal digits are not pairs of 0-9 and a-f")]
    NotHexadecimal,
    #[error("it is empty")]
    Empty,
}

/// Bytes of a simple text password (RFC 2338 §5.3.10).
const PASSWORD_BYTES: usize = 8;
const WINDOW_MIN: Duration = Duration::from_secs(5);
const KEY_FORM: &str = "write `key ID hex:…`, `key ID ascii:…` or `key ID file:/PATH`";
