//! The numbers of linux/ip_vs.h, by its own names without the `IPVS` and `ATTR` in them.

pub(super) const AF_INET: u16 = 2;
pub(super) const AF_INET6: u16 = 10;
pub(super) const IPPROTO_TCP: u16 = 6;
pub(super) const IPPROTO_UDP: u16 = 17;
pub(super) const IPPROTO_SCTP: u16 = 132;

pub(super) const NEW_SERVICE: u8 = 1;
pub(super) const SET_SERVICE: u8 = 2;
pub(super) const DEL_SERVICE: u8 = 3;
pub(super) const GET_SERVICE: u8 = 4;
pub(super) const NEW_DEST: u8 = 5;
pub(super) const SET_DEST: u8 = 6;
pub(super) const DEL_DEST: u8 = 7;
pub(super) const GET_DEST: u8 = 8;
pub(super) const NEW_DAEMON: u8 = 9;
pub(super) const DEL_DAEMON: u8 = 10;
pub(super) const GET_DAEMON: u8 = 11;
pub(super) const SET_CONFIG: u8 = 12;
pub(super) const GET_CONFIG: u8 = 13;
pub(super) const FLUSH: u8 = 17;

pub(super) const CMD_SERVICE: u16 = 1;
pub(super) const CMD_DEST: u16 = 2;
pub(super) const CMD_DAEMON: u16 = 3;
pub(super) const CMD_TCP: u16 = 4;
pub(super) const CMD_TCP_FIN: u16 = 5;
pub(super) const CMD_UDP: u16 = 6;

pub(super) const SVC_AF: u16 = 1;
pub(super) const SVC_PROTOCOL: u16 = 2;
pub(super) const SVC_ADDR: u16 = 3;
pub(super) const SVC_PORT: u16 = 4;
pub(super) const SVC_FWMARK: u16 = 5;
pub(super) const SVC_SCHED_NAME: u16 = 6;
pub(super) const SVC_FLAGS: u16 = 7;
pub(super) const SVC_TIMEOUT: u16 = 8;
pub(super) const SVC_NETMASK: u16 = 9;
pub(super) const SVC_STATS: u16 = 10;
pub(super) const SVC_STATS64: u16 = 12;

pub(super) const SVC_F_PERSISTENT: u32 = 0x01;
pub(super) const SVC_F_ONEPACKET: u32 = 0x04;
pub(super) const SVC_F_SCHED1: u32 = 0x08;
pub(super) const SVC_F_SCHED2: u32 = 0x10;
pub(super) const SVC_F_SCHED3: u32 = 0x20;

pub(super) const DEST_ADDR: u16 = 1;
pub(super) const DEST_PORT: u16 = 2;
pub(super) const DEST_FWD: u16 = 3;
pub(super) const DEST_WEIGHT: u16 = 4;
pub(super) const DEST_UPPER: u16 = 5;
pub(super) const DEST_LOWER: u16 = 6;
pub(super) const DEST_ACTIVE: u16 = 7;
pub(super) const DEST_INACTIVE: u16 = 8;
pub(super) const DEST_PERSISTENT: u16 = 9;
pub(super) const DEST_STATS: u16 = 10;
pub(super) const DEST_AF: u16 = 11;
pub(super) const DEST_STATS64: u16 = 12;
pub(super) const DEST_TUN_TYPE: u16 = 13;
pub(super) const DEST_TUN_PORT: u16 = 14;
pub(super) const DEST_TUN_FLAGS: u16 = 15;

pub(super) const FWD_MASK: u32 = 7;
pub(super) const FWD_NAT: u32 = 0;
pub(super) const FWD_TUNNEL: u32 = 2;
pub(super) const FWD_DIRECT: u32 = 3;
pub(super) const TUN_IPIP: u8 = 0;
pub(super) const TUN_GUE: u8 = 1;
pub(super) const TUN_GRE: u8 = 2;
pub(super) const TUN_F_CSUM: u16 = 1;
pub(super) const TUN_F_REMCSUM: u16 = 2;

pub(super) const DAEMON_STATE: u16 = 1;
pub(super) const DAEMON_IFN: u16 = 2;
pub(super) const DAEMON_ID: u16 = 3;
pub(super) const DAEMON_MAXLEN: u16 = 4;
pub(super) const DAEMON_GROUP: u16 = 5;
pub(super) const DAEMON_GROUP6: u16 = 6;
pub(super) const DAEMON_PORT: u16 = 7;
pub(super) const DAEMON_TTL: u16 = 8;
pub(super) const STATE_MASTER: u32 = 1;
pub(super) const STATE_BACKUP: u32 = 2;
