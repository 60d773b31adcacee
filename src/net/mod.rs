//! Protocols that more than one room speaks: HTTP/1, SMTP and TLS, and connections served with a limit. Nothing here
//! knows of routers, checks or alerts: who asks what of whom, and what follows from the answer, is the caller's
//! business.

pub mod http;
pub(crate) mod pace;
pub(crate) mod seats;
pub mod smtp;
pub(crate) mod tls;
pub(crate) mod words;
