//! Bytes of a host's stream as lines, and lines as what an agent has seen. Text of a host is cleaned here, before
//! anybody can show it.

use hactl_engine::seen::Seen;

use crate::ctl::words::plain_json;

/// No line is longer: the state of an agent with ten thousand virtual routers is shorter.
const LONGEST: usize = 16 << 20;

/// What has come of a line so far.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rest: Vec<u8>,
    /// A line was too long: what is left of it is passed over.
    over: bool,
}

impl Lines {
    /// Takes bytes as they come; returns the lines that they end, `None` for one that is not understood.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Option<Seen>> {
        let mut seen = Vec::new();
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            let ends = part.last() == Some(&b'\n');
            if self.over {
                self.over = !ends;
                continue;
            }
            self.rest.extend_from_slice(part);
            if ends {
                seen.push(read(&self.rest));
                self.rest.clear();
            } else if self.rest.len() > LONGEST {
                self.rest = Vec::new();
                self.over = true;
                seen.push(None);
            }
        }
        seen
    }
}

fn read(line: &[u8]) -> Option<Seen> {
    serde_json::from_value(plain_json(serde_json::from_slice(line).ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use hactl_engine::seen::Sight;

    use super::*;

    #[test]
    fn lines_come_in_pieces_and_clean() {
        let mut lines = Lines::default();
        assert_eq!(lines.feed(b"{\"unix_ms\":17,\"ev"), []);
        let beat = Seen { unix_ms: 17, what: Sight::Beat };
        assert_eq!(lines.feed(b"ent\":\"beat\"}\nno json\n{\"unix"), [Some(beat), None]);
        let note = Seen { unix_ms: 18, what: Sight::Note { message: "␛[2J".into() } };
        assert_eq!(lines.feed(b"_ms\":18,\"event\":\"note\",\"message\":\"\\u001b[2J\"}\n"), [Some(note)]);
        assert_eq!(lines.feed(b"{\"unix_ms\":19,\"event\":\"of_tomorrow\"}\n"), [None]);
    }

    #[test]
    fn a_line_without_an_end_is_given_up() {
        let mut lines = Lines::default();
        let many = vec![b'x'; LONGEST];
        assert_eq!(lines.feed(&many), []);
        assert_eq!(lines.feed(b"xx"), [None]);
        assert_eq!(lines.feed(&many), [], "nothing is kept of it");
        assert!(lines.rest.is_empty());
        assert_eq!(
            lines.feed(b"x\n{\"unix_ms\":1,\"event\":\"beat\"}\n"),
            [Some(Seen { unix_ms: 1, what: Sight::Beat })]
        );
    }
}
