//! `track_file`: the number in each file, told to the engine when it changes. The folder is watched, so that the file
//! may appear, vanish and be replaced; it is read again now and then for what the kernel does not tell (a link's
//! target, a network file system).

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hactl_engine::conf::config::{Config, TrackFile};
use hactl_engine::control::FileStatus;
use hactl_engine::input::Input;
use nix::fcntl::OFlag;
use thiserror::Error;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::agent::vrrp::message::{Mailbox, Message};
use crate::sys::process::inotify::FolderWatch;

/// How often a file is read although nothing was heard of it.
const REREAD: Duration = Duration::from_secs(5);
/// How often a folder that is not there is looked for.
const RETRY: Duration = Duration::from_secs(1);
/// A number is not longer than this.
const CONTENT: u64 = 64;

/// The numbers by the name of their blocks, for whoever wants to look.
pub(crate) type Values = Arc<Mutex<HashMap<String, i32>>>;

/// The watched files.
#[derive(Default)]
pub(crate) struct TrackedFiles {
    running: HashMap<String, (TrackFile, JoinHandle<()>)>,
    values: Values,
}

impl TrackedFiles {
    /// The numbers as they are at any time.
    pub(crate) fn values(&self) -> Values {
        Arc::clone(&self.values)
    }

    /// Watches the files of a configuration. Those that did not change stay watched.
    pub(crate) fn configure(&mut self, config: &Config, mailbox: &Mailbox) {
        let wanted = |name: &str| config.files.iter().find(|file| file.name == name);
        self.running.retain(|name, (old, task)| {
            let stays = wanted(name).is_some_and(|new| old.path == new.path);
            if !stays {
                task.abort();
            }
            stays
        });
        lock(&self.values).retain(|name, _| wanted(name).is_some());
        for file in &config.files {
            if self.running.contains_key(&file.name) {
                continue;
            }
            if let Err(error) = initialise(file) {
                tracing::warn!("tracked file {}: cannot write {}: {error}", file.name, file.path);
            }
            let task = watch(file.clone(), mailbox.clone(), Arc::clone(&self.values));
            self.running.insert(file.name.clone(), (file.clone(), tokio::spawn(task)));
        }
    }

    /// What is in every file, by name.
    pub(crate) fn status(&self) -> Vec<FileStatus> {
        let values = lock(&self.values);
        let number = |name: &str| values.get(name).copied().unwrap_or_default();
        let status = |(file, _): &(TrackFile, _)| FileStatus {
            name: file.name.clone(),
            path: file.path.clone(),
            value: number(&file.name),
        };
        let mut all: Vec<FileStatus> = self.running.values().map(status).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }
}

fn lock(values: &Mutex<HashMap<String, i32>>) -> MutexGuard<'_, HashMap<String, i32>> {
    values.lock().unwrap_or_else(PoisonError::into_inner)
}

/// `init_file`: writes the number where there is no file yet, or in any case with `overwrite`. Never through a link.
fn initialise(file: &TrackFile) -> io::Result<()> {
    let Some(value) = file.init else { return Ok(()) };
    let mut options = OpenOptions::new();
    options.write(true).mode(0o644).custom_flags(OFlag::O_NOFOLLOW.bits() | OFlag::O_NONBLOCK.bits());
    if file.overwrite {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    match options.open(&file.path) {
        Ok(mut opened) => opened.write_all(format!("{value}\n").as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !file.overwrite => Ok(()),
        Err(error) => Err(error),
    }
}

async fn watch(file: TrackFile, mailbox: Mailbox, values: Values) {
    let path = Path::new(&file.path);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default();
    let mut reader = Reader { file: &file, mailbox, values, last: None, complained: false };
    loop {
        let watch = FolderWatch::open(folder).and_then(FolderWatch::awaitable);
        reader.look(); // after the watch began, so that nothing in between is missed
        let Ok(watch) = watch else {
            sleep(RETRY).await;
            continue;
        };
        loop {
            match timeout(REREAD, watch.readable()).await {
                Err(_) => reader.look(),
                Ok(Err(_)) => break,
                Ok(Ok(mut ready)) => match ready.try_io(|inner| inner.get_ref().take(name)) {
                    Err(_) => {} // nothing waits any more
                    Ok(Ok(seen)) if !seen.folder_gone => {
                        if seen.file {
                            reader.look();
                        }
                    }
                    Ok(_) => break,
                },
            }
        }
        reader.look();
        sleep(Duration::from_millis(100)).await; // a folder that is made anew all the time must not make us spin
    }
}

struct Reader<'a> {
    file: &'a TrackFile,
    mailbox: Mailbox,
    values: Values,
    last: Option<i32>,
    complained: bool,
}

impl Reader<'_> {
    fn look(&mut self) {
        let name = &self.file.name;
        let value = match read_number(Path::new(&self.file.path)) {
            Ok(value) => {
                self.complained = false;
                value
            }
            Err(why) => {
                if !self.complained {
                    tracing::warn!("tracked file {name}: {}: {why}; it counts as 0", self.file.path);
                }
                self.complained = true;
                0
            }
        };
        if self.last == Some(value) {
            return;
        }
        match self.last {
            None => tracing::debug!("tracked file {name} holds {value}"),
            Some(before) => tracing::info!("tracked file {name}: {before} -> {value}"),
        }
        lock(&self.values).insert(name.clone(), value);
        let heard = self.mailbox.send(Message::Input(Input::File { name: name.clone(), value }));
        self.last = heard.then_some(value); // a loop that is behind is told again with the next look
    }
}

/// How many characters of a text that is no number are shown.
const SHOWN: usize = 20;

/// Why a file has no number.
#[derive(Debug, Error)]
enum NoNumber {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error("not a regular file")]
    NotAFile,
    #[error("{0:?} is not a whole number")]
    Text(String),
}

/// The number in a file; 0 when there is none, or nothing in it.
fn read_number(path: &Path) -> Result<i32, NoNumber> {
    let opened = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error.into()),
    };
    if !file.metadata().map(|meta| meta.is_file())? {
        return Err(NoNumber::NotAFile);
    }
    let mut content = Vec::new();
    file.take(CONTENT).read_to_end(&mut content)?;
    let text = String::from_utf8_lossy(&content);
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| NoNumber::Text(text.chars().take(SHOWN).collect()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::Receiver;

    use super::*;
    use crate::sys::process::epoll::Sleeper;

    fn tracked(path: &Path) -> TrackFile {
        TrackFile {
            name: "load".into(),
            path: path.display().to_string(),
            weight: 1,
            reverse: false,
            init: None,
            overwrite: false,
            location: Default::default(),
        }
    }

    async fn next(inbox: &Receiver<Message>) -> i32 {
        for _ in 0..1000 {
            if let Ok(Message::Input(Input::File { name, value })) = inbox.try_recv() {
                assert_eq!(name, "load");
                return value;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("nothing heard");
    }

    #[tokio::test]
    async fn a_file_that_comes_and_goes() {
        let home = tempfile::tempdir().unwrap();
        let (folder, path) = (home.path().join("state"), home.path().join("state/load"));
        fs::create_dir(&folder).unwrap();
        let sleeper = Sleeper::new().unwrap();
        let (mailbox, inbox) = Mailbox::new(sleeper.bell());
        let mut files = TrackedFiles::default();
        let config = Config { files: vec![tracked(&path)], ..Config::default() };
        files.configure(&config, &mailbox);
        assert_eq!(next(&inbox).await, 0, "no file");
        fs::write(&path, "-7\n").unwrap();
        assert_eq!(next(&inbox).await, -7);
        files.configure(&config, &mailbox);
        fs::write(folder.join("new"), "91").unwrap();
        fs::rename(folder.join("new"), &path).unwrap();
        assert_eq!(next(&inbox).await, 91, "replaced");
        assert_eq!(files.status()[0].value, 91);
        fs::write(&path, "many").unwrap();
        assert_eq!(next(&inbox).await, 0, "garbage");
        fs::write(&path, "5").unwrap();
        assert_eq!(next(&inbox).await, 5);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(next(&inbox).await, 0, "the folder is gone");
        fs::create_dir(&folder).unwrap();
        fs::write(&path, "12").unwrap();
        assert_eq!(next(&inbox).await, 12, "and back");
        files.configure(&Config::default(), &mailbox);
        assert!(files.status().is_empty());
    }

    #[test]
    fn init_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("load");
        let mut file = TrackFile { init: Some(3), ..tracked(&path) };
        initialise(&file).unwrap();
        assert_eq!(read_number(&path).unwrap(), 3);
        file.init = Some(4);
        initialise(&file).unwrap();
        assert_eq!(read_number(&path).unwrap(), 3, "what is there stays");
        file.overwrite = true;
        initialise(&file).unwrap();
        assert_eq!(read_number(&path).unwrap(), 4);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        file.path = link.display().to_string();
        assert!(initialise(&file).is_err(), "never through a link");
        assert!(matches!(read_number(folder.path()), Err(NoNumber::NotAFile)), "a folder is no number");
        fs::write(&path, "2147483648").unwrap();
        assert!(matches!(read_number(&path), Err(NoNumber::Text(text)) if text == "2147483648"));
    }
}
