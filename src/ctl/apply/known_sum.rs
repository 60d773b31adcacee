//! The sum of this desk's own binary, remembered: to read all of it took a tenth of a deploy that has nothing to do.
//! It counts only while the kernel says that nobody has touched the file since: the same inode, size and times.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::ctl::state::state_folder;
use crate::sys::process::replace::replace;

/// A file that changed so lately could change again within one tick of the kernel's clock.
const SETTLED: Duration = Duration::from_secs(3);

/// Where a sum is remembered, and of what: one file of this user, with one line.
pub(super) struct KnownSum {
    file: PathBuf,
    stamp: String,
    settled: bool,
}

impl KnownSum {
    /// Of this file; `None` for a user without a state folder.
    pub(super) fn of(path: &Path, found: &Metadata) -> Option<Self> {
        Some(Self::within(&state_folder()?, path, found))
    }

    fn within(folder: &Path, path: &Path, found: &Metadata) -> Self {
        let changed = [(found.mtime(), found.mtime_nsec()), (found.ctime(), found.ctime_nsec())];
        let age = |(seconds, nanos): (i64, i64)| {
            let at = Duration::new(u64::try_from(seconds).ok()?, u32::try_from(nanos).ok()?);
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH.checked_add(at)?).ok()
        };
        Self {
            file: folder.join("binary"),
            stamp: format!("{} {} {} {changed:?} {}", found.dev(), found.ino(), found.len(), path.display()),
            settled: changed.into_iter().all(|time| age(time).is_some_and(|age| age > SETTLED)),
        }
    }

    /// What was remembered of this very file.
    pub(super) fn read(&self) -> Option<String> {
        let text = std::fs::read_to_string(&self.file).ok()?;
        let (sum, stamp) = text.trim_end_matches('\n').split_once(' ')?;
        let is_sum = sum.len() == 64 && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_sum && stamp == self.stamp).then(|| sum.to_owned())
    }

    /// Remembers it. Where that fails the next deploy reads the file again.
    pub(super) fn write(&self, sum: &str) {
        let line = format!("{sum} {}\n", self.stamp);
        if self.settled && self.file.parent().is_some_and(|folder| std::fs::create_dir_all(folder).is_ok()) {
            let _ = replace(&self.file, line.as_bytes());
        }
    }

    /// Forgets it: the file is not what it was taken for.
    pub(super) fn forget(&self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{File, FileTimes};

    use super::*;

    /// A sum is believed of the file that it was taken of, and of no other.
    #[test]
    fn a_sum_is_known_until_the_file_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hactl");
        std::fs::write(&path, "one").unwrap();
        let known = |settled: bool| {
            let mut known = KnownSum::within(&folder.path().join("state"), &path, &path.metadata().unwrap());
            assert!(!known.settled, "it was written just now");
            known.settled = settled;
            known
        };
        let sum = "ab".repeat(32);
        known(false).write(&sum);
        assert_eq!(known(true).read(), None, "what may yet change within the same tick is not remembered");
        known(true).write(&sum);
        assert_eq!(known(true).read(), Some(sum.clone()));

        // Other bytes of the same length, with the time set back as `touch -d` and `rsync -t` do.
        let time = path.metadata().unwrap().modified().unwrap();
        std::fs::write(&path, "two").unwrap();
        File::options().write(true).open(&path).unwrap().set_times(FileTimes::new().set_modified(time)).unwrap();
        assert_eq!(known(true).read(), None, "the kernel's own time tells");

        known(true).write(&sum);
        known(true).forget();
        assert_eq!(known(true).read(), None);
        known(true).write("no sum");
        assert_eq!(known(true).read(), None);
    }

    #[test]
    fn a_file_that_nobody_touched_for_long_is_settled() {
        let shell = Path::new("/bin/sh");
        assert!(KnownSum::within(Path::new("/nowhere"), shell, &shell.metadata().unwrap()).settled);
    }
}
