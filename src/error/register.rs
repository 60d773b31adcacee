//! How the register of error codes is written down and read: a list of entries becomes the enum [`Code`] and its table.

use std::fmt;

use super::code::Code;

/// Makes the enum and its table of one list: the comment of an entry is the long text of its code. In the brackets
/// stands which lists are still to come: none.
macro_rules! codes {
    ([] $($(#[doc = $text:literal])+ $name:ident = $id:literal, $title:literal;)+) => {
        /// What is wrong, as a number that stays the same.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $text])+ $name,)+
        }

        impl Code {
            /// Every code, in the order of the numbers.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The number with its letter, such as `E102`.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }

            /// What it means, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }

            /// What it means, why it matters and what to do: one line of text for each line of the register.
            pub fn text(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($text),+],)+ }
            }
        }
    };
}

impl Code {
    /// The code with an id such as `E102`, in any case of letters.
    pub fn find(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id.trim()))
    }

    /// Whether it is told without failing a command: its letter is W.
    pub fn is_warning(self) -> bool {
        self.id().starts_with('W')
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

impl serde::Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_there_once_and_says_something() {
        let mut ids = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(ids.insert(code.id()), "{code} is there twice");
            assert_eq!(Code::find(&code.id().to_lowercase()), Some(*code));
            let text = code.text().join("");
            assert!(text.len() > 50 && text.ends_with('.'), "{code}: {text}");
            assert!(code.id().len() == 4 && code.id()[1..].parse::<u16>().is_ok(), "{code}");
            assert!(!code.title().ends_with('.') && code.title().len() < 60, "{code}: {}", code.title());
        }
        assert!(Code::ALL.is_sorted_by_key(|code| &code.id()[1..]), "in the order of the numbers");
    }
}
