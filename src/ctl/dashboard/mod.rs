//! The page of `hactl dashboard`: a [`door`] on the loopback that opens to whoever has the [`token`], a [`page`] that
//! is compiled in, and a [`feed`] of what is known as JSON. [`picture`] and [`lanes`] make that of `ctl::view`; orders
//! go to whoever opened the door, and nothing is carried out here.

pub mod answer;
pub mod door;
pub mod feed;
pub mod lanes;
pub mod page;
pub mod picture;
pub mod token;
pub mod wish;
