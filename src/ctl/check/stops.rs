//! Scripts that stop keepalived to move the addresses, as many courses teach: no process of that name runs any more, so
//! they would do nothing, and the address would stay where the service is dead.

use std::collections::HashSet;
use std::path::Path;

use hactl_engine::conf::config::{Argv, Config};

use super::commands::{commands, lvs_commands};
use super::pages::Pages;
use crate::error::{Code, Problem};
use crate::includes::read_file;

/// Every command that stops keepalived, itself or in the script that it runs; each script is told of once. Scripts are
/// looked into where they are those of this host.
pub(super) fn told(config: &Config, pages: &Pages<'_>, elsewhere: bool) -> Vec<Problem> {
    let mut known: HashSet<&str> = HashSet::new();
    let mut problems = Vec::new();
    for (what, block, command) in commands(config).into_iter().chain(lvs_commands(config)) {
        let Some(program) = command.first() else { continue };
        let found = match stop(&command.join(" ")) {
            Some(words) => format!("{what}: `{words}`"),
            None => {
                let script = script(command).filter(|_| !elsewhere);
                let Some(script) = script.filter(|script| known.insert(script)) else { continue };
                let Some((line, words)) = inside(Path::new(script)) else { continue };
                format!("{what}: `{words}` on line {line} of {script}")
            }
        };
        let at = pages.find_word(block.unwrap_or(&pages.top()), program);
        problems.push(
            Problem::new(Code::StopsNothing, format!("{found} stops nothing"))
                .at(pages.span(&at))
                .why("under hactl no process is called keepalived: the addresses stay")
                .next("write `hactl agent resign` to hand the addresses over, or `systemctl stop hactl-agent`")
                .warn(),
        );
    }
    problems
}

/// The script that a command runs: itself, or what it hands to a shell.
pub fn script(command: &Argv) -> Option<&str> {
    let program = command.first()?;
    let shell = SHELLS.contains(&base(program));
    let script = if shell { command.iter().skip(1).find(|word| !word.starts_with('-'))? } else { program };
    Some(script.as_str()).filter(|script| script.starts_with('/'))
}

/// The first line of a script that stops keepalived.
fn inside(script: &Path) -> Option<(usize, String)> {
    let bytes = read_file(script).ok().filter(|bytes| bytes.len() <= SCRIPT_BYTES_MAX && !bytes.contains(&0))?;
    inside_text(&String::from_utf8_lossy(&bytes))
}

/// The same for its text.
pub fn inside_text(text: &str) -> Option<(usize, String)> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with('#'));
    lines.find_map(|(index, line)| Some((index + 1, stop(line)?)))
}

/// The words that stop keepalived, if a line of a shell holds any.
pub fn stop(line: &str) -> Option<String> {
    let apart = |c: char| c.is_whitespace() || ";|&()`\"'".contains(c);
    let words: Vec<&str> = line.split(apart).filter(|word| !word.is_empty()).collect();
    (0..words.len()).find_map(|at| {
        let rest = words.get(at..)?;
        let program = *rest.first()?;
        let plain: Vec<&str> = rest.iter().skip(1).copied().filter(|word| !word.starts_with('-')).take(2).collect();
        // The last of the words that matter.
        let last = match (base(program), plain.as_slice()) {
            ("killall" | "pkill", [NAME, ..]) => NAME,
            ("systemctl", [verb, unit]) if VERBS.contains(verb) && unit.trim_end_matches(".service") == NAME => unit,
            ("service" | "rc-service", [NAME, verb]) if VERBS.contains(verb) => verb,
            (NAME, [verb, ..]) if program.contains("/init.d/") && VERBS.contains(verb) => verb,
            ("kill", _) => rest.iter().find(|word| base(word).starts_with(NAME))?,
            _ => return None,
        };
        let length = rest.iter().position(|word| *word == last)? + 1;
        Some(rest.iter().take(length).copied().collect::<Vec<_>>().join(" "))
    })
}

fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

const NAME: &str = "keepalived";
const VERBS: &[&str] = &["stop", "restart", "kill"];
const SHELLS: &[&str] = &["sh", "bash", "dash", "ash", "ksh", "zsh"];
/// Larger files are no scripts.
const SCRIPT_BYTES_MAX: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stops_keepalived_is_known_by_its_words() {
        for (line, words) in [
            ("killall keepalived", "killall keepalived"),
            ("  [ \"$n\" = 0 ] && /usr/bin/killall -9 keepalived; exit 1", "/usr/bin/killall -9 keepalived"),
            ("pkill keepalived || true", "pkill keepalived"),
            ("systemctl stop keepalived.service", "systemctl stop keepalived.service"),
            ("/bin/sh -c 'systemctl --no-block stop keepalived'", "systemctl --no-block stop keepalived"),
            ("service keepalived stop", "service keepalived stop"),
            ("/etc/init.d/keepalived restart", "/etc/init.d/keepalived restart"),
            ("kill `cat /var/run/keepalived.pid`", "kill cat /var/run/keepalived.pid"),
            ("kill $(pidof keepalived)", "kill $ pidof keepalived"),
        ] {
            assert_eq!(stop(line).as_deref(), Some(words), "{line}");
        }
        for line in [
            "killall -0 nginx",
            "systemctl start keepalived",
            "systemctl status keepalived",
            "service nginx stop",
            "/usr/sbin/keepalived -D",
            "logger keepalived stop",
            "kill -0 $pid",
        ] {
            assert_eq!(stop(line), None, "{line}");
        }
    }

    #[test]
    fn a_script_is_looked_into() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("check.sh");
        std::fs::write(
            &path,
            "#!/bin/bash\n# killall keepalived\nif ! pidof nginx; then\n  systemctl stop keepalived\nfi\n",
        )
        .unwrap();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Argv>();
        let name = path.to_str().unwrap();
        for command in [words(&[name, "x"]), words(&["/bin/bash", "-x", name])] {
            let script = script(&command).unwrap();
            assert_eq!(inside(Path::new(script)), Some((4, "systemctl stop keepalived".to_owned())));
        }
        assert_eq!(inside(Path::new("/dev/zero")), None);
        assert_eq!(inside(Path::new("/bin/true")), None);
    }
}
