//! What others ask the agent, and how it answers: the control socket and its local front, Prometheus' page, the files that
//! keepalived writes at a signal. Orders become messages to the VRRP loop and the director; nothing here carries them out.

pub mod client;
pub mod dump;
pub mod dump_json;
pub mod dump_text;
pub mod exporter;
pub mod metrics;
pub mod safety;
pub mod server;
