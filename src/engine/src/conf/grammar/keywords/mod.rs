//! The table of every keyword that keepalived knows, by the block it stands in, with what becomes of it here; and what
//! each means that does something.
//! Facts only, taken from keepalived's manual; the reader of the tables is [`crate::conf::grammar::schema`].

mod global;
mod lvs;
mod meanings;
mod root;
mod vrrp;

pub use global::GLOBAL_DEFS;
pub use lvs::{
    DNS_CHECK, FILE_CHECK, HOST, HTTP_GET, MISC_CHECK, PING_CHECK, REAL_SERVER, SMTP_CHECK, SSL, SSL_GET, TCP_CHECK,
    UDP_CHECK, URL, VIRTUAL_SERVER,
};
pub use meanings::MEANINGS;
pub use root::{HACTL, ROOT, TRACK_FILE, TRACK_PROCESS};
pub use vrrp::{AUTH_HMAC, AUTHENTICATION, VRRP_INSTANCE, VRRP_SCRIPT, VRRP_SYNC_GROUP};
