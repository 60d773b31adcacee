//! `hactl capture`: what goes over the LAN of load balancers, seen by all of them at once, on one timeline and in plain
//! words. The agents' streams of pcapng come in by SSH ([`live`]), or files do ([`files`]); [`timeline`] makes one line
//! of what one host sent and others received, [`judge`] says what is wrong, and [`watch`] hands all of it to whoever
//! shows it. What a single packet says is told by `ctl::packet`.

mod align;
pub mod clocks;
mod differs;
pub mod files;
mod judge;
pub mod live;
mod meaning;
mod merged;
mod names;
mod packet;
pub mod routers;
mod source;
mod timeline;
pub mod watch;
