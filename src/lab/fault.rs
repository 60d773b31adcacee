//! Faults that only the lab can make: a host without power, a port that leads nowhere. Used by drills.

use super::layout::Layout;
use super::{host, network};
use crate::error::{Code, Exit, Failure, Problem};

/// Cuts a host's power, or boots it again and waits for its sshd.
///
/// # Errors
/// No such host, or it does not boot.
pub fn power(layout: &Layout, name: &str, on: bool) -> Result<(), Failure> {
    let plan = known(layout, name)?;
    if !on {
        // The link first: a dead machine says nothing more, not even goodbye.
        network::unconfigure(layout, name);
        host::power_off(layout, name);
        return Ok(());
    }
    if host::container(layout, name).is_none() {
        network::configure(layout, &plan, name)?;
        host::boot(layout, name)?;
    }
    host::wait_ssh(layout, &plan, name).map(drop)
}

/// Makes a host's port lead nowhere (`dark`), or whole again.
///
/// # Errors
/// No such host; what `ip` said.
pub fn port(layout: &Layout, name: &str, dark: bool) -> Result<(), Failure> {
    let plan = known(layout, name)?;
    network::port_dark(layout, &plan, name, dark)
}

fn known(layout: &Layout, name: &str) -> Result<super::layout::Plan, Failure> {
    layout.plan().filter(|plan| plan.hosts.iter().any(|host| host == name)).ok_or_else(|| {
        let problem =
            Problem::new(Code::LabNoHost, format!("there is no host `{name}` in a lab here")).next("hactl lab status");
        Failure::one(Exit::Preflight, problem)
    })
}
