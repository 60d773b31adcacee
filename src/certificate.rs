//! Certificates of sites: what one says, whether a key is its own, and one made up. Agent and desk read them alike.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::HEXLOWER;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use sha2::{Digest as _, Sha256};
use x509_cert::Certificate as Parsed;
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, SubjectAltName};

/// A site's certificate, with those of the authorities between it and the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The whole chain, as PEM.
    pub pem: String,
    /// Names and addresses that it is for, as browsers compare them (RFC 6125).
    pub names: Vec<String>,
    /// Who signed it: the common name, or the whole name where there is none.
    pub issuer: String,
    /// When it begins to hold.
    pub from: SystemTime,
    /// When it ends.
    pub until: SystemTime,
    /// SHA-256 of its own DER, in hexadecimal digits.
    pub fingerprint: String,
    /// Where its authority tells by OCSP whether it is revoked (RFC 5280, 4.2.2.1); most do not any more.
    pub ocsp: Option<String>,
}

/// Why a certificate or a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// There is no certificate in the text.
    #[error("there is no certificate in it (a block that begins with -----BEGIN CERTIFICATE-----)")]
    None,
    /// It is damaged.
    #[error("its certificate cannot be read: {0}")]
    Damaged(String),
    /// There is no private key in the text.
    #[error("there is no private key in it (a block that begins with -----BEGIN PRIVATE KEY-----)")]
    NoKey,
    /// The key is of a kind that is not known, or damaged.
    #[error("its key cannot be used: {0}")]
    BadKey(String),
    /// The key belongs to another certificate.
    #[error("the key is not the certificate's")]
    NotItsKey,
    /// None could be made up.
    #[error("none could be made up: {0}")]
    NotMade(String),
}

impl Certificate {
    /// Reads a chain: the first certificate is the site's own.
    ///
    /// # Errors
    /// There is none, or it is damaged.
    pub fn read(pem: &str) -> Result<Self, CertificateError> {
        let own = chain(pem)?.into_iter().next().ok_or(CertificateError::None)?;
        Self::of(pem, &own)
    }

    /// What a certificate says that came by itself, such as out of a handshake.
    ///
    /// # Errors
    /// It is damaged.
    pub fn of_der(der: &[u8]) -> Result<Self, CertificateError> {
        Self::of("", &CertificateDer::from(der.to_vec()))
    }

    fn of(pem: &str, own: &CertificateDer<'_>) -> Result<Self, CertificateError> {
        let damaged = |error: x509_cert::der::Error| CertificateError::Damaged(error.to_string());
        let parsed = Parsed::from_der(own).map_err(damaged)?;
        let says = parsed.tbs_certificate();
        let alternative = says.get_extension::<SubjectAltName>().map_err(damaged)?;
        let alternative = alternative.map(|(_, names)| names.0).unwrap_or_default();
        let access = says.get_extension::<AuthorityInfoAccessSyntax>().map_err(damaged)?;
        let access = access.map(|(_, descriptions)| descriptions.0).unwrap_or_default();
        let issuer = says.issuer().to_string();
        let common = issuer.split(',').find_map(|part| part.trim().strip_prefix("CN="));
        let validity = says.validity();
        Ok(Self {
            pem: pem.to_owned(),
            names: alternative.iter().filter_map(name).collect(),
            issuer: common.unwrap_or(&issuer).to_owned(),
            from: UNIX_EPOCH + validity.not_before.to_unix_duration(),
            until: UNIX_EPOCH + validity.not_after.to_unix_duration(),
            fingerprint: fingerprint(own),
            ocsp: access.iter().filter(|one| one.access_method == ID_AD_OCSP).find_map(|one| url(&one.access_location)),
        })
    }

    /// Whether a server can bring along what its authority says of it (OCSP stapling, RFC 6066, section 8): it is asked
    /// by plain HTTP, and the answer is for a certificate and its issuer.
    pub fn can_be_stapled(&self) -> bool {
        self.ocsp.as_ref().is_some_and(|url| url.starts_with("http://"))
            && chain(&self.pem).is_ok_and(|chain| chain.len() > 1)
    }

    /// Whether it is for this name.
    pub fn covers(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.names.iter().any(|own| match own.strip_prefix("*.") {
            // One label, no more (RFC 6125, 6.4.3).
            Some(rest) => name.split_once('.').is_some_and(|(_, domain)| domain == rest),
            None => *own == name,
        })
    }

    /// Whole days until it ends; negative where it has.
    pub fn days_left(&self, now: SystemTime) -> i64 {
        let days = |time: Duration| i64::try_from(time.as_secs() / DAY_S).unwrap_or(i64::MAX);
        match self.until.duration_since(now) {
            Ok(left) => days(left),
            Err(since) => -days(since.duration()) - 1,
        }
    }
}

/// `id-ad-ocsp` (RFC 5280, 4.2.2.1).
const ID_AD_OCSP: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
const DAY_S: u64 = 24 * 60 * 60;
/// For how long a certificate holds that is made up: what browsers take at most.
const MADE_UP_FOR_DAYS: i64 = 397;

/// SHA-256 of a certificate, in hexadecimal digits.
pub fn fingerprint(der: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(der))
}

fn chain(pem: &str) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    found.map_err(|error| CertificateError::Damaged(error.to_string()))
}

fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
        GeneralName::IpAddress(bytes) => match bytes.as_bytes() {
            [a, b, c, d] => Some(IpAddr::from([*a, *b, *c, *d]).to_string()),
            bytes => <[u8; 16]>::try_from(bytes).ok().map(|bytes| IpAddr::from(bytes).to_string()),
        },
        _ => None,
    }
}

fn url(place: &GeneralName) -> Option<String> {
    match place {
        GeneralName::UniformResourceIdentifier(url) => Some(url.to_string()),
        _ => None,
    }
}

/// Whether a private key belongs to the certificate that a chain begins with.
///
/// # Errors
/// It does not, or one of them cannot be read. The key is not repeated.
pub fn matches(chain_pem: &str, key_pem: &str) -> Result<(), CertificateError> {
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|_| CertificateError::NoKey)?;
    match CertifiedKey::from_der(chain(chain_pem)?, key, &ring::default_provider()) {
        Ok(_) => Ok(()),
        Err(rustls::Error::InconsistentKeys(_)) => Err(CertificateError::NotItsKey),
        Err(error) => Err(CertificateError::BadKey(error.to_string())),
    }
}

/// Makes a certificate up that signs itself, for these names: chain and key, as PEM.
///
/// # Errors
/// A name that cannot stand in one; no random numbers.
pub fn make_up(names: &[String], now: SystemTime) -> Result<(String, String), CertificateError> {
    let not_made = |error: rcgen::Error| CertificateError::NotMade(error.to_string());
    let mut params = rcgen::CertificateParams::new(names.to_vec()).map_err(not_made)?;
    let common = names.first().map_or("hactl", String::as_str);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, common);
    let day = |days: i64| {
        let since = now.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0));
        let date = jiff::Timestamp::from_second(since + days * 86_400).unwrap_or_default();
        let date = date.to_zoned(jiff::tz::TimeZone::UTC).date();
        let part = |part: i8| u8::try_from(part).unwrap_or(1);
        rcgen::date_time_ymd(i32::from(date.year()), part(date.month()), part(date.day()))
    };
    params.not_before = day(-1);
    params.not_after = day(MADE_UP_FOR_DAYS);
    let key = rcgen::KeyPair::generate().map_err(not_made)?;
    let certificate = params.self_signed(&key).map_err(not_made)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_up_is_read_again() {
        let names = vec!["www.example.cc".to_owned(), "*.shop.example.cc".to_owned(), "10.0.0.3".to_owned()];
        let (pem, key) = make_up(&names, SystemTime::now()).unwrap();
        let read = Certificate::read(&pem).unwrap();
        assert_eq!((read.names.clone(), read.issuer.as_str()), (names, "www.example.cc"));
        assert_eq!(read.days_left(SystemTime::now()), MADE_UP_FOR_DAYS - 1);
        assert_eq!(matches(&pem, &key), Ok(()));
        for (name, covered) in [
            ("WWW.example.cc", true),
            ("a.shop.example.cc", true),
            ("10.0.0.3", true),
            ("example.cc", false),
            ("a.b.shop.example.cc", false),
            ("shop.example.cc", false),
        ] {
            assert_eq!(read.covers(name), covered, "{name}");
        }
        assert!(read.days_left(SystemTime::now() + Duration::from_secs(398 * DAY_S)) < 0);
    }

    #[test]
    fn what_cannot_be_used_is_told_apart() {
        let (pem, key) = make_up(&["a.cc".into()], SystemTime::now()).unwrap();
        let (other, _) = make_up(&["a.cc".into()], SystemTime::now()).unwrap();
        assert_eq!(Certificate::read("hello\n"), Err(CertificateError::None));
        let damaged = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(Certificate::read(damaged), Err(CertificateError::Damaged(_))));
        assert_eq!(matches(&other, &key), Err(CertificateError::NotItsKey));
        assert_eq!(matches(&pem, "hello\n"), Err(CertificateError::NoKey));
        let bad = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert!(matches!(super::matches(&pem, bad), Err(CertificateError::BadKey(_))));
        assert!(matches!(make_up(&["bücher.cc".into()], SystemTime::now()), Err(CertificateError::NotMade(_))));
    }
}
