//! Where roles and templates come from. First wins: the inventory's `templates/hosts/H`, `templates/groups/G`,
//! `templates`, `roles/R/templates`, then what is built in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::ctl::cluster::{Cluster, Host};
use crate::ctl::roles::builtin;
use crate::ctl::roles::role::{Role, parse};
use crate::ctl::words::closest;
use crate::error::{Code, Problem};

/// A template's text and the name errors give it.
pub struct Template {
    /// The path, or `built in: NAME`.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Finds a role.
///
/// # Errors
/// Unknown, unreadable or invalid.
pub fn role(cluster: &Cluster, name: &str) -> Result<Role, Problem> {
    let path = role_file(&cluster.folder, name);
    if let Ok(text) = fs::read_to_string(&path) {
        return parse(&path, &text);
    }
    match builtin::ROLES.iter().find(|(known, _)| *known == name) {
        Some((_, text)) => parse(&PathBuf::from(format!("built in: {name}")), text),
        None => Err(unknown(&cluster.folder, name)),
    }
}

/// Whether there is such a role; the inventory asks this where the name is written.
///
/// # Errors
/// The problem, with the nearest known name.
pub fn known_role(folder: &Path, name: &str) -> Result<(), Problem> {
    let known = role_file(folder, name).exists() || builtin::ROLES.iter().any(|(known, _)| *known == name);
    if known { Ok(()) } else { Err(unknown(folder, name)) }
}

pub(super) fn role_file(folder: &Path, name: &str) -> PathBuf {
    folder.join("roles").join(name).join("role.yaml")
}

fn unknown(folder: &Path, name: &str) -> Problem {
    let known: Vec<&str> = builtin::ROLES.iter().map(|(known, _)| *known).collect();
    let mut message = format!("unknown role `{name}`");
    if let Some(close) = closest(name, known.iter().copied()) {
        message.push_str(&format!(", did you mean `{close}`?"));
    }
    let own = role_file(folder, name);
    Problem::new(Code::UnknownRole, message).next(format!(
        "built in are {}; your own go to {}",
        known.join(", "),
        own.display()
    ))
}

/// Finds a template for a host.
///
/// # Errors
/// Found nowhere; with the places looked at.
pub fn template(cluster: &Cluster, host: &Host, role: &str, name: &str) -> Result<Template, Problem> {
    let templates = cluster.folder.join("templates");
    let places = [
        templates.join("hosts").join(&host.name).join(name),
        templates.join("groups").join(host.group.name()).join(name),
        templates.join(name),
        cluster.folder.join("roles").join(role).join("templates").join(name),
    ];
    for place in &places {
        if let Ok(text) = fs::read_to_string(place) {
            return Ok(Template { name: place.display().to_string(), text });
        }
    }
    if let Some((_, text)) = builtin::TEMPLATES.iter().find(|(known, _)| *known == name) {
        return Ok(Template { name: format!("built in: {name}"), text: (*text).to_owned() });
    }
    let looked = places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ");
    let message = format!("role {role} wants the template `{name}`, which is nowhere");
    Err(Problem::on(&host.name, Code::NoTemplate, message).next(format!("make one of {looked}")))
}
