//! The agent on real sockets in network namespaces, beside Debian's keepalived and beside itself.
//!
//! Needs root, `ip` and `keepalived` (some nginx, too); without them the tests say so and pass, since nothing was
//! proved or disproved.

mod acme;
mod agent;
mod asking;
mod background;
mod capture;
mod draining;
mod election;
mod formats;
mod holdings;
mod hostile;
mod lan;
mod left;
mod matrix;
mod memory;
mod monitoring;
mod moves;
mod nginx;
mod peers;
mod places;
mod protected;
mod safety;
mod same;
mod scripts;
mod services;
mod strangers;
mod upgrade;
mod upstreams;
