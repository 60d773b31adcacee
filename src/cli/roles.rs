//! `hactl role` and `hactl template`: nothing is contacted, and without an inventory they tell what is built in.

use std::path::PathBuf;

use serde::Serialize;

use super::global::Global;
use super::roles_args::{Role, Template};
use super::show::finish;
use super::show::table::table;
use crate::ctl::desk::find_inventory;
use crate::ctl::render::variables::{Variables, variables};
use crate::ctl::report::Report;
use crate::ctl::roles::shown::{self, ListedRole, ListedTemplate, Shown};
use crate::error::{Failure, Outcome};

#[derive(Serialize)]
struct Listed<T> {
    listed: Vec<T>,
}

/// Runs `hactl role`.
///
/// # Errors
/// Exit 3: no such role, or one beside the inventory that cannot be read.
pub(crate) fn role(global: &Global, wanted: &Role) -> Outcome {
    let folder = folder(global)?;
    match wanted {
        Role::List => {
            let outcome = shown::roles(&folder).map(|listed| Report::done(Listed { listed }));
            finish(global, "role", outcome, |all: &Listed<ListedRole>| {
                let row = |one: &ListedRole| {
                    vec![one.name.clone(), one.groups.join(", "), one.from.clone(), one.about.clone()]
                };
                list(["ROLE", "FOR", "FROM", "WHAT IT IS"], all.listed.iter().map(row))
            })
        }
        Role::Show { name } => finish(global, "role", shown::role(&folder, name).map(Report::done), text),
    }
}

/// Runs `hactl template`.
///
/// # Errors
/// Exit 3: no such template or host, or mistakes in the inventory and its roles.
pub(crate) fn template(global: &Global, wanted: &Template) -> Outcome {
    match wanted {
        Template::List => {
            let outcome = shown::templates(&folder(global)?).map(|listed| Report::done(Listed { listed }));
            finish(global, "template", outcome, |all: &Listed<ListedTemplate>| {
                let row =
                    |one: &ListedTemplate| vec![one.name.clone(), one.roles.join(", "), one.destinations.join(", ")];
                list(["TEMPLATE", "ROLE", "BECOMES"], all.listed.iter().map(row))
            })
        }
        Template::Show { name } => {
            finish(global, "template", shown::template(&folder(global)?, name).map(Report::done), text)
        }
        Template::Variables { host } => {
            finish(global, "template", variables(global.inventory.as_deref(), host), |told: &Variables| {
                told.variables.iter().map(|one| format!("{} = {}\n", one.name, one.value)).collect()
            })
        }
    }
}

/// The inventory's folder; where there is no inventory, this one.
fn folder(global: &Global) -> Result<PathBuf, Failure> {
    match find_inventory(global.inventory.as_deref()) {
        Ok(file) => Ok(file.parent().map_or_else(PathBuf::new, PathBuf::from)),
        Err(failure) if global.inventory.is_some() => Err(failure),
        Err(_) => Ok(PathBuf::new()),
    }
}

/// As it is written, so that it can be sent into a file.
fn text(shown: &Shown) -> String {
    shown.text.clone()
}

fn list<const N: usize>(head: [&str; N], rows: impl Iterator<Item = Vec<String>>) -> String {
    let head = head.map(str::to_owned).to_vec();
    table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}
