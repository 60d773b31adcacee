//! LVS at work, on a thread of its own: [`director`] owns the engine's balancer and the kernel's table, [`serve`] runs the checks of `agent/check`;
//! [`service`] is how the rest of the agent speaks to it, by [`message`]s. What it has to tell goes where the VRRP loop's jobs go.

pub mod director;
pub mod kernel;
pub mod message;
pub mod overrides;
pub mod pace;
pub mod rounds;
pub mod serve;
pub mod service;
pub mod watch;
