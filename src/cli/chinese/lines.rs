//! Chinese text in lines: it has no blanks to break at, and its characters are two columns wide.

use console::measure_text_width;

/// What no line begins with.
const CLOSING: &str = "，。；：、？！）”》…";
/// What no line ends with.
const OPENING: &str = "（“《";

/// Indented lines of at most so many columns, the last one with its end.
pub(crate) fn wrapped(text: &str, width: usize) -> String {
    let mut lines = vec![String::new()];
    for piece in pieces(text) {
        let full = |line: &String| measure_text_width(line) + measure_text_width(piece.trim_end()) + INDENT.len();
        match lines.last_mut() {
            Some(line) if line.is_empty() || full(line) <= width => line.push_str(&piece),
            _ => lines.push(piece),
        }
    }
    lines.iter().map(|line| format!("{INDENT}{}\n", line.trim_end())).collect()
}

const INDENT: &str = "  ";

/// The parts between which a line may end: words with the blanks behind them, and single wide characters with the
/// punctuation that belongs to them.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut before: Option<char> = None;
    for c in text.chars() {
        let is_wide = |c: char| !c.is_ascii();
        let joins = match before {
            None => false,
            Some(last) if OPENING.contains(last) => true,
            Some(_) if CLOSING.contains(c) || c == ' ' => true,
            Some(last) => !is_wide(last) && last != ' ' && !is_wide(c),
        };
        match pieces.last_mut() {
            Some(piece) if joins => piece.push(c),
            _ => pieces.push(c.to_string()),
        }
        before = Some(c);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_where_they_may() {
        let text = "两台负载均衡都持有 VIP：它们听不见（对方）的心跳，`hactl status --drift` 显示。";
        for width in 12..60 {
            let lines = wrapped(text, width);
            assert_eq!(lines.replace(['\n', ' '], ""), text.replace(' ', ""), "nothing is lost");
            for line in lines.lines().map(|line| line.strip_prefix("  ").unwrap()) {
                assert!(
                    !line.starts_with(|c| CLOSING.contains(c)) && !line.ends_with(|c| OPENING.contains(c)),
                    "{lines}"
                );
                assert!(measure_text_width(line) + 2 <= width.max(12), "{width}: {lines}");
            }
            assert!(lines.contains("VIP") && lines.contains("--drift"), "words stay whole: {lines}");
        }
    }
}
