//! Which generations were in force on each host, and what each of them touched: as far back as ways back are kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::ctl::desk::Desk;
use crate::ctl::host::{HOME, Script};
use crate::ctl::look::observe::sections;
use crate::ctl::look::transaction::{self, Phase};
use crate::ctl::remote::Output;
use crate::error::{Code, Exit, Failure, Problem};

/// What one host remembers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Generations {
    /// Those that were in force, the latest first; 0 is before the first one.
    pub reach: Vec<u64>,
    /// Whether a later one is in place, or half in place, that nobody has committed.
    pub unfinished: bool,
    /// For each of them the paths that it put or removed, and whether something was there before.
    pub touched: BTreeMap<u64, Vec<(String, bool)>>,
}

impl Generations {
    /// Every path that generations after this one touched.
    pub fn paths_after(&self, number: u64) -> BTreeSet<&str> {
        self.touched.range(number + 1..).flat_map(|(_, paths)| paths).map(|(path, _)| path.as_str()).collect()
    }

    /// Where the host has now what stood at `path` in generation `number`: there still, or in the folder of the later
    /// generation that replaced it first. `None` where nothing stood there.
    pub fn place(&self, path: &str, number: u64) -> Option<String> {
        let mut later = self.touched.range(number + 1..);
        let next = later.find_map(|(at, paths)| paths.iter().find(|(one, _)| one == path).map(|(_, was)| (at, was)));
        match next {
            None => Some(path.to_owned()),
            Some((at, true)) => Some(format!("{HOME}/generations/{at}/root{path}")),
            Some((_, false)) => None,
        }
    }
}

/// Asks every connected host.
///
/// # Errors
/// A host that does not answer, or does not know.
pub async fn look(desk: &Desk) -> Result<BTreeMap<String, Generations>, Failure> {
    let script = Script::new().call("transaction", []).call("reach", []).text();
    let asked = desk.hosts.keys().map(|host| (host.as_str(), script.clone(), Vec::new()));
    let mut all = BTreeMap::new();
    for (host, answer) in desk.on_all(asked).await {
        let output = answer.map_err(|problem| Failure::one(Exit::Preflight, problem))?;
        let one = parse(&host, &output).map_err(|problem| Failure::one(Exit::Preflight, problem))?;
        all.insert(host, one);
    }
    Ok(all)
}

fn parse(host: &str, output: &Output) -> Result<Generations, Problem> {
    let sections = sections(output.text());
    let unknown = || {
        Problem::on(host, Code::CannotExamine, "it does not say which generation is in force")
            .why("nothing was changed")
    };
    let state = sections.get("transaction").and_then(|lines| transaction::parse(lines)).ok_or_else(unknown)?;
    if let Some(problem) = state.problem(host).filter(|_| state.phase == Phase::Damaged) {
        return Err(problem.why("nothing was changed"));
    }
    let numbers = |line: &&str| line.parse::<u64>().ok();
    let reach: Option<Vec<u64>> = sections.get("reach").and_then(|lines| lines.iter().map(numbers).collect());
    let reach = reach.filter(|reach| !reach.is_empty()).ok_or_else(unknown)?;
    let touched = sections.iter().filter_map(|(name, lines)| {
        let number = name.strip_prefix("touched ")?.parse().ok()?;
        let path = |line: &&str| line.split_once(' ').map(|(was, path)| (path.to_owned(), was == "+"));
        Some((number, lines.iter().filter_map(path).collect()))
    });
    Ok(Generations { touched: touched.collect(), reach, unfinished: state.unfinished() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_at_a_path_is_found() {
        let paths = |all: &[(&str, bool)]| all.iter().map(|(path, was)| ((*path).to_owned(), *was)).collect();
        let one = Generations {
            reach: vec![7, 5, 2, 0],
            unfinished: false,
            touched: [(2, paths(&[("/a", false)])), (5, paths(&[("/b", true)])), (7, paths(&[("/a", true)]))].into(),
        };
        let place = |path, number| one.place(path, number);
        assert_eq!(place("/a", 0), None, "2 brought it");
        assert_eq!(place("/a", 2).as_deref(), Some("/var/lib/hactl/generations/7/root/a"));
        assert_eq!(place("/a", 5).as_deref(), Some("/var/lib/hactl/generations/7/root/a"));
        assert_eq!(place("/a", 7).as_deref(), Some("/a"));
        assert_eq!(place("/b", 2).as_deref(), Some("/var/lib/hactl/generations/5/root/b"));
        assert_eq!(place("/b", 5).as_deref(), Some("/b"));
        assert_eq!(one.paths_after(5).into_iter().collect::<Vec<_>>(), ["/a"]);
    }
}
