//! Runs a program and remembers its last line. What it leaves running may go on to write: somebody reads that until the
//! last writer has gone, so that none is ended by a closed pipe. While the agent lives that is a thread of it; when it
//! ends or becomes another binary, a process that does nothing else.

use std::collections::BTreeMap;
use std::io::{PipeReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::error::NotRun;
use super::permit::Permit;
use super::run::{Ended, finished, start_to};
use super::successor::OURS;

/// How much of the end of an output is remembered.
const REMEMBERED: usize = 4096;
/// Characters of a line that are told.
const TOLD: usize = 200;
/// How long the rest of an output may take to arrive after the end of the program.
const REST: Duration = Duration::from_millis(100);

/// The pipes that threads read, by numbers of their own.
static OPEN: Mutex<BTreeMap<u64, PipeReader>> = Mutex::new(BTreeMap::new());

/// Runs a command to its end or to the limit; with the last line that it said.
pub(crate) async fn run_heard(permit: &Permit<'_>, limit: Duration) -> (Result<Ended, NotRun>, String) {
    let heard = Arc::<Mutex<Vec<u8>>>::default();
    let failed = |error| NotRun::Start(permit.command.first().cloned().unwrap_or_default(), error);
    let (reader, writer) = match std::io::pipe() {
        Ok(both) => both,
        Err(error) => return (Err(failed(error)), String::new()),
    };
    let child = match start_to(permit, &|| writer.try_clone().map(Stdio::from)) {
        Ok(child) => child,
        Err(why) => return (Err(why), String::new()),
    };
    drop(writer);
    let all = match listen(reader, Arc::clone(&heard)) {
        Ok(all) => all,
        Err(error) => return (Err(failed(error)), String::new()),
    };
    let outcome = finished(child, permit, limit).await;
    let _ = timeout(REST, all).await; // who writes for longer is listened to, and what came until now counts
    (outcome, last_line(&lock(&heard)))
}

/// Reads until the last writer has gone, which it tells.
fn listen(reader: PipeReader, heard: Arc<Mutex<Vec<u8>>>) -> std::io::Result<oneshot::Receiver<()>> {
    let (over, all) = oneshot::channel();
    let mut open = lock(&OPEN);
    let number = open.last_key_value().map_or(0, |(last, _)| last + 1);
    open.insert(number, reader.try_clone()?);
    drop(open);
    thread::Builder::new().name("heard".into()).stack_size(64 * 1024).spawn(move || {
        hear(reader, &heard);
        lock(&OPEN).remove(&number);
        let _ = over.send(()); // nobody waits for what a daemon says
    })?;
    Ok(all)
}

fn hear(mut reader: PipeReader, heard: &Mutex<Vec<u8>>) {
    let mut portion = [0; 1024];
    while let Ok(count @ 1..) = reader.read(&mut portion) {
        let mut heard = lock(heard);
        heard.extend(portion.iter().take(count));
        let surplus = heard.len().saturating_sub(REMEMBERED);
        heard.drain(..surplus);
    }
}

/// From now on somebody else reads what still runs: this process ends, or becomes another binary.
pub(crate) fn hand_over() {
    for (_, reader) in std::mem::take(&mut *lock(&OPEN)) {
        let mut command = Command::new("cat");
        for name in OURS {
            command.env_remove(name);
        }
        let reading = command.stdin(reader).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0).spawn();
        if let Err(error) = reading {
            tracing::warn!("nobody reads any more what a step of a takeover has left running: {error}");
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The last line with something in it, for a log: no control characters, and not for ever.
fn last_line(heard: &[u8]) -> String {
    let text = String::from_utf8_lossy(heard);
    let line = text.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(TOLD).collect()
}

#[cfg(test)]
mod tests {
    use hactl_engine::conf::config::{Global, ScriptUser};
    use nix::unistd::getuid;

    use super::super::permit::permit;
    use super::*;

    async fn hear(script: &str, limit: Duration) -> (Ended, String) {
        let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        let own = ScriptUser { user: getuid().to_string(), group: None };
        let (outcome, heard) = run_heard(&permit(&command, Some(&own), &Global::default()).unwrap(), limit).await;
        (outcome.unwrap(), heard)
    }

    #[tokio::test]
    async fn the_last_words_are_heard() {
        let limit = Duration::from_secs(30);
        let (ended, heard) = hear("echo one; printf 'no \\033such unit\\n\\n' >&2; exit 3", limit).await;
        assert_eq!((ended.to_string().as_str(), heard.as_str()), ("exit status: 3", "no such unit"));
        let (ended, heard) = hear("true", limit).await;
        assert_eq!((ended.is_success(), heard.as_str()), (true, ""));
        let (_, heard) = hear("yes | head -c 1000000; echo; yes x | head -c 600 | tr -d '\\n'", limit).await;
        assert_eq!(heard, "x".repeat(TOLD));
        let (ended, heard) = hear("echo waits; sleep 60", Duration::from_millis(300)).await;
        assert_eq!((ended, heard.as_str()), (Ended::TimedOut, "waits"));
    }

    /// A daemon that a script leaves behind is not waited for, and may go on to write.
    #[tokio::test]
    async fn what_goes_on_may_write() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let script = format!(
            "(while ! test -e {0}.go; do sleep 0.01; done; echo late; echo later; touch {0}) & echo begun",
            mark.display()
        );
        let (ended, heard) = hear(&script, Duration::from_secs(30)).await;
        assert_eq!((ended.is_success(), heard.as_str()), (true, "begun"));
        std::fs::write(folder.path().join("mark.go"), "").unwrap();
        for _ in 0..500 {
            if mark.exists() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it was ended by what it wrote");
    }
}
