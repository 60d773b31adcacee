//! `hactl backend list`: pools and their servers, as the inventory says.

use std::path::Path;

use serde::Serialize;

use super::edit::label;
use crate::ctl::desk::{Options, open};
use crate::ctl::render::nginx;
use crate::ctl::report::{Outcome, Report};

/// Every pool.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// By name.
    pub pools: Vec<ListedPool>,
}

/// One pool.
#[derive(Debug, Clone, Serialize)]
pub struct ListedPool {
    /// Its name.
    pub name: String,
    /// In the order written.
    pub servers: Vec<ListedServer>,
}

/// One server.
#[derive(Debug, Clone, Serialize)]
pub struct ListedServer {
    /// What the other verbs call it.
    pub server: String,
    /// Where it listens.
    pub address: String,
    /// Its share.
    pub weight: u32,
    /// Used only when the others are down.
    pub backup: bool,
    /// It gets no new requests; `None` where only the directors know it (LVS).
    pub drained: Option<bool>,
}

/// Lists them. Nothing is contacted.
///
/// # Errors
/// Mistakes in the inventory.
pub fn list(inventory: Option<&Path>, options: &Options) -> Outcome<Listed> {
    let cluster = open(inventory, options)?;
    let pools = nginx::pools(&cluster).into_values().map(|pool| ListedPool {
        servers: pool
            .servers
            .iter()
            .map(|server| ListedServer {
                server: label(&cluster, server),
                address: server.at.to_string(),
                weight: server.weight,
                backup: server.backup,
                drained: cluster.lvs.is_none().then_some(server.down),
            })
            .collect(),
        name: pool.name,
    });
    Ok(Report::done(Listed { pools: pools.collect() }))
}
