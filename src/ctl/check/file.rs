//! The HA configuration is read as the agent would read it, before it leaves the desk; also behind `hactl check FILE`.

use std::collections::BTreeMap;
use std::path::Path;

use hactl_engine::conf::config::Config;
use hactl_engine::conf::grammar::keywords::ROOT;
use hactl_engine::conf::text::diagnostic::{Diagnostic, Severity};
use hactl_engine::conf::{Parsed, parse, parse_with};

use super::commands::{commands, lvs_commands};
use super::pages::Pages;
use super::{here, stops};
use crate::error::{Code, Problem};
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
        let problem = Problem::new(Code::NotAConfig, format!("{name} is neither an inventory nor a keepalived.conf"))
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
        let problem =
            Problem::new(Code::ProgramMissing, format!("{what}: `{program}` is not an executable file on this host"))
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

fn problems(diagnostics: Vec<Diagnostic>, pages: &Pages<'_>) -> Vec<Problem> {
    let problem = |one: Diagnostic| {
        let error = one.severity == Severity::Error;
        let mut problem = Problem::new(if error { Code::ConfigFault } else { Code::ConfigDoubt }, one.message);
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
        found.retain(|problem| problem.code.id() == "W303");
        found
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
