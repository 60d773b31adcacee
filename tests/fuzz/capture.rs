//! Captures from files: whatever the bytes are, and in whichever pieces they come, an end or an error, and the same
//! one.

use hactl::ctl::packet::{told, told_frame};
use hactl::pcap::block::{Block, Direction, Frame, Heartbeat, Interface, Link};
use hactl::pcap::read::{Damaged, Reader};
use hactl::pcap::write;

use super::mutate;

#[test]
fn captures() {
    mutate::run("capture", &corpus(), &[], check);
}

fn check(bytes: &[u8]) {
    let whole = read(bytes, bytes.len().max(1));
    assert_eq!(read(bytes, 7), whole, "in pieces it reads otherwise");
    let Ok(blocks) = whole else { return };
    for block in &blocks {
        if let Block::Frame(frame) = block {
            assert!(frame.bytes.len() <= bytes.len());
            assert!(!told(&frame.bytes).says.is_empty() && !told_frame(&frame.bytes).says.is_empty());
        }
    }
}

fn read(bytes: &[u8], at_a_time: usize) -> Result<Vec<Block>, Damaged> {
    let mut reader = Reader::default();
    let mut blocks = Vec::new();
    for some in bytes.chunks(at_a_time) {
        reader.feed(some);
        while let Some(block) = reader.next()? {
            blocks.push(block);
        }
    }
    reader.end().map(|()| blocks)
}

fn corpus() -> Vec<Vec<u8>> {
    let frame = |interface| Frame {
        interface,
        at_unix_ns: 1_700_000_000_123_456_789,
        direction: Direction::In,
        bytes: [&[0xff; 6][..], &[2, 0, 0, 0, 0, 5, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]].concat(),
        length: 42,
    };
    let interface = |name: &str, link| {
        write::interface(&Interface { name: name.into(), description: "x".into(), link, longest: 9216 })
    };
    let pcapng = [
        write::section("hactl"),
        interface("eth0", Link::Ethernet),
        interface("any", Link::Cooked2),
        write::frame(&frame(0)),
        write::heartbeat(&Heartbeat { interface: 1, at_unix_ns: 7, dropped: 1 }),
        write::frame(&frame(1)),
    ];
    let header = [0xa1b2_c3d4_u32, 0x0002_0004, 0, 0, 262_144, 1];
    let record = [17_u32, 5, 4, 60, 0x0102_0304];
    let pcap = |bytes: fn(u32) -> [u8; 4]| header.iter().chain(&record).flat_map(|word| bytes(*word)).collect();
    vec![pcapng.concat(), pcap(u32::to_be_bytes), pcap(u32::to_le_bytes), Vec::new()]
}
