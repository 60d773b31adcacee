//! `hactl import HOST…`: asks, drafts, loads what it drafted, renders it, and compares that with what runs.

use std::path::{Path, PathBuf};

use hactl_engine::conf::config::Config;
use serde::Serialize;

use super::ask::{Running, look};
use super::compare::{Difference, compare};
use super::conf::Read;
use super::draft::{Draft, Names};
use super::files::{Folder, INVENTORY, OutFile, SECRETS};
use super::keep::{Fate, Line, sift};
use super::scripts;
use super::template::{self, template};
use super::upstream::{Balanced, balanced};
use super::who::{Login, hosts};
use super::yaml::{Passwords, inventory};
use crate::ctl::cluster::{Cluster, Group};
use crate::ctl::desk::{Desk, Options};
use crate::ctl::inventory::load::load;
use crate::ctl::render::context::Interfaces;
use crate::ctl::render::host::Renderer;
use crate::ctl::render::pair::across;
use crate::ctl::report::{Outcome, Report};
use crate::ctl::wanted::HA_CONFIG;
use crate::error::{Code, Exit, Failure, Problem};

/// What to import.
#[derive(Debug, Clone)]
pub struct Order {
    /// Hosts as they were typed.
    pub hosts: Vec<String>,
    /// How to log in.
    pub login: Login,
    /// Where files go; only the inventory is printed without.
    pub out: Option<PathBuf>,
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Imported {
    /// Who was asked.
    pub hosts: Vec<Found>,
    /// The inventory's text.
    pub inventory: String,
    /// Files that were written, below the folder that was asked for.
    pub files: Vec<String>,
    /// Each statement of each keepalived.conf, and what became of it.
    pub lines: Vec<Line>,
    /// What stays nginx's own: host, place and words.
    pub nginx: Vec<Stays>,
    /// What would be rendered otherwise than it runs.
    pub differences: Vec<Difference>,
}

/// A host that was asked.
#[derive(Debug, Clone, Serialize)]
pub struct Found {
    /// Its name in the inventory.
    pub host: String,
    /// `lb` where a keepalived.conf is, else `web`.
    pub group: Group,
    /// Whether keepalived runs there as a unit.
    pub keepalived: bool,
    /// The configuration that it reads.
    pub config: Option<String>,
    /// Whether nginx is there.
    pub nginx: bool,
}

/// A directive of nginx that no key stands for.
#[derive(Debug, Clone, Serialize)]
pub struct Stays {
    /// The host.
    pub host: String,
    /// `FILE:LINE` there.
    pub place: String,
    /// In short.
    pub text: String,
}

/// Reads hosts, and makes an inventory of them.
///
/// # Errors
/// Exit 3 for words that mean no host or a folder that has an inventory; 4 where a host cannot be read or no
/// keepalived.conf is found. No host is ever changed.
pub async fn import(order: &Order, options: Options) -> Outcome<Imported> {
    let folder = Folder::new(order.out.as_deref())?;
    let cluster = hosts(&order.hosts, &order.login).await?;
    let desk = Desk::connect(cluster, options).await?.whole()?;
    let mut running = look(&desk).await?;
    rename(&mut running);
    let reads = reads(&running)?;
    let site = running
        .iter()
        .filter(|one| one.config.is_some())
        .find_map(|one| Some((one.host.name.clone(), balanced(one.nginx.as_deref()?)?)));
    let draft = Draft::new(&running, &reads, site);
    let names: Vec<&str> = draft.lbs.iter().map(|lb| lb.name.as_str()).collect();
    let (mut lines, mut kept) = (Vec::new(), Vec::new());
    for read in &reads {
        let sifted = sift(read, &draft.names(read), runs_scripts_as(&running, &read.host));
        lines.extend(sifted.lines);
        kept.extend(sifted.kept);
    }
    let mut files: Vec<OutFile> = Vec::new();
    for vip in &draft.vips {
        let password = vip.password.as_ref().map(|password| format!("{password}\n"));
        files.extend(password.map(|text| OutFile { path: format!("{SECRETS}/{}", vip.name), text, secret: true }));
    }
    let template = template(&kept, &names);
    files.extend(template.map(|text| OutFile { path: format!("templates/{}", template::NAME), text, secret: true }));
    let text = inventory(&draft, &lines, &Passwords::Files(folder.path().join(SECRETS)));
    files.push(OutFile { path: INVENTORY.to_owned(), text: text.clone(), secret: false });
    folder.write(&files)?;
    let mut problems = pair(&reads);
    let differences = match differences(&folder.path().join(INVENTORY), &running, &reads, &draft) {
        Ok((differences, told)) => {
            problems.extend(told);
            differences
        }
        Err(failure) => {
            problems.extend(failure.problems);
            Vec::new()
        }
    };
    problems.extend(left(&reads, &lines));
    problems.extend(scripts::told(&desk, &running, &reads).await);
    problems.extend(differences.iter().map(told));
    let asked = order.out.is_some();
    let value = Imported {
        hosts: running.iter().map(found).collect(),
        inventory: if asked { text } else { inventory(&draft, &lines, &Passwords::Environment) },
        files: if asked { files.into_iter().map(|file| file.path).collect() } else { Vec::new() },
        nginx: stays(&running),
        lines,
        differences,
    };
    let good = |problem: &Problem| {
        problem.warning && !matches!(problem.code, Code::RunsOtherwise | Code::NotCarriedOver | Code::StopsNothing)
    };
    let exit = if problems.iter().all(good) { Exit::Done } else { Exit::Pending };
    Ok(Report { value, problems, exit })
}

/// Hosts that were asked for by an address are called what they call themselves.
fn rename(running: &mut [Running]) {
    for at in 0..running.len() {
        let taken: Vec<String> = running.iter().map(|one| one.host.name.clone()).collect();
        let Some(one) = running.get_mut(at) else { continue };
        let label = one.hostname.split('.').next().unwrap_or_default().to_owned();
        let good = !label.is_empty()
            && label != "localhost"
            && label.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if one.host.name.parse::<std::net::IpAddr>().is_err() {
            continue;
        }
        one.host.name = match good && !taken.contains(&label) {
            true => label,
            false => format!("lb-{}", one.host.name.rsplit(['.', ':']).next().unwrap_or("1")),
        };
    }
}

/// The configurations of those that have one.
fn reads(running: &[Running]) -> Result<Vec<Read>, Failure> {
    let read = |one: &Running| Some(Read::new(&one.host.name, &one.hostname, one.config.as_ref()?));
    let reads: Vec<Read> = running.iter().filter_map(read).collect();
    if reads.iter().any(|read| !read.config.instances.is_empty()) {
        return Ok(reads);
    }
    let names: Vec<&str> = running.iter().map(|one| one.host.name.as_str()).collect();
    let message = match reads.first() {
        None => format!("{}: there is no keepalived.conf", names.join(", ")),
        Some(read) => format!("{}: its keepalived.conf has no vrrp_instance that could run", read.host),
    };
    let problem =
        Problem::new(Code::NoKeepalived, message).why("an inventory is about a virtual address; nothing was changed");
    let next = "name the load balancers; a file of another name is found by keepalived's process, where it runs";
    Err(Failure::one(Exit::Preflight, problem.next(next)))
}

/// Whether keepalived runs the scripts of a host as its own user, where the file names none.
fn runs_scripts_as(running: &[Running], host: &str) -> bool {
    running.iter().any(|one| one.host.name == host && one.script_user)
}

/// What the files of the pair must agree on, and do not.
fn pair(reads: &[Read]) -> Vec<Problem> {
    let named: Vec<(String, Config)> = reads.iter().map(|read| (read.host.clone(), read.config.clone())).collect();
    across(&named)
}

/// Loads and renders what was drafted, and compares it with each host.
fn differences(
    inventory: &Path,
    running: &[Running],
    reads: &[Read],
    draft: &Draft,
) -> Result<(Vec<Difference>, Vec<Problem>), Failure> {
    let loaded = load(inventory)?;
    let mut found = against(&loaded.cluster, running, reads, |read| draft.names(read))?;
    for one in running {
        found.extend(nginx(draft, one));
    }
    Ok((found, loaded.warnings))
}

/// What an inventory would make of each host that keepalived is read on, against what runs there.
///
/// # Errors
/// What would be rendered cannot be.
pub fn against(
    cluster: &Cluster,
    running: &[Running],
    reads: &[Read],
    names: impl Fn(&Read) -> Names,
) -> Result<Vec<Difference>, Failure> {
    let interfaces: Interfaces = running
        .iter()
        .map(|one| {
            let known = one.seen.addresses.iter().filter(|(name, _)| name != "lo");
            (one.host.name.clone(), known.cloned().collect())
        })
        .collect();
    let renderer = Renderer::new(cluster, &interfaces);
    let mut found = Vec::new();
    for read in reads {
        let Some(host) = cluster.host(&read.host) else { continue };
        let wanted = renderer.host(host)?;
        let Some(file) = wanted.files.iter().find(|file| file.dest == HA_CONFIG) else { continue };
        let would = hactl_engine::conf::parse(HA_CONFIG, &String::from_utf8_lossy(&file.content)).config;
        found.extend(compare(&read.host, &read.config, &would, &names(read), runs_scripts_as(running, &read.host)));
    }
    Ok(found)
}

/// What nginx on a load balancer has otherwise than the inventory says.
fn nginx(draft: &Draft, one: &Running) -> Vec<Difference> {
    let Some((_, said)) = &draft.site else { return Vec::new() };
    if one.config.is_none() {
        return Vec::new();
    }
    let own = one.nginx.as_deref().and_then(balanced);
    let mut found = Vec::new();
    let mut differ = |keyword: &str, runs: String, would: String| {
        if runs != would {
            let (host, block) = (one.host.name.clone(), "nginx".to_owned());
            found.push(Difference { host, block, keyword: keyword.to_owned(), runs, would, wire: false });
        }
    };
    let Some(own) = own else {
        differ("proxy_pass", String::new(), format!("to {}", said.upstream));
        return found;
    };
    differ("server_name", own.server_name.clone(), said.server_name.clone());
    differ("listen", own.port.to_string(), said.port.to_string());
    let servers = |of: &Balanced| -> Vec<String> {
        let mut all: Vec<String> =
            of.servers.iter().filter(|server| !server.down).map(|server| server.written.clone()).collect();
        all.sort();
        all
    };
    let inventory: Vec<String> = draft.webs.iter().map(|web| web.address.to_string()).collect();
    differ("server", servers(&own).join(", "), servers(said).join(", "));
    // A name, a socket, a second port of one host: what the inventory's web hosts cannot be.
    for server in own.servers.iter().filter(|server| !server.down) {
        let known =
            draft.webs.iter().any(|web| Some(web.address) == server.address && web.backend.port == server.backend.port);
        if !known {
            differ("server", format!("{} ({})", server.written, server.place), inventory.join(", "));
        }
    }
    found
}

fn stays(running: &[Running]) -> Vec<Stays> {
    let balancers = running.iter().filter(|one| one.config.is_some());
    let all = balancers.filter_map(|one| Some((one, balanced(one.nginx.as_deref()?)?)));
    all.flat_map(|(one, site)| {
        let servers = site
            .servers
            .iter()
            .flat_map(|server| server.others.iter().map(|word| (server.place.clone(), word.clone())));
        let servers: Vec<_> = servers.collect();
        let host = one.host.name.clone();
        site.others.into_iter().chain(servers).map(move |(place, text)| Stays { host: host.clone(), place, text })
    })
    .collect()
}

fn found(one: &Running) -> Found {
    Found {
        host: one.host.name.clone(),
        group: if one.config.is_some() { Group::Lb } else { Group::Web },
        keepalived: one.unit.active,
        config: one.config.as_ref().map(|config| config.main.clone()),
        nginx: one.nginx.is_some(),
    }
}

/// A difference, as people are told of it.
pub fn told(one: &Difference) -> Problem {
    let problem = Problem::new(Code::RunsOtherwise, one.to_string());
    let why = if one.wire {
        "load balancers that differ in it do not understand each other"
    } else {
        "after a deploy of this inventory it would be otherwise than it is now"
    };
    let mut problem = problem.why(why).next("make the hosts alike, or change the inventory or its template");
    problem.host = Some(one.host.clone());
    problem.warn()
}

/// Statements that are not carried over, and files that could not be read.
fn left(reads: &[Read], lines: &[Line]) -> Vec<Problem> {
    let of_lines = lines.iter().filter(|line| line.fate == Fate::Left).map(|line| {
        let message = format!("{}:{}: `{}` is not carried over: {}", line.file, line.line, line.text, line.how);
        Problem::on(&line.host, Code::NotCarriedOver, message)
    });
    let of_files = reads.iter().flat_map(|read| {
        read.unread.iter().map(|pattern| {
            let message = format!("`include {pattern}` means no file that could be read");
            Problem::on(&read.host, Code::NotCarriedOver, message)
        })
    });
    of_lines.chain(of_files).map(|problem| problem.warn()).collect()
}
