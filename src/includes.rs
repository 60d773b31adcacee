//! What a keepalived.conf asks of the host it is read on: the files it includes, the host's name, the environment.

use std::collections::BTreeMap;
use std::fs::{self, File, FileType, OpenOptions};
use std::hash::{BuildHasher, Hasher};
use std::io::Read as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use hactl_engine::conf::{Included, Surroundings, Unreadable};
use nix::fcntl::OFlag;
use nix::sys::statfs::{FsType, PROC_SUPER_MAGIC, SYSFS_MAGIC, TRACEFS_MAGIC, fstatfs};

/// This host.
#[derive(Debug, Default)]
pub struct Host {
    config_id: String,
    /// The text of every file that was included, by name.
    pub texts: BTreeMap<String, String>,
}

impl Host {
    /// Conditional lines (`@ID`) are compared with `config_id`; without one with the first label of the host name.
    pub fn new(config_id: Option<&str>) -> Self {
        let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
        let label = name.split('.').next().unwrap_or_default();
        Self { config_id: config_id.unwrap_or(label).to_owned(), texts: BTreeMap::new() }
    }
}

impl Host {
    fn read(&mut self, path: &Path) -> Included {
        let name = path.display().to_string();
        let text = read_file(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        if let Ok(text) = &text {
            self.texts.insert(name.clone(), text.clone());
        }
        Included { name, text }
    }
}

impl Surroundings for Host {
    fn include(&mut self, pattern: &str, from: &str) -> Vec<Included> {
        let path = Path::new(from).parent().unwrap_or(Path::new("")).join(pattern);
        if !pattern.contains(['*', '?', '[']) {
            return if path.exists() { vec![self.read(&path)] } else { Vec::new() };
        }
        let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
        // What cannot be looked into holds no file that could be read.
        let found: Vec<PathBuf> = glob::glob_with(&path.to_string_lossy(), options)
            .map(|paths| paths.filter_map(Result::ok).filter(|path| !path.is_dir()).take(FILES_MAX).collect())
            .unwrap_or_default();
        found.iter().map(|path| self.read(path)).collect()
    }

    fn config_id(&self) -> Option<String> {
        Some(self.config_id.clone())
    }

    fn environment(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn random(&mut self, min: u32, max: u32) -> u32 {
        // Every new hasher has keys of its own, from the kernel's randomness.
        let number = std::collections::hash_map::RandomState::new().build_hasher().finish();
        let span = u64::from(max.saturating_sub(min)) + 1;
        min.saturating_add(u32::try_from(number % span).unwrap_or(0))
    }
}

/// What a configuration file holds. Only regular files are read: a pipe is waited for without end, a device may have
/// none, and what the kernel shows as files may vanish by being read.
///
/// # Errors
/// When it cannot be read, or is no file that somebody wrote.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Unreadable> {
    // Looked at before it is opened: opening some devices does something.
    regular(fs::metadata(path)?.file_type())?;
    let flags = (OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    regular(found.file_type())?;
    if KERNELS.contains(&kind_of_system(&file)?) {
        return Err(Unreadable::MadeUp);
    }
    if found.len() > FILE_BYTES_MAX {
        return Err(Unreadable::TooLarge(FILE_BYTES_MAX));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or(0));
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()) {
        Ok(0..=FILE_BYTES_MAX) => Ok(bytes),
        _ => Err(Unreadable::TooLarge(FILE_BYTES_MAX)),
    }
}

fn regular(kind: FileType) -> Result<(), Unreadable> {
    let what = match kind {
        _ if kind.is_file() => return Ok(()),
        _ if kind.is_dir() => "a folder",
        _ if kind.is_fifo() => "a pipe",
        _ if kind.is_socket() => "a socket",
        _ => "a device",
    };
    Err(Unreadable::NotAFile(what))
}

fn kind_of_system(file: &File) -> Result<FsType, Unreadable> {
    let words =
        |error: nix::Error| Unreadable::System { kind: std::io::Error::from(error).kind(), words: error.to_string() };
    fstatfs(file).map(|found| found.filesystem_type()).map_err(words)
}

/// File systems that hold no files.
const KERNELS: [FsType; 3] = [PROC_SUPER_MAGIC, SYSFS_MAGIC, TRACEFS_MAGIC];
/// Larger files are no configuration.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most files that one pattern may mean.
const FILES_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_start_at_the_folder_of_the_file_that_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("conf.d/sub")).unwrap();
        for (name, text) in [("conf.d/b.conf", "two"), ("conf.d/a.conf", "one"), ("conf.d/.hidden.conf", "no")] {
            fs::write(at(name), text).unwrap();
        }
        let from = at("ha.conf").display().to_string();
        let mut host = Host::new(Some("lb-5"));
        let texts: Vec<_> = host.include("conf.d/*.conf", &from).into_iter().map(|file| file.text.unwrap()).collect();
        assert_eq!(texts, ["one", "two"]);
        let first = at("conf.d/a.conf").display().to_string();
        assert_eq!(host.texts.get(&first).map(String::as_str), Some("one"));
        assert_eq!(host.include("b.conf", &first)[0].text, Ok("two".into()));
        assert_eq!((host.include("none.conf", &from), host.include("conf.d/s*", &from)), (Vec::new(), Vec::new()));
        assert_eq!(host.include("conf.d/sub", &from)[0].text, Err(Unreadable::NotAFile("a folder")));
        assert!((37..=41).contains(&host.random(37, 41)));
    }

    #[test]
    fn only_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        File::create(at("large")).unwrap().set_len(FILE_BYTES_MAX + 1).unwrap();
        fs::write(at("good"), "text").unwrap();
        let said = |path: PathBuf| {
            read_file(&path).map_err(|why| why.to_string().split(':').next().unwrap_or_default().to_owned())
        };
        assert_eq!(said(at("good")), Ok(b"text".to_vec()));
        for (path, why) in [
            (folder.path().to_owned(), "it is a folder, not a file"),
            (at("pipe"), "it is a pipe, not a file"),
            (at("link"), "it is a device, not a file"),
            (at("socket"), "it is a socket, not a file"),
            (at("large"), "it is larger than 67108864 bytes"),
            (PathBuf::from("/proc/kmsg"), "the kernel makes it up"),
            (PathBuf::from("/proc/self/status"), "the kernel makes it up"),
            (at("none"), "No such file or directory (os error 2)"),
        ] {
            // Without root the log of the kernel cannot be opened at all.
            let denied = path.ends_with("kmsg") && !nix::unistd::getuid().is_root();
            assert!(denied || said(path.clone()) == Err(why.to_owned()), "{path:?}");
        }
    }

    #[test]
    fn the_host_has_a_name_of_one_label() {
        assert!(Host::new(None).config_id().is_some_and(|id| !id.is_empty() && !id.contains('.')));
        assert_eq!(Host::new(Some("x")).config_id().as_deref(), Some("x"));
    }
}
