//! Secrets that lie in files of their own: keys of adverts, passwords. A file that others may read or write is refused.

use std::fs::OpenOptions;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};

use nix::fcntl::OFlag;
use nix::unistd::geteuid;

use super::error::SecretError;

/// A secret is not longer than this.
const BYTES_MAX: u64 = 4096;

/// Reads a secret; the line breaks at its end do not belong to it.
///
/// # Errors
/// The file cannot be read, or somebody else may use it.
pub(crate) fn read_secret(path: &str) -> Result<Vec<u8>, SecretError> {
    let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(SecretError::NotAFile);
    }
    if meta.mode() & 0o077 != 0 {
        return Err(SecretError::OthersMayUse(meta.mode()));
    }
    if meta.uid() != 0 && meta.uid() != geteuid().as_raw() {
        return Err(SecretError::Owner(meta.uid()));
    }
    let mut secret = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut secret)?;
    while secret.last().is_some_and(|byte| *byte == b'\n' || *byte == b'\r') {
        secret.pop();
    }
    match u64::try_from(secret.len()) {
        Ok(1..=BYTES_MAX) => Ok(secret),
        Ok(0) => Err(SecretError::Empty),
        _ => Err(SecretError::TooLong(BYTES_MAX)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn secrets_are_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let name = path.to_str().unwrap();
        assert!(read_secret(name).unwrap_err().to_string().contains("No such file"));
        fs::write(&path, "correct horse\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(read_secret(name).unwrap_err().to_string().contains("mode 640"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read_secret(name).unwrap(), b"correct horse");
        fs::write(&path, "\n").unwrap();
        assert!(matches!(read_secret(name), Err(SecretError::Empty)));
        let folder_itself = folder.path().to_str().unwrap();
        assert!(matches!(read_secret(folder_itself), Err(SecretError::NotAFile)));
        fs::write(&path, "x".repeat(4096) + "\n").unwrap();
        assert_eq!(read_secret(name).unwrap().len(), 4096);
        fs::write(&path, "x".repeat(4097)).unwrap();
        assert!(matches!(read_secret(name), Err(SecretError::TooLong(4096))));
        if geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
            assert!(matches!(read_secret(name), Err(SecretError::Owner(65534))));
        }
    }
}
