//! Servers for tests, on loopback: good ones and those that stall, drip, flood and close early.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hactl_engine::conf::config::lvs::{Check, Checker, Connection};
use hactl_engine::lvs::health::Outcome;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::around::Surroundings;
use super::attempt::attempt;

/// What a try in these tests may take.
pub(super) const LIMIT: Duration = Duration::from_millis(1200);
/// How much later than its limit a try may end on a busy machine.
const SLACK: Duration = Duration::from_millis(900);

/// What a server does with each connection.
#[derive(Debug, Clone)]
pub(super) enum Behaviour {
    /// Reads a request up to its empty line, answers, closes.
    Answer(Vec<u8>),
    /// Says this at once and closes.
    Say(Vec<u8>),
    /// Reads and never answers.
    Stall,
    /// Says this, then nothing more.
    SayAndStall(Vec<u8>),
    /// A byte each 50 ms, from the front again when the end is reached.
    Drip(Vec<u8>),
    /// Says this, then zeros without an end.
    Flood(Vec<u8>),
}

/// A running server and what it could get rid of.
pub(super) struct Peer {
    pub at: SocketAddr,
    sent: Arc<AtomicUsize>,
}

impl Peer {
    /// Bytes that went into the socket.
    pub(super) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }
}

pub(super) async fn peer(behaviour: Behaviour) -> Peer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (at, sent) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counter = Arc::clone(&sent);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(act(stream, behaviour.clone(), Arc::clone(&counter)));
        }
    });
    Peer { at, sent }
}

/// What a server does with one connection, be it with or without TLS.
pub(super) async fn act<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    behaviour: Behaviour,
    sent: Arc<AtomicUsize>,
) {
    match behaviour {
        Behaviour::Answer(answer) => {
            read_request(&mut stream).await;
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
        Behaviour::Say(words) => {
            let _ = stream.write_all(&words).await;
            let _ = stream.shutdown().await;
        }
        Behaviour::Stall => stall(&mut stream).await,
        Behaviour::SayAndStall(words) => {
            let _ = stream.write_all(&words).await;
            let _ = stream.flush().await;
            stall(&mut stream).await;
        }
        Behaviour::Drip(bytes) => {
            for byte in bytes.iter().cycle() {
                if stream.write_all(&[*byte]).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Behaviour::Flood(words) => {
            let _ = stream.write_all(&words).await;
            let zeros = [0; 65536];
            while let Ok(count @ 1..) = stream.write(&zeros).await {
                if sent.fetch_add(count, Ordering::Relaxed) > 1 << 30 {
                    return;
                }
            }
        }
    }
}

async fn stall<S: AsyncRead + Unpin>(stream: &mut S) {
    let mut ignored = [0; 512];
    while let Ok(1..) = stream.read(&mut ignored).await {}
}

async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) {
    let (mut request, mut buffer) = (Vec::new(), [0; 512]);
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer).await {
            Ok(count @ 1..) => request.extend_from_slice(&buffer[..count]),
            _ => return,
        }
    }
}

/// Where to, with the usual limit.
pub(super) fn to(at: SocketAddr) -> Connection {
    Connection { to: at, timeout: LIMIT, from: None }
}

/// A check with no more around it than it needs.
pub(super) fn checker(check: Check) -> Checker {
    Checker {
        check,
        interval: Duration::from_secs(7),
        retry: 0,
        retry_delay: Duration::from_secs(1),
        rise: 1,
        warmup: Duration::ZERO,
        alpha: false,
        log_all_failures: false,
        location: Default::default(),
    }
}

/// One try, which must keep to its limit.
pub(super) async fn outcome(check: Check) -> Outcome {
    outcome_in(check, &Surroundings::default()).await
}

/// One try in these surroundings, which must keep to its limit.
pub(super) async fn outcome_in(check: Check, around: &Surroundings) -> Outcome {
    let begun = Instant::now();
    let outcome = attempt(&checker(check), around).await;
    assert!(begun.elapsed() < LIMIT + SLACK, "took {:?}: {outcome:?}", begun.elapsed());
    outcome
}

/// One try that must fail; its words.
pub(super) async fn failure(check: Check) -> String {
    match outcome(check).await {
        Outcome::Failed(why) => why.words,
        good => panic!("it should have failed: {good:?}"),
    }
}
