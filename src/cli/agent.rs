//! `hactl agent …`: the daemon, and the local front of its control socket.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hactl_engine::control::{AgentStatus, Event, Request, Response};
use hactl_engine::seen::Seen;
use serde::Serialize;

use super::agent_args::{Agent, AgentClient, AgentRun, RealServer};
use super::args::Check;
use super::global::Global;
use super::hear;
use super::show::{finish, problem, say};
use crate::agent::check::probe;
use crate::agent::control::client;
use crate::agent::control::metrics::put;
use crate::agent::daemon::birth::{Birth, PidFiles};
use crate::agent::daemon::load::Part;
use crate::agent::daemon::run::{self as daemon, Settings};
use crate::agent::daemon::{signals, systemd, upgrade};
use crate::agent::report::log::Logging;
use crate::agent::report::syslog::{DAEMON, LOCAL0};
use crate::ctl::report::Report;
use crate::error::{Code, Exit, Failure, Outcome, Problem, plain};

/// A request is shorter, in bytes.
const REQUEST_MAX: u64 = 64 * 1024;

/// Runs an `agent` command.
///
/// # Errors
/// What the command has to say, with its exit code.
pub(crate) fn run(global: &Global, command: Agent) -> Outcome {
    match command {
        Agent::Run(run) => serve(global, run),
        Agent::Status(status) if status.watch => client::watch(&status.client.socket, |now| show(global, now)),
        Agent::Status(status) => ask(global, &status.client, &Request::Status),
        Agent::Promote { client, instance, force, stay } => {
            let expires_in_s = stay.map(|stay| stay.as_secs().max(1));
            let reason = Some("promoted by hand".into());
            ask(global, &client, &Request::Promote { instance, force, expires_in_s, reason })
        }
        Agent::Resign { client, instance } => ask(global, &client, &Request::Resign { instance }),
        Agent::Unpin { client, instance } => ask(global, &client, &Request::Unpin { instance }),
        Agent::Call(client) => call(&client),
        Agent::Drain(real) => {
            let RealServer { client, server, of: virtual_server } = real;
            ask(global, &client, &Request::Drain { server, virtual_server })
        }
        Agent::Undrain(real) => {
            let RealServer { client, server, of: virtual_server } = real;
            ask(global, &client, &Request::Undrain { server, virtual_server })
        }
        Agent::Weight { real, weight } => {
            let RealServer { client, server, of: virtual_server } = real;
            ask(global, &client, &Request::Weight { server, virtual_server, weight })
        }
        Agent::Reload(client) => ask(global, &client, &Request::Reload),
        Agent::Stop(client) => {
            let keep_addresses = systemd::is_restarting();
            ask(global, &client, &Request::Stop { keep_addresses })
        }
        Agent::Events(client) => Ok(ended(client::events(&client.socket, |seen| tell(global, &seen)))),
        Agent::History(client) => ask(global, &client, &Request::History),
        Agent::Metrics { client, write: None } => ask(global, &client, &Request::Metrics),
        Agent::Metrics { client, write: Some(path) } => write_metrics(&client, &path),
        Agent::Upgrade(client) => show_answer(global, client::upgrade(&client.socket)?),
        Agent::Listen { interface, limit, ipv6 } => hear::listen(global, interface, ipv6, limit),
        Agent::Capture { interfaces, limit, config } => hear::capture(interfaces, limit, &config),
        Agent::Certificates(command) => super::certificates::run(global, command),
        Agent::Probe { url, limit } => probe_web(&url, limit),
    }
}

fn serve(global: &Global, run: AgentRun) -> Outcome {
    if let Some(name) = &run.signum {
        let number = signals::number(name).ok_or_else(|| {
            let problem =
                Problem::new(Code::UnknownSignal, format!("`{name}` is not the name of a signal to keepalived"));
            Failure::one(Exit::Invalid, problem.next(format!("one of {}", signals::NAMES)))
        })?;
        println!("{number}");
        return Ok(Exit::Done);
    }
    if run.config_test {
        return super::offline::check(
            global,
            &Check { files: vec![run.config], config_id: run.config_id, elsewhere: false, listen: None },
        );
    }
    let rehearsal = run.rehearse;
    let binary = upgrade::binary(); // before the folder is left that a relative name counts from
    // keepalived's way is the background, unless told otherwise.
    let birth = if run.as_keepalived && !run.dont_fork && !rehearsal {
        Birth::in_background(run.config.is_absolute(), run.log_console)?
    } else {
        Birth::default()
    };
    let settings = settings(run, binary);
    if rehearsal { daemon::rehearse(&settings) } else { daemon::run(&settings, birth) }
}

fn settings(run: AgentRun, binary: Option<PathBuf>) -> Settings {
    let usual = |path: &str| run.as_keepalived.then(|| PathBuf::from(path));
    Settings {
        config: run.config,
        socket: run.socket,
        state_dir: run.state_dir,
        pid_files: PidFiles {
            main: run.pid.or_else(|| usual("/run/keepalived.pid")),
            vrrp: run.vrrp_pid.or_else(|| usual("/run/vrrp.pid")),
            checkers: run.checkers_pid.or_else(|| usual("/run/checkers.pid")),
        },
        logging: Logging {
            console: run.log_console,
            detail: run.log_detail > 0,
            background: run.as_keepalived && !run.dont_fork,
            facility: run.log_facility.map_or(DAEMON, |local| LOCAL0 + local),
            name: if run.as_keepalived { "keepalived" } else { "hactl-agent" }.into(),
        },
        keep_addresses: run.dont_release_vrrp,
        config_id: run.config_id,
        part: match (run.vrrp, run.check) {
            (true, _) => Part::Vrrp,
            (false, true) => Part::Lvs,
            (false, false) => Part::Whole,
        },
        keep_table: run.dont_release_ipvs,
        binary,
    }
}

/// One request of the control protocol from stdin, its answer to stdout. What the agent refuses is an answer, too.
fn call(at: &AgentClient) -> Outcome {
    let mut text = Vec::new();
    let read = std::io::stdin().lock().take(REQUEST_MAX).read_to_end(&mut text);
    read.map_err(|error| Failure::internal(format!("stdin: {error}")))?;
    let request: Request = serde_json::from_slice(&text).map_err(|error| {
        let problem = Problem::new(Code::NotARequest, format!("stdin: {error}"));
        Failure::one(Exit::Invalid, problem.next("write one such as {\"verb\": \"status\"}"))
    })?;
    let answer = client::exchange_line(&at.socket, &request)?;
    println!("{}", answer.trim_end());
    Ok(Exit::Done)
}

fn ask(global: &Global, at: &AgentClient, request: &Request) -> Outcome {
    show_answer(global, client::ask(&at.socket, request)?)
}

fn show_answer(global: &Global, response: Response) -> Outcome {
    if let Response::Error { message } = response {
        return Err(Failure::one(Exit::Preflight, Problem::new(Code::AgentRefused, message)));
    }
    finish(global, "agent", Ok(Report::done(Answer::from(response))), |answer| match answer {
        Answer::Status(status) => client::status_text(status),
        Answer::Done { message } => format!("{message}\n"),
        Answer::History { events } => events.iter().map(|event| client::event_text(event) + "\n").collect(),
        Answer::Metrics { text } => text.clone(),
    })
}

fn write_metrics(at: &AgentClient, path: &Path) -> Outcome {
    let text = match client::ask(&at.socket, &Request::Metrics)? {
        Response::Metrics { text } => text,
        Response::Error { message } => {
            return Err(Failure::one(Exit::Preflight, Problem::new(Code::AgentRefused, message)));
        }
        _ => {
            let problem = Problem::new(Code::NoAgent, "the agent answers something else than metrics");
            let next =
                "`hactl agent status` tells its version; `hactl agent upgrade` starts the binary that is on disk";
            return Err(Failure::one(Exit::Preflight, problem.next(next)));
        }
    };
    put(path, &text).map(|()| Exit::Done).map_err(|error| {
        let message = format!("metrics cannot be written to {}: {error}", path.display());
        Failure::one(Exit::Invalid, Problem::new(Code::CannotWrite, message).next("is there such a folder?"))
    })
}

/// What an agent answers, as the fields of one object.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    Status(Box<AgentStatus>),
    Done { message: String },
    History { events: Vec<Event> },
    Metrics { text: String },
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        match response {
            Response::Status(status) => Self::Status(status),
            Response::Done { message } | Response::Error { message } => Self::Done { message },
            Response::History { events } => Self::History { events },
            Response::Metrics { text } => Self::Metrics { text },
        }
    }
}

/// The end of `events`, in words on stderr: on stdout are lines of one kind alone.
fn ended(end: Outcome) -> Exit {
    end.unwrap_or_else(|failure| {
        problem::drawn(&failure.problems).iter().for_each(say::aside);
        failure.exit
    })
}

/// A line of `events`. Whoever does not read any more has heard enough.
fn tell(global: &Global, seen: &Seen) -> Result<(), Failure> {
    let line = match global.wants_json() {
        true => serde_json::to_string(seen).map_err(|error| Failure::internal(error.to_string()))?,
        false => plain(&client::seen_text(seen)),
    };
    writeln!(std::io::stdout().lock(), "{line}").map_err(|error| Failure::internal(format!("stdout: {error}")))
}

/// One screen of `status --watch`, or one line of JSON.
fn show(global: &Global, status: &AgentStatus) -> Result<(), Failure> {
    if global.wants_json() {
        let line = serde_json::to_string(status).map_err(|error| Failure::internal(error.to_string()))?;
        println!("{line}");
        return Ok(());
    }
    let terminal = console::Term::stdout();
    // Without a terminal the screens follow one another.
    let cleared = if terminal.is_term() { terminal.clear_screen() } else { Ok(()) };
    cleared.map_err(|error| Failure::internal(error.to_string()))?;
    println!("{}", client::status_text(status));
    Ok(())
}

fn probe_web(url: &str, limit: Duration) -> Outcome {
    let failed = |message: String| Failure::one(Exit::Verification, Problem::new(Code::ProbeFailed, message));
    match probe::http(url, limit) {
        Ok(status) if status < 500 => Ok(Exit::Done),
        Ok(status) => Err(failed(format!("{url}: HTTP status {status}"))),
        Err(why) => Err(failed(why.to_string())),
    }
}
