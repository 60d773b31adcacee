//! Frames as they pass an interface, both ways, with the kernel's time: only what load balancers say to each other and
//! their neighbours. What a firewall on this host drops on its way in is seen here all the same; on its way out it is
//! not.

use std::io;
use std::mem::zeroed;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use hactl_engine::wire::ip::PROTOCOL_VRRP;
use hactl_engine::wire::{arp, ndisc};
use socket2::{Domain, Protocol, SockFilter, Socket, Type};

use crate::sys::width::{length_of, short};

/// The longest frame that is kept: a jumbo one.
pub(crate) const LONGEST: usize = 9216;
/// Frames that the kernel may queue.
const RECEIVE_BUFFER: usize = 1024 * 1024;
const PACKET: libc::sa_family_t = short(libc::AF_PACKET);
const EVERY_PROTOCOL: u16 = short(libc::ETH_P_ALL);

/// Instructions of the kernel's packet filter (linux/bpf_common.h).
const LOAD_WORD: u16 = 0x20;
const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE: u16 = 0x30;
const JUMP_IF_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;
/// Where the filter finds whether there was a VLAN tag, which the kernel has taken off (SKF_AD_OFF +
/// SKF_AD_VLAN_TAG_PRESENT).
const TAGGED: u32 = 0xffff_f000 + 48;
const IPV4: u32 = 0x0800;
const ICMPV6: u32 = 58;
const SOLICITATION: u32 = 135;
const ADVERTISEMENT: u32 = 136;

/// A listener on one interface.
pub(crate) struct Tap {
    socket: Socket,
    bytes: Vec<u8>,
    dropped: u64,
}

/// A frame that passed.
pub(crate) struct Passed<'t> {
    /// Unix time in nanoseconds.
    pub at_unix_ns: u64,
    /// Whether this host sent it.
    pub out: bool,
    /// As much of it as is kept.
    pub bytes: &'t [u8],
    /// How long it was.
    pub length: usize,
}

impl Tap {
    /// Listens on an interface.
    ///
    /// # Errors
    /// The kernel's; without CAP_NET_RAW "operation not permitted".
    pub(crate) fn open(link: u32) -> io::Result<Self> {
        // Protocol 0 until it is filtered and bound: nothing of another interface gets in meanwhile.
        let socket = Socket::new(Domain::PACKET, Type::RAW.nonblocking(), Some(Protocol::from(0)))?;
        socket.attach_filter(&filter())?;
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER); // less loses frames under a flood, which is counted
        let on: libc::c_int = 1;
        set(&socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, &on)?;
        // SAFETY: sockaddr_ll is plain data, for which all zeroes is a valid value.
        #[expect(unsafe_code, reason = "nix builds no sockaddr_ll")]
        let mut at: libc::sockaddr_ll = unsafe { zeroed() };
        at.sll_family = PACKET;
        at.sll_protocol = EVERY_PROTOCOL.to_be();
        at.sll_ifindex = link.try_into().map_err(|_| io::ErrorKind::InvalidInput)?;
        // SAFETY: the pointer comes from a live borrow with its true length; the kernel only reads.
        #[expect(unsafe_code, reason = "bind with a sockaddr_ll")]
        let bound = unsafe { libc::bind(socket.as_raw_fd(), (&raw const at).cast(), length_of::<libc::sockaddr_ll>()) };
        if bound < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { socket, bytes: vec![0; LONGEST], dropped: 0 })
    }

    /// Takes one frame.
    ///
    /// # Errors
    /// `WouldBlock` when there is none; else the kernel's, such as that the interface went down.
    pub(crate) fn receive(&mut self) -> io::Result<Passed<'_>> {
        let mut part = libc::iovec { iov_base: self.bytes.as_mut_ptr().cast(), iov_len: self.bytes.len() };
        // SAFETY: all of them are plain data, for which all zeroes is a valid value.
        #[expect(unsafe_code, reason = "nix reads no sockaddr_ll together with a time")]
        let (mut from, mut message): (libc::sockaddr_ll, libc::msghdr) = unsafe { (zeroed(), zeroed()) };
        // Room for one time, aligned as the kernel's headers are.
        let mut control = [0_u64; 8];
        message.msg_name = (&raw mut from).cast();
        message.msg_namelen = length_of::<libc::sockaddr_ll>();
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.as_mut_ptr().cast();
        #[allow(clippy::useless_conversion, reason = "the C libraries disagree on its type")]
        let room = size_of_val(&control).try_into().unwrap_or(0);
        message.msg_controllen = room;
        // SAFETY: the header points to `from`, `part` with `self.bytes` and `control`, which outlive the call.
        #[expect(unsafe_code, reason = "recvmsg into a sockaddr_ll")]
        let length = unsafe { libc::recvmsg(self.socket.as_raw_fd(), &raw mut message, libc::MSG_TRUNC) };
        let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
        let at_unix_ns = time(&message).unwrap_or_else(now_unix_ns);
        let out = from.sll_pkttype == libc::PACKET_OUTGOING;
        let bytes = self.bytes.get(..length).unwrap_or(&self.bytes);
        Ok(Passed { at_unix_ns, out, bytes, length })
    }

    /// Frames that came too fast to be kept, since it was opened.
    pub(crate) fn dropped(&mut self) -> u64 {
        // SAFETY: tpacket_stats is plain data, for which all zeroes is a valid value.
        #[expect(unsafe_code, reason = "getsockopt with a structure")]
        let mut since: libc::tpacket_stats = unsafe { zeroed() };
        let mut length = length_of::<libc::tpacket_stats>();
        // SAFETY: both pointers come from live borrows, the length is the structure's.
        #[expect(unsafe_code, reason = "getsockopt with a structure")]
        let got = unsafe {
            let fd = self.socket.as_raw_fd();
            libc::getsockopt(fd, libc::SOL_PACKET, libc::PACKET_STATISTICS, (&raw mut since).cast(), &raw mut length)
        };
        // The kernel counts from the last time that it was asked.
        self.dropped += if got == 0 { u64::from(since.tp_drops) } else { 0 };
        self.dropped
    }
}

impl AsFd for Tap {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// This host's clock: Unix time in nanoseconds.
pub(crate) fn now_unix_ns() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// When the kernel saw it.
fn time(message: &libc::msghdr) -> Option<u64> {
    // SAFETY: the kernel has filled in the control buffer that the header points to, and its length.
    #[expect(unsafe_code, reason = "the macros of cmsg(3)")]
    let stamp = unsafe {
        let first = libc::CMSG_FIRSTHDR(message);
        if first.is_null() || (*first).cmsg_level != libc::SOL_SOCKET || (*first).cmsg_type != libc::SCM_TIMESTAMPNS {
            return None;
        }
        libc::CMSG_DATA(first).cast::<libc::timespec>().read_unaligned()
    };
    let (seconds, part) = (u64::try_from(stamp.tv_sec).ok()?, u64::try_from(stamp.tv_nsec).ok()?);
    seconds.checked_mul(1_000_000_000)?.checked_add(part)
}

fn set(socket: &Socket, level: libc::c_int, name: libc::c_int, value: &libc::c_int) -> io::Result<()> {
    // SAFETY: the pointer comes from a live borrow with its true length; the kernel only reads.
    #[expect(unsafe_code, reason = "setsockopt for times in nanoseconds")]
    let set = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, name, std::ptr::from_ref(value).cast(), length_of::<libc::c_int>())
    };
    if set < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Takes ARP, VRRP over either IP, and questions and answers for neighbours; not what bore a VLAN tag, which belongs to
/// another interface.
fn filter() -> [SockFilter; 16] {
    let load = |code, at| SockFilter::new(code, 0, 0, at);
    // So many lines are left out where it is equal, and where it is not.
    let compare = |equal, other, value| SockFilter::new(JUMP_IF_EQUAL, equal, other, value);
    [
        load(LOAD_WORD, TAGGED),
        compare(0, 13, 0),
        load(LOAD_HALF, 12),
        compare(10, 0, u32::from(arp::ETHERTYPE)),
        compare(0, 2, IPV4),
        load(LOAD_BYTE, 23),
        compare(7, 8, u32::from(PROTOCOL_VRRP)),
        compare(0, 7, u32::from(ndisc::ETHERTYPE)),
        load(LOAD_BYTE, 20),
        compare(4, 0, u32::from(PROTOCOL_VRRP)),
        compare(0, 4, ICMPV6),
        load(LOAD_BYTE, 54),
        compare(1, 0, SOLICITATION),
        compare(0, 1, ADVERTISEMENT),
        load(RETURN, u32::MAX),
        load(RETURN, 0),
    ]
}
