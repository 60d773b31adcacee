//! The numbers of linux/ip_vs.h, by its own names without the `IPVS` and `ATTR` in them.

pub const AF_INET: u16 = 2;
pub const AF_INET6: u16 = 10;
pub const IPPROTO_TCP: u16 = 6;
pub const IPPROTO_UDP: u16 = 17;
pub const IPPROTO_SCTP: u16 = 132;

pub const NEW_SERVICE: u8 = 1;
pub const SET_SERVICE: u8 = 2;
pub const DEL_SERVICE: u8 = 3;
pub const GET_SERVICE: u8 = 4;
pub const NEW_DEST: u8 = 5;
pub const SET_DEST: u8 = 6;
pub const DEL_DEST: u8 = 7;
pub const GET_DEST: u8 = 8;
pub const NEW_DAEMON: u8 = 9;
pub const DEL_DAEMON: u8 = 10;
pub const GET_DAEMON: u8 = 11;
pub const SET_CONFIG: u8 = 12;
pub const GET_CONFIG: u8 = 13;
pub const FLUSH: u8 = 17;

pub const CMD_SERVICE: u16 = 1;
pub const CMD_DEST: u16 = 2;
pub const CMD_DAEMON: u16 = 3;
pub const CMD_TCP: u16 = 4;
pub const CMD_TCP_FIN: u16 = 5;
pub const CMD_UDP: u16 = 6;

pub const SVC_AF: u16 = 1;
pub const SVC_PROTOCOL: u16 = 2;
pub const SVC_ADDR: u16 = 3;
pub const SVC_PORT: u16 = 4;
pub const SVC_FWMARK: u16 = 5;
pub const SVC_SCHED_NAME: u16 = 6;
pub const SVC_FLAGS: u16 = 7;
pub const SVC_TIMEOUT: u16 = 8;
pub const SVC_NETMASK: u16 = 9;
pub const SVC_STATS: u16 = 10;
pub const SVC_STATS64: u16 = 12;

pub const SVC_F_PERSISTENT: u32 = 0x01;
pub const SVC_F_ONEPACKET: u32 = 0x04;
pub const SVC_F_SCHED1: u32 = 0x08;
pub const SVC_F_SCHED2: u32 = 0x10;
pub const SVC_F_SCHED3: u32 = 0x20;

pub const DEST_ADDR: u16 = 1;
pub const DEST_PORT: u16 = 2;
pub const DEST_FWD: u16 = 3;
pub const DEST_WEIGHT: u16 = 4;
pub const DEST_UPPER: u16 = 5;
pub const DEST_LOWER: u16 = 6;
pub const DEST_ACTIVE: u16 = 7;
pub const DEST_INACTIVE: u16 = 8;
pub const DEST_PERSISTENT: u16 = 9;
pub const DEST_STATS: u16 = 10;
pub const DEST_AF: u16 = 11;
pub const DEST_STATS64: u16 = 12;
pub const DEST_TUN_TYPE: u16 = 13;
pub const DEST_TUN_PORT: u16 = 14;
pub const DEST_TUN_FLAGS: u16 = 15;

pub const FWD_MASK: u32 = 7;
pub const FWD_NAT: u32 = 0;
pub const FWD_TUNNEL: u32 = 2;
pub const FWD_DIRECT: u32 = 3;
pub const TUN_IPIP: u8 = 0;
pub const TUN_GUE: u8 = 1;
pub const TUN_GRE: u8 = 2;
pub const TUN_F_CSUM: u16 = 1;
pub const TUN_F_REMCSUM: u16 = 2;

pub const DAEMON_STATE: u16 = 1;
pub const DAEMON_IFN: u16 = 2;
pub const DAEMON_ID: u16 = 3;
pub const DAEMON_MAXLEN: u16 = 4;
pub const DAEMON_GROUP: u16 = 5;
pub const DAEMON_GROUP6: u16 = 6;
pub const DAEMON_PORT: u16 = 7;
pub const DAEMON_TTL: u16 = 8;
pub const STATE_MASTER: u32 = 1;
pub const STATE_BACKUP: u32 = 2;
