//! How everything stands, for every view that goes on: [`known`] takes what comes out of `ctl::stream` and keeps what
//! is known of [`host`]s, their [`beats`], the desk's [`verdicts`] and [`drifts`]. Pure: what comes and what time it is
//! are arguments. The screen of `status --watch` and the page of `dashboard` draw it.

pub mod beats;
pub mod drifts;
pub mod host;
pub mod known;
#[cfg(test)]
pub(crate) mod stories;
pub mod verdicts;
pub mod words;
