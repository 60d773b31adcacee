//! Host certificates: what must hold besides that an authority of ours made one.

use russh::keys::{Certificate, HashAlg};
use thiserror::Error;

/// Why a certificate proves nothing: a fragment that fits after "its certificate is not good:".
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum Unproven {
    #[error("it is for a user, not for a host")]
    OfUser,
    #[error("its time has not come yet (is this machine's clock right?)")]
    Early,
    #[error("its time is over")]
    Over,
    #[error("its signature is not the authority's")]
    Signature,
    #[error("it has the critical option {0:?}, which is not known here")]
    Option(String),
    #[error("it is for {listed}, not for {asked}")]
    Another { listed: String, asked: String },
}

/// Checks a certificate for a host under one of these names.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(shown: &Certificate, names: &[&str], now: u64) -> Result<(), Unproven> {
    if !shown.cert_type().is_host() {
        return Err(Unproven::OfUser);
    }
    // The authority was looked up by its key; this proves that it made the certificate, and that its time has come.
    if shown.validate_at(now, &[shown.signature_key().fingerprint(HashAlg::Sha256)]).is_err() {
        return Err(match now {
            _ if now < shown.valid_after() => Unproven::Early,
            _ if now >= shown.valid_before() => Unproven::Over,
            _ => Unproven::Signature,
        });
    }
    if let Some((option, _)) = shown.critical_options().iter().next() {
        return Err(Unproven::Option(option.clone()));
    }
    let principals = shown.valid_principals();
    if principals.iter().any(|principal| names.iter().any(|name| principal.eq_ignore_ascii_case(name))) {
        return Ok(());
    }
    // OpenSSH takes an empty list for every host; one certificate for everybody proves nothing.
    let listed = if principals.is_empty() { "nobody".to_owned() } else { format!("{:?}", principals.join(", ")) };
    Err(Unproven::Another { listed, asked: names.join(" or ") })
}

#[cfg(test)]
mod tests {
    use russh::keys::ssh_key::certificate::{Builder, CertType};
    use russh::keys::ssh_key::private::Ed25519Keypair;
    use russh::keys::{PrivateKey, PublicKey};

    use super::*;
    use crate::ctl::ssh::known_hosts::{KnownHosts, Names, Verdict};

    const NOW: u64 = 1_790_000_000;

    fn private(seed: u8) -> PrivateKey {
        PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
    }

    fn signed(by: &PrivateKey, kind: CertType, principals: &[&str], until: u64) -> Certificate {
        let key = private(7).public_key().key_data().clone();
        let mut builder = Builder::new(vec![1; 16], key, NOW - 10, until).unwrap();
        builder.cert_type(kind).unwrap();
        for one in principals {
            builder.valid_principal(*one).unwrap();
        }
        if principals.is_empty() {
            builder.all_principals_valid().unwrap();
        }
        builder.sign(by).unwrap()
    }

    fn openssh(key: &PublicKey) -> String {
        key.to_openssh().unwrap()
    }

    #[test]
    fn an_authority_vouches_for_the_host_it_names_and_for_its_time() {
        let (ours, other) = (private(1), private(2));
        let mut known = KnownHosts::default();
        let line = format!("@cert-authority 10.0.0.*,*.example.org {}\n", openssh(ours.public_key()));
        known.add(std::path::Path::new("kh"), line.as_bytes());
        let judge =
            |shown: &Certificate, address, name| known.judge_certificate(Names { address, name, port: 22 }, shown, NOW);
        let why = |verdict| match verdict {
            Verdict::BadCertificate { why, .. } => why,
            other => panic!("{other:?}"),
        };
        let good = signed(&ours, CertType::Host, &["10.0.0.5", "lb-5.example.org"], NOW + 1);
        assert_eq!(judge(&good, "10.0.0.5", "lb-5"), Verdict::Known);
        assert_eq!(judge(&good, "192.0.2.9", "lb-5.example.org"), Verdict::Known, "by the inventory's name");
        assert!(why(judge(&good, "10.0.0.6", "lb-6")).contains("not for 10.0.0.6 or lb-6"));
        assert!(
            why(judge(&signed(&ours, CertType::Host, &["10.0.0.5"], NOW), "10.0.0.5", "x")).contains("time is over")
        );
        assert!(
            why(judge(&signed(&ours, CertType::User, &["10.0.0.5"], NOW + 1), "10.0.0.5", "x")).contains("for a user")
        );
        assert!(why(judge(&signed(&ours, CertType::Host, &[], NOW + 1), "10.0.0.5", "x")).contains("for nobody"));
        // One that nobody here trusts is as good as the key in it: not known.
        assert_eq!(judge(&signed(&other, CertType::Host, &["10.0.0.5"], NOW + 1), "10.0.0.5", "x"), Verdict::Unknown);
        assert_eq!(judge(&good, "203.0.113.5", "x"), Verdict::Unknown, "no authority for that address");
    }

    #[test]
    fn each_thing_that_is_wrong_has_its_name() {
        let ours = private(1);
        let of = |kind, until| signed(&ours, kind, &["10.0.0.5"], until);
        let why = |shown: &Certificate, now| check(shown, &["10.0.0.5"], now).unwrap_err();
        assert_eq!(why(&of(CertType::User, NOW + 1), NOW), Unproven::OfUser);
        assert_eq!(why(&of(CertType::Host, NOW + 1), NOW - 11), Unproven::Early);
        assert_eq!(why(&of(CertType::Host, NOW + 1), NOW + 1), Unproven::Over);
        let key = private(7).public_key().key_data().clone();
        let builder = || {
            let mut builder = Builder::new(vec![1; 16], key.clone(), NOW - 10, NOW + 1).unwrap();
            builder.cert_type(CertType::Host).unwrap().valid_principal("10.0.0.5").unwrap();
            builder
        };
        let mut strange = builder();
        strange.critical_option("force-command", "x").unwrap();
        assert_eq!(why(&strange.sign(&ours).unwrap(), NOW), Unproven::Option("force-command".into()));
        // The same words with another's signature: bytes of the one in the place of the other's.
        let (good, other) = (builder().sign(&ours).unwrap(), of(CertType::Host, NOW + 7));
        let bytes = |one: &Certificate| one.to_bytes().unwrap();
        let (mut forged, own) = (bytes(&good), bytes(&other));
        let at = forged.len() - 64;
        forged.splice(at.., own[own.len() - 64..].iter().copied());
        assert_eq!(why(&Certificate::from_bytes(&forged).unwrap(), NOW), Unproven::Signature);
    }

    #[test]
    fn a_revoked_authority_vouches_for_nobody_and_a_name_does_not_override_the_address() {
        let ours = private(1);
        let ca = openssh(ours.public_key());
        let good = signed(&ours, CertType::Host, &["lb-5", "10.0.0.5"], NOW + 1);
        let names = Names { address: "10.0.0.5", name: "lb-5", port: 22 };
        let mut known = KnownHosts::default();
        known.add(std::path::Path::new("kh"), format!("@cert-authority * {ca}\n@revoked * {ca}\n").as_bytes());
        assert_eq!(known.judge_certificate(names, &good, NOW), Verdict::Revoked { place: "kh:2".into() });
        let recorded = openssh(private(3).public_key());
        let mut known = KnownHosts::default();
        known.add(std::path::Path::new("kh"), format!("@cert-authority lb-5 {ca}\n10.0.0.5 {recorded}\n").as_bytes());
        assert!(matches!(known.judge_certificate(names, &good, NOW), Verdict::Changed(_)));
    }
}
