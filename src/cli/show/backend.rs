//! The words of `backend`.

use super::deploy::{deployed, planned};
use super::table::table;
use crate::ctl::backend::list::{Listed, ListedServer};
use crate::ctl::backend::run::Done;

/// What became of a wish.
pub(crate) fn done(done: &Done) -> String {
    let mut text = String::new();
    if let Some(plan) = &done.plan {
        text.push_str(&format!("{}{}", done.edit, planned(plan)));
    }
    text.push_str(&done.deployed.as_ref().map(deployed).unwrap_or_default());
    if done.written && !done.edit.is_empty() {
        text.push_str(&format!("{} says so now\n", done.inventory.display()));
    }
    if done.put_back {
        text.push_str("the old weight is back; answers were watched meanwhile\n");
    }
    if let Some(host) = &done.left {
        text.push_str(&format!("{host} keeps what was put there: `hactl remove {host}` takes it away\n"));
    }
    text
}

/// A line for each server.
pub(crate) fn listed(listed: &Listed) -> String {
    let mut rows = vec![["POOL", "SERVER", "ADDRESS", "WEIGHT", "STATE"].map(str::to_owned).to_vec()];
    for pool in &listed.pools {
        for server in &pool.servers {
            let cells = [&pool.name, &server.server, &server.address].map(Clone::clone);
            rows.push([cells.to_vec(), vec![server.weight.to_string(), state(server).to_owned()]].concat());
        }
    }
    table(&rows)
}

fn state(server: &ListedServer) -> &'static str {
    match (server.drained, server.backup) {
        (Some(true), _) => "drained",
        (_, true) => "backup",
        (Some(false), false) => "serves",
        (None, false) => "-",
    }
}
