//! `hactl lab …`.

use serde::Serialize;

use super::global::Global;
use super::lab_args::{Lab, Port, Power};
use super::show::finish;
use crate::ctl::report::Report;
use crate::error::{Exit, Outcome};
use crate::lab::layout::{Layout, Plan};
use crate::lab::status::HostStatus;
use crate::lab::{down, enter, fault, status, up};

/// Runs a `lab` command.
///
/// # Errors
/// What the command has to say, with its exit code.
pub(crate) fn run(global: &Global, command: Lab) -> Outcome {
    let layout = Layout::from_environment();
    let quiet = global.quiet;
    let say = move |line: &str| {
        if !quiet {
            eprintln!("{line}");
        }
    };
    match command {
        Lab::Up(wanted) => up::up(&layout, Plan::new(wanted.subnet, wanted.hosts)?, &say)?,
        Lab::Down => down::down(&layout, &say)?,
        Lab::Status => return show(global, &layout),
        Lab::Ssh { host, command } => return Err(enter::ssh(&layout, &host, &command)),
        Lab::Exec { place, command } => return Err(enter::exec(&layout, &place, &command)),
        Lab::Power { host, state } => fault::power(&layout, &host, state == Power::On)?,
        Lab::Port { host, state } => fault::port(&layout, &host, state == Port::Dark)?,
    }
    Ok(Exit::Done)
}

/// The hosts of the lab; none when no lab is up.
#[derive(Serialize)]
struct Hosts {
    hosts: Vec<HostStatus>,
}

fn show(global: &Global, layout: &Layout) -> Outcome {
    let report = Report::done(Hosts { hosts: status::status(layout) });
    finish(global, "lab", Ok(report), |Hosts { hosts }| match hosts.is_empty() {
        true => "no lab is up; `hactl lab up` starts one\n".to_owned(),
        false => hosts.iter().fold(String::new(), |text, host| {
            let pid = host.pid.map_or_else(String::new, |pid| format!("pid {pid}"));
            text + &format!("{:<10} {:<15} {:<8} {pid}\n", host.name, host.address, host.state)
        }),
    })
}
