//! `DNS_CHECK`: a question over UDP.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use hactl_engine::conf::config::lvs::DnsCheck;
use tokio::time::{sleep, timeout};

use super::connect::udp;
use super::dns_message::{Verdict, judge, question};
use super::failed::Failed;

/// Asks and waits for the answer, within the check's time. What is no answer to the question proves nothing: anybody
/// may send it.
///
/// # Errors
/// Refused, no such name, nothing in time.
pub(super) async fn check(dns: &DnsCheck) -> Result<(), Failed> {
    let (limit, mut others) = (dns.connection.timeout, 0);
    match timeout(limit, answer(dns, &mut others)).await {
        Ok(judged) => judged,
        Err(_) if others == 0 => Err(Failed::NoAnswer(limit)),
        Err(_) => Err(Failed::OtherAnswers { limit, others }),
    }
}

async fn answer(dns: &DnsCheck, others: &mut usize) -> Result<(), Failed> {
    let socket = udp(&dns.connection)?;
    // Random, so that an answer cannot be forged by who does not see the question.
    let [id_high, id_low, ..] = RandomState::new().hash_one(()).to_be_bytes();
    let asked = question(u16::from_be_bytes([id_high, id_low]), &dns.name, dns.record_type);
    socket.send(&asked).await?;
    let mut buffer = vec![0; MESSAGE_BYTES_MAX];
    loop {
        let count = socket.recv(&mut buffer).await?;
        match judge(&asked, buffer.get(..count).unwrap_or_default()) {
            Verdict::Good => return Ok(()),
            Verdict::Other => *others += 1,
            Verdict::Bad(verdict) => return Err(Failed::Dns { verdict, name: dns.name.clone() }),
        }
        if others.is_multiple_of(AT_A_TIME) {
            sleep(BREATH).await; // a flood costs little, and the right answer may be in it
        }
    }
}

/// Without EDNS an answer has 512 bytes; what is beyond is not looked at.
const MESSAGE_BYTES_MAX: usize = 4096;
/// After so many datagrams that answer something else others get a turn.
const AT_A_TIME: usize = 32;
/// How long others get.
const BREATH: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use hactl_engine::conf::config::lvs::Check;
    use hactl_engine::lvs::health::Outcome;
    use tokio::net::UdpSocket;

    use super::super::peer::{failure, outcome, to};
    use super::*;

    fn dns(at: SocketAddr) -> Check {
        Check::Dns(Box::new(DnsCheck { connection: to(at), record_type: 6, name: "example.cc".into() }))
    }

    /// A server that answers each question with these.
    async fn server(answers: fn(&[u8]) -> Vec<Vec<u8>>) -> SocketAddr {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let at = socket.local_addr().unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            while let Ok((count, from)) = socket.recv_from(&mut buffer).await {
                for answer in answers(&buffer[..count]) {
                    socket.send_to(&answer, from).await.unwrap();
                }
            }
        });
        at
    }

    fn good(question: &[u8]) -> Vec<u8> {
        let mut answer = question.to_vec();
        (answer[2], answer[3], answer[7]) = (0x85, 0x80, 1);
        answer
    }

    fn other(question: &[u8]) -> Vec<u8> {
        let mut answer = good(question);
        answer[1] ^= 1;
        answer
    }

    #[tokio::test]
    async fn answers() {
        assert_eq!(outcome(dns(server(|asked| vec![good(asked)]).await)).await, Outcome::Passed);
        let late = |asked: &[u8]| [vec![other(asked); 70], vec![b"garbage".to_vec(), good(asked)]].concat();
        assert_eq!(outcome(dns(server(late).await)).await, Outcome::Passed, "the right one is waited for");
    }

    #[tokio::test]
    async fn what_is_none() {
        let server_fails = |asked: &[u8]| {
            let mut answer = good(asked);
            (answer[3], answer[7]) = (0x82, 0);
            vec![answer]
        };
        let why = Failed::Dns { verdict: "DNS answer 2 SERVFAIL".into(), name: "example.cc".into() };
        assert_eq!(failure(dns(server(server_fails).await)).await, why.to_string());
        let others = |many| format!("no answer within 1.2s among {many} datagrams that answer something else");
        assert_eq!(failure(dns(server(|_| vec![b"garbage".to_vec()]).await)).await, others(1));
        assert_eq!(failure(dns(server(|asked| vec![other(asked); 70]).await)).await, others(70));
        assert_eq!(failure(dns(server(|_| Vec::new()).await)).await, "no answer within 1.2s");
        let free = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        assert_eq!(failure(dns(free)).await, "connection refused: nothing listens there");
    }
}
