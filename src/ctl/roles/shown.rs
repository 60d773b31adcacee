//! `hactl role` and `hactl template`: what there is, what is in it, and what a template can use.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::builtin::{ROLES, TEMPLATES};
use super::lookup;
use super::role::{FileEntry, Role, parse};
use crate::ctl::group::Group;
use crate::ctl::words::closest;
use crate::error::{Code, Exit, Failure, Problem};

/// A role in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedRole {
    /// Its name, as an inventory writes it.
    pub name: String,
    /// The groups that it is for.
    pub groups: Vec<&'static str>,
    /// Its first sentence: the comment that its file begins with.
    pub about: String,
    /// `built in`, or the file.
    pub from: String,
}

/// A template in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ListedTemplate {
    /// Its name: a file of this name beside the inventory, in `templates`, is taken in its place.
    pub name: String,
    /// The roles that use it.
    pub roles: Vec<String>,
    /// Where what comes of it is put on a host.
    pub destinations: Vec<String>,
}

/// A role or a template, whole.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// Its name.
    pub name: String,
    /// `built in`, or the file.
    pub from: String,
    /// Where a copy goes that is to be taken in its place.
    pub own: String,
    /// Its text.
    pub text: String,
}

/// Where a built-in one comes from.
const BUILT_IN: &str = "built in";

/// Every role, those of the inventory's folder first.
///
/// # Errors
/// A role of the folder that cannot be read; exit 3.
pub fn roles(folder: &Path) -> Result<Vec<ListedRole>, Failure> {
    let mut listed = Vec::new();
    for (name, from, text) in sources(folder) {
        let role = read(&from, &text)?;
        let groups = role.applies_to.iter().map(|group: &Group| group.name()).collect();
        listed.push(ListedRole { name, groups, about: about(&text), from });
    }
    Ok(listed)
}

/// Every template that a role uses.
///
/// # Errors
/// As [`roles`].
pub fn templates(folder: &Path) -> Result<Vec<ListedTemplate>, Failure> {
    let mut listed: Vec<ListedTemplate> = Vec::new();
    for (role, from, text) in sources(folder) {
        for FileEntry { template, dest, .. } in read(&from, &text)?.files {
            match listed.iter_mut().find(|known| known.name == template) {
                Some(known) => {
                    known.roles.push(role.clone());
                    known.destinations.push(dest);
                }
                None => {
                    listed.push(ListedTemplate { name: template, roles: vec![role.clone()], destinations: vec![dest] })
                }
            }
        }
    }
    for one in &mut listed {
        one.roles.dedup();
        one.destinations.sort_unstable();
        one.destinations.dedup();
    }
    listed.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(listed)
}

/// One role.
///
/// # Errors
/// There is none of this name; exit 3.
pub fn role(folder: &Path, name: &str) -> Result<Shown, Failure> {
    let own = lookup::role_file(folder, name).display().to_string();
    let found = sources(folder).into_iter().find(|(known, ..)| known == name);
    let known: Vec<&str> = ROLES.iter().map(|(known, _)| *known).collect();
    let (_, from, text) = found.ok_or_else(|| nothing("role", name, &known, Code::UnknownRole))?;
    Ok(Shown { name: name.to_owned(), from, own, text })
}

/// One template: the inventory's own for all hosts, else what is built in.
///
/// # Errors
/// There is none of this name; exit 3.
pub fn template(folder: &Path, name: &str) -> Result<Shown, Failure> {
    let own = folder.join("templates").join(name);
    let shown =
        |from: String, text: String| Shown { name: name.to_owned(), from, own: own.display().to_string(), text };
    if let Ok(text) = fs::read_to_string(&own) {
        return Ok(shown(own.display().to_string(), text));
    }
    let built_in = TEMPLATES.iter().find(|(known, _)| *known == name);
    let known: Vec<&str> = TEMPLATES.iter().map(|(known, _)| *known).collect();
    let (_, text) = built_in.ok_or_else(|| nothing("template", name, &known, Code::NoTemplate))?;
    Ok(shown(BUILT_IN.to_owned(), (*text).to_owned()))
}

/// Name, place and text of every role; the folder's own take the place of built-in ones.
fn sources(folder: &Path) -> Vec<(String, String, String)> {
    let folders = fs::read_dir(folder.join("roles")).into_iter().flatten().flatten();
    let mut names: Vec<String> = folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort_unstable();
    let own = names.into_iter().filter_map(|name| {
        let path = lookup::role_file(folder, &name);
        let text = fs::read_to_string(&path).ok()?;
        Some((name, path.display().to_string(), text))
    });
    let mut all: Vec<(String, String, String)> = own.collect();
    for (name, text) in ROLES {
        if !all.iter().any(|(known, ..)| known == name) {
            all.push(((*name).to_owned(), BUILT_IN.to_owned(), (*text).to_owned()));
        }
    }
    all
}

fn read(from: &str, text: &str) -> Result<Role, Failure> {
    parse(&PathBuf::from(from), text).map_err(|problem| Failure::one(Exit::Invalid, problem))
}

/// The first sentence of the comment at a file's head.
fn about(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix('#'));
    let whole = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    match whole.split_once(". ") {
        Some((first, _)) => format!("{first}."),
        None => whole,
    }
}

fn nothing(what: &str, name: &str, known: &[&str], code: Code) -> Failure {
    let message = format!("there is no {what} `{}`", name.escape_default());
    let next = match closest(name, known.iter().copied()) {
        Some(like) => format!("did you mean `{like}`?"),
        None => format!("`hactl {what} list` lists them"),
    };
    Failure::one(Exit::Invalid, Problem::new(code, message).next(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_built_in_role_says_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let listed = roles(folder.path()).unwrap();
        assert_eq!(listed.len(), ROLES.len());
        for one in &listed {
            assert!(one.about.len() > 20 && one.about.len() < 160 && one.from == "built in", "{one:?}");
        }
        let vip = listed.iter().find(|one| one.name == "vip").unwrap();
        assert_eq!(
            (vip.groups.as_slice(), vip.about.as_str()),
            (&["lb", "web"][..], "The agent that owns the virtual addresses.")
        );
        // Each template but that of drills' reports is of some role, and each role's templates are there.
        let used: Vec<String> = templates(folder.path()).unwrap().into_iter().map(|one| one.name).collect();
        for (name, _) in TEMPLATES.iter().filter(|(name, _)| *name != "report.html.tera") {
            assert!(used.iter().any(|known| known == name), "{name} is of no role");
        }
        for name in &used {
            assert_eq!(template(folder.path(), name).unwrap().from, "built in");
        }
    }

    #[test]
    fn what_lies_beside_the_inventory_comes_first() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("roles/vip");
        fs::create_dir_all(&own).unwrap();
        fs::write(
            own.join("role.yaml"),
            "# Ours. More.\napplies_to: [web]\nfiles: [{ template: a.tera, dest: /etc/a }]\n",
        )
        .unwrap();
        fs::create_dir(folder.path().join("templates")).unwrap();
        fs::write(folder.path().join("templates/hactl.conf.tera"), "ours {{ vips }}\n").unwrap();
        let listed = roles(folder.path()).unwrap();
        assert_eq!((listed[0].name.as_str(), listed[0].about.as_str()), ("vip", "Ours."));
        assert!(listed[0].from.ends_with("roles/vip/role.yaml") && listed.len() == ROLES.len());
        assert!(role(folder.path(), "vip").unwrap().text.starts_with("# Ours"));
        assert_eq!(template(folder.path(), "hactl.conf.tera").unwrap().text, "ours {{ vips }}\n");
        let listed = templates(folder.path()).unwrap();
        let found = listed.iter().find(|one| one.name == "a.tera").unwrap();
        assert_eq!(
            (found.roles.as_slice(), found.destinations.as_slice()),
            (&["vip".to_owned()][..], &["/etc/a".to_owned()][..])
        );
        fs::write(own.join("role.yaml"), "applies_to: everybody\n").unwrap();
        assert!(roles(folder.path()).unwrap_err().to_string().contains("E130"));
        let unknown = role(folder.path(), "vpi").unwrap_err().to_string();
        assert!(unknown.contains("E131") && unknown.contains("did you mean `vip`?"), "{unknown}");
        let unknown = template(folder.path(), "zzzzzzzz").unwrap_err().to_string();
        assert!(unknown.contains("E132") && unknown.contains("`hactl template list`"), "{unknown}");
    }
}
