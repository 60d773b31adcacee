//! What is told of a host, in words, where it is worth a line.

use hactl_engine::notice::Level;

use crate::ctl::capture::clocks::Offset;
use crate::ctl::stream::told::News;

/// What is worth a line of what is told of a host. `again`: it was lost before.
pub(super) fn words(news: &News, again: bool) -> Option<(String, Level)> {
    match news {
        News::Connecting => None,
        News::Connected if again => Some(("is heard again".into(), Level::Info)),
        News::Connected => None,
        // A clock that is far off makes signed adverts useless, and times of logs misleading.
        News::Clock(clock) if clock.ahead_ns.unsigned_abs() > FAR_OFF_NS => {
            Some((format!("its clock is {}", clock_words(*clock)), Level::Warning))
        }
        News::Clock(_) => None,
        News::NotUnderstood => {
            Some(("says what this desk does not understand: it is of another version".into(), Level::Warning))
        }
        News::Lost { .. } if again => None,
        News::Lost { problem, .. } => Some((format!("not heard any more: {}", problem.message), Level::Error)),
        News::Seen(sight) if sight.is_routine() => None,
        News::Seen(sight) => Some((sight.to_string(), sight.level())),
    }
}

/// By how much a clock is wrong.
pub fn clock_words(clock: Offset) -> String {
    let ms = |ns: u64| ns.saturating_add(500_000) / 1_000_000;
    if clock.believed().ahead_ns == 0 {
        return format!("right, as far as can be told (±{} ms)", ms(clock.within_ns).max(1));
    }
    let way = if clock.ahead_ns < 0 { "behind" } else { "ahead" };
    format!("{} ms {way} (±{} ms)", ms(clock.ahead_ns.unsigned_abs()), ms(clock.within_ns).max(1))
}

/// A clock that is further off is worth a line.
const FAR_OFF_NS: u64 = 500_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_worded() {
        assert_eq!(clock_words(Offset { ahead_ns: -12_600_000, within_ns: 400_000 }), "13 ms behind (±1 ms)");
        assert_eq!(
            clock_words(Offset { ahead_ns: 2_400_000, within_ns: 3_000_000 }),
            "right, as far as can be told (±3 ms)"
        );
    }
}
