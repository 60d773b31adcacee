//! Secrets as the inventory names them: where they come from, never what they are.

use super::document::{Node, Value};
use super::fields::Reader;
use crate::ctl::cluster::{Sealed, Secret, SecretSource};
use crate::ctl::secret::fetch;
use crate::error::{Code, Problem};

/// `prompt`, or a mapping with one of `env`, `file`, `command`.
pub fn source(reader: &Reader<'_>, node: &Node, what: &str) -> Option<SecretSource> {
    if let Value::Text(text) = &node.value {
        return match text.split_once(':') {
            None if text == "prompt" => Some(SecretSource::Prompt),
            Some(("env", name)) => Some(SecretSource::Environment(name.trim().into())),
            Some(("file", path)) => Some(SecretSource::File(path.trim().into())),
            Some(("command", command)) => Some(SecretSource::Command(command.trim().into())),
            _ => {
                let problem = Problem::new(Code::SecretSource, format!("{what} names no source of a secret"))
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
        reader.wrong(
            node.place,
            Problem::new(Code::SecretSource, format!("{what} names no source")).next("env, file or command"),
        );
    }
    found
}

/// A secret in place or by source, fetched now. VRRP passwords may stand in the inventory: they travel in clear on the
/// LAN anyway.
pub fn value(reader: &Reader<'_>, node: &Node, what: &str) -> Option<Secret> {
    if let Value::Text(text) = &node.value {
        return Some(Secret(text.clone()));
    }
    let source = source(reader, node, what)?;
    match fetch(&source, what) {
        Ok(secret) => Some(secret),
        Err(problem) => {
            reader.wrong(node.place, problem);
            None
        }
    }
}

/// A secret by source, for when it is needed. `example` is what else, or how, it may be written.
pub fn sealed(reader: &Reader<'_>, node: &Node, what: &str, example: &str) -> Option<Sealed> {
    if matches!(node.value, Value::Null | Value::List(_)) {
        let problem = Problem::new(Code::SecretSource, format!("{what} names no source"));
        reader.wrong_hiding(node.place, problem.next(format!("write it like `{what}: {example}`")));
        return None;
    }
    let source = source(reader, node, what)?;
    Some(Sealed { source: Some(source), value: None, span: reader.span(node.place) })
}
