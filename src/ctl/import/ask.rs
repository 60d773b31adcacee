//! What runs on a host, read in one round trip: keepalived with every file that it reads, nginx as it would load its
//! configuration now, addresses.

use std::collections::{BTreeMap, BTreeSet};

use hactl_engine::conf::{Included, Surroundings};

use crate::ctl::cluster::Host;
use crate::ctl::desk::Desk;
use crate::ctl::host::Script;
use crate::ctl::look::facts::{ServiceFact, services};
use crate::ctl::look::observe::{self, Seen, sections};
use crate::error::{Code, Exit, Failure, Problem};

/// The functions that only this looks with.
const FUNCTIONS: &str = include_str!("../import.sh");

/// A host as it runs.
#[derive(Debug, Clone)]
pub struct Running {
    /// How it was reached, with the name that the inventory gives it.
    pub host: Host,
    /// The name that it was asked for by.
    pub reached: String,
    /// The name it has itself.
    pub hostname: String,
    /// Addresses, and whether an agent of ours answers.
    pub seen: Seen,
    /// The unit.
    pub unit: ServiceFact,
    /// Command lines of keepalived's processes.
    pub processes: Vec<String>,
    /// Its first line of `--version`.
    pub version: Option<String>,
    /// Whether the user exists that keepalived runs scripts as where it is told of none.
    pub script_user: bool,
    /// The configuration, where there is one.
    pub config: Option<ConfigFiles>,
    /// What `nginx -T` prints.
    pub nginx: Option<String>,
}

/// A keepalived.conf with what it includes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigFiles {
    /// The path of the file itself.
    pub main: String,
    /// Texts by path.
    pub texts: BTreeMap<String, String>,
}

/// The script whose output [`parse`] reads.
pub fn script() -> String {
    // What those of ours call that are not `show`'s own.
    let script = Script::new().call("show", []).call("services", ["keepalived"]).text() + FUNCTIONS;
    script + "look_at_keepalived\nlook_at_nginx\n"
}

/// Looks at every connected host.
///
/// # Errors
/// Exit 4 with each host that cannot be looked at. Nothing was changed, since nothing is ever changed here.
pub async fn look(desk: &Desk) -> Result<Vec<Running>, Failure> {
    let hosts: Vec<&Host> = desk.cluster.hosts.iter().filter(|host| desk.hosts.contains_key(&host.name)).collect();
    let asked = hosts.iter().map(|host| (host.name.as_str(), script(), Vec::new()));
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for (host, (name, answer)) in hosts.iter().zip(desk.on_all(asked).await) {
        match answer {
            Ok(output) if output.code == 0 => found.push(parse(host, output.text())),
            Ok(output) => {
                let message = format!("cannot be examined: {}", output.complaint());
                problems.push(Problem::on(&name, Code::CannotExamine, message).why("nothing was changed"));
            }
            Err(problem) => problems.push(problem.why("nothing was changed")),
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(Failure { exit: Exit::Preflight, problems }) }
}

/// Reads what [`script`] printed.
pub fn parse(host: &Host, text: &str) -> Running {
    let sections = sections(text);
    let lines = |name: &str| sections.get(name).cloned().unwrap_or_default();
    let first = |name: &str| lines(name).first().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty());
    let whole = |name: &str| -> String {
        let lines = lines(name).into_iter().filter_map(|line| line.strip_prefix(' '));
        lines.flat_map(|line| [line, "\n"]).collect()
    };
    let files = sections.keys().filter_map(|name| Some((*name, name.strip_prefix("file ")?)));
    let texts: BTreeMap<String, String> = files.map(|(section, path)| (path.to_owned(), whole(section))).collect();
    Running {
        host: host.clone(),
        reached: host.name.clone(),
        hostname: first("name").unwrap_or_else(|| host.name.clone()),
        seen: observe::parse(text),
        unit: services(&lines("services")).remove("keepalived").unwrap_or_default(),
        processes: lines("processes").into_iter().map(|line| line.trim().to_owned()).collect(),
        version: first("version"),
        script_user: first("script_user").is_some(),
        config: first("main").filter(|main| texts.contains_key(main)).map(|main| ConfigFiles { main, texts }),
        nginx: sections.contains_key("nginx").then(|| whole("nginx")).filter(|text| !text.trim().is_empty()),
    }
}

/// The files of one host, for the parser that asks for includes.
pub struct Around<'f> {
    files: &'f ConfigFiles,
    config_id: String,
    /// Patterns that meant no file that was read.
    pub unread: BTreeSet<String>,
}

impl<'f> Around<'f> {
    /// `hostname` decides which `@ID` lines count.
    pub fn new(files: &'f ConfigFiles, hostname: &str) -> Self {
        let label = hostname.split('.').next().unwrap_or_default();
        Self { files, config_id: label.to_owned(), unread: BTreeSet::new() }
    }
}

impl Surroundings for Around<'_> {
    fn include(&mut self, pattern: &str, from: &str) -> Vec<Included> {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = straight(&if pattern.starts_with('/') { pattern.to_owned() } else { format!("{folder}/{pattern}") });
        let options = glob::MatchOptions {
            require_literal_separator: true,
            require_literal_leading_dot: true,
            ..glob::MatchOptions::new()
        };
        let means = |name: &str| {
            let name = &straight(name);
            *name == path || glob::Pattern::new(&path).is_ok_and(|pattern| pattern.matches_with(name, options))
        };
        let found: Vec<Included> = self
            .files
            .texts
            .iter()
            .filter(|(name, _)| means(name))
            .map(|(name, text)| Included { name: name.clone(), text: Ok(text.clone()) })
            .collect();
        if found.is_empty() {
            self.unread.insert(path);
        }
        found
    }

    fn config_id(&self) -> Option<String> {
        Some(self.config_id.clone())
    }

    fn environment(&self, _: &str) -> Option<String> {
        None // of keepalived's own environment nothing is known
    }

    fn random(&mut self, min: u32, _: u32) -> u32 {
        min
    }
}

/// A path without `.` and `..`.
fn straight(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        match part {
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::ctl::cluster::Group;
    use crate::ctl::inventory::hosts::default_host;

    #[test]
    fn a_host_s_words_are_read() {
        let text = "@@addr\n2: eth0    inet 10.0.0.5/24 scope global eth0\n@@services\nId=keepalived.service\nActiveState=active\n\
            UnitFileState=enabled\n@@name\nlb-one\n@@processes\n/usr/sbin/keepalived --dont-fork \n@@script_user\n@@version\nKeepalived v2.2.7\n\
            @@main\n/etc/keepalived/keepalived.conf\n@@file /etc/keepalived/keepalived.conf\n include conf.d/*.conf\n \n@@file /etc/keepalived/conf.d/a.conf\n\
            \x20vrrp_instance A {\n }\n\n@@nginx\n # configuration file /etc/nginx/nginx.conf:\n events { }\n\n";
        let running = parse(&default_host("lb-1", Group::Lb), text);
        assert_eq!((running.hostname.as_str(), running.unit.active, running.unit.enabled), ("lb-one", true, true));
        assert_eq!((running.processes.len(), running.script_user), (1, false));
        let files = running.config.unwrap();
        assert_eq!(files.texts["/etc/keepalived/conf.d/a.conf"], "vrrp_instance A {\n}\n");
        let mut around = Around::new(&files, &running.hostname);
        assert_eq!(around.include("conf.d/*.conf", &files.main).len(), 1);
        assert!(around.include("/etc/none/*", &files.main).is_empty() && around.unread.contains("/etc/none/*"));
        assert!(running.nginx.unwrap().ends_with("events { }\n"));
        let empty = parse(&default_host("web-1", Group::Lb), "@@addr\n");
        assert!(empty.config.is_none() && empty.nginx.is_none() && empty.hostname == "web-1");
    }

    /// The files that are included are found by the shell as the parser will ask for them, and each is read once.
    #[test]
    fn includes_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).display().to_string();
        std::fs::create_dir(folder.path().join("conf.d")).unwrap();
        std::fs::write(
            at("k.conf"),
            format!("include conf.d/*.conf\n  include \"{}\"\ninclude nowhere\nlast", at("one")),
        )
        .unwrap();
        std::fs::write(at("conf.d/a.conf"), "# include ../k.conf\nincluder ../k.conf\n").unwrap();
        std::fs::write(at("one"), "@@file x\n").unwrap();
        let line = format!("{FUNCTIONS}\nconfig_files {}\n", at("k.conf"));
        let output = Command::new("sh").args(["-c", &line]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("@@file ")).collect();
        assert_eq!(names, [at("k.conf"), at("conf.d/a.conf"), at("one")]);
        let texts = names.iter().map(|name| ((*name).to_owned(), String::new())).collect();
        let files = ConfigFiles { main: at("k.conf"), texts };
        assert_eq!(Around::new(&files, "x").include("../k.conf", &at("conf.d/a.conf")).len(), 1, "by another name");
        assert!(text.contains("\n last\n") && text.contains("\n @@file x\n"), "{text}");
    }
}
