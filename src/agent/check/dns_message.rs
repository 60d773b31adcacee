//! One question of DNS and what counts as its answer (RFC 1035 §4). Pure.

/// Why an answer is none.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// NOERROR, with an answer.
    Good,
    /// It answers something else, or is no DNS: late, or not from the server. The right one may follow.
    Other,
    /// In words.
    Bad(String),
}

/// A question for records of a type under a name.
pub fn question(id: u16, name: &str, record_type: u16) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    // Recursion desired, one question.
    message.extend_from_slice(&[0x01, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        // The parser has seen to it that labels are short.
        let label: Vec<u8> = label.bytes().take(LABEL_BYTES_MAX.into()).collect();
        message.push(u8::try_from(label.len()).unwrap_or(LABEL_BYTES_MAX));
        message.extend_from_slice(&label);
    }
    message.push(0);
    message.extend_from_slice(&record_type.to_be_bytes());
    message.extend_from_slice(&INTERNET.to_be_bytes());
    message
}

/// Judges what came back.
pub fn judge(question: &[u8], answer: &[u8]) -> Verdict {
    let Some((header, rest)) = answer.split_first_chunk::<12>() else {
        return Verdict::Other; // anybody may send bytes
    };
    let [id_high, id_low, flags, codes, asked_high, asked_low, count_high, count_low, ..] = *header;
    let (asked_id, asked) = question.split_at_checked(12).unwrap_or_default();
    if asked_id.get(..2) != Some(&[id_high, id_low]) || flags & RESPONSE == 0 {
        return Verdict::Other;
    }
    let refused = codes & 0x0f;
    let echoed = u16::from_be_bytes([asked_high, asked_low]) == 1
        && rest.get(..asked.len()).is_some_and(|echo| echo.eq_ignore_ascii_case(asked));
    // A server that refuses need not repeat the question.
    if refused != 0 {
        let name = RCODES.iter().find(|(code, _)| *code == refused).map_or("", |(_, name)| name);
        return Verdict::Bad(format!("DNS answer {refused} {name}").trim_end().to_owned());
    }
    if !echoed {
        return Verdict::Other;
    }
    // Truncated, there would be more over TCP: it knows the name.
    if u16::from_be_bytes([count_high, count_low]) == 0 && flags & TRUNCATED == 0 {
        return Verdict::Bad("its DNS answer has no record".into());
    }
    Verdict::Good
}

const LABEL_BYTES_MAX: u8 = 63;
const INTERNET: u16 = 1;
const RESPONSE: u8 = 0x80;
const TRUNCATED: u8 = 0x02;
const RCODES: &[(u8, &str)] = &[(1, "FORMERR"), (2, "SERVFAIL"), (3, "NXDOMAIN"), (4, "NOTIMP"), (5, "REFUSED")];

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(question: &[u8], flags: [u8; 2], records: u8) -> Vec<u8> {
        let mut answer = question.to_vec();
        answer[2..4].copy_from_slice(&flags);
        answer[7] = records;
        answer
    }

    #[test]
    fn questions() {
        let wanted = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x02cc\x00\x00\x06\x00\x01";
        assert_eq!(question(0x1234, "example.cc", 6), wanted);
        assert_eq!(question(0x1234, "example.cc.", 6), wanted);
        assert_eq!(question(7, ".", 28)[12..], [0, 0, 28, 0, 1]);
    }

    #[test]
    fn verdicts() {
        let asked = question(0x1234, "example.cc", 6);
        let bad = |words: &str| Verdict::Bad(words.into());
        assert_eq!(judge(&asked, &answer(&asked, [0x81, 0x80], 1)), Verdict::Good);
        assert_eq!(judge(&asked, &answer(&asked, [0x83, 0x80], 0)), Verdict::Good, "truncated");
        assert_eq!(judge(&asked, &answer(&asked, [0x81, 0x80], 0)), bad("its DNS answer has no record"));
        assert_eq!(judge(&asked, &answer(&asked, [0x81, 0x83], 0)), bad("DNS answer 3 NXDOMAIN"));
        assert_eq!(judge(&asked, &answer(&asked, [0x81, 0x8b], 0)[..12]), bad("DNS answer 11"));
        assert_eq!(judge(&asked, b"hello"), Verdict::Other);
        assert_eq!(judge(&asked, &asked), Verdict::Other, "a question");
        assert_eq!(judge(&asked, &answer(&question(0x1235, "example.cc", 6), [0x81, 0x80], 1)), Verdict::Other);
        assert_eq!(judge(&asked, &answer(&question(0x1234, "example.cd", 6), [0x81, 0x80], 1)), Verdict::Other);
        assert_eq!(judge(&asked, &answer(&asked, [0x81, 0x80], 1)[..20]), Verdict::Other);
    }
}
