//! Pieces of the picture: text of a width, colours where they are wanted, times in few letters.

use console::{measure_text_width, truncate_str};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

/// Colours, or none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint(pub bool);

impl Paint {
    /// In a colour.
    pub(super) fn of(self, colour: Color) -> Style {
        if self.0 { Style::new().fg(colour) } else { Style::new() }
    }

    /// As it should be.
    pub(super) fn good(self) -> Style {
        self.of(Color::Green).add_modifier(Modifier::BOLD)
    }

    /// Not as it should be.
    pub(super) fn bad(self) -> Style {
        self.of(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Not known, or odd.
    pub(super) fn odd(self) -> Style {
        self.of(Color::Yellow)
    }

    /// Less important.
    pub(super) fn quiet(self) -> Style {
        self.of(Color::DarkGray)
    }
}

/// A text in so many columns, and a gap behind it.
pub(super) fn cell(text: &str, width: usize) -> String {
    let short = truncate_str(text, width, "…");
    let room = (width + 1).saturating_sub(measure_text_width(&short));
    format!("{short}{}", " ".repeat(room))
}

/// The same with a style.
pub(super) fn styled(text: &str, width: usize, style: Style) -> Span<'static> {
    Span::styled(cell(text, width), style)
}

/// The heading of a part, over the whole width.
pub(super) fn heading(title: &str, width: usize, paint: Paint) -> Line<'static> {
    let rule = "─".repeat(width.saturating_sub(measure_text_width(title) + 1));
    Line::from(vec![
        Span::styled(format!("{title} "), Style::new().add_modifier(Modifier::BOLD)),
        Span::styled(rule, paint.quiet()),
    ])
}

/// Words in lines of a width, further ones indented.
pub(super) fn wrapped(text: &str, width: usize, indent: usize) -> Vec<String> {
    if measure_text_width(text) <= width && !text.trim().is_empty() {
        return vec![text.trim_end().to_owned()]; // a table stays one
    }
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if measure_text_width(line) + 1 + measure_text_width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("{}{word}", " ".repeat(indent))),
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `12:03:04`, where the desk is.
pub(super) fn clock(ms: u64, zone: &TimeZone) -> String {
    let at = i64::try_from(ms).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    at.map_or_else(|| "?".into(), |at| at.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string())
}

/// `12:03:04.123`.
pub(super) fn clock_ms(ms: u64, zone: &TimeZone) -> String {
    format!("{}.{:03}", clock(ms, zone), ms % 1000)
}

/// A time in its largest unit: `12 s`, `3 min`.
pub(super) fn span(ms: u64) -> String {
    match ms / 1000 {
        seconds @ 0..100 => format!("{seconds} s"),
        seconds @ 100..6000 => format!("{} min", seconds / 60),
        seconds @ 6000..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// Bytes a second.
pub(super) fn rate(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B/s"),
        10_000..10_000_000 => format!("{} kB/s", bytes / 1000),
        _ => format!("{} MB/s", bytes / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit() {
        assert_eq!(cell("lb-5", 6), "lb-5   ");
        assert_eq!(cell("lb-5-in-berlin", 6), "lb-5-… ");
        assert_eq!(wrapped("one two three", 7, 2), ["one two", "  three"]);
        assert_eq!(wrapped("", 7, 2), Vec::<String>::new());
        assert_eq!([0, 99_999, 100_000, 7_200_000, 200_000_000].map(span), ["0 s", "99 s", "1 min", "2 h", "2 d"]);
        assert_eq!([7, 12_345, 12_345_678].map(rate), ["7 B/s", "12 kB/s", "12 MB/s"]);
        assert_eq!(clock_ms(1_700_000_000_123, &TimeZone::UTC), "22:13:20.123");
    }
}
