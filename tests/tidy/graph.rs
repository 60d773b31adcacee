//! Which file of a crate uses which: every path in every file, followed through the crate's modules and their
//! re-exports to the file that holds what is named. Tests (`#[cfg(test)]`) may use whatever they like and are left out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A path to a module or an item, one part each.
type Names = Vec<String>;

/// One file of a crate.
#[derive(Default)]
struct Module {
    /// Under the crate's folder, such as `vrrp/fsm.rs`.
    file: String,
    /// `mod.rs` and `lib.rs` declare and re-export. Of what stands in their own folder they are nobody's user.
    folder: bool,
    /// Names that `use` brings, with the path each stands for. A glob is named `*`.
    names: Vec<(String, Names)>,
    /// Every path of two parts and more, `use` included, with its line.
    paths: Vec<(Names, usize)>,
    /// Macros that it defines.
    macros: Vec<String>,
    /// Macros that it uses, with the line.
    expanded: Vec<(String, usize)>,
}

/// The files of a crate by their module paths, and who uses whom.
pub(crate) struct Graph {
    modules: BTreeMap<Names, Module>,
    /// (user, used) and the line of the first use. Files are named under the crate's folder.
    pub arrows: BTreeMap<(String, String), usize>,
}

impl Graph {
    /// Reads the crate whose `lib.rs` stands in a folder.
    pub(crate) fn read(folder: &Path) -> Self {
        let mut graph = Self { modules: BTreeMap::new(), arrows: BTreeMap::new() };
        graph.module(folder, Vec::new(), "lib.rs".into());
        let mut arrows = BTreeMap::new();
        let made: BTreeMap<&str, &str> = graph
            .modules
            .values()
            .flat_map(|module| module.macros.iter().map(|name| (name.as_str(), module.file.as_str())))
            .collect();
        for (path, module) in &graph.modules {
            let own = |file: &str| match module.folder {
                true => path.is_empty() || file.starts_with(&format!("{}/", path.join("/"))),
                false => file == module.file,
            };
            for (named, line) in &module.paths {
                for used in graph.absolute(path, named).into_iter().flat_map(|path| graph.files(&path, 0)) {
                    if !own(&used) {
                        arrows.entry((module.file.clone(), used)).or_insert(*line);
                    }
                }
            }
            for (name, line) in &module.expanded {
                if let Some(file) = made.get(name.as_str()).filter(|file| !own(file)) {
                    arrows.entry((module.file.clone(), (*file).to_owned())).or_insert(*line);
                }
            }
        }
        graph.arrows = arrows;
        graph
    }

    pub(crate) fn files_read(&self) -> impl Iterator<Item = &str> {
        self.modules.values().map(|module| module.file.as_str())
    }

    /// Reads a module and those that it declares.
    fn module(&mut self, crate_folder: &Path, path: Names, file: String) {
        let text = std::fs::read_to_string(crate_folder.join(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{file}: {error}"));
        let folder = file.ends_with("mod.rs") || file == "lib.rs";
        let mut module = Module { file, folder, ..Module::default() };
        let mut children = Vec::new();
        scan(stream, &mut module, &mut children);
        self.modules.insert(path.clone(), module);
        for child in children {
            let own: Names = path.iter().cloned().chain([child]).collect();
            let stem = own.join("/");
            let file = [format!("{stem}.rs"), format!("{stem}/mod.rs")];
            let file = file.into_iter().find(|file| crate_folder.join(file).exists());
            let file = file.unwrap_or_else(|| {
                panic!("{stem}.rs is not there: give the module a file, at the place that its name says")
            });
            self.module(crate_folder, own, file);
        }
    }

    /// The path from the crate's root; `None` for what belongs to another crate.
    fn absolute(&self, module: &Names, path: &[String]) -> Option<Names> {
        let (first, rest) = path.split_first()?;
        let own = || module.iter().cloned();
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some(own().chain(rest.iter().cloned()).collect()),
            "super" => {
                let above = module.get(..module.len().checked_sub(1)?)?.to_vec();
                match rest.first().map(String::as_str) {
                    Some("super") => self.absolute(&above, rest),
                    _ => Some(above.into_iter().chain(rest.iter().cloned()).collect()),
                }
            }
            name => {
                let child: Names = own().chain([name.to_owned()]).collect();
                if self.modules.contains_key(&child) {
                    return Some(child.into_iter().chain(rest.iter().cloned()).collect());
                }
                let names = &self.modules.get(module)?.names;
                let Some((_, used)) = names.iter().find(|(own, _)| own == name) else {
                    // A module that a glob brings.
                    let globs = names.iter().filter(|(own, glob)| own == "*" && glob.first() != Some(first));
                    let mut paths = globs.filter_map(|(_, glob)| self.absolute(module, glob));
                    let brings = |above: &Names| {
                        let brought: Names = above.iter().cloned().chain([name.to_owned()]).collect();
                        self.modules.contains_key(&brought)
                    };
                    return Some(paths.find(brings)?.into_iter().chain(path.iter().cloned()).collect());
                };
                // `use name::…` itself names another crate.
                if used.first() == Some(first) {
                    return None;
                }
                Some(self.absolute(module, used)?.into_iter().chain(rest.iter().cloned()).collect())
            }
        }
    }

    /// The files that hold what a path names: one, or several where a glob may bring it.
    fn files(&self, path: &Names, depth: usize) -> Vec<String> {
        let known = (0..=path.len()).rev().find(|length| self.modules.contains_key(&path[..*length]));
        let Some(length) = known.filter(|_| depth < 9) else { return Vec::new() };
        let (at, rest) = path.split_at(length);
        let module = &self.modules[at];
        if !module.folder {
            return vec![module.file.clone()];
        }
        let Some((item, within)) = rest.split_first() else { return vec![module.file.clone()] };
        let follow = |used: &Names| {
            let Some(path) = self.absolute(&at.to_vec(), used) else { return Vec::new() };
            self.files(&path.into_iter().chain(within.iter().cloned()).collect(), depth + 1)
        };
        if let Some((_, used)) = module.names.iter().find(|(name, _)| name == item) {
            return follow(used);
        }
        let globs = module.names.iter().filter(|(name, _)| name == "*");
        globs
            .flat_map(|(_, used)| {
                let path = self.absolute(&at.to_vec(), used).unwrap_or_default();
                self.files(&path.into_iter().chain([item.clone()]).collect(), depth + 1)
            })
            .collect()
    }

    /// Circles between files, and at every level between the rooms that files stand in: each as its shortest way round.
    pub(crate) fn circles(&self) -> Vec<String> {
        let deepest = self.files_read().map(|file| file.split('/').count()).max().unwrap_or_default();
        let mut found = BTreeSet::new();
        for depth in 1..=deepest {
            let room = |file: &str| file.split('/').take(depth).collect::<Vec<_>>().join("/");
            let mut next: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
            for (user, used) in self.arrows.keys().map(|(user, used)| (room(user), room(used))) {
                if user != used {
                    next.entry(user).or_default().insert(used);
                }
            }
            let mut told = BTreeSet::new();
            for start in next.keys() {
                if let Some(circle) = shortest(&next, start).filter(|_| !told.contains(start)) {
                    told.extend(circle.iter().cloned());
                    found.insert(self.words(&circle, &room));
                }
            }
        }
        found.into_iter().collect()
    }

    /// A circle with the place of one use for each of its arrows.
    fn words(&self, circle: &[String], room: &dyn Fn(&str) -> String) -> String {
        let arrows = circle.iter().zip(circle.iter().cycle().skip(1)).map(|(from, to)| {
            let mut arrows = self.arrows.iter();
            let found = arrows.find(|((user, used), _)| room(user) == *from && room(used) == *to);
            found.map_or_else(String::new, |((user, used), line)| format!("{user}:{line} -> {used}"))
        });
        format!("{}: {}", circle.join(" <-> "), arrows.collect::<Vec<_>>().join(", "))
    }
}

/// The shortest way from a room back to itself.
fn shortest(next: &BTreeMap<String, BTreeSet<String>>, start: &str) -> Option<Vec<String>> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for to in next.get(at).into_iter().flatten() {
            if to == start {
                let mut way = vec![at.to_owned()];
                while let Some(before) = came_from.get(way.last().map_or("", String::as_str)) {
                    way.push((*before).to_owned());
                }
                way.reverse();
                return Some(way);
            }
            if !came_from.contains_key(to.as_str()) {
                came_from.insert(to, at);
                queue.push_back(to);
            }
        }
    }
    None
}

/// Collects what a file names, and the modules that it declares. What is for tests is passed over.
fn scan(stream: TokenStream, module: &mut Module, children: &mut Vec<String>) {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let mut at = 0;
    while at < trees.len() {
        match (&trees[at], trees.get(at + 1)) {
            _ if tests(&trees[at..]).is_some() => at += tests(&trees[at..]).unwrap_or(1),
            // `pub(in crate::…)` says who may use it.
            (TokenTree::Ident(word), Some(TokenTree::Group(group))) if word == "pub" && begins(group, "in") => at += 2,
            (TokenTree::Ident(word), Some(TokenTree::Ident(name))) if word == "mod" => {
                children.push(name.to_string());
                at += 2;
            }
            (TokenTree::Ident(word), Some(_)) if word == "use" => {
                let line = word.span().start().line;
                let end = at
                    + trees[at..]
                        .iter()
                        .position(|tree| matches!(tree, TokenTree::Punct(p) if p.as_char() == ';'))
                        .unwrap_or(0);
                for (name, path) in imports(&[], &trees[at + 1..end]) {
                    module.paths.push((path.clone(), line));
                    module.names.push((name, path));
                }
                at = end + 1;
            }
            (TokenTree::Ident(word), Some(TokenTree::Punct(mark)))
                if word == "macro_rules" && mark.as_char() == '!' =>
            {
                module.macros.extend(trees.get(at + 2).map(ToString::to_string));
                at += 3;
            }
            (TokenTree::Ident(word), _) => {
                let line = word.span().start().line;
                let (path, length) = path(&trees[at..]);
                if let Some(TokenTree::Punct(mark)) =
                    trees.get(at + length).filter(|_| is_group(trees.get(at + length + 1)))
                    && mark.as_char() == '!'
                {
                    module.expanded.extend(path.last().map(|name| (name.clone(), line)));
                }
                if path.len() > 1 {
                    module.paths.push((path, line));
                }
                at += length;
            }
            (TokenTree::Group(group), _) => {
                scan(group.stream(), module, children);
                at += 1;
            }
            _ => at += 1,
        }
    }
}

fn begins(group: &Group, with: &str) -> bool {
    matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(word)) if word == with)
}

fn is_group(tree: Option<&TokenTree>) -> bool {
    matches!(tree, Some(TokenTree::Group(_)))
}

/// How many tokens an item for tests alone takes, where one begins here.
pub(crate) fn tests(trees: &[TokenTree]) -> Option<usize> {
    let [TokenTree::Punct(mark), TokenTree::Group(attribute), ..] = trees else { return None };
    if mark.as_char() != '#' || attribute.stream().to_string().replace(' ', "") != "cfg(test)" {
        return None;
    }
    let ends = |tree: &TokenTree| match tree {
        TokenTree::Punct(mark) => mark.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    };
    Some(trees.iter().position(ends).map_or(trees.len(), |end| end + 1))
}

/// The names at the beginning that `::` joins, and how many tokens they are.
fn path(trees: &[TokenTree]) -> (Names, usize) {
    let (mut names, mut at) = (Vec::new(), 0);
    while let Some(TokenTree::Ident(name)) = trees.get(at) {
        let name = name.to_string();
        names.push(name.strip_prefix("r#").unwrap_or(&name).to_owned());
        at += 1;
        let colon = |at: usize| matches!(trees.get(at), Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
        if !(colon(at) && colon(at + 1) && matches!(trees.get(at + 2), Some(TokenTree::Ident(_)))) {
            break;
        }
        at += 2;
    }
    (names, at)
}

/// What a `use` brings: (name here, path). `self` in braces is the module itself.
fn imports(before: &[String], trees: &[TokenTree]) -> Vec<(String, Names)> {
    let joined = |names: &[String]| -> Names { before.iter().chain(names).cloned().collect() };
    let (names, length) = path(trees);
    let whole = match names.last().map(String::as_str) {
        Some("self") if !before.is_empty() => joined(&names[..names.len() - 1]),
        _ => joined(&names),
    };
    let rest: Vec<&TokenTree> = trees[length..]
        .iter()
        .filter(|tree| !matches!(tree, TokenTree::Punct(mark) if mark.as_char() == ':'))
        .collect();
    match rest.first() {
        Some(TokenTree::Group(group)) => {
            let inside: Vec<TokenTree> = group.stream().into_iter().collect();
            let branches = inside.split(|tree| matches!(tree, TokenTree::Punct(mark) if mark.as_char() == ','));
            branches.filter(|branch| !branch.is_empty()).flat_map(|branch| imports(&whole, branch)).collect()
        }
        Some(TokenTree::Punct(mark)) if mark.as_char() == '*' => vec![("*".into(), whole)],
        Some(TokenTree::Ident(word)) if *word == "as" => {
            vec![(rest.get(1).map(ToString::to_string).unwrap_or_default(), whole)]
        }
        _ => vec![(whole.last().cloned().unwrap_or_default(), whole)],
    }
}
