//! Text that people type and that several rooms read alike.

use std::time::Duration;

use thiserror::Error;

/// What is wrong with a time.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum BadTime {
    /// `5 years`.
    #[error("unknown unit `{0}`; write 500ms, 10s, 5m or 1h")]
    Unit(String),
    /// `5.5.5s`.
    #[error("`{0}` is not a number; write 500ms, 10s, 5m or 1h")]
    Number(String),
    /// More than [`Duration`] holds, or than is waited for.
    #[error("`{0}` is too long")]
    TooLong(String),
    /// Nothing could happen in it.
    #[error("no time at all; write 500ms, 10s or 5m")]
    Zero,
}

/// Reads `10m`, `1500ms`, `2s`, `1h`; a bare number is seconds.
///
/// # Errors
/// See [`BadTime`].
pub(crate) fn parse_time(text: &str) -> Result<Duration, BadTime> {
    let split = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(BadTime::Unit(unit.into())),
    };
    let value: f64 = number.parse().map_err(|_| BadTime::Number(number.into()))?;
    Duration::try_from_secs_f64(value * factor).map_err(|_| BadTime::TooLong(text.into()))
}

/// A time for which a command says nothing.
///
/// # Errors
/// No time, none at all, or more than 10 minutes.
pub(crate) fn parse_short_time(text: &str) -> Result<Duration, BadTime> {
    match parse_time(text)? {
        time if time.is_zero() => Err(BadTime::Zero),
        time if time > SHORT_MAX => Err(BadTime::TooLong(text.into())),
        time => Ok(time),
    }
}

const SHORT_MAX: Duration = Duration::from_secs(600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(parse_time("1500ms"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_time("10m"), Ok(Duration::from_secs(600)));
        assert_eq!(parse_time("2"), Ok(Duration::from_secs(2)));
        assert_eq!(parse_time("2 min"), Ok(Duration::from_secs(120)));
        assert!(parse_time("-1s").is_err() && parse_time("").is_err());
        assert_eq!(parse_time("5 years"), Err(BadTime::Unit(" years".into())));
        assert_eq!(parse_short_time("6s"), Ok(Duration::from_secs(6)));
        assert_eq!(parse_short_time("0"), Err(BadTime::Zero));
        assert_eq!(parse_short_time("1500"), Err(BadTime::TooLong("1500".into())));
        assert_eq!(parse_time("5.5.5s"), Err(BadTime::Number("5.5.5".into())));
        assert!(matches!(parse_time("99999999999999999999999h"), Err(BadTime::TooLong(_))));
    }
}
