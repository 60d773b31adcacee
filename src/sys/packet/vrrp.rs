//! Raw sockets for IP protocol 112: one an interface and family, bound to the interface, joined to the group.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use hactl_engine::input::Received;
use hactl_engine::wire::arp::Mac;
use hactl_engine::wire::ip::{Ipv4Header, PROTOCOL_VRRP, TTL};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn6, recvmsg, sendmsg, setsockopt, sockopt,
};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockFilter, Socket, Type};

use super::mmsg::{self, Inbox, To};
use crate::sys::os::Outgoing;

/// The largest advert: 255 IPv6 addresses.
pub(crate) const LARGEST: usize = 60 + 8 + 255 * 16 + 64;
/// Adverts the kernel may queue for us.
const RECEIVE_BUFFER: usize = 1024 * 1024;

/// Instructions of the kernel's packet filter (linux/bpf_common.h).
const LOAD_WORD: u16 = 0x20;
const LOAD_HALF: u16 = 0x28;
const JUMP_IF_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;
/// Where the filter finds the sender in an Ethernet header: SKF_LL_OFF, and behind the destination.
const SOURCE_MAC: u32 = 0xffe0_0000 + 6;

/// A raw VRRP socket on one interface.
pub(crate) struct VrrpSocket {
    socket: Socket,
    link: u32,
    ipv6: bool,
    /// The interface whose adverts it hears: its own, or the one below a macvlan.
    home: u32,
}

impl VrrpSocket {
    /// Opens the socket on an interface. `groups` are the multicast groups it hears there.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn open(link: u32, name: &str, ipv6: bool, groups: &[IpAddr]) -> io::Result<Self> {
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
        } else {
            socket.set_header_included_v4(true)?;
            socket.set_multicast_loop_v4(false)?;
        }
        let opened = Self { socket, link, ipv6, home: link };
        groups.iter().try_for_each(|group| opened.join(*group))?;
        Ok(opened)
    }

    /// The same on a macvlan of this MAC above `home`. The kernel hands what bears a macvlan's own MAC to the macvlan
    /// alone: the adverts of another host whose virtual router has the same one. All else comes in by `home`, and is
    /// not heard twice.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn on_macvlan(link: u32, name: &str, ipv6: bool, home: u32, mac: Mac) -> io::Result<Self> {
        let opened = Self::open(link, name, ipv6, &[])?;
        let [a, b, c, d, e, f] = mac;
        let source = |offset: u32| SOURCE_MAC + offset;
        let (first, rest) = (u32::from_be_bytes([a, b, c, d]), u32::from(u16::from_be_bytes([e, f])));
        opened.socket.attach_filter(&[
            SockFilter::new(LOAD_WORD, 0, 0, source(0)),
            SockFilter::new(JUMP_IF_EQUAL, 0, 3, first),
            SockFilter::new(LOAD_HALF, 0, 0, source(4)),
            SockFilter::new(JUMP_IF_EQUAL, 0, 1, rest),
            SockFilter::new(RETURN, 0, 0, u32::MAX),
            SockFilter::new(RETURN, 0, 0, 0),
        ])?;
        Ok(Self { home, ..opened })
    }

    /// The interface whose adverts it hears.
    pub(crate) fn home(&self) -> u32 {
        self.home
    }

    /// Hears another multicast group; one that is heard already is no error.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn join(&self, group: IpAddr) -> io::Result<()> {
        let joined = match group {
            IpAddr::V4(group) => self.socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(self.link)),
            IpAddr::V6(group) => self.socket.join_multicast_v6(&group, self.link),
        };
        joined.or_else(|error| if error.raw_os_error() == Some(libc::EADDRINUSE) { Ok(()) } else { Err(error) })
    }

    /// Sends adverts: whole packets for IPv4, the payload for IPv6. Returns the failures by their place in the list.
    pub(crate) fn send(&self, adverts: &[Outgoing]) -> Vec<(usize, io::Error)> {
        if self.ipv6 {
            let send = |one: &Outgoing| match (one.source, one.destination) {
                (IpAddr::V6(source), IpAddr::V6(destination)) => self.send_v6(source, destination, &one.packet),
                _ => Err(io::ErrorKind::InvalidInput.into()), // families never mix in one advert
            };
            return adverts.iter().enumerate().filter_map(|(n, one)| Some((n, send(one).err()?))).collect();
        }
        let v4 = |address: IpAddr| if let IpAddr::V4(v4) = address { v4 } else { Ipv4Addr::UNSPECIFIED };
        let datagrams: Vec<(To, &[u8])> =
            adverts.iter().map(|one| (To::V4(v4(one.destination)), one.packet.as_slice())).collect();
        mmsg::send(self.socket.as_fd(), &datagrams)
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

    /// Takes waiting packets, some at a time; what is not VRRP over IP is left out.
    ///
    /// # Errors
    /// `WouldBlock` when there is nothing; else the kernel's.
    pub(crate) fn receive(&self, inbox: &mut Inbox) -> io::Result<Vec<Received>> {
        if self.ipv6 {
            return self.receive_v6().map(|packet| packet.into_iter().collect());
        }
        let packets = inbox.receive(self.socket.as_fd())?;
        let parsed = packets.into_iter().filter_map(|bytes| Ipv4Header::parse(bytes).ok());
        Ok(parsed
            .map(|(header, payload)| Received {
                source: IpAddr::V4(header.source),
                destination: IpAddr::V4(header.destination),
                ttl: header.ttl,
                payload: payload.into(),
            })
            .collect())
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
                    ControlMessageOwned::Ipv6HopLimit(hops) => ttl = u8::try_from(hops).unwrap_or(0), // refused
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
        Ok(Some(Received {
            source: IpAddr::V6(source),
            destination: IpAddr::V6(destination),
            ttl,
            payload: bytes.into(),
        }))
    }
}

impl AsFd for VrrpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
