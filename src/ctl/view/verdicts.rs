//! What the desk's looks find wrong, and what has become of it: a verdict is told when it is new and when it is gone.

use crate::error::Problem;

/// The verdicts of the last look.
#[derive(Debug, Default)]
pub struct Verdicts {
    known: Vec<Problem>,
}

/// What a look brought.
#[derive(Debug, Default, PartialEq)]
pub struct Turned {
    /// Was not so before.
    pub new: Vec<Problem>,
    /// Is so no more.
    pub gone: Vec<Problem>,
}

impl Verdicts {
    /// Takes the verdicts of a look.
    pub fn take(&mut self, found: &[Problem]) -> Turned {
        let has = |all: &[Problem], one: &Problem| all.iter().any(|other| is_same(other, one));
        let new = found.iter().filter(|one| !has(&self.known, one)).cloned().collect();
        let gone = self.known.iter().filter(|one| !has(found, one)).cloned().collect();
        self.known = found.to_vec();
        Turned { new, gone }
    }
}

/// Times and counts in a message change with each look.
fn is_same(one: &Problem, other: &Problem) -> bool {
    let words = |problem: &Problem| problem.message.replace(|c: char| c.is_ascii_digit(), "");
    one.code == other.code && one.host == other.host && words(one) == words(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn a_verdict_is_told_twice() {
        let problem = |message: &str| Problem::new(Code::ServiceBad, message);
        let mut verdicts = Verdicts::default();
        let turned = verdicts.take(&[problem("http 502 for 3 s")]);
        assert_eq!((turned.new.len(), turned.gone.len()), (1, 0));
        assert_eq!(verdicts.take(&[problem("http 503 for 12 s")]), Turned::default());
        let turned = verdicts.take(&[problem("nobody answers")]);
        assert_eq!(turned.new, [problem("nobody answers")]);
        assert_eq!(turned.gone, [problem("http 503 for 12 s")]);
        assert_eq!(verdicts.take(&[]).gone, [problem("nobody answers")]);
    }
}
