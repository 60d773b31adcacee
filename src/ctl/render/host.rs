//! Roles and templates to what one host shall have.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use tera::{Context, Tera};

use crate::ctl::check::file::ha_config;
use crate::ctl::cluster::{Cluster, Host};
use crate::ctl::render::context::{Interfaces, of_cluster, of_host};
use crate::ctl::render::{keys, tls};
use crate::ctl::roles::builtin::{NGINX_CHECK, ROLES};
use crate::ctl::roles::lookup;
use crate::ctl::roles::role::{FileEntry, Role, parse};
use crate::ctl::wanted::{OnChange, Package, Probe, Run, Service, WantedFile, WantedHost};
use crate::ctl::words::closest;
use crate::error::{Code, Exit, Failure, Problem};

/// Renders everything one host shall have. For several hosts there is a [`Renderer`].
///
/// # Errors
/// Every mistake in roles, templates and the HA configuration, exit 3.
pub fn render(cluster: &Cluster, host: &Host, interfaces: &Interfaces) -> Result<WantedHost, Failure> {
    Renderer::new(cluster, interfaces).host(host)
}

/// Renders all hosts.
///
/// # Errors
/// As [`render`]; what is wrong for several hosts is told once.
pub fn render_all(cluster: &Cluster, interfaces: &Interfaces) -> Result<Vec<WantedHost>, Failure> {
    let renderer = Renderer::new(cluster, interfaces);
    let mut problems: Vec<Problem> = Vec::new();
    let mut all = Vec::new();
    for host in &cluster.hosts {
        match renderer.host(host) {
            Ok(wanted) => all.push(wanted),
            Err(failure) => {
                let new = failure.problems.into_iter().filter(|new| !problems.contains(new)).collect::<Vec<_>>();
                problems.extend(new);
            }
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(Failure { exit: Exit::Invalid, problems }) }
}

/// Renders the hosts of one cluster. What is the same for all of them, roles and the list of hosts among it, is
/// worked out once: five hundred hosts would otherwise each be told of five hundred.
pub struct Renderer<'c> {
    cluster: &'c Cluster,
    interfaces: &'c Interfaces,
    shared: Context,
    /// Built-in roles, by name.
    built_in: Vec<(&'static str, Role)>,
    /// Roles that were asked for.
    roles: RefCell<BTreeMap<String, Result<Rc<Role>, Problem>>>,
}

/// Templates that were used, by name, with the text that each was made of; a deploy renders three times. None sees
/// another one.
static TEMPLATES: Mutex<BTreeMap<String, (String, Arc<Tera>)>> = Mutex::new(BTreeMap::new());

/// A template, made ready once.
fn template(name: &str, text: &str) -> tera::TeraResult<Arc<Tera>> {
    let mut templates = TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, ready)) = templates.get(name).filter(|(known, _)| known == text) {
        return Ok(Arc::clone(ready));
    }
    let mut tera = Tera::default();
    tera.autoescape_on(Vec::<&str>::new()); // these are not web pages
    tera.add_raw_template(name, text)?;
    let ready = Arc::new(tera);
    templates.insert(name.to_owned(), (text.to_owned(), Arc::clone(&ready)));
    Ok(ready)
}

impl<'c> Renderer<'c> {
    /// For the hosts of this cluster, with these interfaces.
    pub fn new(cluster: &'c Cluster, interfaces: &'c Interfaces) -> Self {
        let mut shared = Context::new();
        of_cluster(cluster).into_iter().for_each(|(name, value)| shared.insert_value(name, value));
        let built_in = ROLES.iter().filter_map(|(name, text)| Some((*name, parse(Path::new(name), text).ok()?)));
        Self { cluster, interfaces, shared, built_in: built_in.collect(), roles: RefCell::default() }
    }

    /// Everything one host shall have.
    ///
    /// # Errors
    /// As [`render`].
    pub fn host(&self, host: &Host) -> Result<WantedHost, Failure> {
        let mut wanted = WantedHost { host: host.name.clone(), ..WantedHost::default() };
        let mut problems = Vec::new();
        let mut base = self.shared.clone();
        of_host(self.cluster, host, self.interfaces)
            .into_iter()
            .for_each(|(name, value)| base.insert_value(name, value));
        // Before the configuration that names them.
        if host.roles.iter().any(|role| role == keys::ROLE) {
            wanted.files = keys::files(self.cluster, host);
        }
        if host.roles.iter().any(|role| role == tls::ROLE) {
            wanted.files.extend(tls::files(self.cluster));
        }
        for name in &host.roles {
            match self.role(name) {
                Ok(role) => {
                    let mut values = base.clone();
                    values.insert("params", &params(self.cluster, name, &role, &mut problems));
                    let (wanted, problems) = (&mut wanted, &mut problems);
                    Work { renderer: self, host, role: name, values, wanted, problems }.apply(&role);
                }
                Err(problem) => problems.push(problem),
            }
        }
        self.retire(host, &mut wanted);
        wanted.absent.retain(|path| !wanted.files.iter().any(|file| file.dest == *path));
        problems.dedup();
        if problems.iter().any(|problem| !problem.warning) {
            return Err(Failure { exit: Exit::Invalid, problems });
        }
        Ok(wanted)
    }

    fn role(&self, name: &str) -> Result<Rc<Role>, Problem> {
        let mut roles = self.roles.borrow_mut();
        roles.entry(name.to_owned()).or_insert_with(|| lookup::role(self.cluster, name).map(Rc::new)).clone()
    }

    /// What built-in roles that this host does not have may have left on it.
    fn retire(&self, host: &Host, wanted: &mut WantedHost) {
        let kept: Vec<String> = wanted.files.iter().map(|file| file.dest.clone()).collect();
        let gone = self.built_in.iter().filter(|(name, _)| !host.roles.iter().any(|role| role == name));
        for (units, role) in gone.filter_map(|(_, role)| Some((role.retires.as_ref()?, role))) {
            wanted.retired.extend(units.iter().cloned());
            let stays = |dest: &&String| kept.iter().all(|kept| kept != *dest);
            let gone =
                |secret: bool| role.files.iter().filter(move |file| file.secret == secret).map(|file| &file.dest);
            // What a difference shows of a file that goes is its lines: not those of a secret.
            let shown: Vec<String> = gone(false).filter(stays).cloned().collect();
            let hidden: Vec<String> = gone(true).filter(stays).cloned().collect();
            wanted.removed.extend(shown);
            wanted.removed_secrets.extend(hidden);
        }
    }
}

/// A role's parameters: defaults, overlaid by the inventory.
fn params(
    cluster: &Cluster,
    name: &str,
    role: &Role,
    problems: &mut Vec<Problem>,
) -> BTreeMap<String, serde_json::Value> {
    let mut params: BTreeMap<_, _> =
        role.params.iter().map(|(name, param)| (name.clone(), param.default.clone())).collect();
    for (given, value) in cluster.role_params.get(name).into_iter().flatten() {
        let mut wrong = |mut problem: Problem| {
            problem.span = cluster.role_places.get(&format!("{name}.{given}")).cloned();
            problems.push(problem);
        };
        match role.params.get(given) {
            None => {
                let known: Vec<&str> = role.params.keys().map(String::as_str).collect();
                let mut message = format!("role {name} has no parameter `{given}`");
                if let Some(close) = closest(given, known.iter().copied()) {
                    message.push_str(&format!(", did you mean `{close}`?"));
                }
                let listed = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                wrong(Problem::new(Code::RoleParameter, message).next(format!("it has {listed}")));
            }
            Some(param) if !param.kind.fits(value) => {
                let message = format!("parameter `{given}` of role {name} is {value}, not a {:?}", param.kind);
                wrong(Problem::new(Code::RoleParameter, message.to_lowercase()).next(param.doc.clone()));
            }
            Some(_) => drop(params.insert(given.clone(), value.clone())),
        }
    }
    params
}

struct Work<'a> {
    renderer: &'a Renderer<'a>,
    host: &'a Host,
    role: &'a str,
    values: Context,
    wanted: &'a mut WantedHost,
    problems: &'a mut Vec<Problem>,
}

impl Work<'_> {
    fn apply(&mut self, role: &Role) {
        if !role.applies_to.contains(&self.host.group) {
            let message = format!(
                "role {} is not for group {}, but {} has it",
                self.role,
                self.host.group.name(),
                self.host.name
            );
            self.problems.push(Problem::new(Code::RoleGroup, message));
            return;
        }
        self.wanted.binary |= role.binary;
        for package in &role.packages {
            let package = Package { name: package.name.clone(), command: package.command.clone() };
            if !self.wanted.packages.contains(&package) {
                self.wanted.packages.push(package);
            }
        }
        self.wanted.without.extend(
            role.without.iter().filter(|name| !self.wanted.without.contains(name)).cloned().collect::<Vec<_>>(),
        );
        for run in &role.run {
            let run = Run { cmd: run.cmd.clone(), unless: run.unless.clone(), undo: run.undo.clone() };
            if !self.wanted.runs.contains(&run) {
                self.wanted.runs.push(run);
            }
        }
        for file in &role.files {
            self.file(file);
        }
        for listen in &role.listens {
            let port = self.text(&format!("listens of {}", self.role), &listen.port, "");
            for port in port.iter().flat_map(|ports| ports.split_whitespace()).map(str::parse) {
                let Ok(port) = port else {
                    let message = format!("role {}: listens on `{}`, which is no port", self.role, listen.port);
                    self.problems.push(Problem::new(Code::RoleFile, message));
                    continue;
                };
                self.wanted.listens.push((port, listen.program.clone()));
            }
        }
        for path in &role.absent {
            if !path.starts_with('/') || path.contains("/../") || path.contains('\n') {
                let message = format!("role {}: absent `{path}` is not an absolute path", self.role);
                self.problems.push(Problem::new(Code::RoleFile, message));
            } else if !self.wanted.absent.contains(path) {
                self.wanted.absent.push(path.clone());
            }
        }
        for (key, value) in &role.sysctl {
            let what = format!("sysctl of {}", self.role);
            if let (Some(key), Some(value)) = (self.text(&what, key, ""), self.text(&what, value, "")) {
                self.wanted.sysctl.insert(key, value);
            }
        }
        self.wanted.modules.extend(role.modules.iter().cloned());
        for service in &role.services {
            let service = Service {
                name: service.name.clone(),
                carries_vip: service.carries_vip,
                replaces: service.replaces.clone(),
            };
            if !self.wanted.services.contains(&service) {
                self.wanted.services.push(service);
            }
        }
        for probe in &role.requires {
            if let Some(command) = self.text(&format!("requires of {}", self.role), &probe.command, "") {
                self.wanted.requires.push(Probe { name: probe.name.clone(), command, next: probe.next.clone() });
            }
        }
        for probe in &role.probes {
            if let Some(command) = self.text(&format!("probe of {}", self.role), &probe.command, "") {
                self.wanted.probes.push(Probe { name: probe.name.clone(), command, next: probe.next.clone() });
            }
        }
    }

    fn file(&mut self, entry: &FileEntry) {
        let template = match lookup::template(self.renderer.cluster, self.host, self.role, &entry.template) {
            Ok(template) => template,
            Err(problem) => return self.problems.push(problem),
        };
        let made_by = format!("made by hactl from {}; change the inventory, not this file", entry.template);
        let Some(mut text) = self.text(&template.name, &template.text, &made_by) else { return };
        if entry.optional && text.trim().is_empty() {
            return self.wanted.forgotten.push(entry.dest.clone());
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
        let Ok(mode) = u32::from_str_radix(&entry.mode, 8) else {
            let message = format!("role {}: mode `{}` of {} is not octal", self.role, entry.mode, entry.dest);
            return self.problems.push(Problem::new(Code::RoleFile, message));
        };
        if !entry.dest.starts_with('/') || entry.dest.contains("/../") || entry.dest.contains('\n') {
            let message = format!("role {}: dest `{}` is not an absolute path", self.role, entry.dest);
            return self.problems.push(Problem::new(Code::RoleFile, message));
        }
        let check = match entry.check.as_deref() {
            Some("nginx") => Some(NGINX_CHECK.to_owned()),
            Some("ha") => {
                let shown = format!("{} for {}", entry.dest, self.host.name);
                self.problems.extend(ha_config(Path::new(&shown), &text));
                None
            }
            other => other.map(str::to_owned),
        };
        self.wanted.files.push(WantedFile {
            dest: entry.dest.clone(),
            content: text.into_bytes(),
            mode,
            owner: entry.owner.clone(),
            role: self.role.to_owned(),
            once: false,
            secret: entry.secret,
            check,
            on_change: entry.on_change.clone().map(OnChange::from),
        });
    }

    /// Renders a text; a mistake is noted with the template's own place.
    fn text(&mut self, name: &str, text: &str, made_by: &str) -> Option<String> {
        let mut values = self.values.clone();
        values.insert("made_by", made_by);
        let rendered = template(name, text).and_then(|tera| tera.render(name, &values));
        match rendered {
            Ok(text) => Some(text),
            Err(error) => {
                let message = format!("{}: template {name}: {}", self.host.name, error.to_string().trim_end());
                let next = "define it in the inventory (`vars:`), or use `default(value=…)` in the template";
                self.problems.push(Problem::new(Code::TemplateFailed, message).next(next));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
