//! A web server that can be killed, and a client that connects to the VIP every millisecond.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{Domain, Protocol, Socket, Type};

/// Where the servers listen.
pub(crate) const PORT: u16 = 80;
const EVERY: Duration = Duration::from_millis(1);
/// A connection that is not there by then is lost: its first packet was.
const LIMIT: Duration = Duration::from_millis(200);

/// Accepts for ever.
pub(crate) fn serve() {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).unwrap();
    listener.incoming().for_each(drop);
}

struct Attempt {
    begun: Duration,
    socket: Socket,
}

/// The longest time between two connections that came about, beyond the interval, in milliseconds.
pub(crate) fn longest_gap(target: SocketAddr, seconds: u64) -> f64 {
    let start = Instant::now();
    let (mut waiting, mut good): (Vec<Attempt>, Vec<Duration>) = (Vec::new(), Vec::new());
    let mut next = Duration::ZERO;
    while start.elapsed() < Duration::from_secs(seconds) {
        if start.elapsed() >= next {
            waiting.push(Attempt { begun: start.elapsed(), socket: begin(target) });
            next = start.elapsed() + EVERY;
        }
        let mut watched: Vec<PollFd> =
            waiting.iter().map(|one| PollFd::new(one.socket.as_fd(), PollFlags::POLLOUT)).collect();
        poll(&mut watched, PollTimeout::from(1_u8)).unwrap();
        let ready: Vec<bool> = watched.iter().map(|one| one.revents().is_some_and(|what| !what.is_empty())).collect();
        let mut ready = ready.into_iter();
        waiting.retain(|one| {
            let over = ready.next().unwrap();
            if over && one.socket.take_error().unwrap().is_none() && one.socket.peer_addr().is_ok() {
                good.push(one.begun);
            }
            !over && start.elapsed() - one.begun < LIMIT
        });
    }
    good.sort();
    let longest = good.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(start.elapsed());
    longest.saturating_sub(EVERY).as_secs_f64() * 1000.0
}

fn begin(target: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP)).unwrap();
    socket.set_nonblocking(true).unwrap();
    // Closed with a reset, or the ports of a minute would wait.
    socket.set_linger(Some(Duration::ZERO)).unwrap();
    let _ = socket.connect(&target.into()); // it is under way, or was refused, which the poll tells
    socket
}
