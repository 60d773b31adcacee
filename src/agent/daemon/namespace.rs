//! `net_namespace`: the agent goes there before anything else, or does not start. Addresses in the wrong namespace
//! would be live where nobody meant them to be.

use std::io::ErrorKind;

use hactl_engine::conf::config::Config;

use crate::error::{Code, Exit, Failure, Problem};
use crate::sys::process::namespace;

/// Enters the namespace that the configuration names. To be called while there is one thread.
///
/// # Errors
/// It is not there, may not be entered, or LVS is asked for in another one.
pub(crate) fn enter(config: &Config) -> Result<(), Failure> {
    let refused = |problem: Problem| Err(Failure::one(Exit::Invalid, problem));
    if config.strays() {
        let name = config.namespaces.ipvs.as_deref().unwrap_or_default();
        let problem = Problem::new(Code::TwoNamespaces, format!("`net_namespace_ipvs {name}` is not supported"))
            .why("the virtual servers would balance in another namespace than asked for")
            .next("run a second agent with `net_namespace` for them, or leave the line out");
        return refused(problem);
    }
    let Some(name) = &config.namespaces.own else { return Ok(()) };
    let Err(error) = namespace::enter(name) else { return Ok(()) };
    let problem = Problem::new(Code::NoNamespace, format!("cannot enter the network namespace {name}: {error}"))
        .why("outside it the addresses would be live in the wrong place");
    refused(match error.kind() {
        ErrorKind::NotFound => {
            problem.next(format!("`ip netns add {name}`, with its interfaces, before the agent starts"))
        }
        _ => problem.next(format!(
            "start the agent there: `NetworkNamespacePath={}` in a drop-in of its unit, or `ip netns exec {name} …`",
            namespace::path(name).display()
        )),
    })
}
