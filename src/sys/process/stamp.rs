//! Proof of recent mastership that survives the process: a small memory-mapped file in the runtime folder.
//!
//! Each instance has a slot with the boot-clock time of its last advert as master. Writing it is a store to memory, so
//! the VRRP loop may do it with every advert; the kernel keeps it when the process dies. The boot id in the header
//! makes a slot worthless after a reboot.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::num::NonZeroUsize;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use hactl_engine::time::Instant;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};

/// Bytes of a slot: the name cut to 120 bytes, then the time.
const SLOT: usize = 128;
const NAME: usize = 120;

/// What an earlier process left: instance name and the time of its last advert as master.
pub(crate) type Stamps = Vec<(String, Instant)>;

/// The mapped file.
pub(crate) struct StampFile {
    memory: NonNull<u8>,
    length: usize,
}

// SAFETY: the memory is private to this value and is only written through atomic stores.
#[expect(unsafe_code, reason = "a raw pointer is not Send by itself")]
unsafe impl Send for StampFile {}

impl StampFile {
    /// Writes a new file for these instances and maps it. An instance that was stamped before keeps its stamp.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn create(path: &Path, instances: &[String], keep: &Stamps) -> io::Result<Self> {
        let mut bytes = vec![0; SLOT * (instances.len() + 1)];
        for (slot, name) in bytes.chunks_mut(SLOT).zip(std::iter::once(&boot_id()?).chain(instances)) {
            for (place, byte) in slot.iter_mut().zip(name.bytes().take(NAME)) {
                *place = byte;
            }
            if let Some((_, at)) = keep.iter().find(|(known, _)| known == name)
                && let Some(time) = slot.get_mut(NAME..)
            {
                time.copy_from_slice(&at.0.to_ne_bytes());
            }
        }
        let fresh = path.with_extension("new");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
        let mut file = options.open(&fresh)?;
        file.write_all(&bytes)?;
        let mapped = Self::map(&file, bytes.len())?;
        fs::rename(&fresh, path)?;
        Ok(mapped)
    }

    fn map(file: &File, length: usize) -> io::Result<Self> {
        let size = NonZeroUsize::new(length).ok_or(io::ErrorKind::InvalidInput)?;
        // SAFETY: a new mapping at an address of the kernel's choice overlaps nothing of ours.
        #[expect(unsafe_code, reason = "mmap")]
        let memory =
            unsafe { mmap(None, size, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED, file, 0)? };
        Ok(Self { memory: memory.cast(), length })
    }

    /// Notes that the instance with this number (in the order given to [`StampFile::create`]) is master now;
    /// `None` notes that it no longer is.
    pub(crate) fn stamp(&self, number: usize, at: Option<Instant>) {
        let offset = (number + 1) * SLOT + NAME;
        if offset + 8 > self.length {
            return;
        }
        // SAFETY: offset + 8 lies within the mapping (checked above), and 128·n + 120 is a multiple of 8 from a
        // page-aligned start.
        #[expect(unsafe_code, reason = "atomic store into the mapping")]
        let slot = unsafe { AtomicU64::from_ptr(self.memory.add(offset).cast().as_ptr()) };
        slot.store(at.map_or(0, |at| at.0), Ordering::Relaxed);
    }
}

impl Drop for StampFile {
    fn drop(&mut self) {
        // SAFETY: memory and length are those of the mapping, and nothing refers to it any more.
        #[expect(unsafe_code, reason = "munmap")]
        let unmapped = unsafe { munmap(self.memory.cast(), self.length) };
        debug_assert!(unmapped.is_ok());
    }
}

/// What an earlier process of this boot left; empty when there is nothing to trust.
pub(crate) fn read(path: &Path) -> Stamps {
    let (Ok(bytes), Ok(boot)) = (fs::read(path), boot_id()) else { return Vec::new() };
    let mut slots = bytes.chunks_exact(SLOT).filter_map(|slot| {
        let (name, time) = slot.split_at_checked(NAME)?;
        let end = name.iter().position(|byte| *byte == 0).unwrap_or(NAME);
        let name = String::from_utf8_lossy(name.get(..end)?).into_owned();
        Some((name, Instant(u64::from_ne_bytes(time.try_into().ok()?))))
    });
    if slots.next().is_none_or(|(header, _)| header != boot) {
        return Vec::new();
    }
    slots.filter(|(_, at)| at.0 > 0).collect()
}

/// The id of this boot.
///
/// # Errors
/// The kernel's.
pub(crate) fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn stamps_survive_the_writer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stamps");
        let names = ["VI_1".to_owned(), "VI_2".to_owned()];
        let file = StampFile::create(&path, &names, &Vec::new()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        file.stamp(1, Some(Instant(42)));
        file.stamp(9, Some(Instant(1))); // no such slot: ignored
        drop(file);
        assert_eq!(read(&path), [("VI_2".to_owned(), Instant(42))]);
        let again = StampFile::create(&path, &names, &read(&path)).unwrap();
        assert_eq!(read(&path), [("VI_2".to_owned(), Instant(42))]);
        again.stamp(1, None);
        assert_eq!(read(&path), []);
    }

    #[test]
    fn another_boots_stamps_are_worthless() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stamps");
        let file = StampFile::create(&path, &["VI_1".to_owned()], &Vec::new()).unwrap();
        file.stamp(0, Some(Instant(42)));
        let mut bytes = fs::read(&path).unwrap();
        bytes[0] ^= 1;
        fs::write(&path, bytes).unwrap();
        assert_eq!(read(&path), []);
        assert_eq!(read(&folder.path().join("absent")), []);
    }
}
