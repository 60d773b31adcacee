//! `hactl lab …`.

use super::args::{Lab, Port, Power};
use super::global::Global;
use crate::error::{Exit, Failure, Outcome};
use crate::lab::layout::{Layout, Plan};
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

fn show(global: &Global, layout: &Layout) -> Outcome {
    let hosts = status::status(layout);
    if global.wants_json() {
        println!("{}", serde_json::to_string_pretty(&hosts).map_err(|error| Failure::internal(error.to_string()))?);
    } else if hosts.is_empty() {
        println!("no lab is up; `hactl lab up` starts one");
    } else {
        for host in hosts {
            let pid = host.pid.map_or_else(String::new, |pid| format!("pid {pid}"));
            println!("{:<10} {:<15} {:<8} {pid}", host.name, host.address, host.state);
        }
    }
    Ok(Exit::Done)
}
