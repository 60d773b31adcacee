//! The TCP connections that this host has open, as /proc/net/tcp lists them (proc_net_tcp.rst of Linux).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// An open connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Connection {
    /// This host's end.
    pub local: SocketAddr,
    /// The other one.
    pub remote: SocketAddr,
}

/// Those that were opened to, or from, one of these addresses.
///
/// # Errors
/// /proc is not there.
pub(crate) fn of(addresses: &[IpAddr]) -> io::Result<Vec<Connection>> {
    let mut all = read(&std::fs::read_to_string("/proc/thread-self/net/tcp")?);
    // A host without IPv6 has no such file.
    all.extend(std::fs::read_to_string("/proc/thread-self/net/tcp6").map(|text| read(&text)).unwrap_or_default());
    all.retain(|one| addresses.contains(&one.local.ip()));
    Ok(all)
}

fn read(table: &str) -> Vec<Connection> {
    let row = |line: &str| {
        let mut words = line.split_ascii_whitespace().skip(1);
        let (local, remote) = (socket(words.next()?)?, socket(words.next()?)?);
        (words.next()? != LISTEN).then_some(Connection { local, remote })
    };
    table.lines().filter_map(row).collect()
}

/// Words of 32 bits in the machine's order, and a port. An IPv4 address in IPv6's table is one all the same.
fn socket(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |at: usize| Some(u32::from_str_radix(address.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    let address = match address.len() {
        8 => IpAddr::from(Ipv4Addr::from(word(0)?)),
        32 => {
            let bytes: Vec<u8> = [word(0)?, word(8)?, word(16)?, word(24)?].concat();
            Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(address, port))
}

/// TCP_LISTEN: a socket without a connection.
const LISTEN: &str = "0A";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_connections_are_read_and_listening_sockets_are_none() {
        // Recorded from Linux 6.1 on a little-endian machine.
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            \x20  0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n\
            \x20  1: 0300000A:0050 6400000A:BDF6 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 20 4 30 10 -1\n\
            \x20  2: 0000000000000000FFFF00000300000A:01BB 0000000000000000FFFF00006400000A:BDF7 08 00000000:00000000 00:0 0 0\n\
            \x20  3: B80D0120000000000000000003000000:0050 B80D0120000000000000000064000000:C001 01 0:0 0:0 0 0\n\
            garbage\n\x20 4: 0300000A 1:2\n\x20 5: 03:0050 04:0050 01\n";
        let said: Vec<String> = read(table).iter().map(|one| format!("{} {}", one.local, one.remote)).collect();
        if cfg!(target_endian = "little") {
            let wanted = [
                "10.0.0.3:80 10.0.0.100:48630",
                "10.0.0.3:443 10.0.0.100:48631",
                "[2001:db8::3]:80 [2001:db8::64]:49153",
            ];
            assert_eq!(said, wanted);
        }
    }

    #[test]
    fn a_connection_of_this_process_is_found() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (server, _) = listener.accept().unwrap();
        let wanted = Connection { local: server.local_addr().unwrap(), remote: client.local_addr().unwrap() };
        assert!(of(&["127.0.0.1".parse().unwrap()]).unwrap().contains(&wanted));
        assert!(!of(&["127.0.0.9".parse().unwrap()]).unwrap().contains(&wanted));
    }
}
