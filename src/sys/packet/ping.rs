//! An ICMP prober that measures how long an address does not answer: one echo request every millisecond, on an
//! absolute schedule, each with its own number, so that a gap of two probes is seen as such. Needs CAP_NET_RAW.

use std::io::{self, Read};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use hactl_engine::wire::checksum::Checksum;
use socket2::{Domain, Protocol, Socket, Type};

use crate::sys::process::clock::unix_ms;
use crate::sys::process::sched::{PRIORITY, real_time};

/// The interval that resolves a switchover of a few milliseconds.
pub const INTERVAL: Duration = Duration::from_millis(1);
/// How late an answer may be; later ones count as lost. Also the wait for the last answers.
pub const GRACE: Duration = Duration::from_millis(300);

/// How long the receiver sleeps before it looks whether to stop.
const NAP: Duration = Duration::from_millis(20);
/// Room for answers that arrive while the receiver does not run.
const BUFFER: usize = 1 << 20;
/// ICMP header, 8 bytes of token, 4 bytes of counter.
const LENGTH: usize = 20;

/// What differs between the families of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
}

impl Family {
    /// ICMP types of an echo request and its reply.
    fn types(self) -> (u8, u8) {
        match self {
            Self::V4 => (8, 0),
            Self::V6 => (128, 129),
        }
    }
}

/// One echo request, times since the start of the recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// When it was sent.
    pub sent: Duration,
    /// When the answer came; `None` when none came within [`GRACE`].
    pub answered: Option<Duration>,
}

/// What a [`Prober`] saw, in the order sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Unix time of the start in milliseconds.
    pub started_unix_ms: u64,
    /// Time between two probes.
    pub interval: Duration,
    /// Every probe.
    pub probes: Vec<Probe>,
}

impl Recording {
    /// Probes sent.
    pub fn sent(&self) -> usize {
        self.probes.len()
    }

    /// Probes without an answer.
    pub fn lost(&self) -> usize {
        self.probes.iter().filter(|probe| probe.answered.is_none()).count()
    }

    /// The longest time without service: zero when nothing was lost.
    pub fn longest_gap(&self) -> Duration {
        self.gaps().map(|(from, to)| to.saturating_sub(from).saturating_sub(self.interval)).max().unwrap_or_default()
    }

    /// Every stretch without service: from when the first lost probe was due until the next answered one was sent,
    /// or until one interval after the last probe when no more answers came.
    pub fn outages(&self) -> Vec<(Duration, Duration)> {
        let mut outages = Vec::new();
        let mut since = None;
        for probe in &self.probes {
            match (probe.answered, since) {
                (None, None) => since = Some(probe.sent),
                (Some(_), Some(from)) => {
                    outages.push((from, probe.sent));
                    since = None;
                }
                _ => {}
            }
        }
        if let (Some(from), Some(last)) = (since, self.probes.last()) {
            outages.push((from, last.sent + self.interval));
        }
        outages
    }

    /// Send times of the answered probes around each lost run. Before the first and after the last probe an answered
    /// one is imagined, so that a recording that begins or ends in silence does not count as healthy there.
    fn gaps(&self) -> impl Iterator<Item = (Duration, Duration)> {
        let before_first = self.probes.first().map(|probe| probe.sent.saturating_sub(self.interval));
        let after_last = self.probes.last().map(|probe| (probe.sent + self.interval, true));
        let marks = self.probes.iter().map(|probe| (probe.sent, probe.answered.is_some()));
        let mut previous = before_first.unwrap_or_default();
        let mut losing = false;
        marks.chain(after_last).filter_map(move |(sent, answered)| {
            if !answered {
                losing = true;
                return None;
            }
            let gap = losing.then_some((previous, sent));
            (previous, losing) = (sent, false);
            gap
        })
    }
}

/// A running measurement: a thread that sends and a thread that receives.
pub struct Prober {
    started: Instant,
    started_unix_ms: u64,
    interval: Duration,
    shared: Arc<Shared>,
    sender: Option<JoinHandle<Vec<Duration>>>,
    receiver: Option<JoinHandle<Vec<(u32, Duration)>>>,
}

/// What the threads and their owner share.
#[derive(Default)]
struct Shared {
    stop_sending: AtomicBool,
    stop_receiving: AtomicBool,
    answered: AtomicUsize,
}

impl Prober {
    /// Starts probing an address.
    ///
    /// # Errors
    /// The kernel's: "operation not permitted" without CAP_NET_RAW, "network is unreachable" without a route.
    pub fn start(target: IpAddr, interval: Duration) -> io::Result<Self> {
        let (family, domain, protocol) = match target {
            IpAddr::V4(_) => (Family::V4, Domain::IPV4, Protocol::ICMPV4),
            IpAddr::V6(_) => (Family::V6, Domain::IPV6, Protocol::ICMPV6),
        };
        let socket = Socket::new(domain, Type::RAW, Some(protocol))?;
        socket.set_recv_buffer_size(BUFFER)?;
        socket.set_read_timeout(Some(NAP))?;
        // Connected, the kernel hands over only what comes from the target.
        socket.connect(&SocketAddr::new(target, 0).into())?;
        let listener = socket.try_clone()?;
        let token = token();
        let shared = Arc::new(Shared::default());
        let started = Instant::now();
        let (for_receiver, for_sender) = (Arc::clone(&shared), Arc::clone(&shared));
        let receiver = thread::Builder::new()
            .name("ping-receive".into())
            .spawn(move || receive(&listener, (family, token), started, &for_receiver))?;
        // From here on dropping the value ends the receiver when the sender cannot start.
        let mut prober =
            Self { started, started_unix_ms: unix_ms(), interval, shared, sender: None, receiver: Some(receiver) };
        let sender = thread::Builder::new()
            .name("ping-send".into())
            .spawn(move || send(&socket, (family, token), started, interval, &for_sender))?;
        prober.sender = Some(sender);
        Ok(prober)
    }

    /// Time since the start: the clock of the recording.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Stops sending, waits up to [`GRACE`] for late answers and returns what was seen.
    pub fn stop(mut self) -> Recording {
        self.shared.stop_sending.store(true, Ordering::Release);
        let sent = self.sender.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        let deadline = Instant::now() + GRACE;
        while self.shared.answered.load(Ordering::Acquire) < sent.len() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(1));
        }
        self.shared.stop_receiving.store(true, Ordering::Release);
        let answers = self.receiver.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        Recording { started_unix_ms: self.started_unix_ms, interval: self.interval, probes: join(sent, &answers) }
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.shared.stop_sending.store(true, Ordering::Release);
        self.shared.stop_receiving.store(true, Ordering::Release);
    }
}

/// Puts answers to their probes; the first answer counts, too late ones do not.
fn join(sent: Vec<Duration>, answers: &[(u32, Duration)]) -> Vec<Probe> {
    let mut probes: Vec<Probe> = sent.into_iter().map(|sent| Probe { sent, answered: None }).collect();
    for &(number, at) in answers {
        let Some(probe) = usize::try_from(number).ok().and_then(|n| probes.get_mut(n)) else { continue };
        if probe.answered.is_none() && at.saturating_sub(probe.sent) <= GRACE {
            probe.answered = Some(at);
        }
    }
    probes
}

fn send(
    socket: &Socket,
    (family, token): (Family, u64),
    started: Instant,
    interval: Duration,
    shared: &Shared,
) -> Vec<Duration> {
    // Without the right to real time the measurement still works, with more jitter.
    let _ = real_time(PRIORITY);
    let mut sent = Vec::new();
    let mut due = Duration::ZERO;
    while !shared.stop_sending.load(Ordering::Acquire) {
        let Ok(number) = u32::try_from(sent.len()) else { break };
        let packet = request(family, token, number);
        let now = started.elapsed();
        // A pending ICMP error is handed out by the first call instead of sending. A probe that cannot be sent is
        // one without an answer: the client's request would not have been sent either.
        if socket.send(&packet).is_err() {
            let _ = socket.send(&packet);
        }
        sent.push(now);
        due += interval;
        let now = started.elapsed();
        match due.checked_sub(now) {
            Some(rest) => thread::sleep(rest),
            // Behind by more than a probe: go on from now rather than send a burst.
            None if now - due > interval => due = now,
            None => {}
        }
    }
    sent
}

fn receive(socket: &Socket, (family, token): (Family, u64), started: Instant, shared: &Shared) -> Vec<(u32, Duration)> {
    let _ = real_time(PRIORITY);
    let mut answers = Vec::new();
    let mut buffer = [0_u8; 256];
    let mut socket = socket;
    while !shared.stop_receiving.load(Ordering::Acquire) {
        match socket.read(&mut buffer) {
            Ok(length) => {
                let at = started.elapsed();
                if let Some(number) = buffer.get(..length).and_then(|packet| answer(family, packet, token)) {
                    answers.push((number, at));
                    shared.answered.fetch_add(1, Ordering::AcqRel);
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            // "host unreachable" and the like: the probe stays without an answer. Never spin on it.
            Err(_) => thread::sleep(Duration::from_micros(200)),
        }
    }
    answers
}

/// Tells this measurement's answers from those of others on the same host.
fn token() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// An echo request. The checksum of IPv6, which covers addresses too, is the kernel's to fill in.
fn request(family: Family, token: u64, number: u32) -> [u8; LENGTH] {
    let (token, number) = (token.to_be_bytes(), number.to_be_bytes());
    let [.., id_high, id_low] = token;
    let [.., sequence_high, sequence_low] = number;
    let fill = |checksum: u16| {
        let mut packet = [0_u8; LENGTH];
        let head = [family.types().0, 0].into_iter().chain(checksum.to_be_bytes());
        let head = head.chain([id_high, id_low, sequence_high, sequence_low]);
        for (place, byte) in packet.iter_mut().zip(head.chain(token).chain(number)) {
            *place = byte;
        }
        packet
    };
    fill(Checksum::default().over(&fill(0)).finish())
}

/// The number of the probe that a packet answers. A raw socket hands over the header of IPv4, never that of IPv6.
fn answer(family: Family, packet: &[u8], token: u64) -> Option<u32> {
    let header = match family {
        Family::V4 => usize::from(packet.first()? & 0x0f) * 4,
        Family::V6 => 0,
    };
    let icmp = packet.get(header..)?;
    let (head, rest) = icmp.split_first_chunk::<8>()?;
    let (found, rest) = rest.split_first_chunk::<8>()?;
    let number = rest.first_chunk::<4>()?;
    (head.first() == Some(&family.types().1) && u64::from_be_bytes(*found) == token)
        .then(|| u32::from_be_bytes(*number))
}

#[cfg(test)]
mod tests;
