//! `lb:`, `web:`, `ssh:` and variables.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::document::{Node, Value};
use super::fields::{Fields, Reader};
use super::{secret, track};
use crate::ctl::cluster::{Backend, Group, Host, Lvs, PinnedKey, Ssh, Track, Vip};
use crate::ctl::roles::lookup::known_role;
use crate::ctl::ssh::pinned;
use crate::error::{Code, Problem};

/// Template variables.
pub type Vars = BTreeMap<String, serde_json::Value>;

/// What hosts of all groups share.
pub struct Shared {
    /// The inventory's folder, where roles of its own are.
    pub folder: std::path::PathBuf,
    /// The top-level `ssh:`.
    pub ssh: Ssh,
    /// The top-level `vars:`.
    pub vars: Vars,
}

/// How to log in unless the inventory says otherwise.
pub fn default_ssh() -> Ssh {
    Ssh {
        user: "root".into(),
        user_given: false,
        port: 22,
        port_given: false,
        key: None,
        more_keys: Vec::new(),
        host_keys: Vec::new(),
        jump: None,
        sudo: false,
        password: None,
    }
}

/// A host of which nothing is said but its name; its address is still to come.
pub fn default_host(name: &str, group: Group) -> Host {
    Host {
        name: name.into(),
        group,
        address: IpAddr::from([0, 0, 0, 0]),
        ssh: default_ssh(),
        interface: None,
        roles: Vec::new(),
        track: Track::default(),
        managed: true,
        vars: Vars::new(),
        backend: Backend { port: 80, weight: 1, max_fails: 1, fail_timeout: None, backup: false, down: false },
    }
}

/// Overlays an `ssh:` mapping on what is inherited.
pub fn ssh(reader: &Reader<'_>, node: &Node, inherited: &Ssh) -> Ssh {
    let fields = reader.fields(node, "ssh");
    let text = |name| fields.get(name).and_then(|node| reader.text(node, name)).map(str::to_owned);
    let mut ssh = inherited.clone();
    if let Some(user) = text("user") {
        (ssh.user, ssh.user_given) = (user, true);
        ssh.sudo = ssh.user != "root";
    }
    if let Some(port) = fields.get("port").and_then(|node| reader.number(node, "port", 1..=65535)) {
        (ssh.port, ssh.port_given) = (u16::try_from(port).unwrap_or(22), true);
    }
    if let Some(key) = text("key") {
        ssh.key = Some(expand_home(&key));
    }
    ssh.jump = text("jump").or(ssh.jump);
    if let Some(node) = fields.get("host_key") {
        ssh.host_keys = host_keys(reader, node);
    }
    if let Some(node) = fields.get("sudo")
        && let Some(sudo) = reader.boolean(node, "sudo")
    {
        if !sudo && ssh.user != "root" {
            let problem = Problem::new(Code::WrongValue, format!("`sudo: no` with the user {}", ssh.user))
                .why("packages, files and services of a host belong to root; another user reaches them by sudo alone")
                .next("leave `sudo` out, or log in as root: `user: root`");
            reader.wrong(node.place, problem);
        }
        ssh.sudo = sudo;
    }
    if let Some(node) = fields.get("password") {
        ssh.password = secret::source(reader, node, "password");
    }
    fields.finish();
    ssh
}

/// One key or several, for the time in which a host changes its key.
fn host_keys(reader: &Reader<'_>, node: &Node) -> Vec<PinnedKey> {
    let mut keys = Vec::new();
    for item in reader.list(node) {
        let Some(text) = reader.text(item, "host_key") else { continue };
        match pinned::read(text) {
            Some(key) => keys.push(key),
            None => {
                let problem = Problem::new(Code::WrongValue, format!("host_key `{text}` is neither a public key nor a fingerprint"))
                    .why("no key of the host could be told from an impostor's by it")
                    .next("`ssh-keyscan -t ed25519 HOST` prints it: host_key: ssh-ed25519 AAAA…; or host_key: SHA256:…, as `ssh-keygen -lf` has it");
                reader.wrong(item.place, problem);
            }
        }
    }
    keys
}

fn expand_home(path: &str) -> std::path::PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => std::path::Path::new(&home).join(rest),
        _ => path.into(),
    }
}

/// Reads a group of hosts. Default roles come first, then those a host adds.
pub fn group(reader: &Reader<'_>, node: &Node, group: Group, shared: &Shared, group_vars: &Vars) -> Vec<Host> {
    let Value::Map(entries) = &node.value else {
        let message = format!("`{}` is a mapping of host names to addresses", group.name());
        let problem = Problem::new(Code::WrongShape, message).next(format!("{}: {{ {0}-5: 10.0.0.5 }}", group.name()));
        reader.wrong(node.place, problem);
        return Vec::new();
    };
    let mut hosts = Vec::new();
    for (key, node) in entries {
        let good = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if key.name.is_empty() || !key.name.chars().all(good) {
            let message = format!("host name `{}` has characters other than letters, digits, - . and _", key.name);
            reader.wrong(key.place, Problem::new(Code::HostName, message));
            continue;
        }
        hosts.extend(host(reader, &key.name, node, group, shared, group_vars));
    }
    hosts
}

fn host(
    reader: &Reader<'_>,
    name: &str,
    node: &Node,
    group: Group,
    shared: &Shared,
    group_vars: &Vars,
) -> Option<Host> {
    let mut host = Host {
        ssh: shared.ssh.clone(),
        vars: shared.vars.iter().chain(group_vars).map(|(k, v)| (k.clone(), v.clone())).collect(),
        ..default_host(name, group)
    };
    if !matches!(node.value, Value::Map(_)) {
        host.address = reader.address(node, name)?;
        return Some(host);
    }
    let fields = reader.fields(node, name);
    let address = match fields.get("address") {
        Some(node) => reader.address(node, "address"),
        None => {
            reader.wrong(fields.place, Problem::new(Code::HostAddress, format!("host `{name}` has no `address`")));
            None
        }
    };
    if let Some(node) = fields.get("ssh") {
        host.ssh = ssh(reader, node, &shared.ssh);
    }
    host.interface = fields.get("interface").and_then(|node| reader.interface(node));
    if let Some(node) = fields.get("vars") {
        host.vars.extend(vars(reader, node));
    }
    if let Some(node) = fields.get("roles") {
        for item in reader.list(node) {
            let Some(role) = reader.text(item, "role") else { continue };
            if let Err(problem) = known_role(&shared.folder, role) {
                reader.wrong(item.place, problem);
            } else if !host.roles.iter().any(|known| known == role) {
                host.roles.push(role.into());
            }
        }
    }
    if group == Group::Lb
        && let Some(node) = fields.get("track")
    {
        host.track = track::track(reader, node);
    }
    backend(reader, &fields, group, &mut host);
    fields.finish();
    host.address = address?;
    Some(host)
}

/// Puts what a host of its group is made of before the roles that the inventory adds.
pub fn give_roles(host: &mut Host, lvs: Option<&Lvs>, own_nginx: bool, more: &[&'static str]) {
    if !host.managed {
        host.roles.clear();
        return;
    }
    let names: Vec<&str> = match (host.group, lvs.map(|lvs| lvs.real_servers)) {
        (Group::Lb, None) if !own_nginx => vec!["vip"],
        (Group::Lb, None) => [&["lb-nginx"], more, &["vip"]].concat(),
        (Group::Lb, Some(Group::Web)) => vec!["lvs-director", "vip"],
        (Group::Lb, Some(Group::Lb)) => vec!["web-static", "lvs-realserver", "lvs-director", "vip"],
        (Group::Web, Some(Group::Web)) => vec!["web-static", "lvs-realserver"],
        (Group::Web, None | Some(Group::Lb)) => vec!["web-static"],
    };
    let added = std::mem::take(&mut host.roles);
    host.roles = names.iter().map(|name| (*name).to_owned()).collect();
    host.roles.extend(added.into_iter().filter(|role| !names.contains(&role.as_str())));
}

/// Gives a host that carries a VIP the agent, after everything that it watches.
pub fn give_agent(host: &mut Host, vip: &Vip) {
    let own = "vip";
    if vip.is_carried_by(&host.name) && !host.roles.iter().any(|role| role == own) {
        host.roles.push(own.to_owned());
    }
}

/// Gives a host the role that gets certificates, where it has nginx's.
pub fn give_acme(host: &mut Host) {
    let own = "lb-acme";
    let nginx = host.roles.iter().position(|role| role == "lb-nginx");
    if let Some(at) = nginx.filter(|_| !host.roles.iter().any(|role| role == own)) {
        host.roles.insert(at + 1, own.to_owned());
    }
}

fn backend(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>, group: Group, host: &mut Host) {
    if group != Group::Web {
        return; // asked for on web hosts only, so that the keys are unknown on load balancers
    }
    if let Some(managed) = fields.get("managed").and_then(|node| reader.boolean(node, "managed")) {
        host.managed = managed;
    }
    let backend = &mut host.backend;
    let number = |name, range| fields.get(name).and_then(|node| reader.number(node, name, range));
    if let Some(port) = number("port", 1..=65535) {
        backend.port = u16::try_from(port).unwrap_or(80);
    }
    if let Some(weight) = number("weight", 1..=65535) {
        backend.weight = u32::try_from(weight).unwrap_or(1);
    }
    if let Some(max_fails) = number("max_fails", 0..=1000) {
        backend.max_fails = u32::try_from(max_fails).unwrap_or(1);
    }
    if let Some(timeout) = fields.get("fail_timeout").and_then(|node| reader.duration(node, "fail_timeout")) {
        backend.fail_timeout = Some(timeout);
    }
    if let Some(flag) = fields.get("backup").and_then(|node| reader.boolean(node, "backup")) {
        backend.backup = flag;
    }
    if let Some(flag) = fields.get("down").and_then(|node| reader.boolean(node, "down")) {
        backend.down = flag;
    }
}

/// Free-form variables for templates.
pub fn vars(reader: &Reader<'_>, node: &Node) -> Vars {
    let fields = reader.fields(node, "vars");
    fields.entries.iter().map(|(key, node)| (key.name.clone(), json(node))).collect()
}

/// A node as a template sees it: numbers and booleans become such.
pub fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Text(text) => match text.as_str() {
            "true" | "yes" | "on" => true.into(),
            "false" | "no" | "off" => false.into(),
            number => number.parse::<i64>().map_or_else(|_| text.clone().into(), Into::into),
        },
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => {
            entries.iter().map(|(key, node)| (key.name.clone(), json(node))).collect::<serde_json::Map<_, _>>().into()
        }
    }
}
