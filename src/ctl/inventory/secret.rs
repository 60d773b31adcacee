//! Secrets: named in the inventory, fetched when needed, never shown.

use std::fs;
use std::process::Command;

use super::document::{Node, Value};
use super::fields::Reader;
use crate::ctl::cluster::{Secret, SecretSource};
use crate::error::Problem;

/// `prompt`, or a mapping with one of `env`, `file`, `command`.
pub fn source(reader: &Reader<'_>, node: &Node, what: &str) -> Option<SecretSource> {
    if let Value::Text(text) = &node.value {
        return match text.split_once(':') {
            None if text == "prompt" => Some(SecretSource::Prompt),
            Some(("env", name)) => Some(SecretSource::Environment(name.trim().into())),
            Some(("file", path)) => Some(SecretSource::File(path.trim().into())),
            Some(("command", command)) => Some(SecretSource::Command(command.trim().into())),
            _ => {
                let problem = Problem::new("E120", format!("{what} names no source of a secret"))
                    .why("a secret written here would end up in version control")
                    .next("prompt, {env: NAME}, {file: PATH} or {command: PROGRAM}");
                reader.wrong_hiding(node.place, problem);
                None
            }
        };
    }
    let fields = reader.fields(node, what);
    let text = |name| fields.get(name).and_then(|node| reader.text(node, what));
    let found = text("env")
        .map(|name| SecretSource::Environment(name.into()))
        .or_else(|| text("file").map(|path| SecretSource::File(path.into())))
        .or_else(|| text("command").map(|command| SecretSource::Command(command.into())));
    fields.finish();
    if found.is_none() {
        reader.wrong(node.place, Problem::new("E120", format!("{what} names no source")).next("env, file or command"));
    }
    found
}

/// Fetches a secret that needs no terminal.
///
/// # Errors
/// In words, never with the secret.
pub fn fetch(source: &SecretSource) -> Result<Secret, String> {
    let first_line = |text: String| text.lines().next().unwrap_or_default().to_owned();
    let value = match source {
        SecretSource::Prompt => return Err("a prompt is not possible here; use env, file or command".into()),
        SecretSource::Environment(name) => {
            std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"))?
        }
        SecretSource::File(path) => {
            first_line(fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?)
        }
        SecretSource::Command(command) => {
            let output =
                Command::new("sh").arg("-c").arg(command).output().map_err(|error| format!("`{command}`: {error}"))?;
            if !output.status.success() {
                return Err(format!("`{command}` failed ({})", output.status));
            }
            first_line(String::from_utf8_lossy(&output.stdout).into_owned())
        }
    };
    if value.is_empty() { Err("it is empty".into()) } else { Ok(Secret(value)) }
}

/// A secret in place or by source, fetched now. VRRP passwords may stand in the inventory: they travel in clear on the
/// LAN anyway.
pub fn value(reader: &Reader<'_>, node: &Node, what: &str) -> Option<Secret> {
    if let Value::Text(text) = &node.value {
        return Some(Secret(text.clone()));
    }
    let source = source(reader, node, what)?;
    match fetch(&source) {
        Ok(secret) => Some(secret),
        Err(why) => {
            reader.wrong(node.place, Problem::new("E121", format!("{what}: {why}")));
            None
        }
    }
}
