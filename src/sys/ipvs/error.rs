//! What can go wrong with IPVS, and what to do about it.

use std::fmt;
use std::io;

use hactl_engine::ipvs::Family;
use hactl_engine::lvs::diff::Change;
use nix::errno::Errno;

/// Why IPVS as a whole did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum IpvsError {
    /// The kernel has no IPVS, and it could not be loaded.
    #[error(
        "this kernel has no IPVS, and loading the module ip_vs failed: {said}; run `modprobe ip_vs` as root (in a \
         container: on its host) and see that the kernel's package brings it"
    )]
    NoModule {
        /// What `modprobe` said.
        said: String,
    },
    /// Not root.
    #[error("IPVS refuses to {what}: not permitted; run as root or with CAP_NET_ADMIN")]
    Forbidden {
        /// What was asked.
        what: String,
    },
    /// The kernel refused one thing.
    #[error("IPVS refuses to {what}: {source}{}", hint(.advice))]
    Refused {
        /// What was asked.
        what: String,
        /// The kernel's reason.
        source: io::Error,
        /// What to do, where that is known.
        advice: Option<&'static str>,
    },
    /// The socket failed.
    #[error("netlink: cannot {what}: {source}")]
    Socket {
        /// What was asked.
        what: String,
        /// The kernel's reason.
        source: io::Error,
    },
}

/// A change that the kernel refused. Those after it were carried out.
#[derive(Debug)]
pub struct Refused {
    /// Its place in the list.
    pub place: usize,
    /// The change.
    pub change: Change,
    /// The kernel's reason.
    pub error: io::Error,
}

impl IpvsError {
    /// Sorts an error of a question by whose it is.
    pub(super) fn of(what: &str, source: io::Error, advise: impl Fn(Errno) -> Option<&'static str>) -> Self {
        let what = what.to_owned();
        match errno(&source) {
            Some(Errno::EPERM | Errno::EACCES) => Self::Forbidden { what },
            Some(Errno::ENOBUFS | Errno::EMSGSIZE | Errno::ENOMEM) | None => Self::Socket { what, source },
            Some(errno) => Self::Refused { what, source, advice: advise(errno) },
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IPVS refuses to {}: {}", self.change, self.error)?;
        let Some(errno) = errno(&self.error) else { return Ok(()) };
        f.write_str(&change_advice(&self.change, errno).map(|text| format!("; {text}")).unwrap_or_default())
    }
}

fn hint(advice: &Option<&'static str>) -> String {
    advice.map(|text| format!("; {text}")).unwrap_or_default()
}

fn change_advice(change: &Change, errno: Errno) -> Option<String> {
    let text = match (change, errno) {
        (Change::AddService { settings, .. } | Change::EditService { settings, .. }, Errno::ENOENT) => {
            let name = settings.scheduling.name;
            return Some(format!(
                "it has no scheduler {name}: run `modprobe ip_vs_{name}`, or choose another lb_algo where the kernel's \
                 package lacks it"
            ));
        }
        (_, Errno::EPERM | Errno::EACCES) => "run as root or with CAP_NET_ADMIN",
        (_, Errno::EEXIST) => "it is there already: somebody else changes the table too; a reload compares it anew",
        (_, Errno::ESRCH | Errno::ENOENT) => {
            "it is not there: somebody else changes the table too; a reload compares it anew"
        }
        (_, Errno::EAFNOSUPPORT) => "this kernel's IPVS is built without IPv6",
        (Change::AddDestination { settings, .. } | Change::EditDestination { settings, .. }, Errno::ERANGE) => {
            return Some(format!(
                "lthreshold {} is above uthreshold {}, or weight {} is over 2147483647",
                settings.lower_threshold, settings.upper_threshold, settings.weight
            ));
        }
        (Change::AddDestination { address, .. } | Change::EditDestination { address, .. }, Errno::EINVAL)
            if Family::of(address.ip()) != change.service().family() =>
        {
            "a real server of the other family needs lvs_method TUN, and no lvs_sync_daemon may run"
        }
        (Change::AddDestination { .. }, Errno::EINVAL) => {
            "a real server's address is unicast, and a GUE tunnel needs its port"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

fn errno(error: &io::Error) -> Option<Errno> {
    error.raw_os_error().map(Errno::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hactl_engine::ipvs::{DestinationSettings, Forward, Protocol, Scheduling, ServiceKey, ServiceSettings};

    fn refused(change: Change, errno: Errno) -> String {
        Refused { place: 0, change, error: errno.into() }.to_string()
    }

    #[test]
    fn a_refusal_names_the_change_and_what_to_do() {
        let service = ServiceKey::Address { protocol: Protocol::Tcp, address: "10.0.0.3:80".parse().unwrap() };
        let scheduling = Scheduling { name: "twos", one_packet: false, flags: [false; 3] };
        let settings = ServiceSettings { scheduling, persistence: None };
        let text = refused(Change::AddService { service, settings }, Errno::ENOENT);
        assert!(text.starts_with("IPVS refuses to add virtual server TCP 10.0.0.3:80: No such file"), "{text}");
        assert!(text.contains("modprobe ip_vs_twos"), "{text}");
        let settings = DestinationSettings { weight: 1, forward: Forward::Nat, upper_threshold: 5, lower_threshold: 9 };
        let add = |address: &str| Change::AddDestination { service, address: address.parse().unwrap(), settings };
        assert!(refused(add("10.0.0.21:80"), Errno::ERANGE).contains("lthreshold 9 is above uthreshold 5"));
        assert!(refused(add("[2001:db8::1]:80"), Errno::EINVAL).contains("lvs_method TUN"));
        assert!(refused(add("224.0.0.1:80"), Errno::EINVAL).contains("unicast"));
        assert!(refused(add("10.0.0.21:80"), Errno::EPERM).contains("CAP_NET_ADMIN"));
        let gone = Change::DeleteDestination { service, address: "10.0.0.21:80".parse().unwrap() };
        assert!(refused(gone, Errno::ENOENT).contains("somebody else"));
    }

    #[test]
    fn an_error_is_sorted_by_whose_it_is() {
        let of = |errno: Errno| IpvsError::of("list services", errno.into(), |_| Some("try again"));
        assert!(matches!(of(Errno::EPERM), IpvsError::Forbidden { .. }));
        assert!(matches!(of(Errno::ENOBUFS), IpvsError::Socket { .. }));
        let text = of(Errno::ENODEV).to_string();
        assert_eq!(text, "IPVS refuses to list services: No such device (os error 19); try again");
        let no_module = IpvsError::NoModule { said: "FATAL: no such module".into() }.to_string();
        assert!(no_module.contains("modprobe ip_vs") && no_module.contains("FATAL"), "{no_module}");
    }
}
