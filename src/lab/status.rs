//! `hactl lab status`.

use serde::Serialize;

use super::host;
use super::layout::Layout;

/// The state of a host of the lab.
#[derive(Debug, Clone, Serialize)]
pub struct HostStatus {
    /// Name.
    pub name: String,
    /// Address.
    pub address: String,
    /// `running`, `booting` or `off`.
    pub state: &'static str,
    /// Process id of its container on this machine.
    pub pid: Option<i32>,
}

/// The state of the lab's hosts; empty when no lab is up.
pub fn status(layout: &Layout) -> Vec<HostStatus> {
    let Some(plan) = layout.plan() else { return Vec::new() };
    plan.hosts
        .iter()
        .map(|name| {
            let pid = host::container(layout, name).map(nix::unistd::Pid::as_raw);
            let state = match pid {
                None => "off",
                Some(_) if host::ssh_answers(&plan, name) => "running",
                Some(_) => "booting",
            };
            HostStatus { name: name.clone(), address: plan.address(name).to_string(), state, pid }
        })
        .collect()
}
