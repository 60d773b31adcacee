//! The local front of the control socket: asks, and words the answer.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use hactl_engine::control::{AgentStatus, Event, InstanceStatus, Request, Response};
use hactl_engine::lvs::words::virtual_server_text;
use hactl_engine::notice::state_name;
use hactl_engine::seen::Seen;
use hactl_engine::time::span;

use crate::error::{Code, Exit, Failure, Outcome, Problem};

/// How a failed upgrade begins among the warnings of a status.
pub(crate) const NOT_UPGRADED: &str = "the upgrade failed";

/// How long an agent may take to answer; more than a rehearsal, which is limited too.
const PATIENCE: Duration = Duration::from_secs(12);
/// How long a new binary, and the one before after it, may take to come up.
const COMING_UP: Duration = Duration::from_secs(25);
/// A watched state is shown again after this time although nothing happened.
const REDRAW: Duration = Duration::from_secs(1);
/// It is not shown more often than this, whatever happens.
const BREATH: Duration = Duration::from_millis(100);

/// Asks an agent on this host.
///
/// # Errors
/// Nobody listens, or the agent refuses: exit 4 with what to do.
pub(crate) fn ask(socket: &Path, request: &Request) -> Result<Response, Failure> {
    understand(socket, exchange_line(socket, request)?)
}

/// Sends a request and returns the line that answers it, whatever it says.
///
/// # Errors
/// Nobody listens: exit 4.
pub(crate) fn exchange_line(socket: &Path, request: &Request) -> Result<String, Failure> {
    let line = exchange(socket, request).and_then(|stream| answer(&mut BufReader::new(stream)));
    line.map_err(|error| unheard(socket, error))
}

/// Has the binary on disk take the agent's place, and waits until it has: the answer is what became of it.
///
/// # Errors
/// The agent refuses (exit 4, nothing was changed); the new binary did not come up and the one before goes on (exit 5);
/// nobody answers any more (exit 6).
pub(crate) fn upgrade(socket: &Path) -> Result<Response, Failure> {
    upgrade_within(socket, COMING_UP)
}

fn upgrade_within(socket: &Path, limit: Duration) -> Result<Response, Failure> {
    let mut stream = exchange(socket, &Request::Upgrade).map(BufReader::new).map_err(|error| unheard(socket, error))?;
    let agreed = understand(socket, answer(&mut stream).map_err(|error| unheard(socket, error))?)?;
    let _ = answer(&mut stream); // the end of the connection is the end of the old binary
    let end = Instant::now() + limit;
    while Instant::now() < end {
        if let Ok(Response::Status(status)) = ask(socket, &Request::Status) {
            return match status.warnings.iter().find(|warning| warning.starts_with(NOT_UPGRADED)) {
                None => Ok(agreed),
                Some(why) => {
                    let problem = Problem::new(Code::UpgradeUndone, why.clone())
                        .next("`journalctl -u hactl-agent`, then mend it and try again");
                    Err(Failure::one(Exit::RolledBack, problem))
                }
            };
        }
        std::thread::sleep(BREATH);
    }
    let problem =
        Problem::new(Code::UpgradeSilent, format!("the new binary did not answer within {} s", limit.as_secs()))
            .why("the addresses stay where they are, with nobody to look after them")
            .next("`journalctl -u hactl-agent`, put the binary from before back and `systemctl restart hactl-agent`");
    Err(Failure::one(Exit::HandNeeded, problem))
}

fn understand(socket: &Path, line: String) -> Result<Response, Failure> {
    match serde_json::from_str(&line) {
        Ok(Response::Error { message }) => {
            Err(Failure::one(Exit::Preflight, Problem::new(Code::AgentRefused, message).why("the agent refused")))
        }
        Ok(response) => Ok(response),
        Err(error) => Err(unheard(socket, io::Error::new(io::ErrorKind::InvalidData, error))),
    }
}

fn unheard(socket: &Path, error: io::Error) -> Failure {
    let why = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => "no agent is running there",
        io::ErrorKind::PermissionDenied => "only the agent's user (root) may ask it",
        _ => "the agent did not answer",
    };
    let next = "`systemctl status hactl-agent` and `journalctl -u hactl-agent`, or name its socket with --socket";
    let message = format!("control socket {}: {error}", socket.display());
    Failure::one(Exit::Preflight, Problem::new(Code::NoAgent, message).why(why).next(next))
}

/// Shows the state again on each event and each second, until interrupted or until `show` fails.
///
/// # Errors
/// As [`ask`], and what `show` has to say.
pub(crate) fn watch(socket: &Path, mut show: impl FnMut(&AgentStatus) -> Result<(), Failure>) -> Outcome {
    let (bell, events) = mpsc::sync_channel(1);
    let path = socket.to_owned();
    // Ends with the process; when the agent goes, the next question says so.
    std::thread::spawn(move || listen(&path, &bell));
    loop {
        if let Response::Status(status) = ask(socket, &Request::Status)? {
            show(&status)?;
        }
        // Wait a moment after an event, so that a burst of events costs one refresh.
        if let Err(mpsc::RecvTimeoutError::Disconnected) = events.recv_timeout(REDRAW) {
            std::thread::sleep(REDRAW);
        }
        std::thread::sleep(BREATH);
    }
}

/// Hands on what the agent sees, until it ends or `show` has had enough.
///
/// # Errors
/// Nobody listens: exit 4; what `show` has to say; the agent ended: exit 4.
pub(crate) fn events(socket: &Path, mut show: impl FnMut(Seen) -> Result<(), Failure>) -> Outcome {
    let stream = exchange(socket, &Request::Watch).map_err(|error| unheard(socket, error))?;
    // Something comes each second, so that an agent that hangs is noticed.
    let mut lines = BufReader::new(stream);
    loop {
        let line = answer(&mut lines).map_err(|error| unheard(socket, error))?;
        match serde_json::from_str(&line) {
            Ok(seen) => show(seen)?,
            Err(error) => return Err(unheard(socket, io::Error::new(io::ErrorKind::InvalidData, error))),
        }
    }
}

/// Rings when the agent tells of something that is not always going on.
fn listen(socket: &Path, bell: &mpsc::SyncSender<()>) -> Outcome {
    events(socket, |seen| {
        if seen.what.is_routine() {
            return Ok(());
        }
        match bell.try_send(()) {
            Ok(()) | Err(mpsc::TrySendError::Full(())) => Ok(()), // it rings already
            Err(mpsc::TrySendError::Disconnected(())) => Err(Failure::internal("nobody listens")),
        }
    })
}

fn exchange(socket: &Path, request: &Request) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    Ok(stream)
}

fn answer(stream: &mut BufReader<UnixStream>) -> io::Result<String> {
    let mut answer = String::new();
    stream.read_line(&mut answer)?;
    if answer.is_empty() {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed without an answer"));
    }
    Ok(answer)
}

/// A status as people read it.
pub(crate) fn status_text(status: &AgentStatus) -> String {
    let mut text = format!("hactl agent {} (pid {}), {}\n", status.version, status.pid, status.config);
    for instance in &status.instances {
        text.push_str(&instance_text(instance, status.now_unix_ms));
    }
    status.virtual_servers.iter().for_each(|server| text.push_str(&virtual_server_text(server)));
    for script in &status.scripts {
        let state = match script.ok {
            None => "not run yet",
            Some(true) => "good",
            Some(false) => "BAD",
        };
        let result = script.last_result.as_deref().unwrap_or("-");
        text.push_str(&format!("  check {}: {state} ({result})\n", script.name));
    }
    for file in &status.files {
        text.push_str(&format!("  file {}: {} ({})\n", file.name, file.value, file.path));
    }
    for process in &status.processes {
        let state = match process.ok {
            None => "not counted yet",
            Some(true) => "good",
            Some(false) => "BAD",
        };
        text.push_str(&format!("  process {}: {} run, {state}\n", process.name, process.running));
    }
    for group in &status.groups {
        let members = group.members.join(" ");
        text.push_str(&format!("  group {}: {} ({members})\n", group.name, state_name(group.state)));
    }
    for one in &status.strangers {
        let ago = Duration::from_millis(one.last_advert_ms).as_secs_f64();
        let (vrid, source, interface) = (one.vrid, &one.source, &one.interface);
        text.push_str(&format!("  others: VRID {vrid} of {source} on {interface}, heard {ago:.1} s ago\n"));
    }
    if let Some(safety) = &status.safety {
        text.push_str(&format!("  safety tier {}: {}\n", safety.tier, safety.promise));
        text.push_str(&format!("    not promised: {}\n", safety.not_promised));
    }
    for warning in &status.warnings {
        text.push_str(&format!("  warning: {warning}\n"));
    }
    text
}

fn instance_text(instance: &InstanceStatus, now_unix_ms: u64) -> String {
    let mut text = format!(
        "{} {} on {} vrid {} priority {}",
        instance.name,
        state_name(instance.state),
        instance.interface,
        instance.vrid,
        instance.effective_priority
    );
    if instance.effective_priority != instance.base_priority {
        text.push_str(&format!(" (configured {})", instance.base_priority));
    }
    text.push_str(&format!("  {}\n", instance.addresses.join(" ")));
    if let (Some(at), Some(reason)) = (instance.last_transition, &instance.last_reason) {
        text.push_str(&format!("  since {} s: {reason}\n", now_unix_ms.saturating_sub(at) / 1000));
    }
    if let (Some(master), Some(priority)) = (&instance.master, instance.master_priority) {
        let age = instance.last_advert_ms.map(|ms| format!(", heard {} ago", span(ms))).unwrap_or_default();
        text.push_str(&format!("  master is {master} with priority {priority}{age}\n"));
    }
    if let Some(ms) = instance.lease_ms {
        text.push_str(&format!("  the kernel lets go of the addresses by itself in {}\n", span(ms)));
    }
    if instance.withheld {
        text.push_str(
            "  stays backup: no advert is heard, yet another host still answers for the addresses, so adverts are blocked \
             on the way; let IP protocol 112 through, or `hactl agent promote --force`\n",
        );
    }
    if let Some(mac) = &instance.answered_by {
        text.push_str(&format!("  {mac} answers for the addresses too\n"));
    }
    for fault in &instance.fault_reasons {
        text.push_str(&format!("  fault: {fault}\n"));
    }
    if let Some(pin) = &instance.pinned {
        let reason = pin.reason.as_deref().unwrap_or("no reason given");
        text.push_str(&format!("  priority pinned to {} ({reason}); `hactl agent unpin` ends it\n", pin.priority));
    }
    text
}

/// A point in time as it is written here.
fn time_text(unix_ms: u64) -> String {
    i64::try_from(unix_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok()).map_or_else(
        || unix_ms.to_string(),
        |at| at.to_zoned(jiff::tz::TimeZone::system()).strftime("%F %T%.3f").to_string(),
    )
}

/// What was seen as a line.
pub(crate) fn seen_text(seen: &Seen) -> String {
    format!("{}  {}", time_text(seen.unix_ms), seen.what)
}

/// One past event as a line.
pub(crate) fn event_text(event: &Event) -> String {
    let at = time_text(event.unix_ms);
    let lasted = event.lasted_ms.map(|ms| format!(" (after {})", span(ms))).unwrap_or_default();
    format!("{at}  {}  {}{lasted}", event.instance.as_deref().unwrap_or("-"), event.message)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use hactl_engine::control::{FileStatus, GroupStatus, ProcessStatus, RouterState, Safety};

    use super::*;
    use crate::agent::control::dump_text::tests::status;

    #[test]
    fn a_status_says_all_there_is() {
        let mut status = status();
        let instance = &mut status.instances[0];
        instance.last_transition = Some(1_700_000_048_123);
        instance.answered_by = Some("02:00:00:00:00:07".into());
        status.files.push(FileStatus { name: "load".into(), path: "/run/load".into(), value: -7 });
        status.processes.push(ProcessStatus { name: "nginx".into(), running: 3, ok: Some(false) });
        let members = vec!["VI_1".into()];
        status.groups.push(GroupStatus { name: "G1".into(), state: RouterState::Master, members });
        let (promise, not_promised) = ("this".into(), "that".into());
        status.safety = Some(Safety { tier: 3, promise, not_promised });
        let expected = "hactl agent 0.1.0 (pid 7), /etc/keepalived/keepalived.conf\n\
            VI_1 MASTER on eth0 vrid 51 priority 91 (configured 100)  10.0.0.3/27 10.9.0.4/24\n  since 12 s: silence\n  \
            the kernel lets go of the addresses by itself in 2.900 s\n  02:00:00:00:00:07 answers for the addresses too\n  \
            file load: -7 (/run/load)\n  process nginx: 3 run, BAD\n  group G1: MASTER (VI_1)\n  \
            safety tier 3: this\n    not promised: that\n";
        assert_eq!(status_text(&status), expected);
    }

    #[test]
    fn a_transition_says_how_long_the_state_left_lasted() {
        let event = Event {
            unix_ms: 1_700_000_000_123,
            instance: Some("VI_1".into()),
            message: "BACKUP -> MASTER: silence".into(),
            state: Some(RouterState::Master),
            lasted_ms: Some(3_725_000),
        };
        assert!(event_text(&event).ends_with("  VI_1  BACKUP -> MASTER: silence (after 1 h 2 min)"));
    }

    /// An agent that agrees and is heard of no more.
    #[test]
    fn an_upgrade_that_nobody_comes_back_from_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("agent.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let agent = std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut question = String::new();
            BufReader::new(&stream).read_line(&mut question).unwrap();
            serde_json::to_writer(&stream, &Response::Done { message: "going".into() }).unwrap();
            (&stream).write_all(b"\n").unwrap();
        });
        let failure = upgrade_within(&socket, Duration::from_millis(300)).unwrap_err();
        agent.join().unwrap();
        assert_eq!((failure.exit, failure.problems[0].code), (Exit::HandNeeded, Code::UpgradeSilent));
    }
}
