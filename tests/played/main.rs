//! Deploys to played hosts, with everything that can go wrong on the way. A host is a folder in namespaces of its own,
//! in which the scripts of `src/ctl/host.sh` are run by a real shell; systemd, the package manager, nginx and the agent
//! are small scripts. Needs no root and no network; where user namespaces are forbidden it says so and passes.

mod acme;
mod back;
mod backends;
mod capture;
mod carriers;
mod codes;
mod drain;
mod drill;
mod ends;
mod fault;
mod first;
mod host;
mod import;
#[path = "../common/json.rs"]
mod json;
mod model;
mod operate;
mod owners;
mod plans;
mod pools;
mod program;
mod promises;
mod remote;
mod rollout;
mod signing;
mod stage;
mod steps;
mod takeover;
mod truth;
