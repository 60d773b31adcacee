//! What goes over the LAN of load balancers, in plain words: adverts, and questions and answers for addresses. Bytes
//! come from whoever has them, and nothing is sent or listened for here; the engine's `wire` reads them, and what it
//! leaves out is read here.

mod adverts;
mod frame;
pub mod hex;
mod neighbours;
mod parts;
mod told;

pub use adverts::{Advertised, advertised};
pub use frame::{ipv6_header, told, told_frame};
pub use parts::Header;
pub use told::{Detail, Told};
