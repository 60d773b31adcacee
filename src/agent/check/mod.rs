//! The checks of real servers: [`attempt`] makes one try of one check and says how it ended, within the check's own time. Each kind has its
//! file; what others send is read by the pure `http_head`, `http_body`. Nothing here knows what follows from it: that is `engine/lvs`.

pub mod attempt;
pub mod connect;
pub mod http;
pub mod http_body;
pub mod http_head;
mod patterns;
mod tls;
mod tls_config;

#[cfg(test)]
mod peer;
