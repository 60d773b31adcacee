//! A better router on the wire of a host: it advertises what the file's own instances do, with priority 254, until it
//! is dropped.

use std::fs::File;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use hactl::sys::netlink::links::Links;
use hactl::sys::packet::frames::Frames;
use hactl_engine::action::Frame;
use hactl_engine::conf;
use hactl_engine::conf::config::{Config, VrrpInstance};
use hactl_engine::wire::ip::Ipv4Header;
use hactl_engine::wire::vrrp::{Advert, Auth, ChecksumForm, GROUP_V4, GROUP_V6};
use nix::sched::{CloneFlags, setns};

/// Between two adverts: often enough for each interval.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Better {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Better {
    /// At the other end of each cable of this namespace whose interface an instance of the file names.
    pub(super) fn begin(namespace: &str, text: &str) -> Self {
        let space = File::open(format!("/run/netns/{namespace}")).unwrap();
        let config = conf::parse("better.conf", text).config;
        let ends = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ends);
        let thread = std::thread::spawn(move || {
            setns(space, CloneFlags::CLONE_NEWNET).unwrap();
            let frames = frames(&config);
            assert!(!frames.is_empty(), "no instance to be better than");
            let mut mouth = Frames::open().unwrap();
            while !seen.load(Ordering::Relaxed) {
                let _ = mouth.send(&frames); // a cable may be unplugged
                std::thread::sleep(PAUSE);
            }
        });
        Self { ends, thread: Some(thread) }
    }
}

impl Drop for Better {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let told = thread.join();
            assert!(told.is_ok() || std::thread::panicking(), "the better router failed");
        }
    }
}

fn frames(config: &Config) -> Vec<Frame> {
    let links = Links::open().unwrap();
    let cable = |instance: &&VrrpInstance| -> Option<u32> {
        let far = instance.interface.strip_prefix("lan").map(|number| format!("p{number}"))?;
        links.table().values().find(|link| link.name == far).map(|link| link.index)
    };
    let mut frames = Vec::new();
    for instance in config.instances.iter().map(|instance| &**instance) {
        let Some(link) = cable(&instance) else { continue };
        let subnet: u8 = instance.interface[3..].parse::<u8>().unwrap() + 1;
        let addresses: Vec<IpAddr> = instance.addresses.iter().map(|one| one.address.addr()).collect();
        let six = addresses.first().is_some_and(IpAddr::is_ipv6);
        let (source, group): (IpAddr, IpAddr) = match six {
            true => (format!("fe80::{subnet}:99").parse().unwrap(), GROUP_V6.into()),
            false => ([172, 31, subnet, 99].into(), GROUP_V4.into()),
        };
        let advert = Advert {
            version: instance.version,
            vrid: instance.vrid,
            priority: 254,
            interval: instance.advert_interval,
            addresses: addresses.into(),
            auth: Auth::None,
        };
        let message = advert.emit(source, group, ChecksumForm::PseudoHeader);
        let (destination, ethertype, payload) = match (source, group) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let header = Ipv4Header { source, destination, ttl: 255, protocol: 112 };
                ([1, 0, 0x5e, 0, 0, 18], 0x0800, header.emit(7, &message))
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let length = u16::try_from(message.len()).unwrap().to_be_bytes();
                let mut packet = vec![0x60, 0, 0, 0, length[0], length[1], 112, 255];
                packet.extend(source.octets().into_iter().chain(destination.octets()).chain(message));
                ([0x33, 0x33, 0, 0, 0, 18], 0x86dd, packet)
            }
            _ => unreachable!("both are of one family"),
        };
        frames.push(Frame { link, destination, ethertype, payload });
    }
    frames
}
