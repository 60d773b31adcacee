//! `weight N [reverse]`, of a tracked object and of the line that tracks it.

use super::values::surplus;
use crate::conf::text::lexer::Word;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// `N [reverse|noreverse]` after `weight`.
pub(crate) fn weight(line: &Statement, words: &[Word], max: i16, sink: &mut Sink<'_>) -> Option<(i16, bool)> {
    let Some((number, rest)) = words.split_first() else {
        sink.error(line.place(), "`weight` needs a value");
        return None;
    };
    let Some(weight) = number.text.parse().ok().filter(|weight| (-max..=max).contains(weight)) else {
        let instead = if max == WEIGHT_MAX { "0" } else { "its default" };
        let message = format!("`weight {}` is not in -{max}..={max}; {instead} is used", number.text);
        sink.error(number.place, message);
        return None;
    };
    let Some((word, more)) = rest.split_first() else { return Some((weight, false)) };
    let reverse = match word.text.as_str() {
        "reverse" => true,
        "noreverse" | "no_reverse" => false,
        other => {
            sink.error_help(word.place, format!("unknown word `{other}` after a weight"), "did you mean `reverse`?");
            return Some((weight, false));
        }
    };
    surplus(line, more, sink);
    Some((weight, reverse))
}

/// Largest weight, so that a priority of 254 can go down to 1 and 1 up to 254.
pub(crate) const WEIGHT_MAX: i16 = 253;
/// Largest weight of a file or process.
pub(crate) const OBJECT_WEIGHT_MAX: i16 = 254;
