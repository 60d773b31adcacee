//! The word that opens the door: made up at each start, told once, and never in a log.

use std::fmt;

use data_encoding::HEXLOWER;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::error::Failure;

/// Bytes that nobody guesses.
const BYTES: usize = 16;

/// A secret of 32 letters.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Makes one up.
    ///
    /// # Errors
    /// The kernel has no random bytes.
    pub fn new() -> Result<Self, Failure> {
        let mut bytes = [0; BYTES];
        let failed = |_| Failure::internal("the kernel gives no random bytes");
        SystemRandom::new().fill(&mut bytes).map_err(failed)?;
        Ok(Self(HEXLOWER.encode(&bytes)))
    }

    /// The word itself, for the URL that is printed.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether this is it. It takes as long wherever the first wrong letter stands.
    pub fn is(&self, other: &str) -> bool {
        let differ = self.0.bytes().zip(other.bytes()).fold(0, |differ, (own, other)| differ | (own ^ other));
        differ == 0 && self.0.len() == other.len()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_alone() {
        let (one, other) = (Token::new().unwrap(), Token::new().unwrap());
        assert_eq!(one.expose().len(), 32);
        assert!(one.is(one.expose()) && !one.is(other.expose()));
        assert!(!one.is("") && !one.is(&one.expose()[..31]) && !one.is(&format!("{}0", one.expose())));
        assert_eq!(format!("{one:?}"), "…", "it is in no log");
    }
}
