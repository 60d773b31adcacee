//! `hactl dashboard`: the page of `ctl::dashboard` with a desk behind it. [`run`] has the stream, the door and one
//! order at a time; [`wished`] judges what a browser wishes for, [`work`] is what the page is told of an order, and
//! [`glossary`] the Chinese of what is told in English.
//! Orders are carried out as when they are typed.

mod glossary;
mod run;
mod wished;
mod work;

pub(super) use run::dashboard;
