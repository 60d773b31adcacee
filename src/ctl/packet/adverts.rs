//! VRRP adverts in plain words.

use std::net::IpAddr;
use std::time::Duration;

use hactl_engine::wire::arp::mac_text;
use hactl_engine::wire::checksum::Checksum;
use hactl_engine::wire::ip::{PROTOCOL_VRRP, TTL};
use hactl_engine::wire::signature::{Behind, Trailer};
use hactl_engine::wire::vrrp::{Advert, AdvertError, Auth, ChecksumForm, GROUP_V4, GROUP_V6, Version};
use jiff::Timestamp;

use super::parts::{Header, Link, virtual_mac};
use super::told::Told;

/// An advert as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advertised {
    /// What it says.
    pub advert: Advert,
    /// Whether its checksum is right.
    pub sound: bool,
    /// The key that signs it.
    pub signed: Option<u8>,
}

/// Reads the payload of a VRRP packet, also one with a wrong checksum.
///
/// # Errors
/// Nobody would understand it.
pub fn advertised(from: IpAddr, to: IpAddr, payload: &[u8]) -> Result<Advertised, AdvertError> {
    let length = Advert::length(payload, from.is_ipv6()).unwrap_or(payload.len());
    let (message, behind) = Trailer::split(payload, length);
    let trailer = payload.get(message.len()..).unwrap_or_default();
    let (advert, form) = read(message, trailer, &Header { from, to, ttl: TTL })?;
    let signed = if let Behind::Trailer(trailer) = behind { Some(trailer.key) } else { None };
    Ok(Advertised { advert, sound: form.is_some(), signed })
}

/// An advert without its IP header: who sent it, and with which TTL, is not there to be told.
pub(super) fn bare(message: &[u8]) -> Told {
    // Whatever is behind an IPv6 advert is longer than one for IPv4 with as many addresses.
    let signed = |length: usize| matches!(Trailer::split(message, length).1, Behind::Trailer(_));
    let fits = |ipv6| Advert::length(message, ipv6).is_some_and(|length| message.len() == length || signed(length));
    let (from, to) = match fits(true) && !fits(false) {
        true => (std::net::Ipv6Addr::UNSPECIFIED.into(), GROUP_V6.into()),
        false => (std::net::Ipv4Addr::UNSPECIFIED.into(), GROUP_V4.into()),
    };
    let mut told = advert("somebody", &Header { from, to, ttl: TTL }, message, None);
    told.details.retain(|detail| !["to", "TTL", "checksum"].contains(&detail.what));
    told.remarks.retain(|remark| remark != WRONG_SUM);
    told.remark("there is no IP header: who sent it, its TTL and (with version 3) its checksum cannot be judged");
    told
}

pub(super) fn told(link: Option<&Link>, header: &Header, payload: &[u8]) -> Told {
    advert(&header.from.to_string(), header, payload, link)
}

fn advert(who: &str, header: &Header, payload: &[u8], link: Option<&Link>) -> Told {
    let ipv6 = header.from.is_ipv6();
    let length = Advert::length(payload, ipv6).unwrap_or(payload.len());
    let (message, behind) = Trailer::split(payload, length);
    let (advert, form) = match read(message, payload.get(message.len()..).unwrap_or_default(), header) {
        Ok(read) => read,
        Err(error) => {
            let mut told = Told::new(format!("{who} sends a VRRP packet that nobody understands: {error}"));
            told.remark("every receiver drops it, as if its sender were silent");
            return told;
        }
    };
    let mut told = Told::new(sentence(who, &advert));
    told.detail("to", destination(header));
    told.detail("TTL", ttl(header.ttl));
    told.detail("version", version(advert.version));
    told.detail("VRID", advert.vrid.to_string());
    told.detail("priority", priority(advert.priority));
    told.detail("interval", interval(&advert));
    told.detail("addresses", addresses(&advert));
    told.detail("authentication", authentication(&advert, behind));
    told.detail("checksum", checksum(form).to_owned());
    if form.is_none() {
        told.remark(WRONG_SUM);
    }
    if header.ttl != TTL {
        told.remark(format!(
            "the TTL is {} and not 255: receivers drop it, since a router may have forwarded it",
            header.ttl
        ));
    }
    if behind == Behind::Malformed {
        told.remark("what stands behind the message is no signature that anybody knows: receivers that check signatures drop it");
    }
    if let Some((vrid, _)) = link.and_then(|link| virtual_mac(link.from)) {
        told.detail("MAC", format!("the virtual one of VRID {vrid} (RFC 9568 §7.3)"));
        if vrid != advert.vrid {
            told.remark(format!(
                "the frame comes from the virtual MAC of VRID {vrid}, and the advert is for {}",
                advert.vrid
            ));
        }
    } else if let Some(link) = link {
        told.detail("MAC", format!("{}, to {}", mac_text(&link.from), mac_text(&link.to)));
    }
    told
}

const WRONG_SUM: &str = "the checksum is wrong: receivers drop it, as if its sender were silent";

/// The advert, and the form of its checksum: `None` for a wrong one, since what the advert says can be told all the
/// same.
fn read(message: &[u8], trailer: &[u8], header: &Header) -> Result<(Advert, Option<ChecksumForm>), AdvertError> {
    match Advert::parse_signed(message, trailer, header.from, header.to) {
        Err(AdvertError::Checksum { .. }) => {
            if let Some((advert, form)) = Advert::parse_old_unicast(message, header.from) {
                return Ok((advert, Some(form)));
            }
            let (advert, _) = Advert::parse(&mended(message, header), header.from, header.to)?;
            Ok((advert, None))
        }
        parsed => parsed.map(|(advert, form)| (advert, Some(form))),
    }
}

/// The message with the checksum that it should have without a trailer.
fn mended(message: &[u8], header: &Header) -> Vec<u8> {
    let mut message = message.to_vec();
    let Some(field) = message.get_mut(6..8) else { return message };
    field.fill(0);
    let sum = match (header.from, header.to) {
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
            Checksum::default().pseudo_v6(from, to, PROTOCOL_VRRP, length)
        }
        _ => Checksum::default(),
    };
    let sum = sum.over(&message).finish().to_be_bytes();
    if let Some(field) = message.get_mut(6..8) {
        field.copy_from_slice(&sum);
    }
    message
}

fn sentence(who: &str, advert: &Advert) -> String {
    let Advert { vrid, priority, interval, .. } = advert;
    match priority {
        0 => format!("{who} says: I give VRID {vrid} up; the backup with the highest priority takes over at once"),
        _ => format!("{who} says: I own VRID {vrid} with priority {priority}; next within {}", seconds(*interval)),
    }
}

fn destination(header: &Header) -> String {
    let to = header.to;
    match to {
        _ if to == IpAddr::from(GROUP_V4) || to == IpAddr::from(GROUP_V6) => {
            format!("{to}, every VRRP router of the LAN")
        }
        _ if to.is_multicast() => format!("{to}, a group that is not the usual one"),
        _ => format!("{to} alone (unicast)"),
    }
}

fn ttl(ttl: u8) -> String {
    match ttl {
        TTL => "255, so no router has forwarded it".to_owned(),
        other => other.to_string(),
    }
}

fn version(version: Version) -> String {
    match version {
        Version::V2 => "2 (RFC 3768: IPv4, whole seconds)".to_owned(),
        Version::V3 => "3 (RFC 9568: IPv4 and IPv6, hundredths of a second)".to_owned(),
    }
}

fn priority(priority: u8) -> String {
    match priority {
        0 => "0: its sender stops being master".to_owned(),
        255 => "255: the addresses are the sender's own, and it takes them from anybody".to_owned(),
        other => format!("{other}; of two that advertise, the higher one stays"),
    }
}

/// Skew time is up to a second in version 2 (RFC 3768 §6.1), up to an interval in version 3 (RFC 9568 §6.1).
fn interval(advert: &Advert) -> String {
    let three = advert.interval * 3;
    let most = match advert.version {
        Version::V2 => three + Duration::from_secs(1),
        Version::V3 => three + advert.interval,
    };
    let (least, most) = (seconds(three), seconds(most));
    format!(
        "{}; a backup that hears nothing for {least} to {most}, the higher its priority the less, takes over",
        seconds(advert.interval)
    )
}

fn addresses(advert: &Advert) -> String {
    match advert.addresses.as_slice() {
        [] => "none".to_owned(),
        some => some.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn authentication(advert: &Advert, behind: Behind) -> String {
    if let Behind::Trailer(trailer) = behind {
        let at = i64::try_from(trailer.sequence.0 >> 32).ok().and_then(|at| Timestamp::from_second(at).ok());
        let at = at.map_or_else(String::new, |at| format!(" at {at}"));
        return format!("signed with key {}{at}; whether by a friend only who has the key can tell", trailer.key);
    }
    match advert.auth {
        Auth::None => "none: whoever is on the LAN can send such an advert".to_owned(),
        Auth::Simple(_) => "a password in clear, which everybody on the LAN can read (not shown here)".to_owned(),
        Auth::Other(2) => "AH, which nobody has spoken since RFC 3768".to_owned(),
        Auth::Other(other) => format!("of an unknown kind ({other})"),
    }
}

fn checksum(form: Option<ChecksumForm>) -> &'static str {
    match form {
        Some(ChecksumForm::PseudoHeader) => "right, with the IP addresses in it (RFC 5798, keepalived)",
        Some(ChecksumForm::MessageOnly) => "right, over the message alone",
        Some(ChecksumForm::OldUnicast) => "right in the way of keepalived before 1.3.6",
        None => "wrong",
    }
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Told {
        super::super::told(&super::super::hex::packets(text).unwrap()[0])
    }

    fn value<'t>(told: &'t Told, what: &str) -> &'t str {
        &told.details.iter().find(|detail| detail.what == what).unwrap().value
    }

    /// Recorded from keepalived 2.4.3.
    const SIGNED: &str = "45c0 0044 0001 0000 ff70 d024 0a4d 0005 e000 0012 2132 9601 0001 3e7b 0a4d 0003 0000 0000 \
        0000 0000 0101 0000 6b0a fce2 04ce 0000 ebda 9370 5d3a 9398 9bfd c1b7 8eba c372";

    #[test]
    fn a_recorded_advert() {
        let told = hex(SIGNED);
        assert_eq!(told.says, "10.77.0.5 says: I own VRID 50 with priority 150; next within 1 s");
        assert_eq!(value(&told, "to"), "224.0.0.18, every VRRP router of the LAN");
        assert_eq!(value(&told, "addresses"), "10.77.0.3");
        assert!(value(&told, "authentication").starts_with("signed with key 1 at 20"), "{told:?}");
        assert!(value(&told, "interval").contains("for 3 s to 4 s"), "{told:?}");
        assert_eq!(told.remarks, Vec::<String>::new());
    }

    #[test]
    fn a_recorded_advert_of_ipv6() {
        let told = hex(
            "6c01 e889 0034 70ff fe80 0000 0000 0000 fcbc 91ff fe5e 733c ff02 0000 0000 0000 0000 0000 0000 0012 3132 9601 \
             0064 e4c1 fe80 0000 0000 0000 0000 0000 0077 0003 0101 0000 6b0a fcec 5f32 0000 76a0 a63f 7c24 5434 8da7 ce98 \
             1d4f 2726",
        );
        assert_eq!(told.says, "fe80::fcbc:91ff:fe5e:733c says: I own VRID 50 with priority 150; next within 1 s");
        assert!(value(&told, "checksum").starts_with("right"), "{told:?}");
        assert_eq!(told.remarks, Vec::<String>::new());
    }

    #[test]
    fn what_is_odd_is_remarked() {
        let forwarded = hex(&SIGNED.replacen("ff70", "4070", 1));
        assert!(forwarded.remarks[0].contains("the TTL is 64 and not 255"), "{forwarded:?}");
        let wrong = hex(&SIGNED.replacen("2132 9601", "2132 9501", 1));
        assert_eq!(wrong.says, "10.77.0.5 says: I own VRID 50 with priority 149; next within 1 s");
        assert_eq!((value(&wrong, "checksum"), wrong.remarks.as_slice()), ("wrong", [WRONG_SUM.to_owned()].as_slice()));
        let nobody = hex(&SIGNED.replacen("2132", "4132", 1));
        assert!(nobody.says.ends_with("nobody understands: VRRP version 4"), "{nobody:?}");
    }

    #[test]
    fn a_goodbye_a_password_and_a_message_without_its_header() {
        let group = IpAddr::from(GROUP_V4);
        let from: IpAddr = "10.0.0.5".parse().unwrap();
        let advert = |version, priority, auth| Advert {
            version,
            vrid: 3,
            priority,
            interval: Duration::from_secs(1),
            addresses: [IpAddr::from([10, 0, 0, 3])].into_iter().collect(),
            auth,
        };
        let goodbye = advert(Version::V3, 0, Auth::None).emit(from, group, ChecksumForm::PseudoHeader);
        let told = super::super::told(&goodbye);
        assert_eq!(
            told.says,
            "somebody says: I give VRID 3 up; the backup with the highest priority takes over at once"
        );
        assert!(told.remarks.iter().all(|remark| remark.contains("there is no IP header")), "{told:?}");
        let secret = advert(Version::V2, 255, Auth::Simple(*b"hunter2\0"));
        let told = super::super::told(&secret.emit(from, group, ChecksumForm::MessageOnly));
        assert!(!format!("{told:?}").contains("hunter2"));
        assert!(value(&told, "authentication").starts_with("a password in clear"));
        assert!(value(&told, "priority").starts_with("255: the addresses are the sender's own"));
    }

    #[test]
    fn a_frame_from_another_routers_virtual_mac() {
        let frame = format!("0100 5e00 0012 0000 5e00 0133 0800 {SIGNED}");
        let told = hex(&frame);
        assert_eq!(told.remarks, ["the frame comes from the virtual MAC of VRID 51, and the advert is for 50"]);
    }
}
