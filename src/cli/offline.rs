//! `hactl check` and `hactl render`: nothing is contacted.

use std::path::{Path, PathBuf};

use hactl_engine::conf::config::Config;
use hactl_engine::conf::parse_with;
use serde::Serialize;

use super::args::{Check, Render};
use super::global::Global;
use super::show::finish;
use crate::ctl::check::file::ha_file;
use crate::ctl::cluster::Cluster;
use crate::ctl::inventory::load::load;
use crate::ctl::render::context::{Interfaces, interface};
use crate::ctl::render::host;
use crate::ctl::render::pair::across;
use crate::ctl::render::preview::{Rendered, RenderedFile, preview};
use crate::ctl::report::Report;
use crate::error::{Code, Exit, Outcome, Problem};
use crate::includes::{Host, read_file};

/// Validates inventories and keepalived.conf files.
///
/// # Errors
/// Every mistake of every file, exit 3. Where the files are good and this host lacks what they name: exit 4, as `keepalived -t`
/// fails there.
pub(crate) fn check(global: &Global, check: &Check) -> Outcome {
    let mut files = check.files.clone();
    if files.is_empty() {
        files.push(global.inventory.clone().unwrap_or_else(|| PathBuf::from("inventory.yaml")));
    }
    let mut problems = Vec::new();
    for file in &files {
        let is_yaml = file.extension().is_some_and(|end| end == "yaml" || end == "yml");
        problems.extend(if is_yaml { inventory(global, file) } else { configuration(file, check) });
    }
    problems.extend(across(&configurations(&files, check.config_id.as_deref())));
    let failed = problems.iter().any(|problem| !problem.warning);
    let files = files.iter().map(|file| file.display().to_string()).collect();
    let lacks = problems.iter().any(|problem| OF_THIS_HOST.contains(&problem.code));
    let exit = match (failed, lacks) {
        (true, _) => Exit::Invalid,
        (false, true) => Exit::Preflight,
        (false, false) => Exit::Done,
    };
    let report = Report { value: Checked { files, valid: !failed }, problems, exit };
    finish(global, "check", Ok(report), |checked: &Checked| match checked.valid && !global.quiet {
        true if lacks => format!("{}: valid, but not ready on this host\n", checked.files.join(", ")),
        true => format!("{}: valid\n", checked.files.join(", ")),
        false => String::new(),
    })
}

/// Prints what a host would get.
///
/// # Errors
/// Exit 3 with every mistake, or when there is no such host or file.
pub(crate) fn render(global: &Global, wanted: &Render) -> Outcome {
    let file = wanted.file.as_deref();
    let outcome = preview(global.inventory.as_deref(), &wanted.host, file, wanted.show_secrets);
    finish(global, "render", outcome, |rendered: &Rendered| {
        let heading =
            |file: &RenderedFile| format!("==> {} ({} {}, role {})\n", file.path, file.owner, file.mode, file.role);
        let one = wanted.file.is_some();
        let text = |file: &RenderedFile| if one { file.content.clone() } else { heading(file) + &file.content + "\n" };
        rendered.files.iter().map(text).collect()
    })
}

/// What says that something is missing here, without which a check or an instance does not run. The agent starts all the same,
/// so each is a warning; `hactl check FILE && reload` must not take it for good. A tracked file may come later, and counts as 0.
const OF_THIS_HOST: [Code; 5] =
    [Code::ProgramMissing, Code::InterfaceMissing, Code::UserMissing, Code::NamespaceMissing, Code::ScriptRefused];

/// What was read.
#[derive(Serialize)]
struct Checked {
    files: Vec<String>,
    /// Whether all of them can be used.
    valid: bool,
}

fn inventory(global: &Global, file: &Path) -> Vec<Problem> {
    let loaded = match load(file) {
        Ok(loaded) => loaded,
        Err(failure) => return failure.problems,
    };
    let mut problems = loaded.warnings;
    if let Err(failure) = host::render_all(&loaded.cluster, &Interfaces::new()) {
        problems.extend(failure.problems);
    }
    if global.verbose > 0 && !global.wants_json() && problems.iter().all(|problem| problem.warning) {
        print!("{}", derived(&loaded.cluster));
    }
    problems
}

/// The keepalived.conf files among these, for what they must agree on.
fn configurations(files: &[PathBuf], config_id: Option<&str>) -> Vec<(String, Config)> {
    let configuration = |file: &&PathBuf| file.extension().is_none_or(|end| end != "yaml" && end != "yml");
    let conf: Vec<&PathBuf> = files.iter().filter(configuration).collect();
    if conf.len() < 2 {
        return Vec::new(); // nothing to compare it with
    }
    conf.into_iter()
        .filter_map(|file| {
            let (name, bytes) = (file.display().to_string(), read_file(file).ok()?);
            let text = String::from_utf8_lossy(&bytes);
            let config = parse_with(&name, &text, &mut Host::new(config_id)).config;
            Some((name, config))
        })
        .collect()
}

fn configuration(file: &Path, check: &Check) -> Vec<Problem> {
    match read_file(file) {
        Ok(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => {
            vec![
                Problem::new(Code::NotAConfig, format!("{} is empty", file.display()))
                    .why("an agent with it would own nothing"),
            ]
        }
        Ok(bytes) => ha_file(file, &String::from_utf8_lossy(&bytes), check.config_id.as_deref(), check.elsewhere),
        Err(error) => {
            vec![
                Problem::new(Code::InputUnreadable, format!("{}: {error}", file.display()))
                    .next("name an existing file"),
            ]
        }
    }
}

/// The values that the short form leaves out.
fn derived(cluster: &Cluster) -> String {
    let mut text = String::new();
    for vip in &cluster.vips {
        let addresses = vip.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        text.push_str(&format!(
            "{} {addresses}: vrid {}, version {}, interval {:?}\n",
            vip.name,
            vip.vrid,
            vip.version.number(),
            vip.interval
        ));
        for member in &vip.members {
            let on = cluster.host(&member.host).map_or_else(String::new, |host| {
                let known = vip.interface.is_some() || host.interface.is_some();
                let name = interface(host, vip, &Interfaces::new());
                if known { name } else { "found by subnet when connected".into() }
            });
            text.push_str(&format!("  {:<12} priority {:<3}  interface {on}\n", member.host, member.priority));
        }
    }
    for host in &cluster.hosts {
        text.push_str(&format!("{:<14} {:<15} {}\n", host.name, host.address.to_string(), host.roles.join(", ")));
    }
    text
}
