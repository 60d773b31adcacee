//! A certificate with its private key as nginx reads them: one file, so that they are never of two certificates,
//! whenever the power fails.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::certificate::{Certificate, matches};
use crate::sys::process::replace::replace_durably;

/// What is in such a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bundle {
    /// Key and chain, as PEM.
    pub(super) text: String,
    /// What the certificate says.
    pub(super) certificate: Certificate,
}

impl Bundle {
    /// Reads a file; `None` where there is none, or none that nginx could use.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let certificate = Certificate::read(&text).ok()?;
        matches(&text, &text).ok()?;
        Some(Self { text, certificate })
    }

    /// Puts it in place: the old file or the new one is there at any time, readable by root alone.
    pub(super) fn put(&self, path: &Path) -> io::Result<()> {
        replace_durably(path, self.text.as_bytes())
    }

    /// Whether it is for these names and no others.
    pub(super) fn is_for(&self, names: &[String]) -> bool {
        let has = |name: &String| self.certificate.names.contains(&name.to_ascii_lowercase());
        names.iter().all(has) && self.certificate.names.len() == names.len()
    }
}

/// Where what was issued is kept, whatever becomes of nginx's files. The id comes from a configuration of ours, and
/// stays inside the folder all the same.
pub(super) fn stored(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{}.pem", id.replace('/', "_")))
}
