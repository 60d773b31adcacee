//! What a browser asks to be done, and what it is told at once.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::oneshot;

/// A wish, with the word that its owner typed to confirm it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Wish {
    /// What.
    #[serde(flatten)]
    pub what: What,
    /// What was typed: the name of the host, or of the drill.
    pub typed: String,
}

/// What is wished for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum What {
    /// A VIP to another host.
    Failover {
        /// The VIP's name.
        vip: String,
        /// The host.
        to: String,
    },
    /// No new requests for a server.
    Drain {
        /// The host.
        host: String,
    },
    /// New requests again.
    Undrain {
        /// The host.
        host: String,
    },
    /// A fault on purpose.
    Drill {
        /// Its name.
        scenario: String,
    },
}

impl What {
    /// The word that confirms it.
    pub fn word(&self) -> &str {
        match self {
            Self::Failover { to: word, .. }
            | Self::Drain { host: word }
            | Self::Undrain { host: word }
            | Self::Drill { scenario: word } => word,
        }
    }
}

/// Why it is not begun. The page has words for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// The dashboard was started with `--read-only`.
    #[error("this dashboard was started with --read-only: it carries nothing out")]
    ReadOnly,
    /// Another one is at work.
    #[error("one order after the other: another one is not at its end")]
    Busy,
    /// What was typed is another word.
    #[error("what was typed is not the name that was asked for: nothing was done")]
    WrongWord,
    /// There is nothing of that name, or nothing to do with it.
    #[error("there is no such VIP, host or drill here: nothing was done")]
    Unknown,
    /// The inventory's passwords are typed on the terminal.
    #[error("passwords are typed in for this inventory: give orders on a terminal, e.g. `hactl failover`")]
    Passwords,
}

/// A wish on its way, and where the answer goes.
#[derive(Debug)]
pub struct Wished {
    /// The wish.
    pub wish: Wish,
    /// Whether it is begun.
    pub answer: oneshot::Sender<Result<(), Refused>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read() {
        let read = |text: &str| serde_json::from_str::<Wish>(text).ok();
        let wish = read(r#"{"do":"failover","vip":"VI_1","to":"lb-6","typed":"lb-6"}"#).unwrap();
        assert_eq!(wish.what, What::Failover { vip: "VI_1".into(), to: "lb-6".into() });
        assert_eq!((wish.what.word(), wish.typed.as_str()), ("lb-6", "lb-6"));
        assert_eq!(read(r#"{"do":"drill","scenario":"stop","typed":"stop"}"#).unwrap().what.word(), "stop");
        for text in [
            r#"{"do":"failover","vip":"VI_1","to":"lb-6"}"#,
            r#"{"do":"deploy","typed":"x"}"#,
            r#"{"do":"drain","typed":"x"}"#,
            "[]",
            "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
