//! The binary that goes to load balancers: one static file that runs on other people's hosts.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::ctl::plan::sha256;
use crate::error::{Code, Exit, Failure, Problem};

/// The binary, ready to travel.
#[derive(Debug, Clone)]
pub struct Binary {
    /// sha256 of the file.
    pub sha256: String,
    /// Its bytes.
    bytes: Vec<u8>,
}

impl Binary {
    /// Finds it: the one that is named, else this program itself when it is static, else `target/dist/hactl` beside it.
    ///
    /// # Errors
    /// Exit 3 when none of them is a static Linux program.
    pub fn find(named: Option<&Path>) -> Result<Self, Failure> {
        let own = std::env::current_exe().unwrap_or_default();
        let dist = own.ancestors().find(|folder| folder.ends_with("target")).map(|target| target.join("dist/hactl"));
        let candidates = match named {
            Some(named) => vec![named.to_owned()],
            None => [Some(own), dist].into_iter().flatten().collect(),
        };
        for path in &candidates {
            if let Ok(bytes) = std::fs::read(path)
                && is_static(&bytes)
            {
                return Ok(Self { sha256: sha256(&bytes), bytes });
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
        self.bytes.len() as u64 / 1024
    }

    /// Compressed for the way.
    ///
    /// # Errors
    /// Never in practice: the target is memory.
    pub fn gzip(&self) -> Result<Vec<u8>, Failure> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder
            .write_all(&self.bytes)
            .and_then(|()| encoder.finish())
            .map_err(|error| Failure::internal(format!("gzip: {error}")))
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
