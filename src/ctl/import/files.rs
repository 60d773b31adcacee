//! The files of an import: written where they are asked for, never over something that is there; or into a folder that
//! goes again, where only the text is wanted.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::{Code, Exit, Failure, Problem};

/// The inventory's name.
pub const INVENTORY: &str = "inventory.yaml";
/// The folder of passwords.
pub const SECRETS: &str = "secrets";

/// A file to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutFile {
    /// Below the folder.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Only its owner may read it.
    pub secret: bool,
}

/// A folder that files go to.
#[derive(Debug)]
pub enum Folder {
    /// One that was asked for.
    Asked(PathBuf),
    /// One of ours, for as long as this value lives.
    Passing(PathBuf),
}

impl Folder {
    /// The folder that was asked for, or one that passes.
    ///
    /// # Errors
    /// It cannot be made, or an inventory is there already: exit 3, nothing was contacted.
    pub fn new(asked: Option<&Path>) -> Result<Self, Failure> {
        let Some(folder) = asked else { return passing() };
        for name in [INVENTORY, "templates/hactl.conf.tera"] {
            if folder.join(name).symlink_metadata().is_ok() {
                let problem =
                    Problem::new(Code::WouldOverwrite, format!("{} is there already", folder.join(name).display()));
                let problem = problem.why("an import writes over nothing; nothing was contacted");
                return Err(Failure::one(
                    Exit::Invalid,
                    problem.next("name another folder with --out, or take that one away"),
                ));
            }
        }
        fs::create_dir_all(folder).map_err(|error| cannot(folder, &error))?;
        let whole = fs::canonicalize(folder).map_err(|error| cannot(folder, &error))?;
        Ok(Self::Asked(whole))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::Asked(path) | Self::Passing(path) => path,
        }
    }

    /// Writes files that are not there yet.
    ///
    /// # Errors
    /// One cannot be written: exit 3.
    pub fn write(&self, files: &[OutFile]) -> Result<(), Failure> {
        for file in files {
            let path = self.path().join(&file.path);
            let parent = path.parent().unwrap_or(Path::new("."));
            let mut folder = fs::DirBuilder::new();
            folder.recursive(true).mode(if file.secret { 0o700 } else { 0o755 });
            folder.create(parent).map_err(|error| cannot(parent, &error))?;
            let mode = if file.secret { 0o600 } else { 0o644 };
            let written = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&path);
            let written = written.and_then(|mut open| open.write_all(file.text.as_bytes()));
            written.map_err(|error| cannot(&path, &error))?;
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Self::Passing(path) = self {
            let _ = fs::remove_dir_all(path); // it is nobody's but ours, and for root's eyes only
        }
    }
}

fn passing() -> Result<Folder, Failure> {
    let pattern = std::env::temp_dir().join("hactl-import-XXXXXX");
    let made = nix::unistd::mkdtemp(&pattern).map_err(|error| cannot(&pattern, &error.into()))?;
    Ok(Folder::Passing(made))
}

fn cannot(path: &Path, error: &std::io::Error) -> Failure {
    let problem = Problem::new(Code::CannotWrite, format!("{}: {error}", path.display()));
    Failure::one(Exit::Invalid, problem.next("name a folder that can be written with --out"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn nothing_is_written_over_and_secrets_are_the_owner_s() {
        let home = tempfile::tempdir().unwrap();
        let at = home.path().join("new/one");
        let file = |path: &str, secret| OutFile { path: path.into(), text: "x\n".into(), secret };
        let folder = Folder::new(Some(&at)).unwrap();
        folder.write(&[file(INVENTORY, false), file("secrets/A", true)]).unwrap();
        let mode = |path: &str| fs::metadata(at.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("secrets"), mode("secrets/A")), (0o700, 0o600));
        let failure = Folder::new(Some(&at)).unwrap_err();
        assert_eq!((failure.exit, failure.problems[0].code), (Exit::Invalid, Code::WouldOverwrite));
        let failure = folder.write(&[file("secrets/A", true)]).unwrap_err();
        assert_eq!(failure.problems[0].code, Code::CannotWrite, "a password that is there stays");
        let passing = Folder::new(None).unwrap();
        let path = passing.path().to_owned();
        passing.write(&[file("templates/a", false)]).unwrap();
        drop(passing);
        assert!(!path.exists());
    }
}
