//! The binary that goes to load balancers: one static file that runs on other people's hosts.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::known_sum::KnownSum;
use crate::ctl::plan::sha256;
use crate::error::{Code, Exit, Failure, Problem};

/// A binary that could be sent.
#[derive(Debug, Clone)]
pub struct Found(PathBuf);

/// The binary, ready to travel.
#[derive(Debug, Clone)]
pub struct Binary {
    /// sha256 of the file.
    pub sha256: String,
    path: PathBuf,
    bytes: u64,
    packed: Packed,
}

/// Compressed once, by whoever needs it first.
type Packed = Arc<OnceLock<Result<Arc<[u8]>, Failure>>>;

/// As much of a program as says whether it is static.
const HEAD: u64 = 4096;

impl Binary {
    /// Finds it: the one that is named, else this program itself when it is static, else `target/dist/hactl` beside it.
    ///
    /// # Errors
    /// Exit 3 when none of them is a static Linux program.
    pub fn find(named: Option<&Path>) -> Result<Found, Failure> {
        let own = std::env::current_exe().unwrap_or_default();
        let dist = own.ancestors().find(|folder| folder.ends_with("target")).map(|target| target.join("dist/hactl"));
        let candidates = match named {
            Some(named) => vec![named.to_owned()],
            None => [Some(own), dist].into_iter().flatten().collect(),
        };
        for path in &candidates {
            let mut head = Vec::new();
            let read = std::fs::File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
            if read.is_ok() && is_static(&head) {
                return Ok(Found(path.clone()));
            }
        }
        let tried: Vec<_> = candidates.iter().map(|path: &PathBuf| display(path)).collect();
        let problem =
            Problem::new(Code::NoBinary, format!("no static hactl binary to send: tried {}", tried.join(", ")))
                .why("a program linked against this machine's glibc would not start on older hosts")
                .next("`make build` makes target/dist/hactl, or name one in HACTL_BINARY");
        Err(Failure::one(Exit::Invalid, problem))
    }

    /// Its size in kilobytes.
    pub fn kilobytes(&self) -> u64 {
        self.bytes / 1024
    }

    /// Begins to compress it, which takes a second, while other work is waited for.
    pub fn gzip_ahead(&self) {
        let binary = self.clone();
        tokio::task::spawn_blocking(move || drop(binary.packed()));
    }

    /// Compressed for the way.
    ///
    /// # Errors
    /// The file is not what it was when its sum was taken.
    pub async fn gzip(&self) -> Result<Arc<[u8]>, Failure> {
        let binary = self.clone();
        let packed = tokio::task::spawn_blocking(move || binary.packed()).await;
        packed.map_err(|error| Failure::internal(format!("gzip: {error}")))?
    }

    fn packed(&self) -> Result<Arc<[u8]>, Failure> {
        self.packed.get_or_init(|| self.pack().map(Arc::from)).clone()
    }

    fn pack(&self) -> Result<Vec<u8>, Failure> {
        let bytes = std::fs::read(&self.path).unwrap_or_default();
        if sha256(&bytes) != self.sha256 {
            if let Some(known) = self.path.metadata().ok().and_then(|found| KnownSum::of(&self.path, &found)) {
                known.forget();
            }
            let message = format!("{} has changed since this command began", display(&self.path));
            let problem = Problem::new(Code::NoBinary, message).why("nothing live was changed");
            return Err(Failure::one(Exit::Preflight, problem.next("run the same command again")));
        }
        // A third of the time of the best level for a twelfth more bytes.
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder
            .write_all(&bytes)
            .and_then(|()| encoder.finish())
            .map_err(|error| Failure::internal(format!("gzip: {error}")))
    }
}

impl Found {
    /// Reads it for its sum, unless that is known.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn sum(self) -> Result<Binary, Failure> {
        let unreadable = |error: std::io::Error| {
            let problem = Problem::new(Code::NoBinary, format!("{}: {error}", display(&self.0)));
            Failure::one(
                Exit::Invalid,
                problem.why("it is what load balancers get").next("name another one in HACTL_BINARY"),
            )
        };
        let mut file = std::fs::File::open(&self.0).map_err(unreadable)?;
        // Before it is read: what changes meanwhile has another stamp.
        let found = file.metadata().map_err(unreadable)?;
        let known = KnownSum::of(&self.0, &found);
        let binary = |sha256, bytes| Binary { sha256, path: self.0.clone(), bytes, packed: Packed::default() };
        if let Some(sum) = known.as_ref().and_then(KnownSum::read) {
            return Ok(binary(sum, found.len()));
        }
        let (mut sum, mut part, mut bytes) = (Sha256::new(), vec![0; 256 * 1024], 0);
        loop {
            match file.read(&mut part).map_err(unreadable)? {
                0 => break,
                n => {
                    sum.update(part.get(..n).unwrap_or_default());
                    bytes += n as u64;
                }
            }
        }
        let sum = HEXLOWER.encode(&sum.finalize());
        if let Some(known) = known {
            known.write(&sum);
        }
        Ok(binary(sum, bytes))
    }
}

fn display(path: &Path) -> String {
    path.display().to_string()
}

/// A 64-bit ELF program without an interpreter segment (PT_INTERP), which a dynamically linked one has.
fn is_static(bytes: &[u8]) -> bool {
    let number = |at: usize, length: usize| -> Option<usize> {
        let field = bytes.get(at..at + length)?;
        Some(field.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
    };
    let headers = || -> Option<bool> {
        if bytes.get(..5)? != b"\x7fELF\x02" {
            return None;
        }
        let (offset, size, count) = (number(32, 8)?, number(54, 2)?, number(56, 2)?);
        let kinds = (0..count).map(|n| number(offset.checked_add(n * size)?, 4));
        kinds.collect::<Option<Vec<_>>>().map(|kinds| !kinds.contains(&3))
    };
    headers().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_program_is_told_from_a_static_one() {
        assert!(!is_static(&std::fs::read("/bin/sh").unwrap()), "Debian's shell has an interpreter");
        assert!(!is_static(b"#!/bin/sh\n"));
        assert!(!is_static(b"\x7fELF\x02"));
    }
}
