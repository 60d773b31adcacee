//! What lies outside the text: files, the environment, chance.

/// A file that an `include` line means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Included {
    /// As diagnostics call it.
    pub name: String,
    /// Its text, or why it cannot be read.
    pub text: Result<String, Unreadable>,
}

/// Why a configuration file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The system says so.
    #[error("{words}")]
    System {
        /// What kind of failure it is.
        kind: std::io::ErrorKind,
        /// In the system's words.
        words: String,
    },
    /// Something that has a name like a file: a folder, a pipe.
    #[error("it is {0}, not a file")]
    NotAFile(&'static str),
    /// On a file system like `/proc`.
    #[error("the kernel makes it up: it is no file that was written")]
    MadeUp,
    /// Larger than this number of bytes.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
}

impl From<std::io::Error> for Unreadable {
    fn from(error: std::io::Error) -> Self {
        Self::System { kind: error.kind(), words: error.to_string() }
    }
}

/// What the parser asks its caller for. The answers must not depend on anything that changes while a file is read.
pub trait Surroundings {
    /// The files that a pattern (with `*`, `?` and `[…]`) means, in alphabetical order; a relative one starts at the
    /// folder of the file `from`. Empty when there are none.
    fn include(&mut self, pattern: &str, from: &str) -> Vec<Included>;

    /// The configuration id that `@id` lines are compared with.
    fn config_id(&self) -> Option<String>;

    /// A variable of the environment.
    fn environment(&self, name: &str) -> Option<String>;

    /// A number from `min` to `max`, both included.
    fn random(&mut self, min: u32, max: u32) -> u32;
}

/// A text on its own: no file is found, no id known, no variable set; chance always picks the least.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nothing;

impl Surroundings for Nothing {
    fn include(&mut self, _: &str, _: &str) -> Vec<Included> {
        Vec::new()
    }

    fn config_id(&self) -> Option<String> {
        None
    }

    fn environment(&self, _: &str) -> Option<String> {
        None
    }

    fn random(&mut self, min: u32, _: u32) -> u32 {
        min
    }
}
