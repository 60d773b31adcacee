//! `hactl lab up`.

use std::fs;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::thread;

use super::layout::{Layout, Plan};
use super::tool::{at, preflight, run};
use super::{down, host, kernel, network, rootfs};
use crate::error::{Code, Exit, Failure, Problem};

/// Starts the lab, or repairs the hosts of one that is up. `say` hears one line a step.
///
/// # Errors
/// Exit 3 for a bad plan, 4 when the machine lacks something or the subnet is taken; 1 when a host does not boot, and
/// then the lab is taken down again.
pub fn up(layout: &Layout, plan: Plan, say: &(dyn Fn(&str) + Sync)) -> Result<(), Failure> {
    preflight(rootfs::is_made(layout))?;
    if let Some(old) = layout.plan() {
        if old.subnet == plan.subnet && old.hosts == plan.hosts && network_is_whole(layout, &old) {
            return repair(layout, &old, say);
        }
        if old.hosts.iter().any(|name| host::container(layout, name).is_some()) {
            let problem =
                Problem::new(Code::LabUp, format!("a lab is up already: {} on {}", old.hosts.join(", "), old.subnet))
                    .next("`hactl lab down` first, or keep using it: `hactl lab status`");
            return Err(Failure::one(Exit::Preflight, problem));
        }
    }
    down::clear(layout, &|_| {}); // what a crash may have left
    network::refuse_routed(&plan)?;
    rootfs::ensure(layout, say)?;
    let plan = Plan { kernel_before: kernel::before()?, ..plan };
    // Written before anything is made, so that a crash from here on can be cleaned up with what it says.
    let text = serde_json::to_vec_pretty(&plan).map_err(|error| Failure::internal(error.to_string()))?;
    fs::write(layout.plan_file(), text).map_err(at(&layout.plan_file()))?;
    let made = make_desk(layout).and_then(|()| network::make(layout, &plan)).and_then(|()| {
        plan.hosts.iter().try_for_each(|name| host::prepare(layout, &plan, name))?;
        start(layout, &plan, &plan.hosts, say)
    });
    if made.is_err() {
        say("taking the half-made lab down again");
        down::clear(layout, say);
    }
    made
}

fn network_is_whole(layout: &Layout, plan: &Plan) -> bool {
    let exists = |name: &str| fs::exists(format!("/run/netns/{}", layout.namespace(name))).unwrap_or(false);
    ["switch", "desk", "client"].into_iter().chain(plan.hosts.iter().map(String::as_str)).all(exists)
}

fn repair(layout: &Layout, plan: &Plan, say: &(dyn Fn(&str) + Sync)) -> Result<(), Failure> {
    let dead: Vec<String> = plan.hosts.iter().filter(|name| host::container(layout, name).is_none()).cloned().collect();
    if dead.is_empty() {
        say("the lab is up already");
    }
    start(layout, plan, &dead, say)
}

fn start(layout: &Layout, plan: &Plan, names: &[String], say: &(dyn Fn(&str) + Sync)) -> Result<(), Failure> {
    for name in names {
        network::configure(layout, plan, name)?;
        host::boot(layout, name)?;
        say(&format!("{name}: booting at {}", plan.address(name)));
    }
    thread::scope(|scope| {
        let waiting: Vec<_> = names
            .iter()
            .map(|name| {
                scope.spawn(move || {
                    let took = host::wait_ssh(layout, plan, name)?;
                    say(&format!("{name}: ssh answers after {:.1} s", took.as_secs_f64()));
                    Ok(())
                })
            })
            .collect();
        waiting.into_iter().try_for_each(|handle| {
            handle.join().unwrap_or_else(|_| Err(Failure::internal("a waiting thread panicked")))
        })
    })
}

/// HOME of the desk with a key of its own.
fn make_desk(layout: &Layout) -> Result<(), Failure> {
    let ssh = layout.desk_home().join(".ssh");
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&ssh).map_err(at(&ssh))?;
    let key = ssh.join("id_ed25519");
    if !key.exists() {
        run(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "desk", "-f", &key.display().to_string()])?;
    }
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o700)).map_err(at(&ssh))
}
