//! Nothing makes the parser panic or run away.

use super::support::BIG;
use crate::conf::parse;
use crate::conf::print::{Secrets, print};
use crate::conf::text::diagnostic::Diagnostic;

fn survive(text: &str) -> usize {
    let parsed = parse("f", text);
    let start = |one: &Diagnostic| one.location.as_ref().map_or((usize::MAX, 0), |at| (at.line, at.column));
    assert!(parsed.diagnostics.iter().map(start).is_sorted());
    let lines = text.split('\n').count();
    for at in parsed.diagnostics.iter().filter_map(|one| one.location.as_ref()) {
        assert!((1..=lines).contains(&at.line) && at.column >= 1 && at.length >= 1, "{at:?}");
    }
    print(&parsed.config, Secrets::Masked);
    parsed.diagnostics.len()
}

#[test]
fn every_prefix_is_survived() {
    for end in 0..=BIG.len() {
        survive(&String::from_utf8_lossy(&BIG.as_bytes()[..end]));
    }
}

/// Every byte becomes several others, which ones changes from byte to byte. One slip is a few faults, never dozens.
#[test]
fn every_changed_byte_is_survived() {
    let marks = *b"{}\"'\\#!$@~ \n\r\t\0\xff9-/;x";
    for at in 0..BIG.len() {
        for replacement in marks.iter().cycle().skip(at).step_by(5).take(5) {
            let mut bytes = BIG.as_bytes().to_vec();
            bytes[at] = *replacement;
            let said = survive(&String::from_utf8_lossy(&bytes));
            assert!(said <= 12, "byte {at} to {replacement:#x}: {said} diagnostics");
        }
    }
}

#[test]
fn every_missing_line_is_survived() {
    let lines: Vec<&str> = BIG.lines().collect();
    for gone in 0..lines.len() {
        let rest: Vec<&str> = lines.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, line)| *line).collect();
        survive(&rest.join("\n"));
    }
}
