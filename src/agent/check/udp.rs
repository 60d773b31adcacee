//! `UDP_CHECK`: a datagram, and what comes back.

use hactl_engine::conf::config::lvs::UdpCheck;
use tokio::time::timeout;

use super::connect::udp;
use super::failed::Failed;
use data_encoding::HEXLOWER;

/// Sends the payload. An ICMP error fails; so does silence where an answer is wanted.
///
/// # Errors
/// What the other host said, or that it said nothing.
pub(super) async fn check(check: &UdpCheck) -> Result<(), Failed> {
    let limit = check.connection.timeout;
    match timeout(limit, answer(check)).await {
        Ok(judged) => judged,
        Err(_) if check.require_reply => Err(Failed::NoAnswer(limit)),
        // Nobody said that nothing listens there: UDP tells no more.
        Err(_) => Ok(()),
    }
}

async fn answer(check: &UdpCheck) -> Result<(), Failed> {
    let socket = udp(&check.connection)?;
    socket.send(&check.payload).await?;
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    let count = socket.recv(&mut buffer).await?;
    if !check.require_reply {
        return Ok(());
    }
    judge(check, buffer.get(..count).unwrap_or_default())
}

fn judge(check: &UdpCheck, answer: &[u8]) -> Result<(), Failed> {
    let (length, least, most) = (answer.len(), usize::from(check.min_length), usize::from(check.max_length));
    if !(least..=most).contains(&length) {
        return Err(Failed::Length { found: length, least, most });
    }
    let wanted = &check.reply;
    let same = |(found, (wanted, mask)): (&u8, &(u8, u8))| found & mask == wanted & mask;
    if length < wanted.len() || !answer.iter().zip(wanted).all(same) {
        let found = answer.get(..wanted.len().min(SHOWN_BYTES_MAX)).unwrap_or(answer);
        let found = found.get(..SHOWN_BYTES_MAX).unwrap_or(found);
        return Err(Failed::Payload(HEXLOWER.encode(found)));
    }
    Ok(())
}

/// No datagram is longer.
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// How many bytes of an answer are shown.
const SHOWN_BYTES_MAX: usize = 16;

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::{Duration, Instant};

    use hactl_engine::conf::config::lvs::Check;
    use hactl_engine::lvs::health::Outcome;
    use tokio::net::UdpSocket;

    use super::super::peer::{LIMIT, failure, outcome, to};
    use super::*;

    fn plain(at: SocketAddr) -> UdpCheck {
        UdpCheck {
            connection: to(at),
            payload: b"\x00ping".to_vec(),
            require_reply: false,
            reply: Vec::new(),
            min_length: 0,
            max_length: 255,
        }
    }

    fn wanting(at: SocketAddr, reply: &[(u8, u8)]) -> UdpCheck {
        UdpCheck { require_reply: true, reply: reply.to_vec(), ..plain(at) }
    }

    async fn result(check: UdpCheck) -> Outcome {
        outcome(Check::Udp(Box::new(check))).await
    }

    async fn refused(check: UdpCheck) -> String {
        failure(Check::Udp(Box::new(check))).await
    }

    /// Answers what begins with a zero with the rest of it.
    async fn echo() -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            while let Ok((count, from)) = socket.recv_from(&mut buffer).await {
                if let [0, rest @ ..] = &buffer[..count] {
                    socket.send_to(rest, from).await.unwrap();
                }
            }
        });
        at
    }

    #[tokio::test]
    async fn replies() {
        let at = echo().await;
        assert_eq!(result(wanting(at, &[])).await, Outcome::Passed);
        assert_eq!(result(wanting(at, &[(b'p', 0xff), (0, 0), (0x60, 0xf0)])).await, Outcome::Passed);
        assert_eq!(
            refused(wanting(at, &[(b'p', 0xff), (b'u', 0xff)])).await,
            "an answer that begins with 7069 and not as `require_reply` wants it"
        );
        let long = [(0, 0); 5];
        let why = refused(wanting(at, &long)).await;
        assert_eq!(why, "an answer that begins with 70696e67 and not as `require_reply` wants it");
        let why = refused(UdpCheck { min_length: 5, ..wanting(at, &[]) }).await;
        assert_eq!(why, "an answer of 4 bytes instead of 5 to 255");
        assert_eq!(result(UdpCheck { max_length: 4, ..wanting(at, &[]) }).await, Outcome::Passed);
        let why = refused(UdpCheck { max_length: 3, ..wanting(at, &[]) }).await;
        assert_eq!(why, "an answer of 4 bytes instead of 0 to 3");
    }

    #[tokio::test]
    async fn silence() {
        let at = echo().await;
        let quiet = |check: UdpCheck| UdpCheck { payload: Vec::new(), ..check };
        let begun = Instant::now();
        assert_eq!(result(quiet(plain(at))).await, Outcome::Passed);
        assert!(begun.elapsed() >= LIMIT - Duration::from_millis(10), "an ICMP error may still have come");
        assert_eq!(refused(quiet(wanting(at, &[]))).await, "no answer within 1.2s");
        let free = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        for check in [plain(free), wanting(free, &[])] {
            assert_eq!(refused(check).await, "connection refused: nothing listens there");
        }
    }
}
