//! A TCP connection as a check's options want it: from an address, through an interface, with a mark.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use hactl_engine::conf::config::lvs::{Connection, Endpoint};
use nix::errno::Errno;
use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpSocket, TcpStream};

/// Connects; the caller limits the time.
///
/// # Errors
/// In words: what the kernel or the other host said.
pub async fn connect(to: &Connection) -> Result<TcpStream, String> {
    let socket = if to.to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(|error| format!("no socket: {error}"))?;
    if let Some(from) = to.from.as_deref() {
        set(&SockRef::from(&socket), to.to, from)?;
    }
    socket.connect(to.to).await.map_err(|error| refusal(&error))
}

/// A connected UDP socket, not blocking.
///
/// # Errors
/// In words.
pub fn udp(to: &Connection) -> Result<tokio::net::UdpSocket, String> {
    let words = |error: io::Error| refusal(&error);
    let socket =
        Socket::new(Domain::for_address(to.to), Type::DGRAM.nonblocking(), Some(Protocol::UDP)).map_err(words)?;
    if let Some(from) = to.from.as_deref() {
        set(&SockRef::from(&socket), to.to, from)?;
    }
    socket.connect(&to.to.into()).map_err(words)?;
    tokio::net::UdpSocket::from_std(socket.into()).map_err(words)
}

/// Sets where a socket sends from.
///
/// # Errors
/// In words, with the option that the kernel refused.
pub fn set(socket: &SockRef<'_>, to: SocketAddr, from: &Endpoint) -> Result<(), String> {
    if let Some(interface) = &from.interface {
        let bound = socket.bind_device(Some(interface.as_bytes()));
        bound.map_err(|error| format!("cannot send through {interface}: {error}"))?;
    }
    if let Some(mark) = from.mark {
        socket.set_mark(mark).map_err(|error| format!("cannot mark packets with {mark}: {error}"))?;
    }
    if from.address.is_some() || from.port.is_some() {
        let any = if to.is_ipv4() { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { IpAddr::from(Ipv6Addr::UNSPECIFIED) };
        let source = SocketAddr::new(from.address.unwrap_or(any), from.port.unwrap_or(0));
        // The port of the last try may still be in TIME_WAIT.
        socket.set_reuse_address(true).map_err(|error| format!("cannot share {source}: {error}"))?;
        socket.bind(&source.into()).map_err(|error| format!("cannot send from {source}: {error}"))?;
    }
    Ok(())
}

/// What a failed connection means, in words that fit after "is down:".
pub fn refusal(error: &io::Error) -> String {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ECONNREFUSED) => "connection refused: nothing listens there".to_owned(),
        Some(Errno::EHOSTUNREACH) => "no route to host, or it does not answer ARP".to_owned(),
        Some(Errno::ENETUNREACH) => "network unreachable".to_owned(),
        Some(Errno::ECONNRESET) => "connection reset".to_owned(),
        _ => error.to_string(),
    }
}
