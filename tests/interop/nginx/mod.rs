//! What an inventory says of pools, sites, streams and nginx, asked of a real nginx: `hactl render` writes the files,
//! nginx reads them in a network and a mount namespace of its own, a client asks, and servers tell what they have been
//! asked. Each request would be answered otherwise if the word were not there.

mod meets;
mod paths;
mod server;
mod settings;
mod spread;
mod stand;
mod told;
mod versions;
