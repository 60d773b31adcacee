//! LVS at work, on a thread of its own: [`director`] owns the engine's balancer and the kernel's table, [`serve`] runs
//! the checks of `agent/check`; [`service`] is how the rest of the agent speaks to it, by [`message`]s. What it has to
//! tell goes where the VRRP loop's jobs go.

mod director;
pub(crate) mod error;
mod kernel;
mod message;
mod overrides;
mod pace;
mod rounds;
mod serve;
pub(crate) mod service;
mod upstreams;
mod watch;
