//! Operators' commands: which routers are meant, and one answer for all of them.

use super::Node;
use crate::action::{Action, Batch, Owner, RouterId};
use crate::input::Command;
use crate::refused::Refused;
use crate::time::Instant;

impl Node {
    pub(super) fn command(&mut self, now: Instant, token: u64, command: &Command, batches: &mut Vec<Batch>) {
        let (Command::Promote { instance, .. } | Command::Resign { instance } | Command::Unpin { instance }) = command;
        let mut meant: Vec<RouterId> = self
            .routers
            .iter()
            .filter(|(_, router)| instance.as_ref().is_none_or(|name| router.config().name == *name))
            .map(|(id, _)| *id)
            .collect();
        // A sync group moves as one.
        for group in &self.groups {
            if group.members().iter().any(|id| meant.contains(id)) {
                let mates: Vec<RouterId> = group.members().iter().filter(|id| !meant.contains(id)).copied().collect();
                meant.extend(mates);
            }
        }
        let mut results = Vec::new();
        for id in &meant {
            self.with(*id, now, batches, |router, ctx| {
                results.push(match command {
                    Command::Promote { force, expires, reason, .. } => {
                        router.promote(*force, *expires, reason.clone(), ctx)
                    }
                    Command::Resign { .. } => router.resign(ctx),
                    Command::Unpin { .. } => Ok(router.unpin(ctx)),
                });
            });
        }
        let (mut done, mut refused) = (Vec::new(), Vec::new());
        for result in results {
            match result {
                Ok(words) => done.push(words),
                Err(why) => refused.push(why),
            }
        }
        let result = match refused.pop() {
            None if done.is_empty() => {
                let known = self.routers.values().map(|router| router.config().name.clone()).collect();
                Err(Refused::Unknown { name: instance.as_deref().unwrap_or("(any)").to_owned(), known })
            }
            None => Ok(done.join("\n")),
            Some(only) if refused.is_empty() => Err(only),
            Some(last) => {
                refused.push(last);
                Err(Refused::Several { all: refused })
            }
        };
        let owner = meant.first().map_or(Owner::Node, |id| Owner::Router(*id));
        batches.push(Batch { owner, actions: vec![Action::Reply { token, result }] });
    }
}
