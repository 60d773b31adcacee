//! `hactl render`: what a host would get, without asking it.

use std::path::Path;

use serde::Serialize;

use super::context::{Interfaces, interface};
use super::host::render;
use crate::ctl::cluster::{Cluster, Host};
use crate::ctl::desk::find_inventory;
use crate::ctl::difference::without_secrets;
use crate::ctl::inventory::load::load;
use crate::ctl::made_up::recall;
use crate::ctl::made_up_wordpress;
use crate::ctl::report::{Outcome, Report};
use crate::ctl::secret::unseal;
use crate::ctl::wanted::WantedFile;
use crate::error::{Code, Exit, Failure, Problem};

/// What a host would get.
#[derive(Debug, Clone, Serialize)]
pub struct Rendered {
    /// The host's name.
    pub host: String,
    /// In the order they are put in place; one where one was asked for.
    pub files: Vec<RenderedFile>,
}

/// One file.
#[derive(Debug, Clone, Serialize)]
pub struct RenderedFile {
    /// Absolute path on the host.
    pub path: String,
    /// `user:group`.
    pub owner: String,
    /// Permission bits, in octal digits.
    pub mode: String,
    /// The role it comes from.
    pub role: String,
    /// Its text; secrets in it are `…` unless they were asked for.
    pub content: String,
}

/// Renders one host of an inventory, or one file of it. Nothing is contacted.
///
/// # Errors
/// Exit 3: mistakes in the inventory, roles and templates; no such host or file.
pub fn preview(inventory: Option<&Path>, host: &str, file: Option<&str>, show_secrets: bool) -> Outcome<Rendered> {
    let loaded = load(&find_inventory(inventory)?)?;
    let mut cluster = loaded.cluster;
    recall(&mut cluster);
    made_up_wordpress::recall(&mut cluster);
    // Passwords are asked for only where secrets are to be shown.
    let odd = if show_secrets { unseal(&mut cluster)? } else { Vec::new() };
    let names = || cluster.hosts.iter().map(|host| host.name.as_str()).collect();
    let host = cluster.host(host).ok_or_else(|| nothing("host", host, names()))?;
    let mut files = render(&cluster, host, &Interfaces::new())?.files;
    if let Some(file) = file {
        let paths: Vec<String> = files.iter().map(|one| one.dest.clone()).collect();
        files.retain(|one| one.dest == file);
        if files.is_empty() {
            return Err(nothing("file", file, paths.iter().map(String::as_str).collect()));
        }
    }
    let secrets: Vec<&str> = cluster.secrets().collect();
    let shown = |file: &WantedFile| RenderedFile {
        path: file.dest.clone(),
        owner: file.owner.clone(),
        mode: format!("{:04o}", file.mode),
        role: file.role.clone(),
        content: match show_secrets {
            true => String::from_utf8_lossy(&file.content).into_owned(),
            false => without_secrets(file, &secrets),
        },
    };
    let value = Rendered { host: host.name.clone(), files: files.iter().map(shown).collect() };
    let problems = loaded.warnings.into_iter().chain(odd).chain(assumed(&cluster, host)).collect();
    Ok(Report { value, problems, exit: Exit::Done })
}

pub(super) fn nothing(what: &str, name: &str, known: Vec<&str>) -> Failure {
    let message = format!("no {what} is named {name}; there is {}", known.join(", "));
    Failure::one(Exit::Invalid, Problem::new(Code::NothingSelected, message))
}

/// Which interface carries a VIP only the host knows, unless the inventory says it.
fn assumed(cluster: &Cluster, host: &Host) -> Option<Problem> {
    let serves = |vip: &&crate::ctl::cluster::Vip| vip.members.iter().any(|member| member.host == host.name);
    let vip = cluster.vips.iter().filter(serves).find(|vip| host.interface.is_none() && vip.interface.is_none())?;
    let message = format!("interface {} is assumed for {}", interface(host, vip, &Interfaces::new()), vip.name);
    let problem = Problem::on(&host.name, Code::InterfaceAssumed, message)
        .why("a deploy asks the host which one is in the VIP's subnet")
        .next("`hactl plan` shows the host's own, and `interface:` in the inventory sets it");
    Some(problem.warn())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_shown_to_who_asks_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.yaml");
        let text = include_str!("../../../inventories/homework.yaml");
        let vip = "vip: { address: 10.0.0.3/24, version: 2, interface: ens3, auth: { pass: hunter2 } }";
        std::fs::write(&file, text.replace("vip: 10.0.0.3/24", vip)).unwrap();
        let conf = |show| preview(Some(&file), "lb-5", Some("/etc/hactl/hactl.conf"), show).unwrap();
        let shown = conf(false);
        assert!(shown.problems.is_empty(), "the interface is known: {:?}", shown.problems);
        let [file] = shown.value.files.as_slice() else { panic!("{shown:?}") };
        assert_eq!((file.mode.as_str(), file.role.as_str()), ("0600", "vip"));
        assert!(file.content.contains("auth_pass …") && !file.content.contains("hunter2"), "{}", file.content);
        assert!(conf(true).value.files[0].content.contains("auth_pass \"hunter2\""));
    }
}
