//! The account at authorities of ACME: its key, which a deploy makes up and load balancers keep, and what they answer
//! with.

use data_encoding::BASE64URL_NOPAD;
use rcgen::{KeyPair, PublicKeyData as _};
use sha2::{Digest as _, Sha256};

use super::sealed::Secret;

/// Makes a key up: P-256, as PEM.
///
/// # Errors
/// This machine gives no random numbers.
pub fn mint() -> Result<Secret, rcgen::Error> {
    Ok(Secret(KeyPair::generate()?.serialize_pem().replace('\r', "").trim_end().to_owned()))
}

/// The thumbprint of an account's key (RFC 7638), which is the second half of each answer; `None` where it is no key of
/// ours.
pub fn thumbprint(pem: &str) -> Option<String> {
    let key = KeyPair::from_pem(pem).ok().filter(|key| key.is_compatible(&rcgen::PKCS_ECDSA_P256_SHA256))?;
    // The point as X9.62 writes it: a byte that says so, then both coordinates.
    let (x, y) = key.der_bytes().strip_prefix(&[4])?.split_at_checked(COORDINATE)?;
    let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    Some(sum(&[("crv", "P-256"), ("kty", "EC"), ("x", &text(x)), ("y", &text(y))]))
}

/// Bytes of a coordinate of P-256.
const COORDINATE: usize = 32;

/// SHA-256 of a public key's members as JSON without blanks, in the order of their names (RFC 7638 §3).
fn sum(members: &[(&str, &str)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
    BASE64URL_NOPAD.encode(&Sha256::digest(format!("{{{}}}", members.join(","))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7638 §3.1.
    #[test]
    fn the_thumbprint_of_the_rfc() {
        let n = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMs\
                 tn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n\
                 91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        assert_eq!(sum(&[("e", "AQAB"), ("kty", "RSA"), ("n", n)]), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    }

    /// A key of RFC 7515's example A.3, with what `openssl` and Python's `hashlib` make of it.
    #[test]
    fn keys_are_read_and_made() {
        let one = mint().unwrap();
        assert_eq!(thumbprint(&one.0).unwrap().len(), 43);
        assert_ne!(thumbprint(&one.0), thumbprint(&mint().unwrap().0));
        assert!(!one.0.ends_with('\n') && one.0.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        assert_eq!(thumbprint("hello"), None);
    }
}
