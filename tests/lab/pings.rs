//! Somebody who pings the VIP all the time, and knows afterwards which pings nobody answered, and when.

use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use nix::sys::signal::Signal;

use super::hosts::{Lab, SUBNET};
use super::kills::signal_desk;

pub(crate) struct Pings {
    ping: Child,
    answers: PathBuf,
}

/// What came of them.
pub(crate) struct Pinged {
    pub(crate) sent: u64,
    pub(crate) lost: u64,
    /// Runs of pings without an answer: the first, the last, and what stands before them in time.
    gaps: Vec<(u64, u64, String)>,
}

impl Pings {
    /// Every so many seconds.
    pub(crate) fn begin(lab: &Lab, every: &str) -> Self {
        let answers = lab.files.path().join("pings");
        let mut command = lab.command();
        command.args(["lab", "exec", "client", "--", "ping", "-D", "-i", every, "-w", "300", &format!("{SUBNET}.3")]);
        let ping = command.stdout(File::create(&answers).unwrap()).stderr(Stdio::null()).spawn().unwrap();
        Self { ping, answers }
    }

    /// The last one may be on its way.
    pub(crate) fn end(mut self) -> Pinged {
        signal_desk(&self.ping, Signal::SIGINT);
        self.ping.wait().unwrap();
        Pinged::read(&std::fs::read_to_string(&self.answers).unwrap())
    }
}

impl Pinged {
    fn read(said: &str) -> Self {
        let number = |before: &str| -> u64 {
            let mut words = said.split(before).next().unwrap().split([' ', ',', '\n']).filter(|word| !word.is_empty());
            words.next_back().and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{said}"))
        };
        let (sent, got) = (number(" packets transmitted"), number(" received"));
        // `[1796058419.080392] 64 bytes from 10.0.0.3: icmp_seq=1 ttl=64 time=0.05 ms`
        let mut answered: Vec<(u64, &str)> = said
            .lines()
            .filter_map(|line| {
                let (_, rest) = line.split_once("icmp_seq=")?;
                Some((rest.split(' ').next()?.parse().ok()?, line.split(' ').next()?))
            })
            .collect();
        answered.sort_unstable();
        let (mut next, mut before, mut gaps) = (1, "[the beginning]", Vec::new());
        for (number, at) in answered.into_iter().chain([(sent + 1, "")]) {
            if number > next {
                gaps.push((next, number - 1, before.to_owned()));
            }
            (next, before) = (next.max(number + 1), at);
        }
        Self { sent, lost: sent - got, gaps }
    }
}

impl fmt::Display for Pinged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} pings lost", self.lost, self.sent)?;
        for (first, last, before) in &self.gaps {
            write!(f, "; {first}..={last} after {before}")?;
        }
        Ok(())
    }
}
