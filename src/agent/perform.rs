//! Carries out batches through [`Os`]; what may block becomes an [`Errand`].

use std::io;

use hactl_engine::action::{Action, Batch};
use hactl_engine::control::RouterState;
use hactl_engine::input::Input;

use super::letter::Errand;
use crate::sys::os::Os;

/// What a batch leaves for the driver to do.
#[derive(Debug, Default)]
pub struct Leftovers {
    /// Work for the other threads.
    pub errands: Vec<Errand>,
    /// Answers to commands, by token.
    pub replies: Vec<(u64, Result<String, String>)>,
    /// The router is master as of now (`Some(true)`), or no longer (`Some(false)`).
    pub mastership: Option<bool>,
    /// A failure the engine must hear of.
    pub failure: Option<Input>,
}

/// Carries out one batch in order. An address that cannot be added ends the batch: what follows (announcements) would
/// be a lie. An advert or announcement that cannot be sent is reported and survived: the next one may pass.
pub fn perform(os: &mut impl Os, batch: Batch, unix_ms: u64) -> Leftovers {
    let mut left = Leftovers::default();
    for action in batch.actions {
        match action {
            Action::Send { link, source, destination, packet } => {
                match os.send(link, source, destination, &packet) {
                    Ok(()) => {}
                    Err(error) => left.errands.push(trouble(&format!("advert to {destination} not sent"), &error)),
                }
                left.mastership = Some(true);
            }
            Action::AddAddresses(addresses) => {
                if let Err(error) = os.add_addresses(&addresses) {
                    left.failure = Some(Input::ActionFailed { router: batch.router, error });
                    return left;
                }
            }
            Action::RemoveAddresses(addresses) => {
                if let Err(error) = os.remove_addresses(&addresses) {
                    let warning = format!("{error}; this node may still answer for it: `ip addr del` it by hand");
                    left.errands.push(Errand::Trouble(warning));
                }
            }
            Action::AddRouting(_) | Action::RemoveRouting(_) | Action::Renew(_) | Action::Probe(_) => {}
            Action::Announce(frames) => {
                if let Err(error) = os.announce(&frames) {
                    left.errands.push(trouble("announcement (GARP, NA) not sent", &error));
                }
            }
            Action::Run { change, command, user } => {
                left.errands.push(Errand::Run { router: batch.router, change, command, user });
            }
            Action::SavePin { instance, pin } => left.errands.push(Errand::SavePin { instance, pin }),
            Action::Record { instance: _, state } => match state {
                RouterState::Master => left.mastership = Some(true),
                // A successor on this host adopts what a stopped process left; a handover before it cleared the way.
                RouterState::Stopped => left.mastership = None,
                RouterState::Init | RouterState::Backup | RouterState::Handover | RouterState::Fault => {
                    left.mastership = Some(false);
                }
            },
            Action::Tell(notice) => left.errands.push(Errand::Tell { notice, unix_ms }),
            Action::Reply { token, result } => left.replies.push((token, result)),
        }
    }
    left
}

fn trouble(what: &str, error: &io::Error) -> Errand {
    let hint = match error.raw_os_error() {
        Some(libc::EPERM) => " (a firewall on this host drops VRRP: allow IP protocol 112 and 224.0.0.18)",
        _ => "",
    };
    Errand::Trouble(format!("{what}: {error}{hint}"))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use hactl_engine::action::{Frame, LinkAddress};

    use super::*;

    #[derive(Default)]
    struct Recorder {
        did: Vec<&'static str>,
        refuse: bool,
    }

    impl Os for Recorder {
        fn send(&mut self, _: u32, _: IpAddr, _: IpAddr, _: &[u8]) -> io::Result<()> {
            self.did.push("send");
            if self.refuse { Err(io::Error::from_raw_os_error(libc::EPERM)) } else { Ok(()) }
        }
        fn add_addresses(&mut self, _: &[LinkAddress]) -> Result<(), String> {
            self.did.push("add");
            if self.refuse { Err("cannot add 10.0.0.3/24: no".into()) } else { Ok(()) }
        }
        fn remove_addresses(&mut self, _: &[LinkAddress]) -> Result<(), String> {
            self.did.push("remove");
            Ok(())
        }
        fn announce(&mut self, _: &[Frame]) -> io::Result<()> {
            self.did.push("announce");
            Ok(())
        }
    }

    fn takeover() -> Batch {
        let send = Action::Send {
            link: 2,
            source: "10.0.0.5".parse().unwrap(),
            destination: "224.0.0.18".parse().unwrap(),
            packet: vec![],
        };
        Batch { router: 7, actions: vec![send, Action::AddAddresses(vec![]), Action::Announce(vec![])] }
    }

    #[test]
    fn actions_happen_in_order() {
        let mut os = Recorder::default();
        let left = perform(&mut os, takeover(), 0);
        assert_eq!(os.did, ["send", "add", "announce"]);
        assert!(left.failure.is_none() && left.errands.is_empty());
        assert_eq!(left.mastership, Some(true));
    }

    #[test]
    fn nothing_is_announced_that_could_not_be_added() {
        let mut os = Recorder { refuse: true, ..Recorder::default() };
        let left = perform(&mut os, takeover(), 0);
        assert_eq!(os.did, ["send", "add"]);
        assert!(matches!(left.failure, Some(Input::ActionFailed { router: 7, .. })));
        assert!(matches!(&left.errands[..], [Errand::Trouble(text)] if text.contains("firewall")));
    }

    #[test]
    fn a_stop_for_a_successor_keeps_the_stamp() {
        let record = |state| Batch { router: 0, actions: vec![Action::Record { instance: "VI_1".into(), state }] };
        assert_eq!(perform(&mut Recorder::default(), record(RouterState::Stopped), 0).mastership, None);
        assert_eq!(perform(&mut Recorder::default(), record(RouterState::Handover), 0).mastership, Some(false));
    }
}
