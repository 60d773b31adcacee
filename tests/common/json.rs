//! Holds what a command printed against its schema in docs/json.md. What a schema may use is what stands here; a word
//! that this does not know is a mistake in the document.

use std::collections::BTreeMap;

use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/json.md");

/// The schemas by their `$id`.
fn schemas() -> BTreeMap<String, Value> {
    let blocks = DOCUMENT.split("\n```json\n").skip(1).filter_map(|rest| rest.split("\n```").next());
    let schemas =
        blocks.map(|block| serde_json::from_str::<Value>(block).unwrap_or_else(|error| panic!("{error}: {block}")));
    schemas.map(|schema| (schema["$id"].as_str().expect("$id").to_owned(), schema)).collect()
}

/// Reads the one object that a command printed, and checks it against the schema of every command and its own. A
/// command that failed has only the former.
pub(crate) fn document(stdout: &[u8], exit: Option<i32>) -> Value {
    let value: Value = serde_json::from_slice(stdout)
        .unwrap_or_else(|error| panic!("not one JSON object: {error}: {}", String::from_utf8_lossy(stdout)));
    let schemas = schemas();
    let mut wrong = Vec::new();
    check(&value, &schemas["every"], &schemas, "", &mut wrong);
    let command = match value["command"].as_str().expect("command") {
        "undrain" | "weight" => "drain",
        "remove" | "uninstall" => "rollback",
        command => command,
    };
    if value.as_object().is_some_and(|fields| fields.len() > 3) {
        let own = schemas.get(command).unwrap_or_else(|| panic!("docs/json.md has no schema for {command}"));
        check(&value, own, &schemas, "", &mut wrong);
        let documented =
            |name: &String| own["properties"].get(name).is_some() || schemas["every"]["properties"].get(name).is_some();
        let fields = value.as_object().into_iter().flat_map(|fields| fields.keys());
        wrong.extend(fields.filter(|name| !documented(name)).map(|name| format!("{name} is not documented")));
    } else {
        assert_ne!(exit, Some(0), "a command that is done has something to tell: {value}");
    }
    assert_eq!(value["exit"], serde_json::json!(exit), "the exit code");
    assert!(wrong.is_empty(), "{}\nin {value:#}", wrong.join("\n"));
    value
}

/// Reads one of the lines that a command prints before its object, and checks it in the same way.
#[allow(dead_code, reason = "not every layer captures")]
pub(crate) fn line(text: &[u8]) -> Value {
    line_of("capture line", text)
}

/// The same of a command whose lines have another schema.
#[allow(dead_code, reason = "not every layer watches")]
pub(crate) fn line_of(schema: &str, text: &[u8]) -> Value {
    let value: Value = serde_json::from_slice(text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
    let schemas = schemas();
    let mut wrong = Vec::new();
    check(&value, &schemas[schema], &schemas, "", &mut wrong);
    let known = |name: &String| schemas[schema]["properties"].get(name).is_some();
    wrong.extend(value.as_object().unwrap().keys().filter(|name| !known(name)).map(|name| format!("{name}: unknown")));
    assert!(wrong.is_empty(), "{}\nin {value:#}", wrong.join("\n"));
    value
}

fn check(value: &Value, schema: &Value, schemas: &BTreeMap<String, Value>, at: &str, wrong: &mut Vec<String>) {
    for (word, wanted) in schema.as_object().expect("a schema is an object") {
        match word.as_str() {
            "$id" => {}
            "$ref" => check(value, &schemas[wanted.as_str().unwrap()], schemas, at, wrong),
            "type" => {
                let is = |kind: &Value| match kind.as_str().unwrap() {
                    "object" => value.is_object(),
                    "array" => value.is_array(),
                    "string" => value.is_string(),
                    "integer" => value.is_u64() || value.is_i64(),
                    "number" => value.is_number(),
                    "boolean" => value.is_boolean(),
                    "null" => value.is_null(),
                    other => panic!("type {other}"),
                };
                if !wanted.as_array().map_or_else(|| is(wanted), |kinds| kinds.iter().any(is)) {
                    wrong.push(format!("{at}: {value} is not {wanted}"));
                }
            }
            "enum" => {
                if !wanted.as_array().unwrap().contains(value) {
                    wrong.push(format!("{at}: {value} is none of {wanted}"));
                }
            }
            "required" => {
                let missing =
                    wanted.as_array().unwrap().iter().filter(|name| value.get(name.as_str().unwrap()).is_none());
                wrong.extend(missing.filter(|_| value.is_object()).map(|name| format!("{at}: {name} is missing")));
            }
            "properties" => {
                let known = wanted.as_object().unwrap();
                for (name, schema) in known {
                    if let Some(inner) = value.get(name) {
                        check(inner, schema, schemas, &format!("{at}/{name}"), wrong);
                    }
                }
                // The outermost object has two schemas, and is looked at by `document`.
                let fields = value.as_object().filter(|_| !at.is_empty()).into_iter().flat_map(|all| all.keys());
                let more = fields.filter(|name| !known.contains_key(*name));
                wrong.extend(more.map(|name| format!("{at}/{name} is not documented")));
            }
            "items" => {
                for (n, inner) in value.as_array().into_iter().flatten().enumerate() {
                    check(inner, wanted, schemas, &format!("{at}/{n}"), wrong);
                }
            }
            "additionalProperties" => {
                let known = schema["properties"].as_object().unwrap();
                let more =
                    value.as_object().into_iter().flat_map(|all| all.keys()).filter(|name| !known.contains_key(*name));
                wrong.extend(more.map(|name| format!("{at}: {name} is one too many")));
            }
            other => panic!("docs/json.md: {other} is not understood here"),
        }
    }
}
