use crate::sys::packet::ping::*;

const MS: Duration = Duration::from_millis(1);

/// One character a probe, 1 ms apart: `#` answered, `.` lost.
fn recording(picture: &str) -> Recording {
    let probes = picture
        .chars()
        .zip(0_u32..)
        .map(|(c, n)| Probe { sent: MS * n, answered: (c == '#').then(|| MS * n + Duration::from_micros(80)) });
    Recording { started_unix_ms: 0, interval: MS, probes: probes.collect() }
}

#[test]
fn nothing_lost_is_no_gap() {
    let all = recording("########");
    assert_eq!((all.sent(), all.lost(), all.longest_gap()), (8, 0, Duration::ZERO));
    assert!(all.outages().is_empty());
}

#[test]
fn empty_recording_is_no_gap() {
    assert_eq!(recording("").longest_gap(), Duration::ZERO);
}

#[test]
fn gap_is_the_stretch_between_answers_less_one_interval() {
    let two = recording("##.###...##");
    assert_eq!(two.lost(), 4);
    assert_eq!(two.longest_gap(), MS * 3);
    assert_eq!(two.outages(), [(MS * 2, MS * 3), (MS * 6, MS * 9)]);
}

#[test]
fn silence_at_the_end_counts_until_the_last_probe() {
    let end = recording("##....");
    assert_eq!(end.longest_gap(), MS * 4);
    assert_eq!(end.outages(), [(MS * 2, MS * 6)]);
}

#[test]
fn silence_at_the_start_and_throughout_counts() {
    assert_eq!(recording("..##").outages(), [(Duration::ZERO, MS * 2)]);
    assert!(recording("..##").longest_gap() >= MS);
    assert!(recording("......").longest_gap() >= MS * 5);
}

#[test]
fn a_sender_that_stalls_without_loss_is_no_gap() {
    let mut stalled = recording("####");
    for probe in &mut stalled.probes[2..] {
        probe.sent += MS * 500;
    }
    assert_eq!(stalled.longest_gap(), Duration::ZERO);
}

#[test]
fn late_and_unknown_answers_do_not_count() {
    let probes = join(vec![Duration::ZERO, MS, MS * 2], &[(0, MS), (1, MS + GRACE + MS), (7, MS), (0, MS * 5)]);
    assert_eq!(probes.iter().map(|probe| probe.answered).collect::<Vec<_>>(), [Some(MS), None, None]);
}

#[test]
fn request_has_a_right_checksum_and_its_answer_is_recognised() {
    let packet = request(Family::V4, 0x1122_3344_5566_7788, 70_000);
    assert_eq!(Checksum::default().over(&packet).finish(), 0);
    assert_eq!(packet[4..8], [0x77, 0x88, 0x11, 0x70]);
    let mut reply = vec![0x45; 20];
    reply.extend(packet);
    assert_eq!(answer(Family::V4, &reply, 0x1122_3344_5566_7788), None, "a request is no answer");
    reply[20] = 0;
    assert_eq!(answer(Family::V4, &reply, 0x1122_3344_5566_7788), Some(70_000));
    assert_eq!(answer(Family::V4, &reply, 1), None, "another measurement's");
    for length in 0..reply.len() {
        assert_eq!(answer(Family::V4, &reply[..length], 0x1122_3344_5566_7788), None);
    }
}

#[test]
fn an_answer_of_ipv6_has_no_header() {
    let mut reply = request(Family::V6, 0x1122_3344_5566_7788, 70_000);
    assert_eq!((reply[0], answer(Family::V6, &reply, 0x1122_3344_5566_7788)), (128, None));
    reply[0] = 129;
    assert_eq!(answer(Family::V6, &reply, 0x1122_3344_5566_7788), Some(70_000));
}

#[test]
fn loopback_answers_every_probe() {
    answers_every_probe(IpAddr::from([127, 0, 0, 1]));
}

#[test]
fn so_does_that_of_ipv6() {
    if std::net::UdpSocket::bind("[::1]:0").is_err() {
        eprintln!("skipped: no IPv6 here");
        return;
    }
    answers_every_probe(IpAddr::V6(std::net::Ipv6Addr::LOCALHOST));
}

fn answers_every_probe(target: IpAddr) {
    let prober = match Prober::start(target, MS) {
        Ok(prober) => prober,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            eprintln!("skipped: raw sockets need CAP_NET_RAW ({error})");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    while prober.elapsed() < MS * 200 {
        thread::sleep(MS);
    }
    let seen = prober.stop();
    assert!(seen.sent() > 20, "only {} probes in 200 ms", seen.sent());
    assert_eq!(seen.lost(), 0);
    assert!(seen.probes.is_sorted_by_key(|probe| probe.sent));
    assert!(seen.probes.iter().all(|probe| probe.answered.is_some_and(|at| at >= probe.sent)));
}
