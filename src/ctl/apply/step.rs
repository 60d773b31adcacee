//! The steps of a transaction on a host, as calls of `transaction.sh`. Each carries the number of its generation: a
//! host refuses one that comes too late.

use std::time::Duration;

use crate::ctl::host::Script;
pub use crate::ctl::look::transaction::{LATE, LOCK, LOCKED, STUCK};

/// What hosts remember of a deploy beside its number.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    /// The hosts of the cluster, as [`words`](crate::ctl::look::members::words).
    pub members: Vec<String>,
    /// Names of hosts that it did without.
    pub missed: Vec<String>,
}

/// A step of one generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The generation's number.
    pub number: u64,
    /// How long each command on the host may take.
    pub limit: Duration,
}

impl Step {
    /// Takes the lock, and takes back what an unfinished deploy left. `owner` is one line; so is `dead`, an owner known
    /// not to live any more.
    pub fn begin(self, owner: &str, dead: Option<&str>) -> Script {
        let (number, seconds) = (self.number.to_string(), LOCK.as_secs().to_string());
        Script::new().call("begin", [number.as_str(), owner, dead.unwrap_or("nobody"), &seconds])
    }

    /// A script that runs only in this phase of this generation.
    pub fn enter(self, phase: &str) -> Script {
        let (number, seconds) = (self.number.to_string(), self.limit.as_secs().max(1).to_string());
        Script::new().call("enter", [number.as_str(), &seconds, phase])
    }

    fn one(self, function: &str) -> String {
        Script::new().call(function, [self.number.to_string().as_str()]).text()
    }

    /// Lets the lock last for [`LOCK`] from now on.
    pub fn renew(self) -> String {
        let (number, seconds) = (self.number.to_string(), LOCK.as_secs().to_string());
        Script::new().call("renew", [number.as_str(), &seconds]).text()
    }

    /// Ends a generation that was never active, and gives the lock back.
    pub fn leave(self, owner: &str) -> String {
        Script::new().call("leave", [self.number.to_string().as_str(), owner]).text()
    }

    /// The generation is in force, and the lock is free.
    pub fn commit(self, memory: &Memory) -> String {
        let number = self.number.to_string();
        let script = Script::new().call("commit", [number.as_str()]);
        let script = script.call("members", memory.members.iter().map(String::as_str));
        let missed = memory.missed.iter().map(String::as_str);
        match memory.missed.is_empty() {
            true => script.text(),
            false => script.call("missed", std::iter::once(number.as_str()).chain(missed)).text(),
        }
    }

    /// Takes the activation back, now.
    pub fn take_back(self) -> String {
        self.one("take_back")
    }

    /// Leaves an active generation as it is: nobody takes it back by itself.
    pub fn keep(self) -> String {
        self.one("keep")
    }
}
