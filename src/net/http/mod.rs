//! HTTP/1: requests of ours with the answers to them, and the requests that the exporter takes. What others send is
//! read by [`head`] and [`body`], which are pure, bounded, and played with by the fuzzer. No connection is made here
//! but by [`get`](mod@get): any stream will do.

pub(crate) mod asked;
pub mod body;
pub(crate) mod exchange;
pub(crate) mod get;
pub mod head;
pub(crate) mod request;
pub(crate) mod serve;
