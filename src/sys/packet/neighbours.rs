//! Hears which hosts claim an address, or are about to: ARP packets and neighbour advertisements on one interface.

use std::collections::BTreeSet;
use std::io;
use std::mem::zeroed;
use std::net::Ipv6Addr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use hactl_engine::input::Input;
use hactl_engine::wire::arp::{self, Arp};
use hactl_engine::wire::ndisc;
use nix::sys::socket::{MsgFlags, recv};
use socket2::{Domain, Protocol, Socket, Type};

use crate::sys::width::{length_of, short};

/// Longer packets are no claims.
const LARGEST: usize = 256;
/// Packets the kernel may queue.
const RECEIVE_BUFFER: usize = 256 * 1024;
const PACKET: libc::sa_family_t = short(libc::AF_PACKET);
const ICMPV6: i32 = 58;
const ICMP6_FILTER: i32 = 1;
/// Neighbour solicitations and advertisements.
const WANTED: [u8; 2] = [135, 136];

/// A listener on one interface, for one family.
pub struct Claims {
    socket: Socket,
    link: u32,
    ipv6: bool,
    joined: BTreeSet<Ipv6Addr>,
}

impl Claims {
    /// Listens for ARP on an interface.
    ///
    /// # Errors
    /// The kernel's.
    pub fn arp(link: u32) -> io::Result<Self> {
        let protocol = arp::ETHERTYPE.to_be();
        let socket = Socket::new(Domain::PACKET, Type::DGRAM.nonblocking(), Some(Protocol::from(i32::from(protocol))))?;
        // SAFETY: sockaddr_ll is plain data, for which all zeroes is a valid value.
        #[expect(unsafe_code, reason = "nix builds no sockaddr_ll")]
        let mut at: libc::sockaddr_ll = unsafe { zeroed() };
        at.sll_family = PACKET;
        at.sll_protocol = protocol;
        // Index 0 would be every interface.
        at.sll_ifindex = link.try_into().map_err(|_| io::ErrorKind::InvalidInput)?;
        // SAFETY: the pointer comes from a live borrow with its true length; the kernel only reads.
        #[expect(unsafe_code, reason = "bind with a sockaddr_ll")]
        let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const at).cast(), length_of::<libc::sockaddr_ll>()) };
        if bound < 0 {
            return Err(io::Error::last_os_error());
        }
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER); // less loses claims only under a flood
        Ok(Self { socket, link, ipv6: false, joined: BTreeSet::new() })
    }

    /// Listens for neighbour advertisements on an interface, and for the questions of those groups that it joins.
    ///
    /// # Errors
    /// The kernel's.
    pub fn neighbours(link: u32, name: &str) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV6, Type::RAW.nonblocking(), Some(Protocol::from(ICMPV6)))?;
        socket.bind_device(Some(name.as_bytes()))?;
        // A set bit blocks a message type.
        let mut filter: [u32; 8] = [u32::MAX; 8];
        for wanted in WANTED {
            if let Some(word) = filter.get_mut(usize::from(wanted >> 5)) {
                *word &= !(1 << (wanted & 31));
            }
        }
        // SAFETY: the pointer comes from a live borrow with its true length; the kernel only reads.
        #[expect(unsafe_code, reason = "setsockopt with an icmp6_filter")]
        let set = unsafe {
            libc::setsockopt(socket.as_raw_fd(), ICMPV6, ICMP6_FILTER, filter.as_ptr().cast(), length_of::<[u32; 8]>())
        };
        if set < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { socket, link, ipv6: true, joined: BTreeSet::new() })
    }

    /// Joins the group in which neighbours ask for this address: who does not hold it hears the questions of others so.
    pub fn join(&mut self, address: Ipv6Addr) {
        let group = ndisc::solicited_node(address);
        if self.joined.insert(group) {
            // Without the group only a contest behind a firewall lasts some milliseconds.
            let _ = self.socket.join_multicast_v6(&group, self.link);
        }
    }

    /// Takes one waiting packet; `Ok(None)` is one that speaks of no address.
    ///
    /// # Errors
    /// `WouldBlock` when there is nothing; else the kernel's.
    pub fn receive(&self) -> io::Result<Option<Input>> {
        let mut bytes = [0; LARGEST];
        let length = recv(self.socket.as_raw_fd(), &mut bytes, MsgFlags::empty())?;
        let packet = bytes.get(..length).unwrap_or_default();
        let claim = if self.ipv6 {
            let link = self.link;
            let claim =
                ndisc::claim(packet).map(|(address, mac)| Input::Claimed { link, address: address.into(), mac });
            let asked = || ndisc::question(packet);
            claim.or_else(|| asked().map(|(address, mac)| Input::Probed { link, address: address.into(), mac }))
        } else {
            Arp::parse(packet).map(|arp| self.heard(&arp))
        };
        Ok(claim)
    }

    fn heard(&self, arp: &Arp) -> Input {
        let (link, mac) = (self.link, arp.sender_mac);
        match arp.sender.is_unspecified() {
            true => Input::Probed { link, address: arp.target.into(), mac },
            false => Input::Claimed { link, address: arp.sender.into(), mac },
        }
    }
}

impl AsFd for Claims {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
