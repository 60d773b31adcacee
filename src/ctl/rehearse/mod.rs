//! What a change would do to traffic, found out before it is made: the engine that runs on the load balancers runs here
//! on their real configurations, in counted time. [`lan`] is the wire between them and their kernels, [`effect`] the
//! story of one deploy and what becomes of each address in it.

pub mod effect;
mod lan;
