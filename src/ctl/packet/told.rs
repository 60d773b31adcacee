//! What is told of a packet.

use serde::Serialize;

/// A packet in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Who says what to whom, in one sentence.
    pub says: String,
    /// What the sentence leaves out, in the order of the bytes.
    pub details: Vec<Detail>,
    /// What is odd about it.
    pub remarks: Vec<String>,
}

/// One field of a packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Detail {
    /// Its name.
    pub what: &'static str,
    /// In words, with what it means.
    pub value: String,
}

impl Told {
    pub(super) fn new(says: String) -> Self {
        Self { says, details: Vec::new(), remarks: Vec::new() }
    }

    pub(super) fn detail(&mut self, what: &'static str, value: impl Into<String>) {
        self.details.push(Detail { what, value: value.into() });
    }

    pub(super) fn remark(&mut self, remark: impl Into<String>) {
        self.remarks.push(remark.into());
    }
}
