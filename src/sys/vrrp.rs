//! Raw sockets for IP protocol 112: one an interface and family, bound to the interface, joined to the group.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use hactl_engine::input::Received;
use hactl_engine::wire::ip::{Ipv4Header, PROTOCOL_VRRP, TTL};
use hactl_engine::wire::vrrp::{GROUP_V4, GROUP_V6};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn6, recvmsg, sendmsg, setsockopt, sockopt,
};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockAddr, Socket, Type};

/// The largest advert: 255 IPv6 addresses.
const LARGEST: usize = 60 + 8 + 255 * 16 + 64;
/// Adverts the kernel may queue for us.
const RECEIVE_BUFFER: usize = 1024 * 1024;

/// A raw VRRP socket on one interface.
pub struct VrrpSocket {
    socket: Socket,
    link: u32,
    ipv6: bool,
}

impl VrrpSocket {
    /// Opens the socket on an interface. `multicast` joins the VRRP group there.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open(link: u32, name: &str, ipv6: bool, multicast: bool) -> io::Result<Self> {
        let domain = if ipv6 { Domain::IPV6 } else { Domain::IPV4 };
        let protocol = Protocol::from(i32::from(PROTOCOL_VRRP));
        let socket = Socket::new(domain, Type::RAW.nonblocking(), Some(protocol))?;
        socket.bind_device(Some(name.as_bytes()))?;
        // Less is enough for a few routers; with thousands the sysctl limit shows in the drop counter.
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
        if ipv6 {
            socket.set_multicast_loop_v6(false)?;
            socket.set_multicast_hops_v6(u32::from(TTL))?;
            socket.set_unicast_hops_v6(u32::from(TTL))?;
            socket.set_multicast_if_v6(link)?;
            socket.set_recv_hoplimit_v6(true)?;
            setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
            if multicast {
                socket.join_multicast_v6(&GROUP_V6, link)?;
            }
        } else {
            socket.set_header_included_v4(true)?;
            socket.set_multicast_loop_v4(false)?;
            if multicast {
                socket.join_multicast_v4_n(&GROUP_V4, &InterfaceIndexOrAddress::Index(link))?;
            }
        }
        Ok(Self { socket, link, ipv6 })
    }

    /// The interface it is on.
    pub fn link(&self) -> u32 {
        self.link
    }

    /// Whether it carries IPv6.
    pub fn is_ipv6(&self) -> bool {
        self.ipv6
    }

    /// Sends an advert: a whole packet for IPv4, the payload for IPv6.
    ///
    /// # Errors
    /// The kernel's.
    pub fn send(&self, source: IpAddr, destination: IpAddr, packet: &[u8]) -> io::Result<()> {
        match (source, destination) {
            (IpAddr::V6(source), IpAddr::V6(destination)) => self.send_v6(source, destination, packet),
            _ => {
                let to = SockAddr::from(SocketAddr::new(destination, 0));
                self.socket.send_to(packet, &to).map(drop)
            }
        }
    }

    fn send_v6(&self, source: Ipv6Addr, destination: Ipv6Addr, packet: &[u8]) -> io::Result<()> {
        let info =
            libc::in6_pktinfo { ipi6_addr: libc::in6_addr { s6_addr: source.octets() }, ipi6_ifindex: self.link };
        let scoped = destination.is_multicast() || destination.is_unicast_link_local();
        let to = SockaddrIn6::from(SocketAddrV6::new(destination, 0, 0, if scoped { self.link } else { 0 }));
        let control = [ControlMessage::Ipv6PacketInfo(&info)];
        sendmsg(self.socket.as_raw_fd(), &[IoSlice::new(packet)], &control, MsgFlags::empty(), Some(&to))?;
        Ok(())
    }

    /// Takes one waiting packet. `Ok(None)` is a packet that is not VRRP over IP.
    ///
    /// # Errors
    /// `WouldBlock` when there is nothing; else the kernel's.
    pub fn receive(&self) -> io::Result<Option<Received>> {
        if self.ipv6 { self.receive_v6() } else { self.receive_v4() }
    }

    fn receive_v4(&self) -> io::Result<Option<Received>> {
        let mut bytes = vec![0; LARGEST];
        let length = nix::sys::socket::recv(self.socket.as_raw_fd(), &mut bytes, MsgFlags::empty())?;
        bytes.truncate(length);
        let Ok((header, payload)) = Ipv4Header::parse(&bytes) else { return Ok(None) };
        Ok(Some(Received {
            source: IpAddr::V4(header.source),
            destination: IpAddr::V4(header.destination),
            ttl: header.ttl,
            payload: payload.to_vec(),
        }))
    }

    fn receive_v6(&self) -> io::Result<Option<Received>> {
        let mut bytes = vec![0; LARGEST];
        let mut space = nix::cmsg_space!(libc::in6_pktinfo, libc::c_int);
        let (length, source, ttl, destination) = {
            let mut parts = [IoSliceMut::new(&mut bytes)];
            let message =
                recvmsg::<SockaddrIn6>(self.socket.as_raw_fd(), &mut parts, Some(&mut space), MsgFlags::empty())?;
            let (mut ttl, mut destination) = (0, None);
            for control in message.cmsgs()? {
                match control {
                    ControlMessageOwned::Ipv6HopLimit(hops) => ttl = u8::try_from(hops).unwrap_or_default(),
                    ControlMessageOwned::Ipv6PacketInfo(info) => {
                        destination = Some(Ipv6Addr::from(info.ipi6_addr.s6_addr));
                    }
                    _ => {}
                }
            }
            (message.bytes, message.address.map(|address| address.ip()), ttl, destination)
        };
        bytes.truncate(length);
        let Some((source, destination)) = source.zip(destination) else { return Ok(None) };
        Ok(Some(Received { source: IpAddr::V6(source), destination: IpAddr::V6(destination), ttl, payload: bytes }))
    }
}

impl AsFd for VrrpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
