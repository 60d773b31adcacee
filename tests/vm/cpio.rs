//! An initial RAM disk: a cpio archive ("newc") of files and folders.

use std::io::Write as _;
use std::path::Path;

/// The archive while it grows.
#[derive(Default)]
pub(crate) struct Cpio {
    bytes: Vec<u8>,
    count: usize,
}

impl Cpio {
    pub(crate) fn folder(&mut self, name: &str) {
        self.entry(name, 0o040_755, &[]);
    }

    /// An executable file.
    pub(crate) fn file(&mut self, name: &str, content: &[u8]) {
        self.entry(name, 0o100_755, content);
    }

    pub(crate) fn write(mut self, path: &Path) {
        self.entry("TRAILER!!!", 0, &[]);
        std::fs::write(path, self.bytes).unwrap();
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) {
        self.count += 1;
        let (size, length) = (content.len(), name.len() + 1);
        let inode = self.count;
        // magic, inode, mode, uid, gid, links, time, size, device (4 numbers), length of the name, checksum
        write!(self.bytes, "070701{inode:08X}{mode:08X}{0:08X}{0:08X}{1:08X}{0:08X}{size:08X}", 0, 1).unwrap();
        write!(self.bytes, "{0:08X}{0:08X}{0:08X}{0:08X}{length:08X}{0:08X}", 0).unwrap();
        self.bytes.extend(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}
