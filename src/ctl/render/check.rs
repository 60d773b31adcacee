//! The HA configuration is read as the agent would read it, before it leaves the desk; also behind `hactl check FILE`.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use hactl_engine::conf::config::lvs::Check;
use hactl_engine::conf::config::{Argv, Config};
use hactl_engine::conf::grammar::keywords::ROOT;
use hactl_engine::conf::text::diagnostic::{Diagnostic, Location, Severity};
use hactl_engine::conf::{Parsed, parse, parse_with};

use super::{here, stops};
use crate::error::{Problem, Span};
use crate::includes::Host;

/// What the agent would say of a configuration.
pub fn ha_config(file: &Path, text: &str) -> Vec<Problem> {
    let (name, none) = (file.display().to_string(), BTreeMap::new());
    problems(parse(&name, text).diagnostics, &Pages::new(&name, text, &none))
}

/// The same for a file on this host, with what it includes and what it names; `@ID` lines are read for `config_id`, for
/// this host without one.
///
/// Where it is not for `elsewhere` the host is asked for what the file names: programs, interfaces, users, files.
pub fn ha_file(file: &Path, text: &str, config_id: Option<&str>, elsewhere: bool) -> Vec<Problem> {
    let (name, mut host) = (file.display().to_string(), Host::new(config_id));
    let parsed = parse_with(&name, text, &mut host);
    let pages = Pages::new(&name, text, &host.texts);
    if is_foreign(text, &parsed) {
        let problem = Problem::new("E302", format!("{name} is neither an inventory nor a keepalived.conf"))
            .why("not one of its lines begins with a keyword of the language")
            .next("`hactl init` prints an inventory to start from; inventories end in .yaml or .yml");
        return vec![problem];
    }
    let mut found = problems(parsed.diagnostics, &pages);
    found.extend(stops::told(&parsed.config, &pages, elsewhere));
    if !elsewhere {
        found.extend(missing(&parsed.config, &pages));
        found.extend(here::missing(&parsed.config, &pages));
    }
    found
}

/// Whether a text is of another language: it has lines, none of them begins with a keyword, and none is nearly one.
fn is_foreign(text: &str, parsed: &Parsed) -> bool {
    let known = |line: &str| {
        let word = line.split(|c: char| c.is_ascii_whitespace() || c == '{').find(|word| !word.is_empty());
        word.is_none_or(|word| {
            word.starts_with(['#', '!', '$', '@', '~', '}']) || word.starts_with("include") || ROOT.find(word).is_some()
        })
    };
    let nearly = |one: &Diagnostic| one.help.as_ref().is_some_and(|help| help.starts_with("did you mean"));
    let meant = text.lines().any(|line| !line.trim().is_empty() && known(line));
    !meant && !text.trim().is_empty() && !parsed.diagnostics.iter().any(nearly)
}

/// Commands that are not on this host, each with the line that names it. The file may be meant for another one, so
/// each is a warning.
fn missing(config: &Config, pages: &Pages<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (what, block, command) in commands(config).into_iter().chain(lvs_commands(config)) {
        let Some(program) = command.first().filter(|program| which::which(program).is_err()) else { continue };
        let top = pages.top();
        let at = pages.find(block.unwrap_or(&top), program);
        let problem = Problem::new("W303", format!("{what}: `{program}` is not an executable file on this host"))
            .at(pages.span(&at))
            .why(consequence(&what))
            .next("create it, or make it executable with `chmod +x`")
            .warn();
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    }
    problems
}

/// What comes of a command that cannot run.
fn consequence(what: &str) -> &'static str {
    if what.starts_with("vrrp_script") || what.starts_with("misc_path") {
        "the agent leaves a check that cannot run out, so nothing watches what it is for"
    } else if what.starts_with("notify") || what.starts_with("quorum") {
        "nobody is told of the change"
    } else {
        "the agent goes on without what it is to do"
    }
}

/// Every command with what it is for and the block that it stands in.
pub(super) fn commands(config: &Config) -> Vec<(String, Option<&Location>, &Argv)> {
    let mut found = Vec::new();
    let global = &config.global;
    for (what, script) in [("startup_script", &global.startup_script), ("shutdown_script", &global.shutdown_script)] {
        found.extend(script.iter().map(|script| (what.to_owned(), None, &script.command)));
    }
    let fifos = [
        ("notify_fifo_script", &global.notify_fifo),
        ("vrrp_notify_fifo_script", &global.vrrp_notify_fifo),
        ("lvs_notify_fifo_script", &global.lvs.notify_fifo),
    ];
    for (what, fifo) in fifos {
        let script = fifo.as_ref().and_then(|fifo| fifo.script.as_ref());
        found.extend(script.map(|script| (what.to_owned(), None, script)));
    }
    for script in &config.scripts {
        found.push((format!("vrrp_script {}", script.name), Some(&script.location), &script.command));
    }
    let groups = config.groups.iter().map(|one| ("vrrp_sync_group", &one.name, &one.location, &one.notify));
    let instances = config.instances.iter().map(|one| ("vrrp_instance", &one.name, &one.location, &*one.notify));
    for (kind, name, block, notify) in groups.chain(instances) {
        let lines = [
            ("notify_master", &notify.master),
            ("notify_backup", &notify.backup),
            ("notify_fault", &notify.fault),
            ("notify_stop", &notify.stop),
            ("notify_deleted", &notify.deleted),
            ("notify_master_rx_lower_pri", &notify.master_rx_lower_pri),
            ("notify", &notify.any),
        ];
        for (keyword, command) in lines {
            let command = command.as_ref();
            found.extend(command.map(|command| (format!("{keyword} of {kind} {name}"), Some(block), command)));
        }
    }
    found
}

/// The same for LVS; a program that many servers name in the same way stands here once.
pub(super) fn lvs_commands<'c>(config: &'c Config) -> Vec<(String, Option<&'c Location>, &'c Argv)> {
    let mut known = HashSet::new();
    let mut found = Vec::new();
    let mut add = |keyword: &'static str, server: &str, block, argv: &'c Argv| {
        if known.insert((keyword, argv.first())) {
            found.push((format!("{keyword} of virtual_server {server}"), Some(block), argv));
        }
    };
    for server in &config.virtual_servers {
        for (keyword, command) in [("quorum_up", &server.quorum_up), ("quorum_down", &server.quorum_down)] {
            command.iter().for_each(|command| add(keyword, &server.name, &server.location, &command.argv));
        }
        for real in &server.real_servers {
            for (keyword, command) in [("notify_up", &real.notify_up), ("notify_down", &real.notify_down)] {
                command.as_deref().iter().for_each(|command| add(keyword, &server.name, &real.location, &command.argv));
            }
            for checker in &real.checkers {
                if let Check::Misc(misc) = &checker.check {
                    add("misc_path", &server.name, &checker.location, &misc.command);
                }
            }
        }
    }
    found
}

/// The texts that lines are drawn from.
pub struct Pages<'a> {
    /// What diagnostics call the file itself.
    name: String,
    /// Each text, and its lines from the first time that one of them is asked for: of a large file without faults none is.
    texts: BTreeMap<&'a str, (&'a str, OnceCell<Vec<&'a str>>)>,
}

impl<'a> Pages<'a> {
    fn new(name: &'a str, text: &'a str, included: &'a BTreeMap<String, String>) -> Self {
        let texts = included.iter().map(|(name, text)| (name.as_str(), text.as_str())).chain([(name, text)]);
        Self { name: name.to_owned(), texts: texts.map(|(name, text)| (name, (text, OnceCell::new()))).collect() }
    }

    fn lines(&self, file: &str) -> &[&'a str] {
        let lines = self.texts.get(file).map(|(text, lines)| lines.get_or_init(|| text.lines().collect()));
        lines.map(Vec::as_slice).unwrap_or_default()
    }

    /// The file itself.
    pub(super) fn top(&self) -> Location {
        Location { file: self.name.as_str().into(), ..Location::default() }
    }

    /// The first line, from the start of a block on, in which a word stands; else the start of the block.
    pub(super) fn find_word(&self, block: &Location, word: &str) -> Location {
        let ends = |c: Option<char>| c.is_none_or(|c| c.is_whitespace() || "{}\"';,".contains(c));
        let column = |line: &str| {
            line.match_indices(word).map(|(at, _)| at).find_map(|at| {
                let (before, after) = (line.get(..at)?, line.get(at + word.len()..)?);
                let whole = ends(before.chars().next_back()) && ends(after.chars().next());
                whole.then(|| before.chars().count() + 1)
            })
        };
        let mut lines = self.lines(&block.file).iter().enumerate().skip(block.line.saturating_sub(1));
        let found = lines.find_map(|(index, line)| Some((index + 1, column(line)?)));
        let Some((line, column)) = found.filter(|_| !word.is_empty()) else { return block.clone() };
        Location { line, column, length: word.chars().count(), ..block.clone() }
    }

    pub(super) fn span(&self, at: &Location) -> Span {
        let line = self.lines(&at.file).get(at.line.saturating_sub(1)).copied().unwrap_or_default();
        // A line that holds a secret is not drawn.
        let (column, length, text) = match secret(line) {
            Some(word) => (1, word.chars().count(), format!("{word} …")),
            None => (at.column, at.length, line.to_owned()),
        };
        Span { file: PathBuf::from(&*at.file), line: at.line, column, length, text }
    }

    /// The line, from the start of a block on, that names a program; else the start of the block.
    fn find(&self, block: &Location, program: &str) -> Location {
        let lines = self.lines(&block.file).iter().enumerate().skip(block.line.saturating_sub(1));
        let found = lines.filter_map(|(index, line)| Some((index + 1, line.split_once(program)?.0))).next();
        let Some((line, before)) = found else { return block.clone() };
        let (column, length) = (before.chars().count() + 1, program.chars().count());
        Location { line, column, length, ..block.clone() }
    }
}

/// The word that tells that a line holds a secret.
fn secret(line: &str) -> Option<&'static str> {
    let words = ["auth_pass", "hex:", "ascii:", "webhook", "password", "basic_auth", "header"];
    let key = line.trim_start().starts_with("key ").then_some("key");
    words.into_iter().find(|word| line.contains(word)).or(key)
}

fn problems(diagnostics: Vec<Diagnostic>, pages: &Pages<'_>) -> Vec<Problem> {
    let problem = |one: Diagnostic| {
        let error = one.severity == Severity::Error;
        let mut problem = Problem::new(if error { "E301" } else { "W301" }, one.message);
        problem.warning = !error;
        problem.next = one.help;
        problem.span = one.location.map(|at| pages.span(&at));
        problem
    };
    diagnostics.into_iter().map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of programs alone.
    fn programs(text: &str) -> Vec<Problem> {
        let mut found = ha_file(Path::new("ha.conf"), text, None, false);
        found.retain(|problem| problem.code == "W303");
        found
    }

    #[test]
    fn secrets_are_not_drawn() {
        for line in [
            "  auth_pass hunter2",
            "key 1 hunter2",
            "\tkey 2 hex:00ff",
            "auth_hmac { key 1 ascii:hunter2 }",
            "password hunter2",
        ] {
            assert!(secret(line).is_some(), "{line}");
        }
        for line in ["basic_auth me hunter2", " header \"Authorization: hunter2\""] {
            assert!(secret(line).is_some(), "{line}");
        }
        assert_eq!(secret("  priority 37"), None);
    }

    #[test]
    fn a_missing_program_is_drawn_where_it_is_named() {
        let text = "vrrp_instance a {\n interface eth0\n virtual_router_id 37\n virtual_ipaddress { 10.0.0.3/27 }\n notify \"/no/such x\"\n}\n";
        let found = programs(text);
        let [only] = found.as_slice() else { panic!("{found:?}") };
        let span = only.span.as_ref().unwrap();
        assert_eq!((span.line, span.column, span.length, only.warning), (5, 10, 8, true));
        assert_eq!(only.message, "notify of vrrp_instance a: `/no/such` is not an executable file on this host");
    }

    #[test]
    fn a_missing_check_of_many_servers_is_told_once() {
        let real = |last: u8| {
            format!(" real_server 10.0.0.{last} 80 {{\n  MISC_CHECK {{\n   misc_path \"/no/such {last}\"\n  }}\n }}\n")
        };
        let text = format!("virtual_server 192.0.2.3 80 {{\n protocol TCP\n{}{}}}\n", real(7), real(91));
        let found = programs(&text);
        let [only] = found.as_slice() else { panic!("{found:?}") };
        let span = only.span.as_ref().unwrap();
        assert_eq!((span.line, span.column, only.warning), (5, 15, true));
        assert!(only.message.starts_with("misc_path of virtual_server 192.0.2.3:80: `/no/such`"), "{}", only.message);
    }
}
