//! Host keys that the inventory names: then nothing else counts for that host.

use russh::keys::{Algorithm, HashAlg, PublicKey};

use super::known_hosts::{base, family};
use crate::ctl::cluster::PinnedKey;

/// Reads a key as known_hosts has it (`ssh-ed25519 AAAA…`), or its fingerprint (`SHA256:…`).
pub fn read(text: &str) -> Option<PinnedKey> {
    let text = text.trim();
    if let Some(sum) = text.strip_prefix("SHA256:") {
        let good = sum.len() == 43 && sum.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte));
        return good.then(|| PinnedKey { fingerprint: text.to_owned(), family: None });
    }
    let key = PublicKey::from_openssh(text).ok()?;
    Some(PinnedKey { fingerprint: fingerprint(&key), family: Some(family(&key)) })
}

/// As `ssh-keygen -lf` prints it.
pub(super) fn fingerprint(key: &PublicKey) -> String {
    key.fingerprint(HashAlg::Sha256).to_string()
}

/// The kinds of keys to ask for, those that are pinned first.
pub(super) fn order(pinned: &[PinnedKey], usual: Vec<Algorithm>) -> Vec<Algorithm> {
    let wanted = |algorithm: &Algorithm| pinned.iter().any(|one| one.family.as_deref() == Some(&base(algorithm)));
    let (first, then): (Vec<Algorithm>, Vec<Algorithm>) = usual.into_iter().partition(wanted);
    first.into_iter().chain(then).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIECcW+EuSQsoFU9tJ1PBpPZX2Yp4L5UhXI9Ogz7zpuwb root@lb-5";

    #[test]
    fn keys_and_fingerprints_are_read() {
        let key = read(KEY).unwrap();
        assert!(key.fingerprint.starts_with("SHA256:") && key.fingerprint.len() == 50, "{key:?}");
        assert_eq!(read(&key.fingerprint).unwrap().fingerprint, key.fingerprint);
        for wrong in ["", "SHA256:abc", "MD5:00:11", "ssh-ed25519", "ssh-ed25519 AAAA", "hunter2"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn its_kind_is_asked_for_first() {
        let usual = vec![Algorithm::Rsa { hash: Some(HashAlg::Sha512) }, Algorithm::Ed25519];
        assert_eq!(order(&[read(KEY).unwrap()], usual.clone())[0], Algorithm::Ed25519);
        assert_eq!(order(&[], usual.clone()), usual);
    }
}
