use super::*;
use crate::pcap::write;

fn all(bytes: &[u8], at_a_time: usize) -> Result<Vec<Block>, Damaged> {
    let mut reader = Reader::default();
    let mut found = Vec::new();
    for some in bytes.chunks(at_a_time) {
        reader.feed(some);
        while let Some(block) = reader.next()? {
            found.push(block);
        }
    }
    reader.end()?;
    Ok(found)
}

fn example() -> (Vec<u8>, Vec<Block>) {
    let eth =
        Interface { name: "lb-5:eth0".into(), description: "the wire".into(), link: Link::Ethernet, longest: 9216 };
    let behind = Interface { name: String::new(), description: String::new(), link: Link::Ip, longest: 0 };
    let frame = Frame {
        interface: 0,
        at_unix_ns: 1_700_000_000_123_456_789,
        direction: Direction::Out,
        bytes: vec![1, 2, 3, 4, 5],
        length: 70,
    };
    let other = Frame { interface: 1, direction: Direction::In, bytes: Vec::new(), length: 0, ..frame.clone() };
    let beat = Heartbeat { interface: 1, at_unix_ns: 1_700_000_001_000_000_001, dropped: 7 };
    let bytes = [
        write::section("hactl capture"),
        write::interface(&eth),
        write::interface(&behind),
        write::frame(&frame),
        write::heartbeat(&beat),
        write::frame(&other),
    ];
    let blocks = vec![
        Block::Section { application: "hactl capture".into() },
        Block::Interface(eth),
        Block::Interface(behind),
        Block::Frame(frame),
        Block::Heartbeat(beat),
        Block::Frame(other),
    ];
    (bytes.concat(), blocks)
}

#[test]
fn what_is_written_is_read() {
    let (bytes, blocks) = example();
    for at_a_time in [1, 7, bytes.len()] {
        assert_eq!(all(&bytes, at_a_time).unwrap(), blocks);
    }
}

/// A little file of another's, each number in this byte order.
fn foreign(big: bool, link: u16, resolution: &[u8]) -> Vec<u8> {
    let two = |n: u16| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let four = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let block = |kind: u32, body: &[u8]| {
        let length = four(u32::try_from(body.len() + 12).unwrap());
        [&four(kind)[..], &length, body, &length].concat()
    };
    let mut interface = [&two(link)[..], &[0, 0], &four(0)].concat();
    interface.extend(resolution);
    let frame = [&four(0)[..], &four(1), &four(2), &four(3), &four(3), &[9, 8, 7, 0]].concat();
    [
        block(SECTION, &[&four(MAGIC)[..], &two(1), &two(0), &[0xff; 8]].concat()),
        block(0x0bad, b"abcd"),
        block(INTERFACE, &interface),
        block(FRAME, &frame),
        block(SIMPLE, &[&four(2)[..], &[6, 5, 0, 0]].concat()),
    ]
    .concat()
}

#[test]
fn both_byte_orders_and_other_clocks() {
    for big in [false, true] {
        let blocks = all(&foreign(big, 113, &[]), 5).unwrap();
        let [Block::Section { .. }, Block::Interface(interface), Block::Frame(frame), Block::Frame(simple)] =
            &blocks[..]
        else {
            panic!("{blocks:?}");
        };
        assert_eq!((interface.link, interface.longest), (Link::Cooked, 0));
        let microseconds = (1_u64 << 32) + 2;
        assert_eq!((frame.at_unix_ns, &frame.bytes[..]), (microseconds * 1000, &[9, 8, 7][..]), "microseconds");
        assert_eq!((simple.at_unix_ns, &simple.bytes[..]), (0, &[6, 5][..]));
    }
    let halves = [&9_u16.to_le_bytes()[..], &1_u16.to_le_bytes(), &[0x81, 0, 0, 0]].concat();
    let blocks = all(&foreign(false, 1, &halves), 64).unwrap();
    let Block::Frame(frame) = &blocks[2] else { panic!("{blocks:?}") };
    assert_eq!(frame.at_unix_ns, ((1 << 32) + 2) * NS / 2, "ticks of half a second");
}

#[test]
fn classic_files() {
    for (big, nanoseconds) in [(false, false), (true, false), (false, true), (true, true)] {
        let four = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
        let magic = if nanoseconds { PCAP_NS } else { PCAP_US };
        let header = [four(magic), [0; 4], [0; 4], [0; 4], four(262_144), four(276)].concat();
        let record = [&four(17)[..], &four(5), &four(2), &four(60), &[3, 4]].concat();
        let blocks = all(&[header, record].concat(), 3).unwrap();
        let [Block::Interface(interface), Block::Frame(frame)] = &blocks[..] else { panic!("{blocks:?}") };
        assert_eq!(interface.link, Link::Cooked2);
        let part = if nanoseconds { 5 } else { 5000 };
        assert_eq!((frame.at_unix_ns, frame.length, &frame.bytes[..]), (17 * NS + part, 60, &[3, 4][..]));
    }
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let (bytes, _) = example();
    let first = write::section("hactl capture").len();
    let changed = |at: usize, to: &[u8]| {
        let mut bytes = bytes.clone();
        bytes[at..at + to.len()].copy_from_slice(to);
        all(&bytes, 64).unwrap_err()
    };
    let is =
        |damaged: Damaged, at: usize, what: Damage| assert_eq!(damaged, Damaged { at: at.try_into().unwrap(), what });
    is(all(b"", 1).unwrap_err(), 0, Damage::NoCapture("nothing".into()));
    is(all(b"\x7fELF and more of it", 4).unwrap_err(), 0, Damage::NoCapture("7f454c46".into()));
    is(changed(8, &[9, 9, 9, 9]), 0, Damage::ByteOrder(0x0909_0909));
    is(changed(first + 4, &13_u32.to_ne_bytes()), first, Damage::Length(13));
    is(changed(first + 4, &0x4000_0000_u32.to_ne_bytes()), first, Damage::Length(0x4000_0000));
    let end = u32::from_ne_bytes(bytes[first - 4..first].try_into().unwrap());
    is(changed(first - 4, &[0; 4]), 0, Damage::Ends { begin: end, end: 0 });
    is(all(&bytes[..first + 9], 64).unwrap_err(), first, Damage::CutShort(9));
    let empty = [&FRAME.to_ne_bytes()[..], &12_u32.to_ne_bytes(), &12_u32.to_ne_bytes()].concat();
    let short = [&bytes[..first], &empty].concat();
    is(all(&short, 64).unwrap_err(), first, Damage::Short(FRAME));
    let beat = write::heartbeat(&Heartbeat { interface: 3, at_unix_ns: 0, dropped: 0 });
    is(all(&[&bytes[..first], &beat].concat(), 64).unwrap_err(), first, Damage::NoInterface(3));
    let interface = write::interface(&Interface {
        name: String::new(),
        description: String::new(),
        link: Link::Other(7),
        longest: 1,
    });
    let many = [&bytes[..first], &interface.repeat(INTERFACES_MAX + 1)].concat();
    is(all(&many, 4096).unwrap_err(), first + interface.len() * INTERFACES_MAX, Damage::Interfaces);
    let said = changed(first + 4, &13_u32.to_ne_bytes()).to_string();
    assert!(said.starts_with(&format!("at byte {first}: a block of 13 bytes")), "{said}");
}

/// Whatever the bytes are: an end or an error, and never a panic.
#[test]
fn nothing_is_too_damaged() {
    let (bytes, _) = example();
    for start in [bytes, foreign(true, 1, &[0, 9, 0, 1, 0xff, 0, 0, 0]), foreign(false, 1, &[9, 0, 1, 0, 127, 0, 0, 0])]
    {
        for length in 0..start.len() {
            let _ = all(&start[..length], 64);
            for value in [0, 1, 3, 0x7f, 0x80, 0xff] {
                let mut bytes = start.clone();
                bytes[length] = value;
                let _ = all(&bytes, 64);
            }
        }
    }
}
