//! A download without an end: it stops when it is told to, and proves that no byte was lost or came twice.

use std::io::{self, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::host::{Host, wait};

/// What is sent at once.
const BLOCK: usize = 8192;
/// The pause between blocks: about a megabyte a second.
const PAUSE: Duration = Duration::from_millis(8);
/// A stream that stands still for so long is lost.
const SILENCE: Duration = Duration::from_secs(20);

impl Host {
    /// Sends numbers to whoever connects, as long as `flowing` says so.
    pub(crate) fn streams(&self, at: SocketAddr, flowing: &Arc<AtomicBool>) {
        let listener = self.within(|| TcpListener::bind(at).unwrap());
        let flowing = Arc::clone(flowing);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let flowing = Arc::clone(&flowing);
                std::thread::spawn(move || send(stream, &flowing));
            }
        });
    }
}

fn send(mut stream: TcpStream, flowing: &AtomicBool) -> io::Result<()> {
    let mut number = 0_u64;
    while flowing.load(Ordering::SeqCst) {
        let block: Vec<u8> = (number..).take(BLOCK / 8).flat_map(u64::to_be_bytes).collect();
        number += (BLOCK / 8) as u64;
        stream.write_all(&block)?;
        std::thread::sleep(PAUSE);
    }
    Ok(())
}

/// A download that goes on.
pub(crate) struct Download {
    received: Arc<AtomicU64>,
    reader: JoinHandle<io::Result<Duration>>,
    /// The client's port.
    pub port: u16,
}

impl Download {
    /// Begins on a host.
    pub(crate) fn begin(client: &Host, from: SocketAddr) -> Self {
        let stream = client.within(|| TcpStream::connect_timeout(&from, Duration::from_secs(5)).unwrap());
        stream.set_read_timeout(Some(SILENCE)).unwrap();
        let port = stream.local_addr().unwrap().port();
        let received = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&received);
        let download = Self { received, reader: std::thread::spawn(move || receive(stream, &count)), port };
        download.goes_on();
        download
    }

    /// Waits for bytes that were not there before: more than could be under way already.
    pub(crate) fn goes_on(&self) {
        let before = self.received.load(Ordering::SeqCst);
        let ended = || assert!(!self.reader.is_finished(), "the download broke off");
        wait("more of the download", || {
            ended();
            self.received.load(Ordering::SeqCst) > before + 500_000
        });
    }

    /// The end that the server made: how many bytes came, and the longest wait between two of them.
    pub(crate) fn end(self) -> (u64, Duration) {
        let longest = self.reader.join().unwrap().unwrap();
        (self.received.load(Ordering::SeqCst), longest)
    }
}

fn receive(stream: TcpStream, count: &AtomicU64) -> io::Result<Duration> {
    let mut stream = BufReader::new(stream);
    let (mut next, mut longest, mut last) = (0_u64, Duration::ZERO, Instant::now());
    let mut block = [0; 8];
    loop {
        match stream.read(&mut block[..1])? {
            0 => return Ok(longest),
            _ => stream.read_exact(&mut block[1..])?,
        }
        if u64::from_be_bytes(block) != next {
            return Err(io::Error::other(format!("{} where {next} belongs", u64::from_be_bytes(block))));
        }
        next += 1;
        count.store(next * 8, Ordering::SeqCst);
        longest = longest.max(last.elapsed());
        last = Instant::now();
    }
}
