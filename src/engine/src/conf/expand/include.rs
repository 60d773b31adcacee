//! `include` and its kin.

/// What an `include` keyword asks for beyond the files themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    /// A file that cannot be read is an error.
    pub(crate) readable: bool,
    /// A pattern that means no file is an error.
    pub(crate) matching: bool,
}

/// The keyword at the start of a line.
pub(super) fn keyword(word: &str) -> Option<Wanted> {
    let (readable, matching) = match word {
        "include" => (false, false),
        "includer" => (true, false),
        "includem" | "includew" | "includeb" => (false, true),
        "includea" => (true, true),
        _ => return None,
    };
    Some(Wanted { readable, matching })
}

/// `a{b,c}d` to `abd` and `acd`; several braces multiply, up to [`PATTERNS_MAX`].
pub(super) fn braces(pattern: &str) -> Vec<String> {
    let mut done = Vec::new();
    let mut waiting = vec![pattern.to_owned()];
    while let Some(next) = waiting.pop() {
        match cut(&next) {
            Some((before, choices, after)) if done.len() + waiting.len() + choices.len() <= PATTERNS_MAX => {
                waiting.extend(choices.iter().rev().map(|choice| format!("{before}{choice}{after}")));
            }
            _ => done.push(next),
        }
    }
    done
}

/// The first `{…}` that holds a comma.
fn cut(pattern: &str) -> Option<(&str, Vec<&str>, &str)> {
    let open = pattern.find('{')?;
    let (before, rest) = pattern.split_at(open);
    let mut depth = 0_usize;
    let mut starts = vec![1];
    for (at, c) in rest.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    let ends = starts.iter().skip(1).map(|start| start - 1).chain([at]);
                    let choices: Vec<&str> =
                        starts.iter().zip(ends).filter_map(|(start, end)| rest.get(*start..end)).collect();
                    return (choices.len() > 1).then_some((before, choices, rest.get(at + 1..)?));
                }
            }
            ',' if depth == 1 => starts.push(at + 1),
            _ => {}
        }
    }
    None
}

/// Most patterns that one line may stand for.
const PATTERNS_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_multiply() {
        assert_eq!(braces("a{b,c}d"), ["abd", "acd"]);
        assert_eq!(braces("{a,b}/{1,2}"), ["a/1", "a/2", "b/1", "b/2"]);
        assert_eq!(braces("{a,{b,c}}"), ["a", "b", "c"]);
        for plain in ["conf.d/*", "{x}", "a{b", "a}b,c", ""] {
            assert_eq!(braces(plain), [plain]);
        }
        assert!(braces(&"{a,b}".repeat(64)).len() <= PATTERNS_MAX);
    }
}
