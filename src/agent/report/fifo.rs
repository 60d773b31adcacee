//! One named pipe that gets a line an event, and the script that reads from it. The agent holds both ends, so that a
//! reader may come and go; a pipe that is full loses lines rather than hold anybody up.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _, fchown};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use hactl_engine::conf::config::{Fifo, Global, ScriptUser};
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use thiserror::Error;
use tokio::process::Child;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::agent::command::error::{NotRun, Refused};
use crate::agent::command::permit::{Identity, account, permit};
use crate::agent::command::run::{end, start};

/// Why a pipe is not used.
#[derive(Debug, Error)]
pub(crate) enum NotOpened {
    #[error(transparent)]
    Account(#[from] Refused),
    #[error("notify FIFO {0}: {1}; events are not written to it")]
    Pipe(String, #[source] io::Error),
    #[error("script of notify FIFO {0}: {1}")]
    Script(String, #[source] Refused),
}

/// A script that ends is started again after this time, doubled each time that it did not last.
const RESTART: Duration = Duration::from_secs(1);
/// The longest pause before a restart.
const RESTART_MAX: Duration = Duration::from_secs(60);
/// How long a stop waits for the last lines to be read.
const FAREWELL: Duration = Duration::from_secs(2);

/// An open pipe.
pub(crate) struct Pipe {
    settings: Fifo,
    end: File,
    full: bool,
    reader: Option<Reader>,
}

/// The script and the task that keeps it running.
struct Reader {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
    /// Its process group; 0 while it does not run.
    group: Arc<AtomicI32>,
}

impl Pipe {
    /// Makes the pipe when it is not there, opens it and starts its script.
    ///
    /// # Errors
    /// What stands in its place, what the kernel said, or why its script may not run.
    pub(crate) fn open(settings: &Fifo, global: &Global) -> Result<Self, NotOpened> {
        let owner = account(settings.user.as_ref(), global)?;
        let end =
            open(Path::new(&settings.path), owner).map_err(|error| NotOpened::Pipe(settings.path.clone(), error))?;
        let mut pipe = Self { settings: settings.clone(), end, full: false, reader: None };
        if let Some(script) = &settings.script {
            let permit = permit(script, settings.user.as_ref(), global)
                .map_err(|why| NotOpened::Script(settings.path.clone(), why))?;
            if let Some(why) = permit.caution {
                tracing::warn!("{why}; enable_script_security would refuse it");
            }
            let mut command = script.clone();
            command.push(settings.path.clone());
            let reads = Reads { command, user: settings.user.clone(), global: global.clone() };
            let (stop, stopped) = oneshot::channel();
            let group = Arc::new(AtomicI32::new(0));
            let task = tokio::spawn(keep_running(reads, stopped, Arc::clone(&group)));
            pipe.reader = Some(Reader { stop, task, group });
        }
        Ok(pipe)
    }

    /// What it was opened for.
    pub(crate) fn settings(&self) -> &Fifo {
        &self.settings
    }

    /// Writes a line: whole or not at all, since it is shorter than PIPE_BUF. A full pipe loses it, which is said once
    /// until it takes lines again.
    pub(crate) fn write(&mut self, line: &str) {
        match self.end.write_all(line.as_bytes()) {
            Ok(()) => self.full = false,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if !self.full {
                    tracing::warn!("notify FIFO {}: nobody reads and it is full; lines are lost", self.settings.path);
                }
                self.full = true;
            }
            Err(error) => tracing::warn!("notify FIFO {}: {error}; `{}` is lost", self.settings.path, line.trim_end()),
        }
    }

    /// Tells the script to end and waits for nothing: another binary is about to take this process's place, and starts
    /// a script of its own.
    pub(crate) fn abandon(&self) {
        let group = self.reader.as_ref().map_or(0, |reader| reader.group.load(Ordering::Relaxed));
        if group > 0 {
            let _ = killpg(Pid::from_raw(group), Signal::SIGTERM); // it may have ended this instant
        }
    }

    /// Waits until the script has read what there is, but not for ever, then ends it.
    pub(crate) async fn close(self) {
        let Some(Reader { stop, task, group: _ }) = self.reader else { return };
        let deadline = Instant::now() + FAREWELL;
        while Instant::now() < deadline && !task.is_finished() && has_unread(&self.end) {
            sleep(Duration::from_millis(10)).await;
        }
        drop(stop);
        let _ = task.await; // only a panic could end it otherwise
    }
}

fn open(path: &Path, owner: Option<Identity>) -> io::Result<File> {
    let made = match mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR) {
        Ok(()) => true,
        Err(nix::errno::Errno::EEXIST) => false,
        Err(error) => return Err(error.into()),
    };
    // Looked at before it is opened too: opening a device may do something.
    refuse_others(&fs::symlink_metadata(path)?.file_type())?;
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW;
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags.bits()).open(path)?;
    refuse_others(&file.metadata()?.file_type())?;
    if let Some(owner) = owner.filter(|_| made) {
        fchown(&file, Some(owner.uid), Some(owner.gid))?; // the script opens it under this user
    }
    Ok(file)
}

fn refuse_others(kind: &fs::FileType) -> io::Result<()> {
    if kind.is_fifo() {
        return Ok(());
    }
    let what = if kind.is_symlink() { "a symbolic link" } else { "not a FIFO" };
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("what is there is {what}; remove it")))
}

fn has_unread(end: &File) -> bool {
    let mut watched = [PollFd::new(end.as_fd(), PollFlags::POLLIN)];
    poll(&mut watched, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

/// The script that reads from a pipe.
struct Reads {
    command: Vec<String>,
    user: Option<ScriptUser>,
    global: Global,
}

impl Reads {
    /// Starts it, if it may be run now.
    fn start(&self) -> Result<Child, NotRun> {
        start(&permit(&self.command, self.user.as_ref(), &self.global)?)
    }
}

async fn keep_running(reads: Reads, mut stopped: oneshot::Receiver<()>, group: Arc<AtomicI32>) {
    let name = reads.command.join(" ");
    let mut pause = RESTART;
    loop {
        let begun = Instant::now();
        match reads.start() {
            Ok(mut child) => {
                if let Some(id) = child.id().and_then(|id| i32::try_from(id).ok()) {
                    group.store(id, Ordering::Relaxed);
                }
                tokio::select! {
                    _ = &mut stopped => return end(&mut child).await,
                    status = child.wait() => match status {
                        Ok(status) => tracing::warn!("FIFO script `{name}` ended: {status}; starting it again"),
                        Err(error) => tracing::warn!("FIFO script `{name}`: {error}; starting it again"),
                    },
                }
                group.store(0, Ordering::Relaxed);
            }
            Err(error) => tracing::error!("FIFO script: {error}; trying again in {} s", pause.as_secs()),
        }
        pause = if begun.elapsed() > RESTART_MAX { RESTART } else { pause };
        if timeout(pause, &mut stopped).await.is_ok() {
            return;
        }
        pause = (pause * 2).min(RESTART_MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn settings(path: &Path, script: Option<Vec<String>>) -> Fifo {
        let user = ScriptUser { user: "root".into(), group: None };
        Fifo { path: path.display().to_string(), script, user: Some(user) }
    }

    #[tokio::test]
    async fn made_private_and_lines_arrive_and_overflow_is_survived() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        let mut pipe = Pipe::open(&settings(&path, None), &Global::default()).unwrap();
        let meta = fs::symlink_metadata(&path).unwrap();
        assert!(meta.file_type().is_fifo());
        assert_eq!(meta.permissions().mode() & 0o777, 0o600);
        let line = "INSTANCE \"VI_1\" MASTER 150\n";
        for _ in 0..10_000 {
            pipe.write(line); // more than any pipe holds
        }
        assert!(pipe.full);
        let mut read = vec![0; line.len() * 2];
        pipe.end.read_exact(&mut read).unwrap();
        assert_eq!(read, line.repeat(2).as_bytes());
        while pipe.end.read(&mut [0; 65536]).is_ok() {}
        pipe.write(line);
        assert!(!pipe.full, "it takes lines again");
        drop(pipe);
        Pipe::open(&settings(&path, None), &Global::default()).unwrap_or_else(|why| panic!("one that is there: {why}"));
    }

    #[tokio::test]
    async fn files_and_links_in_its_place_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "precious").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        for (path, word) in [(&file, "not a FIFO"), (&link, "symbolic link")] {
            let why = Pipe::open(&settings(path, None), &Global::default()).map(|_| ()).unwrap_err();
            assert!(matches!(&why, NotOpened::Pipe(..)), "{why}");
            let why = why.to_string();
            assert!(why.contains(word) && why.contains(path.to_str().unwrap()), "{why}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    }

    #[tokio::test]
    async fn a_script_that_may_not_run_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events");
        let open = |settings: Fifo| Pipe::open(&settings, &Global::default()).map(|_| ()).unwrap_err();
        let script = Some(vec!["/no/such/script".to_owned()]);
        let why = open(settings(&path, script));
        assert!(matches!(&why, NotOpened::Script(at, _) if *at == path.display().to_string()), "{why}");
        if nix::unistd::getuid().is_root() {
            let ghost = Some(ScriptUser { user: "no-such-user".into(), group: None });
            let why = open(Fifo { user: ghost, ..settings(&path, None) });
            assert!(matches!(why, NotOpened::Account(_)), "{why}");
        }
    }

    #[tokio::test]
    async fn its_script_reads_all_and_is_started_again() {
        let folder = tempfile::tempdir().unwrap();
        let (path, out) = (folder.path().join("events"), folder.path().join("out"));
        let body = format!("read line; echo \"$line\" >> {}", out.display());
        let script = ["/bin/sh", "-c", &format!("exec <\"$0\"; {body}")].map(str::to_owned).to_vec();
        let mut pipe = Pipe::open(&settings(&path, Some(script)), &Global::default()).unwrap();
        for count in 1..=2 {
            pipe.write(&format!("line {count}\n"));
            for _ in 0..500 {
                if fs::read_to_string(&out).is_ok_and(|text| text.lines().count() == count) {
                    break;
                }
                sleep(Duration::from_millis(10)).await;
            }
        }
        assert_eq!(fs::read_to_string(&out).unwrap(), "line 1\nline 2\n");
        pipe.close().await;
    }
}
