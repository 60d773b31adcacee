//! The scripts that a keepalived.conf names, looked into on their hosts: one that is missing, and one that ends
//! keepalived by its name, which does nothing once no process is called so. The scripts themselves stay where they are.

use std::collections::BTreeMap;

use super::ask::Running;
use super::conf::{Read, place};
use crate::ctl::check::commands::{commands, lvs_commands};
use crate::ctl::check::stops::{inside_text, script, stop};
use crate::ctl::desk::Desk;
use crate::ctl::host::Script;
use crate::ctl::look::contents::{self, Found};
use crate::error::{Code, Problem};

/// A command that is run on a host.
struct Named {
    what: String,
    place: String,
    line: String,
    script: Option<String>,
}

/// What is to be known of the scripts of each host: one more round trip.
pub async fn told(desk: &Desk, running: &[Running], reads: &[Read]) -> Vec<Problem> {
    let named: Vec<(&Read, &str, Vec<Named>)> = reads
        .iter()
        .filter_map(|read| {
            let one = running.iter().find(|one| one.host.name == read.host)?;
            Some((read, one.reached.as_str(), named(read)))
        })
        .collect();
    let asked = named.iter().map(|(_, host, all)| {
        let paths = all.iter().filter_map(|one| one.script.as_deref());
        (*host, contents::ask(Script::new(), paths).text(), Vec::new())
    });
    let answers = desk.on_all(asked).await;
    let mut problems = Vec::new();
    for ((read, _, all), (_, answer)) in named.iter().zip(answers) {
        let paths: Vec<&str> = all.iter().filter_map(|one| one.script.as_deref()).collect();
        // Who cannot be asked a second time has told what is needed already.
        let Ok(output) = answer else { continue };
        let found: BTreeMap<&str, Found> =
            paths.iter().copied().zip(contents::parse(output.text(), paths.len())).collect();
        problems.extend(all.iter().filter_map(|one| judge(read, one, &found)));
    }
    problems
}

fn named(read: &Read) -> Vec<Named> {
    let all = commands(&read.config).into_iter().chain(lvs_commands(&read.config));
    let mut found: Vec<Named> = Vec::new();
    for (what, block, command) in all {
        let script = script(command).map(str::to_owned);
        if script.is_some() && found.iter().any(|known| known.script == script) {
            continue;
        }
        let place = block.map_or_else(|| read.host.clone(), |block| place(&read.host, block));
        found.push(Named { what, place, line: command.join(" "), script });
    }
    found
}

fn judge(read: &Read, one: &Named, found: &BTreeMap<&str, Found>) -> Option<Problem> {
    let Named { what, place, line, script } = one;
    let words = |words: &str| {
        let problem =
            Problem::on(&read.host, Code::StopsNothing, format!("{what} ({place}): {words} stops nothing under hactl"));
        problem
            .why("no process is called keepalived then: the addresses stay where the service is dead")
            .next("write `hactl agent resign` there to hand the addresses over; it does nothing while keepalived runs")
            .warn()
    };
    if let Some(stops) = stop(line) {
        return Some(words(&format!("`{stops}`")));
    }
    let script = script.as_deref()?;
    match found.get(script)? {
        Found::Text(text) => {
            inside_text(text).map(|(line, stops)| words(&format!("`{stops}` on line {line} of {script}")))
        }
        Found::Nothing => {
            let problem =
                Problem::on(&read.host, Code::ProgramMissing, format!("{what} ({place}): {script} is not there"));
            Some(
                problem
                    .why("keepalived does not run it, and hactl would not either")
                    .next("put it there, or leave the lines out")
                    .warn(),
            )
        }
        Found::Link(_) | Found::Binary(_) | Found::Long(_) => None,
    }
}
