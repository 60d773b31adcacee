//! A draft as the text of an inventory: each line with the place that it comes from, and behind them what is kept
//! elsewhere.

use std::time::Duration;

use super::draft::{Balancer, Draft, Instance, Tracked, Web};
use super::keep::{Fate, Line};
use crate::ctl::cluster::{Balancing, SecretSource, Ssh};
use crate::ctl::inventory::hosts::default_ssh;
use hactl_engine::conf::config::Version;

/// Where the text of a password is to be found by who reads the inventory.
#[derive(Debug, Clone)]
pub enum Passwords {
    /// In a file of this folder, named after the instance.
    Files(std::path::PathBuf),
    /// In the environment.
    Environment,
}

impl Passwords {
    /// Where that of an instance is.
    pub fn source(&self, instance: &str) -> String {
        match self {
            Self::Files(folder) => format!("{{ file: {} }}", quoted(&folder.join(instance).display().to_string())),
            Self::Environment => format!("{{ env: {} }}", variable(instance)),
        }
    }
}

/// The variable for an instance's password.
fn variable(instance: &str) -> String {
    let plain: String =
        instance.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    format!("HACTL_{plain}_PASS")
}

/// The comment column.
const COLUMN: usize = 64;

struct Rows(String);

impl Rows {
    fn add(&mut self, text: &str, from: &str) {
        match from {
            "" => self.0.push_str(text),
            from => self.0.push_str(&format!("{text:<COLUMN$} # {from}")),
        }
        self.0.push('\n');
    }
}

/// The inventory.
pub fn inventory(draft: &Draft, lines: &[Line], passwords: &Passwords) -> String {
    let mut rows = Rows(String::new());
    let names: Vec<&str> = draft.lbs.iter().map(|lb| lb.name.as_str()).collect();
    rows.add(
        &format!(
            "# What runs on {}, read by `hactl import`. Behind each line stands where it comes from.",
            names.join(" and ")
        ),
        "",
    );
    rows.add("cluster: imported", "a name for people: choose one");
    let first = draft.lbs.first().map(|lb| &lb.ssh);
    let shared = first.filter(|ssh| draft.lbs.iter().all(|lb| same(&lb.ssh, ssh)));
    if let Some(ssh) = shared {
        rows.add(&format!("ssh: {{ {} }}", login(ssh)), "as this import logged in");
    }
    rows.add("lb:", "");
    draft.lbs.iter().for_each(|lb| balancer(&mut rows, lb, shared.is_none()));
    if !draft.webs.is_empty() {
        rows.add("web:", "`managed: no`: they are sent requests, and hactl never logs in there");
        draft.webs.iter().for_each(|one| web(&mut rows, one));
    }
    rows.add("vips:", "");
    draft.vips.iter().for_each(|vip| instance(&mut rows, vip, &names, passwords));
    site(&mut rows, draft);
    rest(&mut rows, lines);
    rows.0
}

fn same(one: &Ssh, other: &Ssh) -> bool {
    login(one) == login(other)
}

/// The keys of `ssh:`.
fn login(ssh: &Ssh) -> String {
    let usual = default_ssh();
    let mut keys = vec![format!("user: {}", plain(&ssh.user))];
    if ssh.port != usual.port {
        keys.push(format!("port: {}", ssh.port));
    }
    if let Some(key) = &ssh.key {
        keys.push(format!("key: {}", quoted(&key.display().to_string())));
    }
    if let Some(jump) = &ssh.jump {
        keys.push(format!("jump: {}", quoted(jump)));
    }
    match &ssh.password {
        None => {}
        Some(SecretSource::Prompt) => keys.push("password: prompt".into()),
        Some(SecretSource::Environment(name)) => keys.push(format!("password: {{ env: {} }}", quoted(name))),
        Some(SecretSource::File(path)) => {
            keys.push(format!("password: {{ file: {} }}", quoted(&path.display().to_string())))
        }
        Some(SecretSource::Command(command)) => keys.push(format!("password: {{ command: {} }}", quoted(command))),
    }
    keys.join(", ")
}

fn balancer(rows: &mut Rows, lb: &Balancer, own_login: bool) {
    let mut keys = vec![format!("address: {}", quoted_address(&lb.address.to_string()))];
    if let Some(interface) = &lb.interface {
        keys.push(format!("interface: {}", plain(interface)));
    }
    if own_login {
        keys.push(format!("ssh: {{ {} }}", login(&lb.ssh)));
    }
    rows.add(&format!("  {}: {{ {} }}", plain(&lb.name), keys.join(", ")), &lb.from);
}

fn web(rows: &mut Rows, web: &Web) {
    let mut keys = vec![format!("address: {}", quoted_address(&web.address.to_string()))];
    let backend = &web.backend;
    if backend.port != 80 {
        keys.push(format!("port: {}", backend.port));
    }
    if backend.weight != 1 {
        keys.push(format!("weight: {}", backend.weight));
    }
    if backend.max_fails != 1 {
        keys.push(format!("max_fails: {}", backend.max_fails));
    }
    if let Some(timeout) = backend.fail_timeout {
        keys.push(format!("fail_timeout: {}", time(timeout)));
    }
    if backend.backup {
        keys.push("backup: yes".into());
    }
    keys.push("managed: no".into());
    rows.add(&format!("  {}: {{ {} }}", plain(&web.name), keys.join(", ")), &web.from);
}

fn instance(rows: &mut Rows, vip: &Instance, all: &[&str], passwords: &Passwords) {
    let one = &vip.settings;
    let addresses: Vec<String> = vip.addresses().map(|net| quoted_address(&net.to_string())).collect();
    match addresses.as_slice() {
        [address] => rows.add(&format!("  - address: {address}"), vip.place("virtual_ipaddress")),
        several => rows.add(&format!("  - addresses: [{}]", several.join(", ")), vip.place("virtual_ipaddress")),
    }
    rows.add(&format!("    name: {}", plain(&vip.name)), &vip.from);
    rows.add(&format!("    vrid: {}", one.vrid), vip.place("virtual_router_id"));
    if let Some(interface) = vip.interface.as_ref().filter(|name| !name.is_empty()) {
        rows.add(&format!("    interface: {}", plain(interface)), vip.place("interface"));
    }
    let members: Vec<&str> = vip.priorities.iter().map(|(host, _)| host.as_str()).collect();
    if members.len() < all.len() {
        let order: Vec<String> = members.iter().map(|host| plain(host)).collect();
        rows.add(&format!("    order: [{}]", order.join(", ")), "only these have it");
    }
    let priorities: Vec<String> =
        vip.priorities.iter().map(|(host, value)| format!("{}: {value}", plain(host))).collect();
    rows.add(
        &format!("    priorities: {{ {} }}", priorities.join(", ")),
        &format!("{}, and the same keyword of the others", vip.place("priority")),
    );
    rows.add(&format!("    interval: {}", time(one.advert_interval)), vip.place("advert_int"));
    let said = if vip.places.contains_key("version") {
        vip.place("version")
    } else {
        "what keepalived takes without `version`"
    };
    rows.add(&format!("    version: {}", vip.version().number()), said);
    if vip.password.is_some() && vip.version() == Version::V2 {
        let source = passwords.source(&vip.name);
        let from = vip.place("authentication");
        let from = match passwords {
            Passwords::Files(_) => from.to_owned(),
            Passwords::Environment => format!("{from}; export the password"),
        };
        rows.add(&format!("    auth: {{ pass: {source} }}"), &from);
    }
    if one.is_unicast() {
        rows.add("    unicast: yes", vip.place("unicast_peer"));
    }
    if one.nopreempt {
        rows.add("    preempt: no", vip.place("nopreempt"));
    }
    if one.preempt_delay > Duration::ZERO {
        rows.add(&format!("    preempt_delay: {}", time(one.preempt_delay)), vip.place("preempt_delay"));
    }
    if !vip.tracks.is_empty() {
        rows.add("    track:", vip.place("track_script"));
        vip.tracks.iter().for_each(|track| tracked(rows, track));
    }
    if !vip.notify.is_empty() {
        rows.add("    notify:", "");
        for (key, command, from) in &vip.notify {
            rows.add(&format!("      {key}: {}", quoted(command)), from);
        }
    }
}

fn tracked(rows: &mut Rows, track: &Tracked) {
    let text = format!(
        "      - {{ name: {}, command: {}, interval: {}, weight: {}, fall: {}, rise: {} }}",
        plain(&track.name),
        quoted(&track.command),
        time(track.interval),
        track.weight,
        track.fall,
        track.rise
    );
    rows.add(&text, &track.from);
}

fn site(rows: &mut Rows, draft: &Draft) {
    rows.add("site:", "");
    rows.add("  managed: no", "nginx on the load balancers stays as it is, and whose it is");
    let Some((host, site)) = &draft.site else { return };
    let at = |place: &str| format!("{host} {place}");
    rows.add(&format!("  server_name: {}", quoted(&site.server_name)), &at(&site.place));
    rows.add(&format!("  port: {}", site.port), &at(&site.place));
    let method = match site.method {
        None | Some(Balancing::Rr) => return,
        Some(Balancing::IpHash) => "ip_hash",
        Some(Balancing::LeastConn) => "least_conn",
    };
    rows.add(&format!("  method: {method}"), &at(&site.upstream_place));
}

/// What is not said above: by hactl's own way, in the template, and not at all.
fn rest(rows: &mut Rows, lines: &[Line]) {
    for (fate, heading) in [
        (Fate::Verbatim, "# Kept as it is, in templates/hactl.conf.tera:"),
        (Fate::Implied, "# Said by hactl itself:"),
        (Fate::Left, "# NOT carried over:"),
    ] {
        let mut of = lines.iter().filter(|line| line.fate == fate).peekable();
        if of.peek().is_none() {
            continue;
        }
        rows.add("", "");
        rows.add(heading, "");
        for line in of {
            let how = if line.how.is_empty() { String::new() } else { format!("  ({})", line.how) };
            rows.add(&format!("#   {} {}:{}: {}{how}", line.host, line.file, line.line, line.text), "");
        }
    }
}

/// `1s`, `700ms`.
fn time(time: Duration) -> String {
    if time.subsec_nanos() == 0 { format!("{}s", time.as_secs()) } else { format!("{}ms", time.as_millis()) }
}

/// A word that YAML takes for a text, in quotes where it must be.
fn plain(word: &str) -> String {
    let safe = word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && !["yes", "no", "on", "off", "true", "false", "null", "y", "n"].contains(&word.to_ascii_lowercase().as_str());
    if safe { word.to_owned() } else { quoted(word) }
}

/// IPv6 has colons, which mean something to YAML.
fn quoted_address(text: &str) -> String {
    if text.contains(':') { quoted(text) } else { text.to_owned() }
}

/// In YAML's double quotes, whose escapes are JSON's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
