//! What rules of nf_tables are made of (linux/netfilter/nf_tables.h).

use super::attributes::Attributes;

/// NFPROTO_INET: a table of both families.
pub(super) const INET: u8 = 1;
/// NF_INET_LOCAL_OUT: what this host sends.
pub(super) const OUTPUT: u32 = 3;
/// Where the network header begins.
pub(super) const NETWORK: u32 = 1;
/// Where the transport header begins.
pub(super) const TRANSPORT: u32 = 2;
/// NFT_META_NFPROTO: of which family a packet is.
pub(super) const META_NFPROTO: u32 = 15;
/// NFT_META_L4PROTO: its transport protocol.
pub(super) const META_L4PROTO: u32 = 16;
/// NFT_META_SKUID: whose the socket is that sent it.
pub(super) const META_SKUID: u32 = 10;
/// NFT_REG_1: the register that everything here uses, sixteen bytes long.
const REGISTER: u32 = 1;
/// NFT_META_IIF: the index of the interface that it came in by.
pub(super) const META_IIF: u32 = 4;
/// NFT_DYNSET_OP_ADD.
const DYNSET_ADD: u32 = 0;
/// NFT_REJECT_TCP_RST.
const REJECT_TCP_RST: u32 = 1;

/// The expressions of a rule, in their order.
pub(super) fn list(expressions: Vec<Attributes>) -> Attributes {
    expressions.iter().fold(Attributes::default(), |all, one| all.nest(1, one))
}

fn expression(name: &str, data: &Attributes) -> Attributes {
    Attributes::default().text(1, name).nest(2, data)
}

/// Loads bytes of the packet into the register.
pub(super) fn load(base: u32, offset: u32, length: u32) -> Attributes {
    load_to(REGISTER, base, offset, length)
}

/// Loads bytes of the packet into another register.
pub(super) fn load_to(register: u32, base: u32, offset: u32, length: u32) -> Attributes {
    let data = Attributes::default().number(1, register).number(2, base).number(3, offset).number(4, length);
    expression("payload", &data)
}

/// Goes on when the register is in the set, or with `not` when it is not.
pub(super) fn lookup(set: &str, not: bool) -> Attributes {
    let data = Attributes::default().text(1, set).number(2, REGISTER).number(5, u32::from(not));
    expression("lookup", &data)
}

/// Goes on when the register holds these bytes.
pub(super) fn equal(bytes: &[u8]) -> Attributes {
    compare(0, bytes)
}

/// Goes on when the register holds other bytes.
pub(super) fn differs(bytes: &[u8]) -> Attributes {
    compare(1, bytes)
}

fn compare(how: u32, bytes: &[u8]) -> Attributes {
    let data = Attributes::default().number(1, REGISTER).number(2, how);
    expression("cmp", &data.nest(3, &Attributes::default().bytes(1, bytes)))
}

/// Keeps these bits of the register.
pub(super) fn mask(bits: &[u8]) -> Attributes {
    let length = u32::try_from(bits.len()).unwrap_or(0);
    let data = Attributes::default().number(1, REGISTER).number(2, REGISTER).number(3, length);
    let data = data.nest(4, &Attributes::default().bytes(1, bits));
    expression("bitwise", &data.nest(5, &Attributes::default().bytes(1, &vec![0; bits.len()])))
}

/// Loads a property of the packet into the register.
pub(super) fn meta(key: u32) -> Attributes {
    expression("meta", &Attributes::default().number(1, REGISTER).number(2, key))
}

/// Answers with a reset, so that whoever connects is told at once.
pub(super) fn reset() -> Attributes {
    expression("reject", &Attributes::default().number(1, REJECT_TCP_RST))
}

/// Goes on when a one-byte property of the packet has this value.
pub(super) fn meta_is(key: u32, value: u8) -> Vec<Attributes> {
    vec![meta(key), equal(&[value])]
}

/// Puts bytes into a register.
pub(super) fn immediate(register: u32, bytes: &[u8]) -> Attributes {
    let data = Attributes::default().number(1, register).nest(2, &Attributes::default().bytes(1, bytes));
    expression("immediate", &data)
}

/// Adds what the first register holds to a set; goes on unless the set is full.
pub(super) fn add_to_set(set: &str) -> Attributes {
    let data = Attributes::default().text(1, set).number(3, DYNSET_ADD).number(4, REGISTER);
    expression("dynset", &data)
}

/// Sends a copy to the host whose address is in a register, by the interface that is in another one.
pub(super) fn dup(address: u32, interface: u32) -> Attributes {
    expression("dup", &Attributes::default().number(1, address).number(2, interface))
}

/// What becomes of the packet.
pub(super) fn verdict(code: u32) -> Attributes {
    let verdict = Attributes::default().nest(2, &Attributes::default().number(1, code));
    expression("immediate", &Attributes::default().number(1, 0).nest(2, &verdict))
}
