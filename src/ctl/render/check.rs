//! The HA configuration is read as the agent would read it, before it leaves the desk; also behind `hactl check FILE`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hactl_engine::conf::Parsed;
use hactl_engine::conf::config::{Config, Notify};
use hactl_engine::conf::diagnostic::Severity;

use crate::error::{Problem, Span};
use crate::includes::Host;

/// What the agent would say of a configuration.
pub fn ha_config(file: &Path, text: &str) -> Vec<Problem> {
    problems(file, text, hactl_engine::conf::parse(&file.display().to_string(), text), &BTreeMap::new())
}

/// The same for a file on this host, with what it includes and what it names.
pub fn ha_file(file: &Path, text: &str) -> Vec<Problem> {
    let mut host = Host::new(None);
    let parsed = hactl_engine::conf::parse_with(&file.display().to_string(), text, &mut host);
    let missing = missing(&parsed.config);
    problems(file, text, parsed, &host.texts).into_iter().chain(missing).collect()
}

/// Commands that are not on this host. The file may be meant for another one, so each is a warning.
fn missing(config: &Config) -> Vec<Problem> {
    let checks = config.scripts.iter().map(|script| (Some(&script.command), format!("vrrp_script {}", script.name)));
    let told = |kind: &str, name: &str, notify: &'_ Notify| {
        let commands = [
            ("notify_master", &notify.master),
            ("notify_backup", &notify.backup),
            ("notify_fault", &notify.fault),
            ("notify_stop", &notify.stop),
            ("notify_deleted", &notify.deleted),
            ("notify_master_rx_lower_pri", &notify.master_rx_lower_pri),
            ("notify", &notify.any),
        ];
        commands.map(|(keyword, command)| (command.clone(), format!("{keyword} of {kind} {name}")))
    };
    let instances = config.instances.iter().flat_map(|one| told("vrrp_instance", &one.name, &one.notify));
    let groups = config.groups.iter().flat_map(|one| told("vrrp_sync_group", &one.name, &one.notify));
    let commands = checks.map(|(command, what)| (command.cloned(), what)).chain(instances).chain(groups);
    commands
        .filter_map(|(command, what)| {
            let program = command?.first()?.clone();
            which::which(&program).is_err().then_some((program, what))
        })
        .map(|(program, what)| {
            let mut problem =
                Problem::new("W303", format!("{what}: `{program}` is not an executable file on this host"))
                    .why("a check that cannot run counts as failed, and nobody is notified")
                    .next("create it, or make it executable with `chmod +x`");
            problem.warning = true;
            problem
        })
        .collect()
}

fn problems(file: &Path, text: &str, parsed: Parsed, included: &BTreeMap<String, String>) -> Vec<Problem> {
    parsed
        .diagnostics
        .into_iter()
        .map(|diagnostic| {
            let error = diagnostic.severity == Severity::Error;
            let mut problem = Problem::new(if error { "E301" } else { "W301" }, diagnostic.message);
            problem.warning = !error;
            problem.next = diagnostic.help;
            if let Some(at) = diagnostic.location {
                let source = included.get(&at.file).map_or(text, String::as_str);
                let line = source.lines().nth(at.line.saturating_sub(1)).unwrap_or_default();
                // A line that holds a secret is not drawn.
                let secret = ["auth_pass", "hex:", "ascii:", "webhook"].into_iter().find(|word| line.contains(word));
                let text = secret.map_or_else(|| line.to_owned(), |word| format!("{word} …"));
                let (column, length) = if secret.is_some() { (1, 9) } else { (at.column, at.length) };
                let file = if included.contains_key(&at.file) { PathBuf::from(&at.file) } else { file.to_owned() };
                problem.span = Some(Span { file, line: at.line, column, length, text });
            }
            problem
        })
        .collect()
}
