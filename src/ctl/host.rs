//! Scripts for hosts: the functions of `host.sh`, and calls of them with quoted words. Nothing else is ever run there.

use std::collections::BTreeSet;

pub use crate::ctl::functions::FUNCTIONS;
use crate::ctl::functions::needed;
use crate::ctl::remote::quote;

/// What is kept on a host; `host.sh` has the same.
pub const HOME: &str = "/var/lib/hactl";

/// Between the functions of a script and its calls.
const CALLS: &str = "# the calls:\n";

/// A script that grows call by call. The functions are put in front of it when it is sent: those who wait for their
/// turn need not keep a copy each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    functions: BTreeSet<String>,
    calls: String,
}

impl Script {
    /// It calls nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls a function of `host.sh`.
    #[must_use]
    pub fn call<'w>(mut self, function: &str, words: impl IntoIterator<Item = &'w str>) -> Self {
        self.functions.insert(function.to_owned());
        self.calls.push_str(function);
        for word in words {
            self.calls.push(' ');
            self.calls.push_str(&quote(word));
        }
        self.calls.push('\n');
        self
    }

    /// Calls one function for each of several.
    #[must_use]
    pub fn each<T>(self, all: impl IntoIterator<Item = T>, add: impl Fn(Self, T) -> Self) -> Self {
        all.into_iter().fold(self, add)
    }

    /// Then what another script calls.
    #[must_use]
    pub fn then(mut self, other: Self) -> Self {
        self.functions.extend(other.functions);
        self.calls.push_str(&other.calls);
        self
    }

    /// The whole text.
    pub fn text(&self) -> String {
        needed(self.functions.iter().map(String::as_str)) + CALLS + &self.calls
    }
}

/// The functions of a script, and its calls.
pub fn split(script: &str) -> (&str, &str) {
    let at = script.find(CALLS).map_or(0, |at| at + CALLS.len());
    script.split_at_checked(at).unwrap_or(("", script))
}

/// A script for people: the calls alone. The functions are always the same.
pub fn calls(script: &str) -> String {
    split(script).1.replace(&quote(FUNCTIONS), "'(the functions)'")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What is called from Rust is defined in the shell file, and the other way round.
    #[test]
    fn every_function_that_is_called_is_there() {
        let defined: Vec<&str> = FUNCTIONS.lines().filter_map(|line| line.strip_suffix("() {")).collect();
        assert!(defined.len() > 30, "{defined:?}");
        let mut called = Vec::new();
        for file in [
            include_str!("apply/back.rs"),
            include_str!("apply/end.rs"),
            include_str!("apply/keys.rs"),
            include_str!("apply/ladder.rs"),
            include_str!("apply/missed.rs"),
            include_str!("apply/script.rs"),
            include_str!("apply/step.rs"),
            include_str!("apply/stranger.rs"),
            include_str!("apply/vrids.rs"),
            include_str!("look/contents.rs"),
            include_str!("look/facts.rs"),
            include_str!("look/generations.rs"),
            include_str!("look/observe.rs"),
        ] {
            called.extend(file.split(".call(\"").skip(1).filter_map(|rest| rest.split('"').next()));
            called.extend(file.split("on_revert\", [\"").skip(1).filter_map(|rest| rest.split('"').next()));
        }
        for function in &called {
            let known = defined.contains(function);
            assert!(known, "{function} is called and not defined");
        }
        let within = |name: &&&str| FUNCTIONS.matches(*name).count() > 1;
        let unused: Vec<_> =
            defined.iter().filter(|name| !called.contains(name)).filter(|name| !within(name)).collect();
        assert!(unused.is_empty(), "nobody calls {unused:?}");
    }

    #[test]
    fn people_see_the_calls_alone() {
        let script = Script::new().call("look", []).call("arm", ["7", FUNCTIONS, "ann@desk 1"]).text();
        assert_eq!(calls(&script), "look\narm 7 '(the functions)' 'ann@desk 1'\n");
        assert_eq!(calls("true"), "true");
    }

    #[test]
    fn words_arrive_as_they_are() {
        for word in ["", "a b", "it's", "$HOME", "`id`", "a\\nb", "-n", "*", "ü\t中"] {
            let script = format!("printf %s {}", quote(word));
            let output = Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
        assert_eq!(quote("/etc/nginx/nginx.conf"), "/etc/nginx/nginx.conf");
    }
}
