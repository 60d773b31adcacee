//! What routers track beside their interfaces: scripts, numbers in files, processes. Each watcher tells the engine, by
//! a message to the VRRP loop, when its state changes. Nothing here decides what that means for a priority: the engine
//! does.

pub(crate) mod files;
mod jobs;
pub(crate) mod processes;
mod quorum;
pub(crate) mod scripts;
