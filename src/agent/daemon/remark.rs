//! What is said about a configuration that is taken nevertheless.

/// Something to say about a configuration that is taken nevertheless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remark {
    /// Something of it does not work.
    pub severe: bool,
    /// Place, what and why.
    pub text: String,
}

impl Remark {
    /// Logs it with its weight.
    pub(crate) fn log(&self) {
        if self.severe {
            tracing::error!("{}", self.text);
        } else {
            tracing::warn!("{}", self.text);
        }
    }
}
