//! Lines as a host prints them: those of the journal with seconds since 1970 in front, those of nginx's error log with
//! the time of day of that host.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use crate::ctl::look::observe::sections;

/// A line of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// When, on the host's clock: Unix time in microseconds.
    pub unix_us: u64,
    /// The program.
    pub program: String,
    /// What it wrote.
    pub message: String,
}

/// What a host printed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// Its lines, in the order printed.
    pub entries: Vec<Entry>,
    /// So many of the journal among them.
    pub of_journal: usize,
    /// So many of nginx's error log.
    pub of_nginx: usize,
    /// Where the journal goes on.
    pub cursor: Option<String>,
    /// Where nginx's error log goes on.
    pub offset: Option<u64>,
}

/// Reads what the function `logs` of `host.sh` printed.
pub(super) fn read(text: &str) -> Answer {
    let sections = sections(text);
    let lines = |name: &str| sections.get(name).map(Vec::as_slice).unwrap_or_default();
    let mut answer = Answer::default();
    for line in lines("journal") {
        if let Some(cursor) = line.strip_prefix("-- cursor: ") {
            answer.cursor = Some(cursor.trim().to_owned());
        } else if let Some(entry) = of_journal(line) {
            answer.entries.push(entry);
            answer.of_journal += 1;
        } else if line.starts_with(char::is_whitespace) {
            go_on(&mut answer.entries, line);
        }
    }
    let zone = lines("zone").first().and_then(|text| zone(text)).unwrap_or(TimeZone::UTC);
    let nginx = lines("nginx");
    answer.offset = nginx.first().and_then(|size| size.trim().parse().ok());
    for line in nginx.iter().skip(1) {
        match of_nginx(line, &zone) {
            Some(entry) => {
                answer.entries.push(entry);
                answer.of_nginx += 1;
            }
            None if answer.of_nginx > 0 => go_on(&mut answer.entries, line),
            None => {} // the rest of a line that began before
        }
    }
    answer
}

/// A further line of what was written at once.
fn go_on(entries: &mut [Entry], line: &str) {
    if let Some(last) = entries.last_mut() {
        last.message.push('\n');
        last.message.push_str(line.trim());
    }
}

/// `1700000000.123456 lb-5 hactl-agent[17]: VI_1: …`.
fn of_journal(line: &str) -> Option<Entry> {
    let (time, rest) = line.split_once(' ')?;
    let (seconds, part) = time.split_once('.')?;
    let part = Some(part).filter(|part| part.len() == 6)?;
    let unix_us = seconds.parse::<u64>().ok()?.checked_mul(1_000_000)?.checked_add(part.parse().ok()?)?;
    let (_, rest) = rest.split_once(' ')?;
    let (program, message) = rest.split_once(": ").or_else(|| Some((rest.strip_suffix(':')?, "")))?;
    let program = program.split_once('[').map_or(program, |(name, _)| name);
    Some(Entry { unix_us, program: program.to_owned(), message: message.to_owned() })
}

/// `2023/11/14 22:13:20 [error] 17#17: *3 connect() failed …`.
fn of_nginx(line: &str, zone: &TimeZone) -> Option<Entry> {
    let (time, message) = line.split_at_checked(19)?;
    let at = DateTime::strptime("%Y/%m/%d %H:%M:%S", time).ok()?.to_zoned(zone.clone()).ok()?;
    let unix_us = u64::try_from(at.timestamp().as_microsecond()).ok()?;
    Some(Entry { unix_us, program: "nginx".into(), message: message.trim_start().to_owned() })
}

/// `+0130`.
fn zone(text: &str) -> Option<TimeZone> {
    let (sign, digits) = text.trim().split_at_checked(1)?;
    let (hours, minutes) = digits.split_at_checked(2)?;
    let seconds =
        hours.parse::<i32>().ok()?.checked_mul(3600)?.checked_add(minutes.parse::<i32>().ok()?.checked_mul(60)?)?;
    let seconds = if sign == "-" { -seconds } else { seconds };
    Some(TimeZone::fixed(Offset::from_seconds(seconds).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_s_lines_are_read() {
        let text = "@@zone\n+0130\n@@journal\n-- Logs begin at Tue 2023-11-14. --\n\
            1700000000.123456 lb-5 hactl-agent[17]: VI_1: BACKUP -> MASTER: silence\n             and more\n\
            1700000001.000007 lb-5 nginx[9]: nginx: [emerg] no\n1700000002.5 lb-5 x: not six digits\n-- cursor: s=ab;i=7\n\
            @@nginx\n4711\n rest of a line\n2023/11/14 23:43:20 [error] 17#17: *3 connect() failed\n2023/99/14 23:43:20 [error] no\n";
        let answer = read(text);
        let entry =
            |unix_us, program: &str, message: &str| Entry { unix_us, program: program.into(), message: message.into() };
        let expected = [
            entry(1_700_000_000_123_456, "hactl-agent", "VI_1: BACKUP -> MASTER: silence\nand more"),
            entry(1_700_000_001_000_007, "nginx", "nginx: [emerg] no"),
            entry(1_700_000_000_000_000, "nginx", "[error] 17#17: *3 connect() failed\n2023/99/14 23:43:20 [error] no"),
        ];
        assert_eq!(answer.entries, expected);
        assert_eq!((answer.of_journal, answer.of_nginx), (2, 1));
        assert_eq!((answer.cursor.as_deref(), answer.offset), (Some("s=ab;i=7"), Some(4711)));
        assert_eq!(read("@@zone\n@@journal\n-- No entries --\n"), Answer::default());
    }

    #[test]
    fn zones_are_read() {
        let seconds = |text| zone(text).and_then(|zone| Some(zone.to_fixed_offset().ok()?.seconds()));
        assert_eq!([seconds("+0130"), seconds("-0800"), seconds("+0000")], [Some(5400), Some(-28_800), Some(0)]);
        assert_eq!([seconds(""), seconds("CET"), seconds("+9999")], [None, None, None]);
    }
}
