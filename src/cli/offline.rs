//! `hactl check` and `hactl render`: nothing is contacted. `check --listen` listens, and says nothing to anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hactl_engine::conf::config::Config;
use hactl_engine::conf::parse_with;
use serde::Serialize;

use super::args::{Check, Render};
use super::chinese::said::said;
use super::global::Global;
use super::hear::unheard;
use super::show::finish;
use crate::agent::vrrp::listen::{self, ListenError, Place};
use crate::ctl::check::file::ha_file;
use crate::ctl::check::vrids::{self, Ear, Heard, Ignored, Listened, Sound};
use crate::ctl::cluster::Cluster;
use crate::ctl::inventory::load::load;
use crate::ctl::render::context::{Interfaces, interface};
use crate::ctl::render::host;
use crate::ctl::render::pair::across;
use crate::ctl::render::preview::{Rendered, RenderedFile, preview};
use crate::ctl::report::Report;
use crate::error::{Code, Exit, Failure, Outcome, Problem};
use crate::includes::{Host, read_file};
use crate::text::parse_time;

/// Validates inventories and keepalived.conf files.
///
/// # Errors
/// Every mistake of every file, exit 3. Where the files are good and this host lacks what they name: exit 4, as
/// `keepalived -t` fails there.
pub(crate) fn check(global: &Global, check: &Check) -> Outcome {
    let mut files = check.files.clone();
    if files.is_empty() {
        files.push(global.inventory.clone().unwrap_or_else(|| PathBuf::from("inventory.yaml")));
    }
    let mut problems = Vec::new();
    let mut listened = check.listen.map(|_| Listened::default());
    for file in &files {
        let is_yaml = file.extension().is_some_and(|end| end == "yaml" || end == "yml");
        if is_yaml && check.listen.is_some() {
            let message = format!("{}: --listen is for a keepalived.conf, on its own host", file.display());
            let problem = Problem::new(Code::WrongUsage, message);
            let next = "`hactl plan` asks the hosts of an inventory, and listens there";
            return Err(Failure::one(Exit::Usage, problem.next(next)));
        }
        problems.extend(if is_yaml { inventory(global, file) } else { configuration(file, check, &mut listened) });
    }
    problems.extend(across(&configurations(&files, check.config_id.as_deref())));
    let failed = problems.iter().any(|problem| !problem.warning);
    let files = files.iter().map(|file| file.display().to_string()).collect();
    let exit = match (failed, not_ready(&problems).is_some()) {
        (true, _) => Exit::Invalid,
        (false, true) => Exit::Preflight,
        (false, false) => Exit::Done,
    };
    let value = Checked { files, valid: !failed, listened: listened.map(Told::of) };
    let report = Report { value, problems, exit };
    let not_ready = not_ready(&report.problems);
    finish(global, "check", Ok(report), |checked: &Checked| {
        let names = checked.files.join(", ");
        let verdict = match (checked.valid && !global.quiet, not_ready) {
            (false, _) => String::new(),
            (true, None) => said!("{files}: valid", files = names) + "\n",
            (true, Some(why)) => said!("{files}: valid, but {why}", files = names, why = why) + "\n",
        };
        checked.listened.as_ref().map(heard_lines).unwrap_or_default() + &verdict
    })
}

/// Why files that can be used are not ready here.
fn not_ready(problems: &[Problem]) -> Option<String> {
    let has = |codes: &[Code]| problems.iter().any(|problem| codes.contains(&problem.code));
    let lan = [Code::VridTaken, Code::PairDisagrees, Code::Stranger];
    let parts = [
        (has(&OF_THIS_HOST), said!("not ready on this host")),
        (has(&lan), said!("at odds with what was heard on its LAN")),
        (has(&[Code::CannotListen]), said!("not listened for everywhere")),
    ];
    let why = parts.into_iter().filter_map(|(is_so, why)| is_so.then_some(why));
    why.reduce(|one, other| said!("{one}, and {other}", one = one, other = other))
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

/// What says that something is missing here, without which a check or an instance does not run. The agent starts all
/// the same, so each is a warning; `hactl check FILE && reload` must not take it for good. A tracked file may come
/// later, and counts as 0.
const OF_THIS_HOST: [Code; 5] =
    [Code::ProgramMissing, Code::InterfaceMissing, Code::UserMissing, Code::NamespaceMissing, Code::ScriptRefused];

/// What was read.
#[derive(Serialize)]
struct Checked {
    files: Vec<String>,
    /// Whether all of them can be used.
    valid: bool,
    /// Absent when nobody was to listen.
    #[serde(flatten)]
    listened: Option<Told>,
}

/// What was heard.
#[derive(Serialize)]
struct Told {
    /// Interfaces that were listened on.
    interfaces: BTreeSet<String>,
    /// For how long, the longest.
    listened_ms: u64,
    heard: Vec<Heard>,
    ignored: Vec<Ignored>,
    #[serde(skip)]
    times: BTreeMap<String, Duration>,
    #[serde(skip)]
    unicast: Vec<String>,
}

impl Told {
    fn of(listened: Listened) -> Self {
        let longest = listened.interfaces.values().max().copied().unwrap_or_default();
        Self {
            interfaces: listened.interfaces.keys().cloned().collect(),
            listened_ms: u64::try_from(longest.as_millis()).unwrap_or(u64::MAX),
            heard: listened.heard,
            ignored: listened.ignored,
            times: listened.interfaces,
            unicast: listened.unicast,
        }
    }
}

/// Whom each interface was heard from: that nobody was is said with the time, and that nobody was to be heard, too.
/// Where nobody could listen a problem says why.
fn heard_lines(told: &Told) -> String {
    let of = |(interface, time): (&String, &Duration)| -> String {
        let here: String = told.heard.iter().filter(|one| one.interface == *interface).map(heard_line).collect();
        let nobody = format!("{interface}: nobody was heard within {} s\n", time.as_secs_f64());
        let ignored = told.ignored.iter().filter(|one| one.interface == *interface);
        let ignored =
            ignored.map(|one| format!("{interface}: {} sent what no router takes: {}\n", one.source, one.why));
        let ignored: String = ignored.collect();
        (if here.is_empty() { nobody } else { here }) + &ignored
    };
    let unicast = |name: &String| {
        format!("{name}: nobody was listened for: its instances hear only their unicast peers, or have no interface\n")
    };
    told.times.iter().map(of).chain(told.unicast.iter().map(unicast)).collect()
}

fn heard_line(heard: &Heard) -> String {
    let addresses: Vec<String> = heard.addresses.iter().map(ToString::to_string).collect();
    let whose = match &heard.instance {
        Some(name) => format!(": the other half of vrrp_instance {name}"),
        None => String::new(),
    };
    format!("{}: VRID {} is {}'s, with {}{whose}\n", heard.interface, heard.vrid, heard.source, addresses.join(", "))
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

fn configuration(file: &Path, check: &Check, listened: &mut Option<Listened>) -> Vec<Problem> {
    match read_file(file) {
        Ok(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => {
            vec![
                Problem::new(Code::NotAConfig, format!("{} is empty", file.display()))
                    .why("an agent with it would own nothing"),
            ]
        }
        Ok(bytes) => {
            let (text, id) = (String::from_utf8_lossy(&bytes), check.config_id.as_deref());
            let mut problems = ha_file(file, &text, id, check.elsewhere);
            if let (Some(limit), Some(all)) = (check.listen, listened) {
                let mut here = vrids::listened(file, &text, id, limit, listen);
                // An interface that is missing is told once.
                let told = |code: Code| problems.iter().any(|one| one.code == code);
                here.problems.retain(|one| !MISSING.contains(&one.code) || !told(one.code));
                problems.append(&mut here.problems);
                all.add(here);
            }
            problems
        }
        Err(error) => {
            let name = file.display();
            let meant = check.listen == Some(None) && parse_time(&name.to_string()).is_ok();
            let next = if meant { format!("`--listen={name}`, in one word") } else { "name an existing file".into() };
            vec![Problem::new(Code::InputUnreadable, format!("{name}: {error}")).next(next)]
        }
    }
}

/// What a check has told of already when nobody can listen there.
const MISSING: [Code; 2] = [Code::InterfaceMissing, Code::NamespaceMissing];

fn listen(ear: &Ear, limit: Duration) -> Result<Sound, Problem> {
    let place =
        Place { namespace: ear.namespace.clone(), interface: ear.interface.clone(), ipv6: ear.ipv6, group: ear.group };
    let heard = listen::listen(&place, limit).map_err(|error| {
        let problem = unheard(&place, &error);
        match error {
            ListenError::NoInterface => Problem { code: Code::InterfaceMissing, ..problem },
            ListenError::Namespace(..) => Problem { code: Code::NamespaceMissing, ..problem },
            ListenError::Down | ListenError::NoCarrier | ListenError::Kernel(_) => problem,
        }
        .warn()
    })?;
    Ok(Sound {
        adverts: heard.routers.into_iter().map(|one| (one.source, one.advert)).collect(),
        ignored: heard.ignored.into_iter().collect(),
    })
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
