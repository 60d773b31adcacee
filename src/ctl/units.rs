//! How values of the cluster's model are written where templates and programs read them: a time is a number whose name
//! says its unit.

use std::time::Duration;

use hactl_engine::conf::config::Version;
use serde::Serializer;

/// Seconds as keepalived reads them: `1`, `0.7`.
pub fn seconds_text(time: Duration) -> String {
    let text = format!("{:.3}", time.as_secs_f64());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The same for a field named `…_s`.
///
/// # Errors
/// The serializer's.
pub fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&seconds_text(*time))
}

/// A field named `…_s` that counts whole seconds.
///
/// # Errors
/// The serializer's.
pub fn whole_seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(time.as_secs())
}

/// 2 or 3.
///
/// # Errors
/// The serializer's.
pub fn version<S: Serializer>(version: &Version, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(version.number())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact_and_short() {
        let texts = [0, 700, 1000, 2500, 60_000].map(|ms| seconds_text(Duration::from_millis(ms)));
        assert_eq!(texts, ["0", "0.7", "1", "2.5", "60"]);
    }
}
