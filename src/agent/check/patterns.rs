//! Expressions of `regex`, compiled once however many checks use them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use regex::bytes::{Regex, RegexBuilder};

/// Compiled expressions by their text.
#[derive(Debug, Default)]
pub(crate) struct Patterns(Mutex<HashMap<String, Regex>>);

impl Patterns {
    /// The expression, compiled now if it was not before.
    ///
    /// # Errors
    /// The parser has refused such expressions before.
    pub(crate) fn compiled(&self, text: &str) -> Result<Regex, Box<regex::Error>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = known.get(text) {
            return Ok(regex.clone());
        }
        let built = RegexBuilder::new(text).size_limit(COMPILED_BYTES_MAX).dfa_size_limit(CACHE_BYTES_MAX).build();
        let regex = built.map_err(Box::new)?;
        if known.len() >= KNOWN_MAX {
            known.clear(); // reloads have left many behind
        }
        known.insert(text.to_owned(), regex.clone());
        Ok(regex)
    }
}

/// More expressions than a configuration has.
const KNOWN_MAX: usize = 4096;
/// As the parser has it.
const COMPILED_BYTES_MAX: usize = 1 << 20;
/// What a search may remember.
const CACHE_BYTES_MAX: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compiled_once_and_never_too_many() {
        let patterns = Patterns::default();
        assert!(patterns.compiled("(?i-u)o\\xff").unwrap().is_match(b"O\xff"));
        assert!(patterns.compiled("(").is_err());
        (0..=KNOWN_MAX).for_each(|n| _ = patterns.compiled(&format!("(?-u)a{n}")).unwrap());
        assert!(patterns.0.lock().unwrap().len() <= KNOWN_MAX);
    }
}
