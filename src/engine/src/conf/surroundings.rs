//! What a configuration may ask of the host it is read on. The engine itself touches no file and no environment.

/// Answers for the reader of a configuration.
pub trait Surroundings {
    /// The files that an `include` names: name and text of each, in the order in which they are read. `from` is the
    /// including file, to which relative patterns relate.
    ///
    /// # Errors
    /// In words, when one cannot be read.
    fn include(&mut self, pattern: &str, from: &str) -> Result<Vec<(String, String)>, String>;

    /// What `@ID` lines are compared with (`-i`; the first label of the host name).
    fn config_id(&self) -> Option<&str>;

    /// A variable of the environment, for `${_ENV NAME}`.
    fn environment(&self, name: &str) -> Option<String>;

    /// A number from 0 to 32767, for `${_RANDOM}`.
    fn random(&mut self) -> u32;
}

/// A text that is read for itself: includes are named and left out, conditional lines too.
#[derive(Debug, Default)]
pub struct Alone;

impl Surroundings for Alone {
    fn include(&mut self, _: &str, _: &str) -> Result<Vec<(String, String)>, String> {
        Err("the files it names are not read here".into())
    }

    fn config_id(&self) -> Option<&str> {
        None
    }

    fn environment(&self, _: &str) -> Option<String> {
        None
    }

    fn random(&mut self) -> u32 {
        0
    }
}
