//! `UDP_CHECK`.

use super::check::{Around, Common, RETRY, RETRY_DELAY};
use super::connection::Port;
use crate::conf::config::lvs::{Check, Checker, UdpCheck};
use crate::conf::grammar::keywords::UDP_CHECK;
use crate::conf::grammar::values::integer;
use crate::conf::text::lexer::Word;
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

pub(crate) fn udp(block: &Statement, around: Around<'_>, sink: &mut Sink<'_>) -> Option<Checker> {
    let (mut payload, mut reply, mut require_reply) = (Vec::new(), Vec::new(), false);
    let (mut min_length, mut max_length) = (0, LENGTH_MAX_DEFAULT);
    let common = Common::read(block, &UDP_CHECK, around.target, around.timing, sink, |line, sink| match line.name() {
        "payload" => {
            if line.arguments.is_empty() {
                sink.error(line.place(), "`payload` needs bytes in hexadecimal");
            }
            let bytes = bytes(line, &line.arguments, false, sink).unwrap_or_default();
            payload = bytes.into_iter().map(|(byte, _)| byte).collect();
        }
        "require_reply" => {
            require_reply = true;
            reply = bytes(line, &line.arguments, true, sink).unwrap_or_default();
        }
        "min_reply_length" => min_length = integer(line, 0..=LENGTH_MAX, "0 is used", sink).unwrap_or(0),
        _ => {
            let read = integer(line, 0..=LENGTH_MAX, "255 is used", sink);
            max_length = read.unwrap_or(LENGTH_MAX_DEFAULT);
        }
    });
    if min_length > max_length {
        let message = format!(
            "no answer can be {min_length} bytes long at least and {max_length} at most; `min_reply_length` is ignored"
        );
        sink.error(block.place(), message);
        min_length = 0;
    }
    let connection = common.connection(Port::Required, sink)?;
    let check = UdpCheck { connection, payload, require_reply, reply, min_length, max_length };
    Some(common.checker(Check::Udp(Box::new(check)), RETRY, RETRY_DELAY, sink))
}

/// Hexadecimal digits in pairs, a last one alone in its word; each byte with what counts of it: nothing where an `X`
/// stands.
fn bytes(line: &Statement, words: &[Word], wild: bool, sink: &mut Sink<'_>) -> Option<Vec<(u8, u8)>> {
    let mut bytes = Vec::new();
    for word in words {
        let mut digits = Vec::with_capacity(word.text.len());
        for (at, c) in word.text.chars().enumerate() {
            match (c, c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())) {
                (_, Some(digit)) => digits.push((digit, 0xf)),
                ('x' | 'X', None) if wild => digits.push((0, 0)),
                _ => {
                    let message = format!("`{c}` in `{} {}` is no hexadecimal digit; ignored", line.name(), word.text);
                    let [line_number, column, _] = word.place.numbers();
                    let place = Place::new(line_number, column + at, 1);
                    // A quoted word is shorter than it is written: there the whole word is marked.
                    sink.error(if word.written.is_some() { word.place } else { place }, message);
                    return None;
                }
            }
        }
        bytes.extend(digits.chunks(2).map(|pair| match pair {
            [(high, high_mask), (low, low_mask)] => (high << 4 | low, high_mask << 4 | low_mask),
            [(low, mask)] => (*low, 0xf0 | mask),
            _ => (0, 0),
        }));
    }
    Some(bytes)
}

/// Longest payload of UDP over IPv4.
const LENGTH_MAX: u16 = 65_507;
const LENGTH_MAX_DEFAULT: u16 = 255;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<(u8, u8)>> {
        let place = Place { line: 1, column: 1, length: 1 };
        let word = |text: &str| Word { text: text.into(), written: None, place };
        let words: Vec<Word> = text.split(' ').map(word).collect();
        let line = Statement { keyword: word("require_reply"), arguments: Vec::new(), block: None };
        bytes(&line, &words, true, &mut Sink::new("t"))
    }

    #[test]
    fn digits_are_read_in_pairs_word_by_word() {
        let plain = |bytes: &[u8]| Some(bytes.iter().map(|byte| (*byte, 0xff)).collect::<Vec<_>>());
        assert_eq!(read("Ab12f 3 456"), plain(&[0xab, 0x12, 0x0f, 0x03, 0x45, 0x06]));
        assert_eq!(read("1x X7 xx"), Some(vec![(0x10, 0xf0), (0x07, 0x0f), (0, 0)]));
        assert_eq!(read("1g"), None);
    }
}
