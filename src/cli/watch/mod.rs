//! `hactl status --watch`: the stream of `ctl::stream` as a line an event ([`lines`]), and on a terminal as one screen.
//! A [`model`] has what `ctl::view` knows, [`draw`] makes a picture of it, [`keys`] what was pressed into a [`choice`]
//! and an order, and [`screen`] has the terminal. Orders are carried out by `ctl::operate` and
//! others, as when they are typed.

mod choice;
mod draw;
mod entry;
mod keys;
mod lines;
mod mode;
mod model;
mod parts;
mod screen;

pub(super) use entry::watch;
