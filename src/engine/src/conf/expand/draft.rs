//! A line on its way: its characters, and for each where it was written.

use crate::conf::text::source::Part;

/// Characters with their origins.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(crate) chars: Vec<char>,
    /// Column from 0 and length as written.
    origins: Vec<(usize, usize)>,
}

impl Draft {
    /// A line as written.
    pub(crate) fn new(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let origins = (0..chars.len()).map(|column| (column, 1)).collect();
        Self { chars, origins }
    }

    /// The first character that is not blank.
    pub(crate) fn start(&self) -> Option<usize> {
        self.chars.iter().position(|c| !c.is_ascii_whitespace())
    }

    /// Whether `word` stands at `at`.
    pub(crate) fn has(&self, at: usize, word: &str) -> bool {
        let here = self.chars.iter().skip(at).take(word.chars().count());
        here.copied().eq(word.chars())
    }

    /// The characters from `from` to before `to`.
    pub(crate) fn text(&self, from: usize, to: usize) -> String {
        self.chars.iter().skip(from).take(to.saturating_sub(from)).collect()
    }

    /// Where the word that begins at `at` ends.
    pub(super) fn word_end(&self, at: usize) -> usize {
        let blank = self.chars.iter().skip(at).position(char::is_ascii_whitespace);
        blank.map_or(self.chars.len(), |length| at + length)
    }

    /// Where a comment starts, or the end.
    pub(crate) fn comment(&self) -> usize {
        comment(&self.chars)
    }

    /// What stands before `at`, and the rest.
    pub(crate) fn split(mut self, at: usize) -> (Self, Self) {
        let at = at.min(self.chars.len());
        let rest = Self { chars: self.chars.split_off(at), origins: self.origins.split_off(at) };
        (self, rest)
    }

    /// Makes characters blank; what follows keeps its column.
    pub(crate) fn blank(&mut self, from: usize, to: usize) {
        self.chars.iter_mut().skip(from).take(to.saturating_sub(from)).for_each(|c| *c = ' ');
    }

    /// Column from 0 and length of a range as written.
    pub(crate) fn written(&self, from: usize, to: usize) -> (usize, usize) {
        let first = self.origins.get(from).copied().unwrap_or((self.chars.len(), 1));
        let last = to.checked_sub(1).and_then(|at| self.origins.get(at)).copied().unwrap_or(first);
        (first.0, (last.0 + last.1).saturating_sub(first.0).max(1))
    }

    /// Puts `text` in the place of a range.
    pub(crate) fn replace(&mut self, from: usize, to: usize, text: &str) {
        let origin = self.written(from, to);
        let new: Vec<char> = text.chars().collect();
        let to = to.min(self.chars.len());
        let from = from.min(to);
        self.origins.splice(from..to, std::iter::repeat_n(origin, new.len()));
        self.chars.splice(from..to, new);
    }

    /// Puts several lines in the place of a range: the first goes on from what stands before, the last goes on with
    /// what stands behind.
    pub(super) fn replace_lines(&self, from: usize, to: usize, lines: &[String]) -> Vec<Draft> {
        let origin = self.written(from, to);
        let mut drafts: Vec<Draft> = lines
            .iter()
            .map(|line| {
                let chars: Vec<char> = line.chars().collect();
                let origins = vec![origin; chars.len()];
                Draft { chars, origins }
            })
            .collect();
        if let Some(first) = drafts.first_mut() {
            first.chars.splice(0..0, self.chars.iter().take(from).copied());
            first.origins.splice(0..0, self.origins.iter().take(from).copied());
        }
        if let Some(last) = drafts.last_mut() {
            last.chars.extend(self.chars.iter().skip(to));
            last.origins.extend(self.origins.iter().skip(to));
        }
        drafts
    }

    /// The finished line: its text and where its characters stood.
    pub(crate) fn finish(self) -> (String, Vec<Part>) {
        let mut parts: Vec<Part> = Vec::new();
        for (at, (written, length)) in self.origins.iter().copied().enumerate() {
            if !parts.last().is_some_and(|last| last.goes_on(at, written, length)) {
                // What stands for something stands for two characters at least.
                parts.push(Part::new(at, written, (length > 1).then_some(length)));
            }
        }
        if parts.len() == 1 && parts.iter().all(|part| part.is_identity()) {
            parts.clear();
        }
        (self.chars.into_iter().collect(), parts)
    }
}

/// Where a comment starts, or the end.
pub(super) fn comment(chars: &[char]) -> usize {
    marks(chars).find(|(_, mark)| matches!(mark, '#' | '!')).map_or(chars.len(), |(at, _)| at)
}

/// Characters that mean something: outside quotes and `${…}`, without a backslash before them.
pub(super) fn marks(chars: &[char]) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(next) = chars.get(at).copied() {
            let here = at;
            at += 1;
            match (next, quote) {
                ('\\', _) => at += 1,
                (mark, Some(open)) if mark == open => quote = None,
                (_, Some(_)) => {}
                ('"' | '\'', None) => quote = Some(next),
                ('$', None) if chars.get(at) == Some(&'{') => {
                    let rest = chars.iter().skip(at).position(|c| *c == '}');
                    at += rest.map_or(chars.len(), |length| length + 1);
                }
                (mark, None) => return Some((here, mark)),
            }
        }
        None
    })
}
