//! The checks of real servers: [`attempt`] makes one try of one check and says how it ended, within the check's own time. Each kind has its
//! file; what others send is read by pure ones (`http_head`, `http_body`, `smtp_reply`, `dns_message`) that the fuzzer plays with. Nothing
//! here knows what follows from a try: that is `engine/lvs`.

pub mod around;
pub mod attempt;
pub mod connect;
pub mod descriptors;
mod dns;
pub mod dns_message;
pub mod http;
pub mod http_body;
pub mod http_head;
pub mod pace;
pub mod page;
mod patterns;
mod ping;
pub mod probe;
mod script;
mod smtp;
pub mod smtp_reply;
pub mod tls;
pub mod tls_config;
mod udp;

#[cfg(test)]
mod peer;
