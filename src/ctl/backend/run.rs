//! A wish carried out: the edited text is deployed where it reaches, and becomes the inventory's when the hosts have
//! it. A deploy that fails, is declined or dies leaves the inventory as it was, and so does it the hosts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;
use similar::TextDiff;
use thiserror::Error;

use super::edit::{Edited, Wish, edited};
use super::maintenance::maintenance;
use crate::ctl::apply::deploy::{Deployed, Planned, deploy};
use crate::ctl::apply::order::Order;
use crate::ctl::apply::show::show_plan;
use crate::ctl::cluster::Group;
use crate::ctl::desk::{Options, find_inventory};
use crate::ctl::report::{Outcome, Report};
use crate::error::{Code, Exit, Failure, Problem};
use crate::sys::process::replace::Fresh;

/// What became of a wish.
#[derive(Debug, Clone, Serialize)]
pub struct Done {
    /// The inventory.
    pub inventory: PathBuf,
    /// Its lines that come and go.
    pub edit: String,
    /// Whether they stand there now.
    pub written: bool,
    /// What the deploy did; `None` where it was only shown.
    pub deployed: Option<Deployed>,
    /// What it would do, where it was only shown.
    pub plan: Option<Planned>,
    /// A canary's time is over, and everything is as it was.
    pub put_back: bool,
    /// A web host that is gone and that still has what hactl put there.
    pub left: Option<String>,
}

/// Shows the edit and the plan, and asks for consent.
pub type Confirm<'c> = &'c (dyn Fn(&str, &Planned) -> Result<bool, Failure> + Sync);

/// What nginx on the load balancers has of pools.
const ROLES: [&str; 2] = ["lb-nginx", "lb-nginx-stream"];
/// Its agent checks the servers of nginx's pools.
const CHECKS: &str = "vip";

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Ask<'a> {
    /// Something of a server.
    Server(&'a Wish),
    /// One page for every request, or no more.
    Maintenance {
        /// Whether there is one.
        on: bool,
        /// A file with it.
        page: Option<&'a Path>,
    },
}

/// Carries it out, or with `dry` shows what that would be. Of the order the inventory counts, and how to deploy; not
/// where.
///
/// # Errors
/// Exit 3 for what cannot be edited; everything that a deploy reports; 6 when the hosts have it and the inventory could
/// not be written.
pub async fn run(order: &Order, ask: Ask<'_>, dry: bool, options: Options, confirm: Confirm<'_>) -> Outcome<Done> {
    let prepared = Prepared::new(order, ask)?;
    if dry {
        let shown = show_plan(&prepared.order, options, None).await?;
        return Ok(shown.map(|plan| Done { plan: Some(plan), ..prepared.done(false, None) }));
    }
    let report = deploy(&prepared.order, options, &|plan| confirm(&prepared.lines, plan)).await?;
    if report.exit != Exit::Done || report.value.declined {
        return Ok(report.map(|deployed| prepared.done(false, Some(deployed))));
    }
    Ok(prepared.written(report))
}

/// An edit that was made and not carried out.
pub(super) struct Prepared {
    /// The text as it is.
    pub before: String,
    /// What it becomes.
    pub edit: Edited,
    /// Its lines that come and go.
    pub lines: String,
    /// What is to be deployed.
    pub order: Order,
    inventory: PathBuf,
    beside: Beside,
}

impl Prepared {
    /// Edits the inventory's text, and writes it beside the inventory. Nothing is contacted.
    ///
    /// # Errors
    /// Exit 3.
    pub(super) fn new(order: &Order, ask: Ask<'_>) -> Result<Self, Failure> {
        let inventory = find_inventory(order.inventory.as_deref())?;
        let before = read(&inventory)?;
        let edit = match ask {
            Ask::Server(wish) => edited(&inventory, &before, wish)?,
            Ask::Maintenance { on, page } => maintenance(&inventory, &before, on, page)?,
        };
        let order = reach(order, &inventory, &edit)?;
        let lines = lines(&before, &edit.text);
        let beside = Beside::write(&inventory, &edit.text).map_err(|error| cannot_write(&inventory, &error))?;
        Ok(Self { before, edit, lines, order, inventory, beside })
    }

    /// What became of it.
    pub(super) fn done(&self, written: bool, deployed: Option<Deployed>) -> Done {
        let left = self.edit.gone.clone().filter(|_| written);
        let (inventory, edit) = (self.inventory.clone(), self.lines.clone());
        Done { inventory, edit, written, deployed, plan: None, put_back: false, left }
    }

    /// Puts the text in the inventory's place.
    pub(super) fn written(&self, report: Report<Deployed>) -> Report<Done> {
        let unwritten = self.beside.replace(&self.before).err();
        let mut report = report.map(|deployed| self.done(unwritten.is_none(), Some(deployed)));
        if let Some(why) = unwritten {
            report.problems.push(not_written(&self.inventory, &why, &self.lines));
            report.exit = Exit::HandNeeded;
        }
        report
    }
}

/// The hosts and roles that an edit reaches: nginx on the load balancers, and a web host that is new.
fn reach(order: &Order, inventory: &Path, edit: &Edited) -> Result<Order, Failure> {
    let cluster = &edit.cluster;
    let mut limit: Vec<String> = cluster.group(Group::Lb).map(|host| host.name.clone()).collect();
    let mut only = Vec::new();
    if cluster.lvs.is_none() {
        let has = |role: &&&str| cluster.group(Group::Lb).any(|host| host.roles.iter().any(|known| known == **role));
        only = ROLES.iter().filter(has).map(|role| (*role).to_owned()).collect();
        if only.is_empty() {
            let problem = Problem::new(Code::NowhereUsed, "nginx on the load balancers is not hactl's (`managed: no`)");
            return Err(Failure::one(Exit::Invalid, problem.next("edit its configuration there")));
        }
        let checks = cluster.group(Group::Lb).any(|host| host.roles.iter().any(|role| role == CHECKS));
        only.extend(checks.then(|| CHECKS.to_owned()));
        let new = edit.new.as_ref().and_then(|name| cluster.host(name));
        only.extend(new.map(|host| host.roles.clone()).unwrap_or_default());
        only.dedup();
    }
    limit.extend(edit.new.clone());
    let (inventory, edited) = (Some(inventory.to_owned()), Some(edit.text.clone()));
    Ok(Order { inventory, edited, limit, only, keep_binary: true, ..order.clone() })
}

fn read(inventory: &Path) -> Result<String, Failure> {
    fs::read_to_string(inventory).map_err(|error| {
        let problem = Problem::new(Code::InputUnreadable, format!("inventory {}: {error}", inventory.display()));
        Failure::one(Exit::Invalid, problem.next("name another one with -i FILE"))
    })
}

/// Only lines that come and go: others may hold a password.
fn lines(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let text = diff.unified_diff().context_radius(0).to_string();
    let lines = text.lines().filter(|line| line.starts_with(['+', '-']));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

fn cannot_write(inventory: &Path, error: &io::Error) -> Failure {
    let problem = Problem::new(Code::CannotWrite, format!("{}: {error}", inventory.display()))
        .why("what the hosts get is written back there; nothing was changed")
        .next("use a copy in a folder that you may write to: -i FILE");
    Failure::one(Exit::Invalid, problem)
}

fn not_written(inventory: &Path, why: &NotReplaced, lines: &str) -> Problem {
    let edit = lines.lines().collect::<Vec<_>>().join(" ");
    Problem::new(Code::NotWrittenBack, format!("{}: {why}", inventory.display()))
        .why("the hosts have the change, and the next deploy of that file would take it back")
        .next(format!("edit it by hand: {edit}"))
}

/// Why the inventory is as it was.
#[derive(Debug, Error)]
enum NotReplaced {
    #[error("somebody has changed it meanwhile")]
    Changed,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The new text in a file beside the inventory, with its owner and mode; gone when dropped.
struct Beside {
    inventory: PathBuf,
    fresh: Fresh,
}

impl Beside {
    /// Writes it. A link stays one: its target is what is replaced.
    fn write(inventory: &Path, text: &str) -> io::Result<Self> {
        let inventory = fs::canonicalize(inventory)?;
        let known = fs::metadata(&inventory)?;
        let fresh = Fresh::beside(&inventory, text.as_bytes())?;
        fresh.like(&known)?;
        fresh.sync()?;
        Ok(Self { inventory, fresh })
    }

    /// Puts it in the inventory's place, unless somebody has changed that meanwhile.
    fn replace(&self, before: &str) -> Result<(), NotReplaced> {
        if fs::read_to_string(&self.inventory)? != before {
            return Err(NotReplaced::Changed);
        }
        Ok(self.fresh.put()?)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    use super::*;

    #[test]
    fn the_inventory_keeps_its_mode_and_whoever_links_to_it() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.yaml"), folder.path().join("inventory.yaml"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("real.yaml", &link).unwrap();
        drop(Beside::write(&link, "dropped").unwrap());
        Beside::write(&link, "new").unwrap().replace("old").unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert_eq!(fs::metadata(&real).unwrap().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let why = Beside::write(&link, "newer").unwrap().replace("old").unwrap_err();
        assert!(matches!(why, NotReplaced::Changed), "{why}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left beside it");
    }

    #[test]
    fn only_what_comes_and_goes_is_shown() {
        let said = lines("pass: 1\na: 1\nb: 2\n", "pass: 1\na: 3\nb: 2\n");
        assert_eq!(said, "-a: 1\n+a: 3\n");
    }
}
