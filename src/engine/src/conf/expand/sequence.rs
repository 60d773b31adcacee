//! `~SEQ(…)`, `~SEQx(…)` and `~LST(…)`: one line, many times.

/// The names to set and, for each turn, their values.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// A number that counts.
    Count {
        /// The name.
        name: String,
        /// The first number.
        start: i64,
        /// What is added.
        step: i64,
        /// The last number that counts.
        end: i64,
        /// Written in hexadecimal.
        hexadecimal: bool,
    },
    /// Values one after the other.
    List {
        /// The names.
        names: Vec<String>,
        /// For each turn as many values as there are names.
        turns: Vec<Vec<String>>,
    },
}

/// Why a repetition is not understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadRepeat {
    #[error("it is not closed")]
    NotClosed,
    #[error("its name is not made of letters, digits and `_`")]
    NotAName,
    #[error("its numbers are not numbers")]
    NotNumbers,
    #[error("it takes a name and one to three numbers")]
    HowManyNumbers,
    #[error("its step is 0")]
    NoStep,
    #[error("each turn needs as many values in braces as there are names")]
    UnevenTurn,
    #[error("it has no values")]
    NoValues,
}

impl Repeat {
    /// The keyword that the text begins with.
    pub(crate) fn keyword(text: &str) -> Option<&'static str> {
        ["~SEQx(", "~SEQ(", "~LST("].into_iter().find(|word| text.starts_with(word))
    }

    /// Reads what stands in the parentheses.
    pub(crate) fn read(keyword: &str, inside: &str) -> Result<Self, BadRepeat> {
        let parts = split(inside);
        match keyword {
            "~LST(" => list(&parts),
            _ => count(&parts, keyword == "~SEQx("),
        }
    }

    /// Each turn: names with values.
    pub(super) fn turns(self) -> Box<dyn Iterator<Item = Vec<(String, String)>>> {
        match self {
            Self::Count { name, start, step, end, hexadecimal } => {
                let inside = move |number: &i64| if step > 0 { *number <= end } else { *number >= end };
                let numbers = std::iter::successors(Some(start), move |number| number.checked_add(step));
                Box::new(numbers.take_while(inside).map(move |number| {
                    let text = match (hexadecimal, number < 0) {
                        (false, _) => number.to_string(),
                        (true, false) => format!("{number:x}"),
                        (true, true) => format!("-{:x}", number.unsigned_abs()),
                    };
                    vec![(name.clone(), text)]
                }))
            }
            Self::List { names, turns } => {
                Box::new(turns.into_iter().map(move |values| names.iter().cloned().zip(values).collect()))
            }
        }
    }
}

/// `NAME, [start, [step,]] end`.
fn count(parts: &[String], hexadecimal: bool) -> Result<Repeat, BadRepeat> {
    let (name, numbers) = parts.split_first().ok_or(BadRepeat::NotAName)?;
    let numbers: Option<Vec<i64>> = numbers.iter().map(|text| number(text)).collect();
    let (start, step, end) = match numbers.ok_or(BadRepeat::NotNumbers)?.as_slice() {
        [end] => (if *end < 0 { -1 } else { 1 }, None, *end),
        [start, end] => (*start, None, *end),
        [start, step, end] => (*start, Some(*step), *end),
        _ => return Err(BadRepeat::HowManyNumbers),
    };
    let step = step.unwrap_or(if end < start { -1 } else { 1 });
    if step == 0 {
        return Err(BadRepeat::NoStep);
    }
    Ok(Repeat::Count { name: name_of(name)?, start, step, end, hexadecimal })
}

/// `NAME, value, …` or `{NAME, NAME}, {value, value}, …`.
fn list(parts: &[String]) -> Result<Repeat, BadRepeat> {
    let (names, values) = parts.split_first().ok_or(BadRepeat::NotAName)?;
    let several = braced(names);
    let names: Result<Vec<String>, _> = match &several {
        Some(names) => names.iter().map(|name| name_of(name)).collect(),
        None => name_of(names).map(|name| vec![name]),
    };
    let names = names?;
    let turns: Option<Vec<Vec<String>>> = values
        .iter()
        .map(|value| match several {
            Some(_) => braced(value).filter(|values| values.len() == names.len()),
            None => Some(vec![value.clone()]),
        })
        .collect();
    let turns = turns.ok_or(BadRepeat::UnevenTurn)?;
    if turns.is_empty() { Err(BadRepeat::NoValues) } else { Ok(Repeat::List { names, turns }) }
}

/// At commas outside braces.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).collect()
}

fn braced(text: &str) -> Option<Vec<String>> {
    let inside = text.strip_prefix('{')?.strip_suffix('}')?;
    Some(split(inside))
}

fn name_of(text: &str) -> Result<String, BadRepeat> {
    let well_formed = !text.is_empty()
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if well_formed { Ok(text.to_owned()) } else { Err(BadRepeat::NotAName) }
}

fn number(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let value = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hexadecimal) => i64::from_str_radix(hexadecimal, 16).ok()?,
        None => digits.parse().ok()?,
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    Some(if negative { value.checked_neg()? } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(keyword: &str, inside: &str) -> Result<Vec<String>, BadRepeat> {
        let turns = Repeat::read(keyword, inside)?.turns();
        let show = |turn: Vec<(String, String)>| {
            turn.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        Ok(turns.map(show).collect())
    }

    #[test]
    fn numbers_count_up_and_down() {
        assert_eq!(values("~SEQ(", "N, 3").unwrap(), ["N=1", "N=2", "N=3"]);
        assert_eq!(values("~SEQ(", "N,-2").unwrap(), ["N=-1", "N=-2"]);
        assert_eq!(values("~SEQ(", "N,7,5").unwrap(), ["N=7", "N=6", "N=5"]);
        assert_eq!(values("~SEQ(", "N, 168, 2, 172").unwrap(), ["N=168", "N=170", "N=172"]);
        assert_eq!(values("~SEQx(", "A,0x90,0x10,0xb0").unwrap(), ["A=90", "A=a0", "A=b0"]);
        assert_eq!(values("~SEQ(", "N,1,-1,5").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn lists_go_through_their_values() {
        assert_eq!(values("~LST(", "N, a, b").unwrap(), ["N=a", "N=b"]);
        assert_eq!(values("~LST(", "{A, B}, {10,1},{20,4}").unwrap(), ["A=10 B=1", "A=20 B=4"]);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (keyword, inside, why) in [
            ("~SEQ(", "", BadRepeat::HowManyNumbers),
            ("~SEQ(", "N", BadRepeat::HowManyNumbers),
            ("~SEQ(", "N,1,0,2", BadRepeat::NoStep),
            ("~SEQ(", "N,1,2,3,4", BadRepeat::HowManyNumbers),
            ("~SEQ(", "1N,2", BadRepeat::NotAName),
            ("~SEQ(", ",2", BadRepeat::NotAName),
            ("~SEQ(", "N,--2", BadRepeat::NotNumbers),
            ("~LST(", "N", BadRepeat::NoValues),
            ("~LST(", "{A,B},{1}", BadRepeat::UnevenTurn),
        ] {
            assert_eq!(values(keyword, inside), Err(why), "{keyword}{inside})");
        }
        assert_eq!(values("~SEQ(", "N,9223372036854775806,9223372036854775807").unwrap().len(), 2);
    }
}
