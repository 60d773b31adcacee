//! `hactl check FILE --listen`: what is in use already on this host's LAN of what the file wants. An advert with a VRID
//! of the file that shares no address with the instance is another cluster's, as it is to a running agent; one that
//! shares some comes from the pair itself, and is compared with the file.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use hactl_engine::conf::config::{Config, VrrpInstance};
use hactl_engine::conf::parse_with;
use hactl_engine::wire::vrrp::{Advert, Auth, Version};
use serde::Serialize;

use super::pages::Pages;
use crate::error::{Code, Problem};
use crate::includes::Host;

/// Where to listen: an interface, and the group that adverts are sent to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ear {
    /// The network namespace that the agent enters; `None`: it stays where it is started.
    pub namespace: Option<String>,
    /// The interface.
    pub interface: String,
    /// Whether over IPv6.
    pub ipv6: bool,
    /// Another group than VRRP's own.
    pub group: Option<IpAddr>,
}

/// What arrived at one of them.
#[derive(Debug, Default)]
pub struct Sound {
    /// Routers: who sent, and what.
    pub adverts: Vec<(IpAddr, Advert)>,
    /// Who sent what no router takes for an advert, and what is wrong with it.
    pub ignored: Vec<(IpAddr, String)>,
}

/// A router that was heard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Heard {
    /// On which interface.
    pub interface: String,
    /// Its VRID.
    pub vrid: u8,
    /// Who sent the advert.
    pub source: IpAddr,
    /// The addresses that the advert names.
    pub addresses: Vec<IpAddr>,
    /// The version of VRRP that it speaks.
    pub version: u8,
    /// How often it advertises.
    pub interval_ms: u64,
    /// The instance of the file that it is the other half of: it has that one's VRID and an address of it.
    pub instance: Option<String>,
}

/// A packet of VRRP's protocol that no router takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Ignored {
    /// On which interface.
    pub interface: String,
    /// Who sent it.
    pub source: IpAddr,
    /// What is wrong with it.
    pub why: String,
}

/// What came of listening.
#[derive(Debug, Default)]
pub struct Listened {
    /// Interfaces that were listened on, and for how long.
    pub interfaces: BTreeMap<String, Duration>,
    /// Everybody who was heard.
    pub heard: Vec<Heard>,
    /// What was no advert.
    pub ignored: Vec<Ignored>,
    /// Files of which no instance sends to a group.
    pub unicast: Vec<String>,
    /// Clusters that use a VRID of ours, interfaces that could not be listened on.
    pub problems: Vec<Problem>,
}

impl Listened {
    /// Adds what came of listening for another file.
    pub fn add(&mut self, other: Self) {
        self.interfaces.extend(other.interfaces);
        self.heard.extend(other.heard);
        self.ignored.extend(other.ignored);
        self.unicast.extend(other.unicast);
        self.problems.extend(other.problems);
    }
}

/// Who advertises less often than this is not waited for, where no instance of the file does either: adverts come every
/// second by default.
const USUAL: Duration = Duration::from_millis(1500);
/// An advert that comes once an interval may come late.
const LATE: Duration = Duration::from_millis(500);

/// Listens with `listen` wherever an instance of the file sends to a group, everywhere at once: for `limit`, or as long
/// as the slowest of its instances there needs to be heard. Instances with `unicast_peer` hear only their peers.
///
/// What cannot be listened to is a problem of its own: nobody was heard there, which says nothing.
pub fn listened(
    file: &Path,
    text: &str,
    config_id: Option<&str>,
    limit: Option<Duration>,
    listen: impl Fn(&Ear, Duration) -> Result<Sound, Problem> + Sync,
) -> Listened {
    let (name, mut host) = (file.display().to_string(), Host::new(config_id));
    let config = parse_with(&name, text, &mut host).config;
    let pages = Pages::new(&name, text, &host.texts);
    let mut listened = Listened::default();
    let ears = ears(&config);
    if ears.is_empty() && !config.instances.is_empty() {
        listened.unicast.push(name.clone());
    }
    let time = |slowest: &Duration| limit.unwrap_or(USUAL.max(*slowest + LATE));
    let sounds = std::thread::scope(|scope| {
        let listening: Vec<_> = ears.iter().map(|(ear, slowest)| scope.spawn(|| listen(ear, time(slowest)))).collect();
        listening.into_iter().map(std::thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let mut silent = BTreeMap::new();
    let mut adverts = Vec::new();
    for ((ear, slowest), sound) in ears.iter().zip(sounds) {
        match sound {
            Ok(Ok(sound)) => {
                listened.interfaces.insert(ear.interface.clone(), time(slowest));
                let no_advert = |(source, why)| Ignored { interface: ear.interface.clone(), source, why };
                listened.ignored.extend(sound.ignored.into_iter().map(no_advert));
                adverts.extend(sound.adverts.into_iter().map(|(source, advert)| (ear.clone(), source, advert)));
            }
            Ok(Err(problem)) => drop(silent.insert(ear.interface.clone(), problem)),
            Err(_) => {} // it panicked, and has said so
        }
    }
    listened.heard = adverts.iter().map(|(ear, source, advert)| heard(&config, ear, *source, advert)).collect();
    listened.problems = silent.into_values().collect();
    listened.problems.extend(config.instances.iter().filter_map(|one| taken(one, &config, &pages, &listened.heard)));
    for (ear, source, advert) in &adverts {
        listened.problems.extend(differs(&config, &pages, ear, *source, advert));
    }
    listened
}

/// Where to listen, and the longest interval of an instance there.
fn ears(config: &Config) -> BTreeMap<Ear, Duration> {
    let by_group = config.instances.iter().filter(|one| one.unicast_peers.is_empty() && !one.interface.is_empty());
    let mut ears = BTreeMap::new();
    for one in by_group {
        let ear = Ear {
            namespace: config.namespaces.own.clone(),
            interface: one.interface.clone(),
            ipv6: one.ipv6,
            group: one.group_address,
        };
        let slowest = ears.entry(ear).or_insert(Duration::ZERO);
        *slowest = one.advert_interval.max(*slowest);
    }
    ears
}

/// The instance that a router is the other half of.
fn half<'c>(config: &'c Config, ear: &Ear, advert: &Advert) -> Option<&'c VrrpInstance> {
    let same = |one: &&std::sync::Arc<VrrpInstance>| {
        one.interface == ear.interface
            && one.ipv6 == ear.ipv6
            && one.vrid == advert.vrid
            && shares(one, &advert.addresses)
    };
    config.instances.iter().find(same).map(AsRef::as_ref)
}

fn shares(instance: &VrrpInstance, addresses: &[IpAddr]) -> bool {
    instance.addresses.iter().any(|one| addresses.contains(&one.address.addr()))
}

fn heard(config: &Config, ear: &Ear, source: IpAddr, advert: &Advert) -> Heard {
    Heard {
        interface: ear.interface.clone(),
        vrid: advert.vrid,
        source,
        addresses: advert.addresses.to_vec(),
        version: advert.version.number(),
        interval_ms: u64::try_from(advert.interval.as_millis()).unwrap_or(u64::MAX),
        instance: half(config, ear, advert).map(|one| one.name.to_string()),
    }
}

/// What the other half of the pair says otherwise than the file, and a router of another VRID with an address of the
/// file.
fn differs(config: &Config, pages: &Pages<'_>, ear: &Ear, source: IpAddr, advert: &Advert) -> Vec<Problem> {
    let say = |code: Code, one: &VrrpInstance, what: String| {
        Problem::new(
            code,
            format!("vrrp_instance {}: {source} on {}, VRID {}, {what}", one.name, ear.interface, advert.vrid),
        )
        .at(pages.span(&one.location))
        .warn()
    };
    let Some(one) = half(config, ear, advert) else {
        let here = config.instances.iter().filter(|one| one.interface == ear.interface && one.vrid != advert.vrid);
        return here
            .filter(|one| shares(one, &advert.addresses))
            .map(|one| {
                say(Code::Stranger, one, "advertises an address of this instance in another virtual router".into())
                    .why("two virtual routers with one address are two owners of it")
                    .next(format!("`virtual_router_id {}` if that is the other half of this pair", advert.vrid))
            })
            .collect();
    };
    let deaf = "neither would hear the other, and both would be master";
    let mut found = Vec::new();
    if one.version != advert.version {
        let what = format!("speaks version {}, this file version {}", advert.version.number(), one.version.number());
        found.push(say(Code::PairDisagrees, one, what).why(deaf).next("give both the same `version`"));
    } else if one.version == Version::V2 && one.advert_interval != advert.interval {
        let what = format!("advertises every {:?}, this file every {:?}", advert.interval, one.advert_interval);
        found.push(say(Code::PairDisagrees, one, what).why(deaf).next("in version 2 the intervals must be equal"));
    }
    let both = one.version == Version::V2 && advert.version == Version::V2; // version 3 has no passwords
    if let Some(what) = other_password(one, advert.auth).filter(|_| both) {
        let problem = say(Code::PairDisagrees, one, what);
        found.push(problem.why(deaf).next("give both the same `auth_pass`, or none"));
    }
    let own: BTreeSet<IpAddr> = one.addresses.iter().map(|one| one.address.addr()).collect();
    let its: BTreeSet<IpAddr> = advert.addresses.iter().copied().collect();
    let words = |more: Vec<String>, who: &str| (!more.is_empty()).then(|| format!("{who} {}", more.join(", ")));
    let only_it = words(its.difference(&own).map(ToString::to_string).collect(), "only it has");
    let only_file = words(own.difference(&its).map(ToString::to_string).collect(), "only this file has");
    let lists: Vec<String> = only_it.into_iter().chain(only_file).collect();
    if !lists.is_empty() {
        let why = "the address moves to a host that does not have it; keepalived up to 2.3.2 would make two masters";
        let what = format!("has another list: {}", lists.join(", "));
        found.push(say(Code::PairDiffers, one, what).why(why).next("list the same addresses in both"));
    }
    found
}

/// How the authentication of an advert is another one than an instance's.
fn other_password(instance: &VrrpInstance, auth: Auth) -> Option<String> {
    match (instance.password, auth) {
        (None, Auth::None) => None,
        (Some(own), Auth::Simple(its)) if own.0 == its => None,
        (_, Auth::Other(kind)) => Some(format!("has authentication of type {kind}")),
        (None, Auth::Simple(_)) => Some("has a password, this file none".into()),
        (Some(_), Auth::None) => Some("has no password, this file one".into()),
        (Some(_), Auth::Simple(_)) => Some("has another password".into()),
    }
}

fn taken(instance: &VrrpInstance, config: &Config, pages: &Pages<'_>, heard: &[Heard]) -> Option<Problem> {
    let ours: Vec<IpAddr> = instance.addresses.iter().map(|one| one.address.addr()).collect();
    let here = || heard.iter().filter(|one| one.interface == instance.interface);
    let other = |one: &&Heard| {
        one.vrid == instance.vrid
            && one.source.is_ipv6() == instance.ipv6
            && !one.addresses.iter().any(|a| ours.contains(a))
    };
    let first = here().find(other)?;
    let used: BTreeSet<u8> = here().map(|one| one.vrid).chain(config.instances.iter().map(|one| one.vrid)).collect();
    let free = (instance.vrid..=255).chain(1..instance.vrid).find(|vrid| !used.contains(vrid));
    let addresses: Vec<String> = first.addresses.iter().map(ToString::to_string).collect();
    let more = match here().filter(other).map(|one| one.source).collect::<BTreeSet<_>>().len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let message = format!(
        "vrrp_instance {}: VRID {} is in use on {} by {}{more}, with {}",
        instance.name,
        instance.vrid,
        instance.interface,
        first.source,
        addresses.join(", ")
    );
    let mut problem = Problem::new(Code::VridTaken, message)
        .at(pages.span(&pages.find_word(&instance.location, &instance.vrid.to_string())))
        .why("two clusters with one VRID are one virtual router to whoever else is on this LAN")
        .warn();
    if let Some(free) = free {
        problem = problem
            .next(format!("`virtual_router_id {free}` was not heard here; write the same on every host of the pair"));
    }
    Some(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "vrrp_instance a {\n interface lan0\n virtual_router_id 51\n virtual_ipaddress {\n  10.0.0.3/24\n }\n}\n\
                        vrrp_instance b {\n interface lan0\n virtual_router_id 52\n virtual_ipaddress {\n  10.0.0.4/24\n }\n}\n";

    fn advert(vrid: u8, addresses: &[&str]) -> Advert {
        Advert {
            version: Version::V2,
            vrid,
            priority: 91,
            interval: Duration::from_secs(1),
            addresses: addresses.iter().map(|one| one.parse().unwrap()).collect(),
            auth: Auth::None,
        }
    }

    fn hears(text: &str, adverts: Vec<(&str, Advert)>) -> Listened {
        listened(Path::new("x.conf"), text, None, None, |ear, limit| {
            assert_eq!((ear.interface.as_str(), ear.ipv6, ear.group), ("lan0", false, None), "once for both instances");
            assert_eq!(limit, USUAL);
            let adverts = adverts.iter().map(|(source, advert)| (source.parse().unwrap(), advert.clone())).collect();
            Ok(Sound { adverts, ignored: Vec::new() })
        })
    }

    fn told(text: &str, adverts: Vec<(&str, Advert)>) -> Vec<String> {
        hears(text, adverts).problems.iter().map(|one| format!("{} {}", one.code, one)).collect()
    }

    #[test]
    fn another_cluster_is_told_from_the_other_half_of_the_pair() {
        assert_eq!(told(TEXT, Vec::new()), Vec::<String>::new());
        let half = ("10.0.0.6", advert(51, &["10.0.0.3"]));
        assert_eq!(told(TEXT, vec![half.clone(), ("10.0.0.9", advert(60, &["10.0.0.99"]))]), Vec::<String>::new());
        let others = vec![
            half,
            ("10.0.0.9", advert(51, &["10.0.0.99"])),
            ("10.0.0.10", advert(51, &["10.0.0.97"])),
            ("10.0.0.8", advert(53, &["10.0.0.98"])),
        ];
        let told = told(TEXT, others.clone());
        let [only] = told.as_slice() else { panic!("{told:?}") };
        assert!(only.contains("a: VRID 51 is in use on lan0 by 10.0.0.9 (and 1 more), with 10.0.0.99"), "{only}");
        assert!(only.contains("virtual_router_id 54"), "52 is ours, 53 was heard: {only}");
        let whose: Vec<Option<String>> = hears(TEXT, others).heard.into_iter().map(|one| one.instance).collect();
        assert_eq!(whose, [Some("a".into()), None, None, None]);
    }

    #[test]
    fn the_other_half_is_compared_with_the_file() {
        let with = |change: fn(&mut Advert)| {
            let mut one = advert(51, &["10.0.0.3"]);
            change(&mut one);
            vec![("10.0.0.6", one)]
        };
        let password = TEXT.replace("_id 51", "_id 51\n authentication {\n auth_type PASS\n auth_pass own\n }");
        for (text, heard, code, says) in [
            (TEXT, with(|one| one.version = Version::V3), "E304", "speaks version 3, this file version 2"),
            (TEXT, with(|one| one.interval *= 3), "E304", "advertises every 3s, this file every 1s"),
            (TEXT, with(|one| one.auth = Auth::Simple(*b"abcdefgh")), "E304", "has a password, this file none"),
            (TEXT, with(|one| one.auth = Auth::Other(2)), "E304", "has authentication of type 2"),
            (&password, with(|_| {}), "E304", "has no password, this file one"),
            (&password, with(|one| one.auth = Auth::Simple(*b"abcdefgh")), "E304", "has another password"),
            (
                TEXT,
                vec![("10.0.0.6", advert(51, &["10.0.0.3", "10.0.0.77"]))],
                "W304",
                "has another list: only it has 10.0.0.77",
            ),
            (
                TEXT,
                with(|one| one.vrid = 60),
                "E415",
                "advertises an address of this instance in another virtual router",
            ),
        ] {
            let told = told(text, heard);
            assert!(told.len() == 1 && told[0].starts_with(code) && told[0].contains(says), "{says}: {told:?}");
            assert!(!told[0].contains("abcdefgh"), "{told:?}");
        }
    }

    #[test]
    fn the_slowest_instance_says_how_long() {
        let text = TEXT.replace("_id 52", "_id 52\n advert_int 5");
        let asked = |limit: Option<Duration>| {
            listened(Path::new("x.conf"), &text, None, limit, |_, _| Ok(Sound::default())).interfaces
        };
        assert_eq!(asked(None), BTreeMap::from([("lan0".to_owned(), Duration::from_millis(5500))]));
        assert_eq!(asked(Some(Duration::from_secs(2)))["lan0"], Duration::from_secs(2));
    }

    #[test]
    fn where_nobody_could_listen_nothing_is_claimed() {
        let deaf = |_: &Ear, _: Duration| Err(Problem::new(Code::CannotListen, "no"));
        let listened = listened(Path::new("x.conf"), TEXT, None, None, deaf);
        assert_eq!((listened.interfaces.len(), listened.heard.len(), listened.problems.len()), (0, 0, 1));
        assert_eq!(listened.unicast, Vec::<String>::new());
    }

    #[test]
    fn the_agent_s_namespace_is_listened_in() {
        let text = format!("net_namespace blue\n{TEXT}");
        let heard = |ear: &Ear, _: Duration| {
            assert_eq!(ear.namespace.as_deref(), Some("blue"));
            Ok(Sound::default())
        };
        assert_eq!(listened(Path::new("x.conf"), &text, None, None, heard).interfaces.len(), 1);
    }
}
