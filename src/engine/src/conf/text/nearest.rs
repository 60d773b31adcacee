//! "Did you mean": the known name that a misspelt word is most like.

/// The name most like `word`, in any case of letters, when one is near enough to be meant: `far` letters of a name may
/// be other, missing, too many or in another place.
pub fn nearest<'n>(word: &str, names: impl Iterator<Item = &'n str>, far: impl Fn(&str) -> usize) -> Option<&'n str> {
    if word.len() > WORD_BYTES_MAX {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    names
        .filter(|name| name.len().abs_diff(lower.len()) <= far(name)) // spares most comparisons
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_ascii_lowercase()), name))
        .filter(|(distance, name)| *distance <= far(name))
        .min()
        .map(|(_, name)| name)
}

/// How far a misspelt keyword may be from the one that is meant: there are hundreds, many of them alike.
pub(super) fn keyword(name: &str) -> usize {
    (name.len() / 3).clamp(1, 4)
}

/// Longer words are no misspelt keyword; comparing them would cost time without end.
const WORD_BYTES_MAX: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_must_be_near() {
        let names = ["priority", "interface", "state"];
        assert_eq!(nearest("prioriti", names.into_iter(), keyword), Some("priority"));
        assert_eq!(nearest("STATE", names.into_iter(), keyword), Some("state"));
        assert_eq!(nearest("colour", names.into_iter(), keyword), None);
        assert_eq!(nearest(&"priority".repeat(100), names.into_iter(), keyword), None);
    }
}
