//! A TCP connection as a check's options want it: from an address, through an interface, with a mark.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hactl_engine::conf::config::lvs::{Connection, Endpoint};
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::TcpStream;

use super::failed::Failed;

/// Begins a connection and does not wait for it: see [`connected`].
///
/// # Errors
/// What the kernel refuses at once.
pub(crate) fn begin(to: &Connection) -> Result<Socket, Failed> {
    let socket = Socket::new(Domain::for_address(to.to), Type::STREAM.nonblocking(), Some(Protocol::TCP));
    let socket = socket.map_err(|error| Failed::Local("no socket".into(), error))?;
    if let Some(from) = to.from.as_deref() {
        set(&SockRef::from(&socket), to.to, from)?;
    }
    match socket.connect(&to.to.into()) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error.into()),
        _ => Ok(socket),
    }
}

/// Whether a connection that was begun, and is writable or broken by now, was made.
///
/// # Errors
/// What the kernel or the other host said.
pub(crate) fn connected(socket: &SockRef<'_>) -> Result<(), Failed> {
    match socket.take_error().unwrap_or_else(Some) {
        None => Ok(()),
        // While it was being made the other host could only refuse. It was made, and then the host thought better of
        // it.
        Some(error) if matches!(error.raw_os_error(), Some(libc::ECONNRESET | libc::EPIPE)) => Ok(()),
        Some(error) => Err(error.into()),
    }
}

/// Connects; the caller limits the time.
///
/// # Errors
/// What the kernel or the other host said.
pub(crate) async fn connect(to: &Connection) -> Result<TcpStream, Failed> {
    finish(begin(to)?).await
}

/// Waits for a connection that was begun; the caller limits the time.
///
/// # Errors
/// What the kernel or the other host said.
pub(crate) async fn finish(begun: Socket) -> Result<TcpStream, Failed> {
    let stream = TcpStream::from_std(begun.into())?;
    stream.writable().await?;
    connected(&SockRef::from(&stream))?;
    Ok(stream)
}

/// A connected UDP socket, not blocking.
///
/// # Errors
/// What the kernel refuses.
pub(crate) fn udp(to: &Connection) -> Result<tokio::net::UdpSocket, Failed> {
    let socket = Socket::new(Domain::for_address(to.to), Type::DGRAM.nonblocking(), Some(Protocol::UDP))?;
    if let Some(from) = to.from.as_deref() {
        set(&SockRef::from(&socket), to.to, from)?;
    }
    socket.connect(&to.to.into())?;
    Ok(tokio::net::UdpSocket::from_std(socket.into())?)
}

/// Sets where a socket sends from.
///
/// # Errors
/// The option that the kernel refused.
pub(crate) fn set(socket: &SockRef<'_>, to: SocketAddr, from: &Endpoint) -> Result<(), Failed> {
    if let Some(interface) = &from.interface {
        let bound = socket.bind_device(Some(interface.as_bytes()));
        bound.map_err(|error| Failed::Local(format!("cannot send through {interface}"), error))?;
    }
    if let Some(mark) = from.mark {
        socket.set_mark(mark).map_err(|error| Failed::Local(format!("cannot mark packets with {mark}"), error))?;
    }
    if from.address.is_some() || from.port.is_some() {
        let any = if to.is_ipv4() { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { IpAddr::from(Ipv6Addr::UNSPECIFIED) };
        let source = SocketAddr::new(from.address.unwrap_or(any), from.port.unwrap_or(0));
        // The port of the last try may still be in TIME_WAIT.
        socket.set_reuse_address(true).map_err(|error| Failed::Local(format!("cannot share {source}"), error))?;
        socket.bind(&source.into()).map_err(|error| Failed::Local(format!("cannot send from {source}"), error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsFd;
    use std::time::Duration;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::super::peer::to;
    use super::*;

    /// A connection that was begun and has had all the time it needs.
    fn begun(at: SocketAddr, meanwhile: impl FnOnce()) -> Result<(), String> {
        let socket = begin(&to(at)).map_err(|why| why.to_string())?;
        meanwhile();
        let mut asked = [PollFd::new(socket.as_fd(), PollFlags::POLLOUT)];
        poll(&mut asked, PollTimeout::from(5000_u16)).unwrap();
        connected(&SockRef::from(&socket)).map_err(|why| why.to_string())
    }

    #[test]
    fn a_host_that_thinks_better_of_it_was_connected() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        assert_eq!(begun(at, || {}), Ok(()));
        drop(listener.accept().unwrap());
        let reset = || {
            let (stream, _) = listener.accept().unwrap();
            SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap(); // closes with a reset
        };
        assert_eq!(begun(at, reset), Ok(()));
        drop(listener);
        assert_eq!(begun(at, || {}), Err("connection refused: nothing listens there".into()));
    }
}
