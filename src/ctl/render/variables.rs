//! `hactl template variables HOST`: what templates can use there, as they write it, with its values.

use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use super::context::{Interfaces, of_cluster, of_host};
use super::preview::nothing;
use crate::ctl::desk::find_inventory;
use crate::ctl::inventory::load::load;
use crate::ctl::report::{Outcome, Report};
use crate::error::{Exit, Failure};

/// What templates of one host see.
#[derive(Debug, Clone, Serialize)]
pub struct Variables {
    /// The host's name.
    pub host: String,
    /// In the order of their names.
    pub variables: Vec<Variable>,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Variable {
    /// As a template writes it, such as `webs[0].address`.
    pub name: String,
    /// A secret is `…`.
    pub value: Value,
}

/// Lists them. Nothing is contacted.
///
/// # Errors
/// Exit 3: mistakes in the inventory; no such host.
pub fn variables(inventory: Option<&Path>, host: &str) -> Outcome<Variables> {
    let loaded = load(&find_inventory(inventory)?)?;
    let cluster = loaded.cluster;
    let names = || cluster.hosts.iter().map(|host| host.name.as_str()).collect();
    let host = cluster.host(host).ok_or_else(|| nothing("host", host, names()))?;
    let secrets: Vec<&str> = cluster.secrets().collect();
    let mut listed = Vec::new();
    for (name, value) in of_cluster(&cluster).into_iter().chain(of_host(&cluster, host, &Interfaces::new())) {
        let value = serde_json::to_value(&value).map_err(|error| Failure::internal(format!("{name}: {error}")))?;
        flatten(name.to_owned(), value, &secrets, &mut listed);
    }
    listed.sort_by(|one, other| one.name.cmp(&other.name));
    let value = Variables { host: host.name.clone(), variables: listed };
    Ok(Report { value, problems: loaded.warnings, exit: Exit::Done })
}

fn flatten(name: String, value: Value, secrets: &[&str], into: &mut Vec<Variable>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            fields.into_iter().for_each(|(key, value)| flatten(format!("{name}.{key}"), value, secrets, into));
        }
        Value::Array(items) if !items.is_empty() => {
            items
                .into_iter()
                .enumerate()
                .for_each(|(at, value)| flatten(format!("{name}[{at}]"), value, secrets, into));
        }
        Value::String(text) if secrets.iter().any(|secret| text.contains(secret)) => {
            into.push(Variable { name, value: "…".into() });
        }
        value => into.push(Variable { name, value }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_templates_write() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.yaml");
        let text = "vip: { address: 10.0.0.3/24, version: 2, auth: sesame37 }\nlb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }\nweb: { web-7: 10.0.0.7 }\n\
                    vars: { contact: ops }\n";
        let text = text
            .replace("sesame37", "{ pass: { file: SECRET } }")
            .replace("SECRET", &folder.path().join("secret").display().to_string());
        std::fs::write(folder.path().join("secret"), "sesame37").unwrap();
        std::fs::write(&file, text).unwrap();
        let listed = variables(Some(&file), "lb-6").unwrap().value;
        let value = |name: &str| listed.variables.iter().find(|one| one.name == name).map(|one| one.value.clone());
        assert_eq!(value("host.name"), Some("lb-6".into()), "{listed:?}");
        assert_eq!(value("webs[0].address"), Some("10.0.0.7".into()));
        assert_eq!(value("vars.contact"), Some("ops".into()));
        let shown = serde_json::to_string(&listed).unwrap();
        assert!(!shown.contains("sesame37"), "{shown}");
        assert!(variables(Some(&file), "lb-9").unwrap_err().to_string().contains("no host is named lb-9"));
    }
}
