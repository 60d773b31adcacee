//! What a command of the desk returns: a value for programs and for whoever words it, never text on a screen.

use serde::Serialize;

use crate::error::{Exit, Failure, Problem};

/// What a command found or did, with what is wrong all the same, and how it ended.
#[derive(Debug, Clone, Serialize)]
pub struct Report<T> {
    /// The value itself.
    #[serde(flatten)]
    pub value: T,
    /// Warnings, and what makes the exit code other than 0.
    pub problems: Vec<Problem>,
    /// The exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// What a command returns; a [`Failure`] when there is no value to tell.
pub type Outcome<T> = Result<Report<T>, Failure>;

impl<T> Report<T> {
    /// A command that did what it should.
    pub fn done(value: T) -> Self {
        Self { value, problems: Vec::new(), exit: Exit::Done }
    }

    /// A verdict: the exit code is 7 where one of the problems is more than a warning.
    pub fn judged(value: T, problems: Vec<Problem>) -> Self {
        let good = problems.iter().all(|problem| problem.warning);
        Self { value, problems, exit: if good { Exit::Done } else { Exit::Verification } }
    }

    /// The same with a failure that came on the way.
    pub fn failed(value: T, failure: Failure) -> Self {
        Self { value, problems: failure.problems, exit: failure.exit }
    }

    /// Another value in the same report.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Report<U> {
        Report { value: change(self.value), problems: self.problems, exit: self.exit }
    }
}
