//! Certificates by ACME (RFC 8555) as desk and agent speak of them: what a load balancer shall have, which the desk
//! writes into a file there, and how it stands, which the agent's command writes into another.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use serde::{Deserialize, Serialize};

/// Where certificates and keys of sites lie, for nginx; those by ACME in its folder `acme`.
pub const SITES: &str = "/etc/nginx/hactl";
/// Where the desk puts [`Orders`].
pub const ORDERS: &str = "/etc/nginx/hactl/acme/orders.json";
/// Where the desk puts the key of the account, alike on all load balancers of a cluster: any of them answers for all.
pub const ACCOUNT_KEY: &str = "/etc/hactl/acme-account.key";
/// Where [`Standing`] lies, beside what was issued.
pub const FOLDER: &str = "/var/lib/hactl/certificates";
/// The file of [`FOLDER`] with [`Standing`].
pub const STANDING: &str = "standing.json";

/// What a load balancer shall have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Orders {
    /// One for each site.
    pub certificates: Vec<Order>,
}

/// One certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// What its files are called.
    pub id: String,
    /// Names that it is for, at least one.
    pub names: Vec<String>,
    /// The file that nginx reads: private key and chain in one, so that they are never of two certificates.
    pub file: String,
    /// A port on which nginx shows it to who connects from the host itself; absent where it listens on VIPs alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Whom the authority may write to.
    pub email: String,
    /// URL of the authority's directory (RFC 8555 §7.1.1).
    pub directory: String,
    /// File of the roots that vouch for the directory's own HTTPS; the system's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorities: Option<String>,
    /// Absent where the authority takes accounts of strangers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
}

/// To which account of its own an authority binds the one that asks (RFC 8555 §7.3.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The name of the key there.
    pub kid: String,
    /// File of the key, as base64.
    pub key_file: String,
}

/// How the certificates of a load balancer stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// One for each order, in that order.
    pub certificates: Vec<Held>,
    /// SHA-256 of what nginx was last told to read, by file.
    #[serde(default)]
    pub loaded: std::collections::BTreeMap<String, String>,
}

/// A certificate that a load balancer has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// As in the order.
    pub id: String,
    /// Names that it is for.
    pub names: Vec<String>,
    /// Who signed it.
    pub issuer: String,
    /// When it begins to hold; Unix time in seconds.
    #[serde(default)]
    pub from_unix_s: u64,
    /// When it ends; Unix time in seconds.
    pub until_unix_s: u64,
    /// The directory that it is from; `None` while it is only what stands in until one was issued.
    pub directory: Option<String>,
    /// SHA-256 of its DER, in hexadecimal digits.
    pub fingerprint: String,
    /// Why there is no better one, where one was tried for.
    pub failure: Option<Failed>,
}

/// A try that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// What the authority said, or what kept it from saying anything.
    pub what: String,
    /// When; Unix time in seconds.
    pub at_unix_s: u64,
    /// When it is tried again; Unix time in seconds.
    pub again_unix_s: u64,
    /// Failures in a row.
    pub times: u32,
    /// SHA-256 of what was ordered: another order is tried at once.
    #[serde(default)]
    pub order: String,
}

/// Bytes as authorities print them for people: base64url or base64, with or without the `=` behind it.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).or_else(|_| BASE64_NOPAD.decode(text.as_bytes()));
    bytes.ok().filter(|bytes| !bytes.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_in_all_its_forms() {
        for text in ["-_-_QQ", "-_-_QQ==", "+/+/QQ==", "+/+/QQ"] {
            assert_eq!(base64(text), Some(vec![0xfb, 0xff, 0xbf, 0x41]), "{text}");
        }
        for text in ["", "=", "hunter 2", "a", "é"] {
            assert_eq!(base64(text), None, "{text}");
        }
    }
}
