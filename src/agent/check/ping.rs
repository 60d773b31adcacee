//! `PING_CHECK`: one ICMP echo.

use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::net::SocketAddr;

use hactl_engine::conf::config::lvs::Connection;
use hactl_engine::wire::checksum::Checksum;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::UdpSocket;

use super::connect::set;
use super::failed::Failed;

/// Asks and waits for the echo; the caller limits the time.
///
/// # Errors
/// What the kernel or the other host said.
pub(super) async fn check(to: &Connection) -> Result<(), Failed> {
    // To tokio any connected socket of datagrams is like one of UDP.
    let socket = UdpSocket::from_std(open(to)?.into())?;
    let token = RandomState::new().hash_one(to.to).to_be_bytes();
    socket.send(&request(to.to, token)).await?;
    let mut buffer = vec![0; PACKET_BYTES_MAX];
    loop {
        let count = socket.recv(&mut buffer).await?;
        // A raw socket hears every echo of this host, and its own questions on loopback.
        if answers(to.to, buffer.get(..count).unwrap_or_default(), token) {
            return Ok(());
        }
    }
}

/// The kind that needs no right, where `ping_group_range` has room for it; else a raw one.
fn open(to: &Connection) -> Result<Socket, Failed> {
    let protocol = if to.to.is_ipv4() { Protocol::ICMPV4 } else { Protocol::ICMPV6 };
    let make = |kind: Type| Socket::new(Domain::for_address(to.to), kind.nonblocking(), Some(protocol));
    let socket = make(Type::DGRAM).or_else(|_| make(Type::RAW)).map_err(no_socket)?;
    if let Some(from) = to.from.as_deref() {
        set(&SockRef::from(&socket), to.to, from)?;
    }
    // Ports mean nothing here, and the kernel may take one for a protocol.
    let address = match to.to {
        SocketAddr::V4(v4) => SocketAddr::from((*v4.ip(), 0)),
        SocketAddr::V6(mut v6) => {
            v6.set_port(0);
            v6.into()
        }
    };
    socket.connect(&address.into())?;
    Ok(socket)
}

fn no_socket(error: io::Error) -> Failed {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Failed::MayNotPing,
        _ => Failed::Local("cannot ping".into(), error),
    }
}

/// An echo request; over IPv6 the kernel fills in the checksum.
fn request(to: SocketAddr, token: [u8; 8]) -> Vec<u8> {
    let [id_high, id_low, ..] = token;
    let kind = if to.is_ipv4() { ECHO_REQUEST_4 } else { ECHO_REQUEST_6 };
    let message = |[high, low]: [u8; 2]| [&[kind, 0, high, low, id_high, id_low, 0, 1], token.as_slice()].concat();
    let sum = if to.is_ipv4() { Checksum::default().over(&message([0, 0])).finish() } else { 0 };
    message(sum.to_be_bytes())
}

/// Whether a packet is the echo of this token.
fn answers(to: SocketAddr, packet: &[u8], token: [u8; 8]) -> bool {
    let kind = if to.is_ipv4() { ECHO_REPLY_4 } else { ECHO_REPLY_6 };
    let echo = |icmp: &[u8]| icmp.first() == Some(&kind) && icmp.get(8..16) == Some(&token);
    // Raw IPv4 comes with its header, which begins with the version; an echo reply with 0.
    let header = match packet.first() {
        Some(first) if to.is_ipv4() && first >> 4 == 4 => usize::from(first & 0x0f) * 4,
        _ => 0,
    };
    packet.get(header..).is_some_and(echo)
}

const ECHO_REQUEST_4: u8 = 8;
const ECHO_REPLY_4: u8 = 0;
const ECHO_REQUEST_6: u8 = 128;
const ECHO_REPLY_6: u8 = 129;
/// Longer than any echo of ours with its header.
const PACKET_BYTES_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use hactl_engine::conf::config::lvs::Check;
    use hactl_engine::lvs::health::Outcome;
    use nix::unistd::getuid;

    use super::super::peer::{LIMIT, outcome};
    use super::*;

    #[tokio::test]
    async fn loopback_answers_and_nobody_does_not() {
        if !getuid().is_root() {
            println!("skipped: raw sockets are root's");
            return;
        }
        let to = |at: &str| Connection { to: at.parse().unwrap(), timeout: LIMIT, from: None };
        assert_eq!(outcome(Check::Ping(to("127.0.0.1:80"))).await, Outcome::Passed);
        // TEST-NET: no route, or silence.
        assert!(matches!(outcome(Check::Ping(to("192.0.2.37:0"))).await, Outcome::Failed(_)));
        if std::path::Path::new("/proc/net/if_inet6").exists() {
            assert_eq!(outcome(Check::Ping(to("[::1]:80"))).await, Outcome::Passed);
        }
    }

    #[test]
    fn a_missing_right_is_told_from_other_troubles() {
        let kernel = |number: i32| no_socket(io::Error::from_raw_os_error(number));
        assert!(
            matches!(kernel(libc::EPERM), Failed::MayNotPing) && matches!(kernel(libc::EACCES), Failed::MayNotPing)
        );
        assert!(matches!(kernel(libc::EMFILE), Failed::Local(..)));
    }

    #[test]
    fn echoes_are_told_apart() {
        let (four, six): (SocketAddr, SocketAddr) = ("10.0.0.7:0".parse().unwrap(), "[fd00::7]:0".parse().unwrap());
        let (token, other) = (*b"sesame37", *b"sesame38");
        let echo = |to, kind| {
            let mut packet = request(to, token);
            packet[0] = kind;
            packet
        };
        let raw = [[0x45].as_slice(), &[0; 19], &echo(four, ECHO_REPLY_4)].concat();
        assert!(answers(four, &raw, token) && answers(four, &echo(four, ECHO_REPLY_4), token));
        assert!(answers(six, &echo(six, ECHO_REPLY_6), token));
        assert!(!answers(four, &raw, other) && !answers(four, &raw[..30], token) && !answers(four, &[], token));
        assert!(!answers(four, &request(four, token), token) && !answers(six, &request(six, token), token));
        assert_eq!(Checksum::default().over(&request(four, token)).finish(), 0);
    }
}
