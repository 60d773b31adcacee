//! `hactl status --watch`: the stream of `ctl::stream` as a line an event ([`lines`]), and on a terminal as one screen.
//! A [`model`] takes what comes and knows how things stand, [`draw`] makes a picture of it, [`keys`] what was pressed
//! into a [`choice`] and an [`order`], and [`screen`] has the terminal. Orders are carried out by `ctl::operate` and
//! others, as when they are typed.

mod beats;
mod choice;
mod draw;
mod entry;
mod host;
mod keys;
mod lines;
mod mode;
mod model;
mod order;
mod parts;
mod screen;
mod verdicts;

pub(super) use entry::watch;
