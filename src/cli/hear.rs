//! Listening on this host: `hactl agent listen`, and why nobody could for `hactl check --listen`; `hactl agent
//! capture`.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::global::Global;
use super::show::finish;
use crate::agent::daemon::load::{Part, load};
use crate::agent::vrrp::capture::{self, CaptureError};
use crate::agent::vrrp::listen::{self, ListenError, Place};
use crate::ctl::report::Report;
use crate::error::{Code, Exit, Failure, Outcome, Problem};

/// What was heard on an interface.
#[derive(Serialize)]
struct Heard {
    interface: String,
    routers: Vec<Router>,
    ignored: Vec<Ignored>,
}

/// A packet that no router takes.
#[derive(Serialize)]
struct Ignored {
    source: IpAddr,
    why: String,
}

/// A router that advertises.
#[derive(Serialize)]
struct Router {
    vrid: u8,
    source: IpAddr,
    addresses: Vec<IpAddr>,
}

/// `hactl agent listen`: the desk reads its lines.
///
/// # Errors
/// Nobody could listen there.
pub(super) fn listen(global: &Global, interface: String, ipv6: bool, limit: Duration) -> Outcome {
    let place = Place { namespace: None, interface: interface.clone(), ipv6, group: None };
    let heard = listen::listen(&place, limit).map_err(|error| Failure::one(Exit::Internal, unheard(&place, &error)))?;
    let router = |one: listen::Router| Router {
        vrid: one.advert.vrid,
        source: one.source,
        addresses: one.advert.addresses.to_vec(),
    };
    let value = Heard {
        interface,
        routers: heard.routers.into_iter().map(router).collect(),
        ignored: heard.ignored.into_iter().map(|(source, why)| Ignored { source, why }).collect(),
    };
    finish(global, "agent", Ok(Report::done(value)), |value: &Heard| {
        let nobody = match value.routers.is_empty() && !global.quiet {
            true => format!("{}: nobody was heard within {} s\n", value.interface, limit.as_secs_f64()),
            false => String::new(),
        };
        let line = |one: &Router| {
            let addresses: Vec<String> = one.addresses.iter().map(ToString::to_string).collect();
            format!("vrid {} from {} with {}\n", one.vrid, one.source, addresses.join(","))
        };
        let ignored = |one: &Ignored| format!("ignored from {}: {}\n", one.source, one.why);
        let lines = value.routers.iter().map(line).chain(value.ignored.iter().map(ignored));
        lines.chain(std::iter::once(nobody)).collect()
    })
}

/// Why nobody listened, in words.
pub(super) fn unheard(place: &Place, error: &ListenError) -> Problem {
    let name = &place.interface;
    let next = match error {
        ListenError::NoInterface => "`ip link` shows the interfaces".to_owned(),
        ListenError::Down | ListenError::NoCarrier => format!("`ip link show {name}`, `ip link set {name} up`"),
        ListenError::Namespace(..) => "`ip netns list` shows what there is; to go there needs root".into(),
        ListenError::Kernel(_) => "as root, or with CAP_NET_RAW".into(),
    };
    Problem::new(Code::CannotListen, format!("cannot listen for adverts on {name}: {error}")).next(next)
}

/// A capture is over after that time, whoever has forgotten it.
const LONGEST: Duration = Duration::from_secs(3600);

/// `hactl agent capture`: pcapng on stdout, whatever the other options say.
///
/// # Errors
/// Nothing could be captured there.
pub(super) fn capture(names: Vec<String>, limit: Duration, config: &Path) -> Outcome {
    let names = if names.is_empty() { interfaces(config)? } else { names };
    // Not Rust's own stdout: it would look for line ends in what is no text.
    let stdout = io::stdout();
    let fd = stdout.as_fd().try_clone_to_owned();
    let mut out = fd.map_err(|error| Failure::internal(format!("stdout: {error}"))).map(std::fs::File::from)?;
    let mut out = io::BufWriter::new(&mut out);
    match capture::capture(&names, limit.min(LONGEST), (&mut out, stdout.as_fd())) {
        Ok(()) => Ok(Exit::Done),
        Err(error) => {
            let next = match &error {
                CaptureError::NoInterface(_) => "`ip link` shows the interfaces".to_owned(),
                CaptureError::Kernel(..) => "as root, or with CAP_NET_RAW".into(),
                CaptureError::Output(_) => "write it where there is room".into(),
            };
            let problem = Problem::new(Code::CannotListen, format!("cannot capture: {error}")).next(next);
            Err(Failure::one(Exit::Internal, problem))
        }
    }
}

/// The interfaces on which a configuration's instances advertise.
fn interfaces(config: &Path) -> Result<Vec<String>, Failure> {
    let (read, _) = load(config, None, Part::Vrrp)?;
    let names = read.instances.iter().map(|instance| instance.interface.as_str()).filter(|name| !name.is_empty());
    let names: BTreeSet<&str> = names.collect();
    if names.is_empty() {
        let message = format!("{}: no instance names an interface to capture on", config.display());
        let problem = Problem::new(Code::CannotListen, message);
        return Err(Failure::one(Exit::Invalid, problem.next("name it: `hactl agent capture INTERFACE`")));
    }
    Ok(names.into_iter().map(str::to_owned).collect())
}
