//! Serves a limited number of connections at a time. When all seats are taken, the connection that has been idle
//! longest is closed for the new one: so clients that hang, or mean harm, keep nobody out.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep};

/// How often at most the log tells that no connection can be taken.
const TELL_EACH: Duration = Duration::from_secs(60);
/// The pause before the next try when no connection can be accepted, for want of descriptors for example.
const BREATH: Duration = Duration::from_millis(100);

/// A socket that accepts clients.
pub(crate) enum Listener {
    /// By TCP.
    Tcp(TcpListener),
    /// By a unix socket.
    Unix(UnixListener),
}

/// A client's connection.
pub(crate) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

impl Listener {
    async fn accept(&self) -> io::Result<Box<dyn Wire>> {
        Ok(match self {
            Self::Tcp(listener) => Box::new(listener.accept().await?.0),
            Self::Unix(listener) => Box::new(listener.accept().await?.0),
        })
    }
}

/// Serves connections for ever, at most so many at a time. `what` names the door in the log.
pub(crate) async fn serve<F>(listener: Listener, what: &str, most: usize, talk: impl Fn(Box<dyn Wire>, Place) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let seats = Seats::default();
    let mut told = Told::default();
    loop {
        match listener.accept().await {
            Ok(stream) => seats.take(most, |place| talk(stream, place)),
            Err(error) => {
                if told.is_due(Instant::now()) {
                    tracing::warn!("{what}: {error}; said once a minute");
                }
                sleep(BREATH).await;
            }
        }
    }
}

/// When it was told last that nobody can be let in.
#[derive(Default)]
struct Told(Option<Instant>);

impl Told {
    /// Whether it is time to tell it, which it then is.
    fn is_due(&mut self, now: Instant) -> bool {
        let due = self.0.is_none_or(|last| now.duration_since(last) >= TELL_EACH);
        if due {
            self.0 = Some(now);
        }
        due
    }
}

/// The seats of one door.
#[derive(Clone, Default)]
struct Seats(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    next: u64,
    taken: BTreeMap<u64, Seat>,
}

struct Seat {
    /// Since when nothing has come; `None` while an answer is made, which is nobody's fault.
    idle: Option<Instant>,
    task: AbortHandle,
}

impl Seats {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a client a seat. When nobody can leave, the client has to.
    fn take<F: Future<Output = ()> + Send + 'static>(&self, most: usize, talk: impl FnOnce(Place) -> F) {
        let mut table = self.lock();
        if table.taken.len() >= most {
            let idle = table.taken.iter().filter_map(|(number, seat)| Some((seat.idle?, *number)));
            let Some((_, number)) = idle.min() else { return };
            if let Some(seat) = table.taken.remove(&number) {
                seat.task.abort();
            }
        }
        let number = table.next;
        table.next += 1;
        let place = Place { number, seats: self.clone() };
        let task = tokio::spawn(talk(place)).abort_handle();
        table.taken.insert(number, Seat { idle: Some(Instant::now()), task });
    }
}

/// A client's seat; free again when dropped.
pub(crate) struct Place {
    number: u64,
    seats: Seats,
}

impl Place {
    /// The client has asked, and an answer is made.
    pub(crate) fn is_served(&self) {
        self.set(None);
    }

    /// The next word is the client's.
    pub(crate) fn is_idle(&self) {
        self.set(Some(Instant::now()));
    }

    fn set(&self, idle: Option<Instant>) {
        if let Some(seat) = self.seats.lock().taken.get_mut(&self.number) {
            seat.idle = idle;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.seats.lock().taken.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::UnixStream;

    use super::*;

    /// A door that answers each byte with the same byte; `!` is served until its client goes.
    async fn echo(mut stream: Box<dyn Wire>, place: Place) {
        let mut byte = [0];
        while stream.read_exact(&mut byte).await.is_ok() {
            place.is_served();
            if byte != *b"!" {
                place.is_idle();
            }
            let _ = stream.write_all(&byte).await; // gone meanwhile
        }
    }

    async fn said(stream: &mut UnixStream, byte: u8) -> Option<u8> {
        let _ = stream.write_all(&[byte]).await; // may be out already
        stream.read_u8().await.ok()
    }

    /// A log that is kept.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_door_that_lets_nobody_in_fills_no_log() {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        let _quiet = tracing::subscriber::set_default(subscriber);
        // A socket that does not listen: each try fails at once.
        let folder = tempfile::tempdir().unwrap();
        let socket = nix::sys::socket::socket(
            nix::sys::socket::AddressFamily::Unix,
            nix::sys::socket::SockType::Stream,
            nix::sys::socket::SockFlag::SOCK_NONBLOCK,
            None,
        );
        let socket = socket.unwrap();
        let at = nix::sys::socket::UnixAddr::new(&folder.path().join("door")).unwrap();
        nix::sys::socket::bind(std::os::fd::AsRawFd::as_raw_fd(&socket), &at).unwrap();
        let deaf = UnixListener::from_std(socket.into()).unwrap();
        let tried = tokio::time::timeout(BREATH * 5, serve(Listener::Unix(deaf), "the door", 3, echo)).await;
        assert!(tried.is_err(), "it goes on trying");
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert_eq!(log.matches("the door: ").count(), 1, "{log}");

        let (mut told, begin) = (Told::default(), Instant::now());
        let due = [0, 1, 59, 60, 61, 119, 120].map(|second| told.is_due(begin + Duration::from_secs(second)));
        assert_eq!(due, [true, false, false, true, false, false, true]);
    }

    #[tokio::test]
    async fn the_longest_idle_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("door");
        let listener = Listener::Unix(UnixListener::bind(&at).unwrap());
        tokio::spawn(serve(listener, "test", 3, echo));
        let mut clients = Vec::new();
        for byte in *b"!ab" {
            let mut client = UnixStream::connect(&at).await.unwrap();
            assert_eq!(said(&mut client, byte).await, Some(byte));
            clients.push(client);
        }
        assert_eq!(said(&mut clients[1], b'a').await, Some(b'a'), "so the third is the longest idle");
        for byte in *b"cd" {
            let mut client = UnixStream::connect(&at).await.unwrap();
            assert_eq!(said(&mut client, byte).await, Some(byte));
            clients.push(client);
        }
        assert_eq!(said(&mut clients[2], b'x').await, None);
        assert_eq!(said(&mut clients[1], b'x').await, None);
        assert_eq!(said(&mut clients[0], b'!').await, Some(b'!'), "being served is not being idle");
        for client in &mut clients[3..] {
            assert_eq!(said(client, b'!').await, Some(b'!'));
        }
        let mut late = UnixStream::connect(&at).await.unwrap();
        assert_eq!(said(&mut late, b'x').await, None, "all are being served");
        drop(clients);
        let mut heard = None;
        while heard.is_none() {
            let mut again = UnixStream::connect(&at).await.unwrap();
            heard = said(&mut again, b'x').await;
        }
    }
}
