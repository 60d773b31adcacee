//! The checks of real servers: [`attempt`] makes one try of one check and says how it ended, within the check's own time. Each kind has its
//! file; what others send is read by pure ones (`http_head`, `http_body`, `smtp_reply`, `dns_message`) that the fuzzer plays with. Nothing
//! here knows what follows from a try: that is `engine/lvs`.

pub(crate) mod around;
pub(crate) mod attempt;
pub(crate) mod connect;
pub(crate) mod descriptors;
mod dns;
pub mod dns_message;
mod http;
pub mod http_body;
pub mod http_head;
mod pace;
pub(crate) mod page;
mod patterns;
mod ping;
pub(crate) mod probe;
mod script;
mod smtp;
pub mod smtp_reply;
pub(crate) mod tls;
pub(crate) mod tls_config;
mod udp;

#[cfg(test)]
mod peer;
