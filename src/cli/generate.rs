//! Shell completions, generated from the same definition as the help. Names of hosts are asked for when somebody types:
//! the scripts call `hactl __complete`.

use std::io;

use clap::Command;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;

use super::args::{self, Names};
use super::global::Global;
use crate::ctl::cluster::Cluster;
use crate::ctl::desk::find_inventory;
use crate::ctl::drill::table::SCENARIOS;
use crate::ctl::inventory::load::load;
use crate::lab::layout::Layout;
use crate::lab::status;

/// Words in the generated scripts that stand for names, and what asks for them.
const ASKED: [(&str, &str); 3] = [
    ("HACTL-HOSTS", "hactl __complete hosts 2>/dev/null"),
    ("HACTL-BALANCERS", "hactl __complete balancers 2>/dev/null"),
    ("HACTL-LAB", "hactl __complete lab 2>/dev/null"),
];

/// Writes the completion script of one shell.
pub(crate) fn completions(shell: Shell, out: &mut dyn io::Write) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut with_names(args::command()), "hactl", &mut script);
    let script = asking(shell, &String::from_utf8_lossy(&script));
    let _ = out.write_all(script.as_bytes()); // a closed stdout leaves nobody to tell
}

/// The names of this kind, a line each; nothing where there is no inventory, since nobody reads errors here.
pub(crate) fn names(global: &Global, wanted: Names) {
    let cluster = || load(&find_inventory(global.inventory.as_deref()).ok()?).ok().map(|loaded| loaded.cluster);
    let names: Vec<String> = match wanted {
        Names::Lab => status::status(&Layout::from_environment()).into_iter().map(|host| host.name).collect(),
        Names::Hosts => cluster().into_iter().flat_map(|cluster| cluster.hosts).map(|host| host.name).collect(),
        Names::Balancers => {
            let cluster = cluster();
            cluster.iter().flat_map(Cluster::agents).map(|host| host.name.clone()).collect()
        }
    };
    names.iter().for_each(|name| println!("{name}"));
}

/// The grammar with a value for every argument that is a name.
fn with_names(command: Command) -> Command {
    let scenarios: Vec<&'static str> = SCENARIOS.iter().map(|one| one.name).collect();
    command
        .mut_subcommand("render", |render| valued(render, "host", &["HACTL-HOSTS"]))
        .mut_subcommand("plan", |plan| valued(plan, "limit", &["HACTL-HOSTS"]))
        .mut_subcommand("deploy", |deploy| valued(deploy, "limit", &["HACTL-HOSTS"]))
        .mut_subcommand("capture", |capture| valued(capture, "hosts", &["HACTL-BALANCERS"]))
        .mut_subcommand("logs", |logs| valued(logs, "hosts", &["HACTL-HOSTS"]))
        .mut_subcommand("failover", |failover| valued(failover, "to", &["HACTL-BALANCERS"]))
        .mut_subcommand("unpin", |unpin| valued(unpin, "host", &["HACTL-BALANCERS"]))
        .mut_subcommand("drain", |drain| valued(drain, "host", &["HACTL-HOSTS"]))
        .mut_subcommand("undrain", |undrain| valued(undrain, "host", &["HACTL-HOSTS"]))
        .mut_subcommand("weight", |weight| valued(weight, "host", &["HACTL-HOSTS"]))
        .mut_subcommand("backend", |backend| {
            ["remove", "weight", "drain", "undrain", "canary"].into_iter().fold(backend, |backend, verb| {
                backend.mut_subcommand(verb, |verb| valued(verb, "server", &["HACTL-HOSTS"]))
            })
        })
        .mut_subcommand("drill", |drill| valued(drill, "scenarios", &scenarios))
        .mut_subcommand("lab", |lab| {
            lab.mut_subcommand("ssh", |ssh| valued(ssh, "host", &["HACTL-LAB"]))
                .mut_subcommand("exec", |exec| valued(exec, "place", &["HACTL-LAB"]))
        })
}

/// The command with these values for one of its arguments, which stays where it is among the others.
fn valued(command: Command, name: &str, values: &[&'static str]) -> Command {
    let parser = || PossibleValuesParser::new(values.iter().copied());
    command.mut_args(|arg| if arg.get_id() == name { arg.value_parser(parser()) } else { arg })
}

/// Puts the asking in the place of the words, as each shell writes it.
fn asking(shell: Shell, script: &str) -> String {
    // Nobody types the asking itself.
    let hidden = |line: &&str| !line.contains("Names for completion scripts");
    let script = script.lines().filter(hidden).fold(String::new(), |text, line| text + line + "\n");
    let script = if shell == Shell::Bash { script.replace(" __complete ", " ") } else { script };
    ASKED.iter().fold(script, |script, (word, ask)| match shell {
        Shell::Zsh => script.replace(word, &format!("$({ask})")), // evaluated by _arguments
        Shell::Fish => script.replace(&format!("{word}\\t''"), &format!("({ask})")).replace(word, &format!("({ask})")),
        _ => script.replace(word, &format!("$({ask})")),
    })
}
