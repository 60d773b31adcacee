//! Packets as people have them: hexadecimal digits, bare or as `tcpdump -x` and `-X` print them.

/// Reads packets. `None` where nothing in the text is one; lines between them, such as tcpdump's own words, are
/// skipped.
pub fn packets(text: &str) -> Option<Vec<Vec<u8>>> {
    let dumped = text.lines().filter_map(dumped).collect::<Vec<_>>();
    if dumped.is_empty() {
        // Shorter than any header: a number or a word such as `dead`.
        return digits(text).filter(|packet| packet.len() >= SHORTEST).map(|packet| vec![packet]);
    }
    let mut packets: Vec<Vec<u8>> = Vec::new();
    for (offset, bytes) in dumped {
        match packets.last_mut().filter(|_| offset > 0) {
            Some(packet) if packet.len() == offset => packet.extend(bytes),
            Some(_) => return None, // a line is missing
            None if offset == 0 => packets.push(bytes),
            None => return None,
        }
    }
    Some(packets)
}

/// A line such as `0x0010:  e000 0012 2132 9601  ....!2..`: the offset, and the bytes.
fn dumped(line: &str) -> Option<(usize, Vec<u8>)> {
    let (offset, rest) = line.trim_start().strip_prefix("0x")?.split_once(':')?;
    let offset = usize::from_str_radix(offset, 16).ok()?;
    // Two spaces part the bytes from what they look like as text.
    let bytes = rest.trim_start().split("  ").next()?;
    Some((offset, digits(bytes)?))
}

/// Digits with spaces and colons between them.
fn digits(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    let text = text.strip_prefix("0x").unwrap_or(text);
    let bare: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace() && *byte != b':').collect();
    data_encoding::HEXLOWER_PERMISSIVE.decode(&bare).ok()
}

/// A VRRP message without an address.
const SHORTEST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_tcpdump_prints_them() {
        let text = "12:00:00.1 IP 10.0.0.5 > 224.0.0.18: VRRPv2\n\
            \t0x0000:  2132 9601 0001 3e7b  !2....>{\n\t0x0008:  0a4d 0003 0000 0000  .M......\n\
            12:00:01.1 IP 10.0.0.5 > 224.0.0.18: VRRPv2\n\t0x0000:  2132 9601 0001 3e7b\n";
        let first = [0x21, 0x32, 0x96, 1, 0, 1, 0x3e, 0x7b, 10, 0x4d, 0, 3, 0, 0, 0, 0];
        assert_eq!(packets(text).unwrap(), [first.to_vec(), first[..8].to_vec()]);
        assert_eq!(packets("0x0010:  2132 9601 0001 3e7b"), None, "its beginning is missing");
        assert_eq!(packets("0x0000:  2132 9601 0001 3e7b\n0x0010:  2132 9601 0001 3e7b"), None);
    }

    /// Printed by tcpdump 4.99.3 with -X and with -x; the last line is a short one.
    #[test]
    fn as_tcpdump_printed_them() {
        let with_text = "00:00:01.000000 IP 10.77.0.5 > 224.0.0.18: VRRPv2, Advertisement, vrid 50, prio 150, authtype none, intvl 1s, length 48\n\
         \t0x0000:  45c0 0044 0001 0000 ff70 d024 0a4d 0005  E..D.....p.$.M..\n\
         \t0x0010:  e000 0012 2132 9601 0001 3e7b 0a4d 0003  ....!2....>{.M..\n\
         \t0x0020:  0000 0000 0000 0000 0101 0000 6b0a fce2  ............k...\n\
         \t0x0030:  04ce 0000 ebda 9370 5d3a 9398 9bfd c1b7  .......p]:......\n\
         \t0x0040:  8eba c372                                ...r\n";
        let without = "00:00:01.000000 IP 10.77.0.5 > 224.0.0.18: VRRPv2, Advertisement, vrid 50, prio 150, authtype none, intvl 1s, length 48\n\
         \t0x0000:  45c0 0044 0001 0000 ff70 d024 0a4d 0005\n\
         \t0x0010:  e000 0012 2132 9601 0001 3e7b 0a4d 0003\n\
         \t0x0020:  0000 0000 0000 0000 0101 0000 6b0a fce2\n\
         \t0x0030:  04ce 0000 ebda 9370 5d3a 9398 9bfd c1b7\n\
         \t0x0040:  8eba c372\n";
        let packet = &packets(with_text).unwrap()[0];
        assert_eq!((packet.len(), &packet[64..]), (68, &[0x8e, 0xba, 0xc3, 0x72][..]));
        assert_eq!(&packets(without).unwrap()[0], packet);
        let said = crate::ctl::packet::told(packet).says;
        assert_eq!(said, "10.77.0.5 says: I own VRID 50 with priority 150; next within 1 s");
    }

    #[test]
    fn bare_digits() {
        let bytes = [0x21, 0x32, 0x96, 1, 0, 1, 0x3e, 0x7b];
        for text in ["2132 9601 0001 3e7b", "0x2132960100013E7B\n", "21:32:96:01:00:01:3e:7b"] {
            assert_eq!(packets(text).unwrap(), [bytes], "{text}");
        }
        for text in ["", "dead", "E702", "2132 9601 0001 3e7", "2132 9601 0001 3e7x", "vrrp_script"] {
            assert_eq!(packets(text), None, "{text}");
        }
    }
}
