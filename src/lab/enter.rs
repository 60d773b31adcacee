//! `hactl lab exec` and `hactl lab ssh`: this process becomes the command.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::host;
use super::layout::{Layout, Plan};
use crate::error::{Code, Exit, Failure, Problem};

/// Runs a command at the desk, the client or in a host. Returns only on failure.
pub fn exec(layout: &Layout, place: &str, command: &[OsString]) -> Failure {
    let plan = match plan(layout) {
        Ok(plan) => plan,
        Err(failure) => return failure,
    };
    let mut become_it = match place {
        "desk" | "client" => at_desk_or_client(layout, place),
        name if plan.hosts.iter().any(|host| host == name) => match host::leader(layout, name) {
            Some(leader) => {
                let mut enter = Command::new("nsenter");
                enter
                    .arg("--target")
                    .arg(leader.to_string())
                    .args(["--mount", "--uts", "--ipc", "--net", "--pid", "--"]);
                enter
            }
            None => return refuse(Code::LabHostOff, format!("{name} is off"), "hactl lab up"),
        },
        other => {
            let places = format!("desk, client, {}", plan.hosts.join(", "));
            return refuse(Code::LabNoHost, format!("there is no `{other}` in the lab"), &format!("one of: {places}"));
        }
    };
    let error = become_it.args(command).exec();
    Failure::internal(format!("cannot run {}: {error}", command.join(OsStr::new(" ")).to_string_lossy()))
}

/// Opens SSH to a host, from the desk and with its key. Returns only on failure.
pub fn ssh(layout: &Layout, name: &str, command: &[OsString]) -> Failure {
    let plan = match plan(layout) {
        Ok(plan) => plan,
        Err(failure) => return failure,
    };
    if !plan.hosts.iter().any(|host| host == name) {
        let next = format!("one of: {}", plan.hosts.join(", "));
        return refuse(Code::LabNoHost, format!("there is no host `{name}` in the lab"), &next);
    }
    let mut become_it = at_desk_or_client(layout, "desk");
    let home = layout.desk_home().join(".ssh");
    // The ssh program looks for HOME in the password file, not in the environment: say where everything is.
    become_it
        .arg("ssh")
        .arg("-i")
        .arg(home.join("id_ed25519"))
        .arg("-o")
        .arg(format!("UserKnownHostsFile={}", home.join("known_hosts").display()))
        .args(["-o", "StrictHostKeyChecking=accept-new", "-o", "LogLevel=ERROR"])
        .arg(format!("root@{}", plan.address(name)))
        .args(command);
    Failure::internal(format!("cannot run ssh: {}", become_it.exec()))
}

fn at_desk_or_client(layout: &Layout, place: &str) -> Command {
    let mut enter = Command::new("nsenter");
    enter.arg(format!("--net=/run/netns/{}", layout.namespace(place))).arg("--").env("HOME", layout.desk_home());
    // What points at the operator's own files would shadow the desk's.
    enter.env_remove("SSH_AUTH_SOCK").env_remove("XDG_STATE_HOME").env_remove("XDG_CONFIG_HOME");
    enter
}

fn plan(layout: &Layout) -> Result<Plan, Failure> {
    layout.plan().ok_or_else(|| refuse(Code::NoLab, "no lab is up".into(), "hactl lab up"))
}

fn refuse(code: Code, message: String, next: &str) -> Failure {
    Failure::one(Exit::Preflight, Problem::new(code, message).next(next))
}
