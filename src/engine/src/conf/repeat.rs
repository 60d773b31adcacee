//! Lines that stand for many: `~SEQ(VAR, START, STEP, END)`, `~SEQx` in hexadecimal, `~LST(VAR, A, B, …)` and
//! `~LST({A, B}, {1, 2}, {3, 4})`. Several on one line multiply.

/// Whether a line begins with one of them: elsewhere they are ordinary words.
pub fn stands_for_many(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("~SEQ") || line.starts_with("~LST")
}

/// The lines that one stands for, at most `limit`.
///
/// # Errors
/// In words.
pub fn expand(line: &str, limit: usize) -> Result<Vec<String>, String> {
    let mut lines = vec![line.to_owned()];
    // Each round takes the first one of every line away.
    for _ in 0..NESTING_MAX {
        let mut next = Vec::new();
        let mut found = false;
        for line in lines {
            let Some(call) = Call::find(&line)? else {
                next.push(line);
                continue;
            };
            found = true;
            for values in &call.rows {
                if next.len() >= limit {
                    return Err(format!("it stands for more than {limit} lines"));
                }
                let mut text = format!("{}{}", call.before, call.after);
                for (name, value) in call.names.iter().zip(values) {
                    text = replace(&text, name, value);
                }
                next.push(text);
            }
        }
        lines = next;
        if !found {
            return Ok(lines);
        }
    }
    Err(format!("more than {NESTING_MAX} of ~SEQ and ~LST"))
}

/// One `~SEQ(…)` or `~LST(…)`, understood.
struct Call {
    before: String,
    after: String,
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Call {
    fn find(line: &str) -> Result<Option<Self>, String> {
        if !stands_for_many(line) {
            return Ok(None);
        }
        let (before, rest) = line.split_at(line.find('~').unwrap_or_default());
        let name: &str = rest.split('(').next().unwrap_or(rest);
        let inner = rest.get(name.len() + 1..).unwrap_or_default();
        let Some(end) = inner.find(')') else { return Err(format!("`{name}(` is not closed")) };
        let (arguments, after) = inner.split_at(end);
        let after = after.get(1..).unwrap_or_default();
        let (names, rows) = match name.trim_end() {
            "~SEQ" => sequence(arguments, false)?,
            "~SEQx" => sequence(arguments, true)?,
            "~LST" => list(arguments)?,
            other => return Err(format!("unknown `{other}`")),
        };
        Ok(Some(Self { before: before.to_owned(), after: after.to_owned(), names, rows }))
    }
}

type Rows = (Vec<String>, Vec<Vec<String>>);

fn sequence(arguments: &str, hex: bool) -> Result<Rows, String> {
    let parts: Vec<&str> = arguments.split(',').map(str::trim).collect();
    let number = |text: &str| -> Result<i64, String> {
        let parsed = match text.strip_prefix("0x") {
            Some(digits) => i64::from_str_radix(digits, 16),
            None if hex => i64::from_str_radix(text, 16),
            None => text.parse(),
        };
        parsed.map_err(|_| format!("`{text}` is no number in ~SEQ({arguments})"))
    };
    // Without a step it is 1 or -1, without a start too it begins at 1.
    let (name, start, step, end) = match parts.as_slice() {
        [name, end] => (name, 1, None, number(end)?),
        [name, start, end] => (name, number(start)?, None, number(end)?),
        [name, start, step, end] => (name, number(start)?, Some(number(step)?), number(end)?),
        _ => return Err(format!("~SEQ({arguments}): write ~SEQ(VAR, START, STEP, END)")),
    };
    let step = step.unwrap_or(if end < start { -1 } else { 1 });
    if step == 0 || (end - start).signum() * step.signum() < 0 {
        return Err(format!("~SEQ({arguments}) never ends"));
    }
    let count = (end.abs_diff(start)) / step.unsigned_abs() + 1;
    if count > SEQUENCE_MAX {
        return Err(format!("~SEQ({arguments}) stands for more than {SEQUENCE_MAX} lines"));
    }
    let rows = (0..count).scan(start, |value, _| {
        let now = *value;
        *value = value.saturating_add(step);
        Some(vec![if hex { format!("{now:x}") } else { now.to_string() }])
    });
    Ok((vec![(*name).to_owned()], rows.collect()))
}

fn list(arguments: &str) -> Result<Rows, String> {
    let wrong = || format!("~LST({arguments}): write ~LST(VAR, A, B) or ~LST({{A, B}}, {{1, 2}}, {{3, 4}})");
    if !arguments.trim_start().starts_with('{') {
        let mut parts = arguments.split(',').map(|part| part.trim().to_owned());
        let name = parts.next().filter(|name| !name.is_empty()).ok_or_else(wrong)?;
        return Ok((vec![name], parts.map(|value| vec![value]).collect()));
    }
    let mut tuples = Vec::new();
    let mut rest = arguments.trim();
    while let Some(inner) = rest.strip_prefix('{') {
        let (tuple, after) = inner.split_once('}').ok_or_else(wrong)?;
        tuples.push(tuple.split(',').map(|part| part.trim().to_owned()).collect::<Vec<String>>());
        rest = after.trim_start().trim_start_matches(',').trim_start();
    }
    let (names, rows) = tuples.split_first().ok_or_else(wrong)?;
    if !rest.is_empty() || rows.iter().any(|row| row.len() != names.len()) {
        return Err(wrong());
    }
    Ok((names.clone(), rows.to_vec()))
}

/// Puts a value in the place of `$NAME` and `${NAME}`.
fn replace(text: &str, name: &str, value: &str) -> String {
    let braced = text.replace(&format!("${{{name}}}"), value);
    let mut out = String::new();
    let mut rest = braced.as_str();
    let marked = format!("${name}");
    while let Some(at) = rest.find(&marked) {
        let (before, after) = rest.split_at(at);
        let after = after.get(marked.len()..).unwrap_or_default();
        out.push_str(before);
        // `$N` is not the beginning of `$NAME`.
        let longer = after.chars().next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        out.push_str(if longer { &marked } else { value });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// How many of them may stand on one line.
const NESTING_MAX: usize = 8;
/// Values of one sequence.
const SEQUENCE_MAX: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_count_and_multiply() {
        assert_eq!(
            expand("~SEQ(N, 1, 2, 5) 10.0.0.$N", 99),
            Ok(["1", "3", "5"].map(|n| format!(" 10.0.0.{n}")).to_vec())
        );
        assert_eq!(expand("~SEQ(N, 3, 1) ${N}x", 99).unwrap(), [" 3x", " 2x", " 1x"]);
        assert_eq!(expand("~SEQx(N, 9, b) $N", 99).unwrap(), [" 9", " a", " b"]);
        assert_eq!(expand("~SEQ(A, 2)~SEQ(B, 2) $A.$B", 99).unwrap(), [" 1.1", " 1.2", " 2.1", " 2.2"]);
        assert_eq!(expand("~LST(V, a, b) $V $VV", 99).unwrap(), [" a $VV", " b $VV"]);
        assert_eq!(expand("~LST({A, B}, {1, x}, {2, y}) $A$B", 99).unwrap(), [" 1x", " 2y"]);
    }

    #[test]
    fn what_is_wrong_is_said_and_nothing_runs_away() {
        for line in
            ["~SEQ(N, 1, 0, 5)", "~SEQ(N, 1, -1, 5)", "~SEQ(N, 1", "~SEQ()", "~SEQ(N, x)", "~LST()", "~SEQQ(N, 3)"]
        {
            assert!(expand(line, 99).is_err(), "{line}");
        }
        assert!(expand("~SEQ(N, 1, 1, 99999999999) $N", 99).is_err());
        assert!(expand("~SEQ(A, 1000)~SEQ(B, 1000)~SEQ(C, 1000)", 5000).is_err());
        assert!(expand("~LST({A, B}, {1})", 99).is_err());
    }
}
