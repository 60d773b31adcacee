//! `hactl check FILE` for a keepalived.conf: what the agent would say of it on this host, each fault with its line drawn.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use hactl_engine::conf::config::{Argv, Config, Notify};
use hactl_engine::conf::diagnostic::{Diagnostic, Location, Severity};
use hactl_engine::conf::parse_with;

use crate::agent::files::Files;
use crate::error::{Problem, Span};

/// Everything that is wrong or strange in a configuration and the files that it includes.
pub(super) fn check(file: &Path, text: &str) -> Vec<Problem> {
    let mut files = Files::new(None);
    let name = file.display().to_string();
    let parsed = parse_with(&name, text, &mut files);
    let mut pages = Pages { main: (&name, text), files: &files, lines: BTreeMap::new() };
    let mut problems: Vec<Problem> = parsed.diagnostics.into_iter().map(|one| pages.problem(one)).collect();
    problems.extend(programs(&parsed.config, &mut pages));
    problems
}

/// The texts that lines are drawn from.
struct Pages<'a> {
    main: (&'a str, &'a str),
    files: &'a Files,
    lines: BTreeMap<String, Vec<&'a str>>,
}

impl<'a> Pages<'a> {
    fn lines(&mut self, name: &str) -> &[&'a str] {
        let (main, files) = (self.main, self.files);
        self.lines.entry(name.to_owned()).or_insert_with(|| {
            let text = if name == main.0 { Some(main.1) } else { files.text(name) };
            text.unwrap_or_default().lines().collect()
        })
    }

    fn problem(&mut self, diagnostic: Diagnostic) -> Problem {
        let error = diagnostic.severity == Severity::Error;
        let mut problem = Problem::new(if error { "E301" } else { "W301" }, diagnostic.message);
        problem.warning = !error;
        problem.next = diagnostic.help;
        problem.span = diagnostic.location.map(|at| self.span(&at));
        problem
    }

    fn span(&mut self, at: &Location) -> Span {
        let line = self.lines(&at.file).get(at.line.saturating_sub(1)).copied().unwrap_or_default();
        // A line that holds a secret is not drawn.
        let (column, length, text) = match secret(line) {
            Some(keyword) => (1, keyword.chars().count(), format!("{keyword} …")),
            None => (at.column, at.length, line.to_owned()),
        };
        Span { file: at.file.clone().into(), line: at.line, column, length, text }
    }

    /// The line of a block that names a program.
    fn find(&mut self, block: &Location, program: &str) -> Location {
        let lines = self.lines(&block.file);
        let found = lines
            .iter()
            .enumerate()
            .skip(block.line.saturating_sub(1))
            .find_map(|(index, line)| line.find(program).map(|byte| (index + 1, line.get(..byte))));
        match found {
            Some((line, Some(before))) => Location {
                line,
                column: before.chars().count() + 1,
                length: program.chars().count(),
                ..block.clone()
            },
            _ => block.clone(),
        }
    }
}

/// The keyword of a line that holds a secret.
fn secret(line: &str) -> Option<&'static str> {
    let line = line.trim_start();
    let hmac = ["hex:", "ascii:"].iter().any(|mark| line.contains(mark)) || line.starts_with("key ");
    if line.contains("auth_pass") {
        Some("auth_pass")
    } else if hmac {
        Some("key")
    } else {
        None
    }
}

/// Programs that are not on this host, or that nobody may run. The file may be meant for another one, so that these
/// are warnings.
fn programs(config: &Config, pages: &mut Pages<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (what, block, command) in commands(config) {
        let Some(program) = command.first() else { continue };
        let Some(fault) = unusable(program) else { continue };
        let top = Location { file: pages.main.0.to_owned(), ..Location::default() };
        let at = pages.find(block.unwrap_or(&top), program);
        let mut problem = Problem::new("W303", format!("{what}: `{program}` {fault}")).at(pages.span(&at)).warn();
        problem.why = Some("on this host it would fail each time; a file for another host may be right".to_owned());
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

/// Every command with what it is for and the block that it stands in.
fn commands(config: &Config) -> Vec<(String, Option<&Location>, &Argv)> {
    let mut found = Vec::new();
    let global = &config.global;
    for (what, script) in [("startup_script", &global.startup_script), ("shutdown_script", &global.shutdown_script)] {
        found.extend(script.iter().map(|script| (what.to_owned(), None, &script.command)));
    }
    for (what, fifo) in
        [("notify_fifo_script", &global.notify_fifo), ("vrrp_notify_fifo_script", &global.vrrp_notify_fifo)]
    {
        let script = fifo.as_ref().and_then(|fifo| fifo.script.as_ref());
        found.extend(script.map(|script| (what.to_owned(), None, script)));
    }
    for script in &config.scripts {
        found.push((format!("vrrp_script `{}`", script.name), Some(&script.location), &script.command));
    }
    for group in &config.groups {
        notifies(&group.name, &group.location, &group.notify, &mut found);
    }
    for instance in &config.instances {
        notifies(&instance.name, &instance.location, &instance.notify, &mut found);
    }
    found
}

fn notifies<'c>(
    name: &str,
    block: &'c Location,
    notify: &'c Notify,
    found: &mut Vec<(String, Option<&'c Location>, &'c Argv)>,
) {
    let all = [
        ("notify_master", &notify.master),
        ("notify_backup", &notify.backup),
        ("notify_fault", &notify.fault),
        ("notify_stop", &notify.stop),
        ("notify_deleted", &notify.deleted),
        ("notify_master_rx_lower_pri", &notify.master_rx_lower_pri),
        ("notify", &notify.any),
    ];
    for (keyword, command) in all {
        found.extend(command.iter().map(|command| (format!("{keyword} of `{name}`"), Some(block), command)));
    }
}

/// Why a program cannot be run here.
fn unusable(program: &str) -> Option<String> {
    if !program.contains('/') {
        return which::which(program).err().map(|_| "is in no folder of PATH".to_owned());
    }
    match fs::metadata(program) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Some("does not exist".to_owned()),
        Err(error) => Some(format!("cannot be looked at: {error}")),
        Ok(found) if !found.is_file() => Some("is not a file".to_owned()),
        Ok(found) if found.permissions().mode() & 0o111 == 0 => {
            Some("is not executable: run chmod +x on it".to_owned())
        }
        Ok(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_drawn() {
        for line in ["  auth_pass hunter2", "key 1 hunter2", "\tkey 2 hex:00ff", "auth_hmac { key 1 ascii:hunter2 }"] {
            assert!(secret(line).is_some(), "{line}");
        }
        assert_eq!(secret("  priority 37"), None);
    }

    #[test]
    fn programs_are_looked_for() {
        assert_eq!(unusable("/bin/sh"), None);
        assert_eq!(unusable("sh"), None);
        assert_eq!(unusable("/bin"), Some("is not a file".into()));
        assert_eq!(unusable("/does/not/exist"), Some("does not exist".into()));
        assert_eq!(unusable("hactl-no-such-program"), Some("is in no folder of PATH".into()));
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(unusable(file.path().to_str().unwrap()), Some("is not executable: run chmod +x on it".into()));
    }
}
