//! What others ask the agent, and how it answers: the control socket and its local front, Prometheus' page, the files
//! that keepalived writes at a signal. Orders become messages to the VRRP loop and the director; nothing here carries
//! them out.

mod certificates;
pub(crate) mod client;
pub(crate) mod dump;
mod dump_json;
mod dump_routing;
mod dump_text;
pub(crate) mod error;
pub(crate) mod exporter;
pub(crate) mod handles;
pub(crate) mod metrics;
pub(crate) mod safety;
pub(crate) mod server;
mod watch;
