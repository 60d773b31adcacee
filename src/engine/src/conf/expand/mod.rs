//! What keepalived reads before its grammar: includes, lines for one host only, definitions, repeated lines. Text goes
//! in, plain lines come out in a [`super::text::source::Source`] that knows where each stood as written. Files,
//! environment and chance belong to the caller, who hands in its [`surroundings::Surroundings`].

mod draft;
mod include;
mod lines;
mod reader;
mod sequence;
pub(crate) mod surroundings;
mod variable;

pub(crate) use reader::{Limits, expand};
