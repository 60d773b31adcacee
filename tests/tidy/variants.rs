//! An error is a type of its own and never a text. Every variant of one is produced by a test, which names it or quotes
//! what it says; variants that only pass on another error are told by that one.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use regex::Regex;

use super::{codes, graph, none, root, rust_files, tracked};

/// What no test can have on demand, and why. One that is tested after all must go from here.
const OUT_OF_REACH: &[(&str, &str)] = &[
    ("LoopError::Links", "the kernel lists its interfaces to everybody"),
    ("LoopError::Routes", "the kernel tells everybody of its routes"),
    ("LoopError::Epoll", "the kernel refuses it only without memory or descriptors"),
    ("LoopError::Netlink", "the kernel refuses it only without memory"),
    ("LoopError::Panicked", "no input makes the loop panic"),
    ("LoopError::EndedAtOnce", "the loop ends by a stop, which nobody can ask for yet"),
    ("NotReloaded::Stopping", "the loop would have to end in the moment of a reload"),
    ("NotRehearsed::Endless", "no pair of configurations makes agents answer each other for ever"),
    ("NotRun::Wait", "somebody else would have to wait for the agent's child"),
    ("NotUpgraded::UnknownBinary", "/proc is mounted wherever tests run"),
    ("Unresolved::Silent", "this host's name server would have to be silent for 20 s"),
];

/// A variant, and what it says; `None` where it passes on what another error says.
struct Variant {
    name: String,
    sentence: Option<String>,
}

#[test]
fn every_variant_of_an_error_has_a_test() {
    let told = |path: &String| path.starts_with("tests/") && !path.starts_with("tests/tidy/");
    let texts = tracked().into_iter().filter(told);
    let texts = texts.filter_map(|path| std::fs::read_to_string(root().join(path)).ok());
    let within = rust_files("src").into_iter().map(|file| codes::tests_of(&file.path, &file.text));
    let tests = Tests::new(&texts.chain(within).collect::<String>());
    let variants: Vec<Variant> = rust_files("src").iter().flat_map(|file| variants(&file.text)).collect();
    assert!(variants.len() > 150, "{} variants are not this repository", variants.len());
    let mut found = Vec::new();
    for variant in &variants {
        let excused = OUT_OF_REACH.iter().any(|(name, _)| *name == variant.name);
        match (tests.produce(variant), excused) {
            (false, false) => found.push(format!("{}: {}", variant.name, variant.sentence.as_deref().unwrap_or(""))),
            (true, true) => found.push(format!("{} has a test and need not be excused", variant.name)),
            (true, false) | (false, true) => {}
        }
    }
    let known = |name: &str| variants.iter().any(|variant| variant.name == name);
    let gone = OUT_OF_REACH.iter().filter(|(name, _)| !known(name));
    found.extend(gone.map(|(name, _)| format!("{name} is excused and does not exist")));
    none(&found, "STYLE.md 13: a test produces each variant and names it, or quotes what it says");
}

#[test]
fn a_variant_without_a_test_is_found() {
    let text = "mod inner {\n#[derive(Debug, Error)]\npub enum Lost {\n  /// Why.\n  #[error(\"{0} went away \\\n   for good\")]\n  \
                Away(String),\n  #[error(transparent)]\n  Other(#[from] io::Error),\n  #[error(\"{0}: {1}\")]\n  \
                At(String, u8),\n  #[error(\"no {kind}\")]\n  No { kind: u8 },\n}\n}\n\
                #[derive(Error)]\n#[error(\"nothing\")]\nstruct Nothing;\n#[derive(Debug)]\nenum Plain { A }\n";
    let all = variants(text);
    let names: Vec<&str> = all.iter().map(|variant| variant.name.as_str()).collect();
    assert_eq!(names, ["Lost::Away", "Lost::Other", "Lost::At", "Lost::No", "Nothing"]);
    let produced = |tests: &str| -> Vec<bool> { all.iter().map(|one| Tests::new(tests).produce(one)).collect() };
    assert_eq!(produced(""), [false, true, true, false, false], "those in between pass on what others say");
    assert_eq!(produced("Lost::Away(_) Lost::Nobody // Nothing"), [true, true, true, false, false]);
    assert_eq!(produced("// Lost::No\n\"lb-5 went away for good\" Nothing {"), [true, true, true, false, true]);
    assert_eq!(produced("\"went \\\n     away for good\""), [true, true, true, false, false], "a run of words");
    assert_eq!(produced("\"went away\" \"for good\""), [false, true, true, false, false]);
}

#[test]
fn no_error_is_a_text() {
    let mut found = Vec::new();
    for file in
        rust_files("src").iter().filter(|file| !file.path.ends_with("/tests.rs") && !file.path.contains("/tests/"))
    {
        let lines = texts_as_errors(file.text.parse().expect("Rust"));
        found.extend(lines.into_iter().map(|line| format!("{}:{line}", file.path)));
    }
    none(&found, "STYLE.md 13: inside a module, one `thiserror` enum, so that a failure can be matched");
}

#[test]
fn a_text_as_an_error_is_found() {
    let found = |text: &str| texts_as_errors(text.parse().unwrap());
    assert_eq!(found("fn f() -> Result<(), String> {}\nfn g() -> io::Result<Vec<u8>, &'static str>;"), [1, 2]);
    assert_eq!(
        found("type A = Result<Vec<(u8, String)>,\nString>; fn f() -> Option<Result<u8, std::string::String>>;"),
        [1, 2]
    );
    for none in [
        "fn f() -> Result<String, Lost> {}",
        "fn f() -> Result<Vec<String>, Lost<String>>; fn g() -> Result<Box<dyn Fn(u8, u8) -> String>, Lost>;",
        "fn f() -> fmt::Result { x < y, String }",
        "#[cfg(test)]\nmod tests { fn f() -> Result<(), String> {} }",
    ] {
        assert_eq!(found(none), [0_usize; 0], "{none}");
    }
}

/// Lines with a `Result` whose error is a `String` or a `str`; tests aside.
fn texts_as_errors(stream: TokenStream) -> Vec<usize> {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < trees.len() {
        if let Some(length) = graph::tests(&trees[at..]) {
            at += length;
            continue;
        }
        match &trees[at] {
            TokenTree::Ident(word) if word == "Result" && error_is_text(&trees[at + 1..]) => {
                found.push(word.span().start().line);
            }
            TokenTree::Group(group) => found.extend(texts_as_errors(group.stream())),
            _ => {}
        }
        at += 1;
    }
    found
}

/// Whether `<…>` begins here, and what stands behind its last comma ends in `String` or `str`.
fn error_is_text(trees: &[TokenTree]) -> bool {
    let (mut depth, mut last, mut second) = (0_usize, None, false);
    let is =
        |tree: Option<&TokenTree>, sign: char| matches!(tree, Some(TokenTree::Punct(mark)) if mark.as_char() == sign);
    for tree in trees {
        match tree {
            TokenTree::Punct(mark) if mark.as_char() == '>' && is(last, '-') => {}
            TokenTree::Punct(mark) if mark.as_char() == '<' => depth += 1,
            TokenTree::Punct(mark) if mark.as_char() == '>' && depth == 1 => {
                return second && matches!(last, Some(TokenTree::Ident(word)) if word == "String" || word == "str");
            }
            TokenTree::Punct(mark) if mark.as_char() == '>' => depth = depth.saturating_sub(1),
            TokenTree::Punct(mark) if mark.as_char() == ',' && depth == 1 => second = true,
            _ => {}
        }
        if depth == 0 {
            return false;
        }
        last = Some(tree);
    }
    false
}

/// The code of all tests, comments aside, with strings that go on in the next line made whole.
struct Tests(String);

impl Tests {
    fn new(text: &str) -> Self {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let code: Vec<&str> = code.map(|line| line.split(" // ").next().unwrap_or_default()).collect();
        Self(whole(&code.join("\n")))
    }

    fn produce(&self, variant: &Variant) -> bool {
        let Some(sentence) = &variant.sentence else { return true };
        self.names(&variant.name) || self.quotes(sentence)
    }

    fn names(&self, name: &str) -> bool {
        let ends = |rest: &str| !rest.starts_with(|letter: char| letter.is_alphanumeric() || letter == '_');
        self.0.match_indices(name).any(|(at, _)| ends(&self.0[at + name.len()..]))
    }

    /// The whole sentence with values in it, or four words of it in a row.
    fn quotes(&self, sentence: &str) -> bool {
        let values = Regex::new(r"\{[^}]*\}").unwrap();
        let pieces: Vec<&str> = values.split(sentence).filter(|piece| !piece.trim().is_empty()).collect();
        let run = |words: &[&str]| Some(words.join(" ")).filter(|run| run.len() >= RUN_LETTERS);
        for piece in &pieces {
            let words: Vec<&str> = piece.trim_matches([' ', ':', ';', ',', '`']).split(' ').collect();
            if words.windows(4).filter_map(run).any(|run| self.0.contains(&run)) {
                return true;
            }
        }
        let letters: usize = pieces.iter().map(|piece| piece.len()).sum();
        let template: Vec<String> = pieces.iter().map(|piece| regex::escape(piece)).collect();
        letters >= SENTENCE_LETTERS && Regex::new(&template.join(".{1,60}?")).unwrap().is_match(&self.0)
    }
}

/// Shorter sentences stand in too many places by chance.
const SENTENCE_LETTERS: usize = 8;
/// Shorter runs of four words, too.
const RUN_LETTERS: usize = 16;

/// Takes out what a string has only because its line ended.
fn whole(text: &str) -> String {
    Regex::new(r"\\\n(?-u:\s)*").unwrap().replace_all(text, "").replace("\\\"", "\"")
}

/// The errors that a file defines by `thiserror`.
fn variants(text: &str) -> Vec<Variant> {
    let mut found = Vec::new();
    collect(text.parse().expect("Rust"), &mut found);
    found
}

fn collect(stream: TokenStream, found: &mut Vec<Variant>) {
    let mut attributes = Vec::new();
    let mut tokens = stream.into_iter();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => attributes.push(group.stream()),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                collect(group.stream(), found);
                attributes.clear();
            }
            TokenTree::Ident(word) if word == "enum" || word == "struct" => {
                let Some(TokenTree::Ident(name)) = tokens.next() else { continue };
                let derived = attributes.iter().any(|attribute| derives_error(attribute.clone()));
                if derived && word == "struct" {
                    found.extend(said(&attributes).map(|sentence| Variant { name: name.to_string(), sentence }));
                } else if derived {
                    let body = tokens.by_ref().find_map(|token| match token {
                        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
                        _ => None,
                    });
                    found.extend(body.into_iter().flat_map(|body| of_enum(&name.to_string(), body)));
                }
                attributes.clear();
            }
            TokenTree::Group(_) | TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn of_enum(name: &str, body: TokenStream) -> Vec<Variant> {
    let (mut found, mut attributes) = (Vec::new(), Vec::new());
    for token in body {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => attributes.push(group.stream()),
            TokenTree::Ident(variant) => {
                let sentence = said(&attributes);
                found.extend(sentence.map(|sentence| Variant { name: format!("{name}::{variant}"), sentence }));
                attributes.clear();
            }
            _ => {}
        }
    }
    found
}

fn derives_error(attribute: TokenStream) -> bool {
    let mut tokens = attribute.into_iter();
    let derive = matches!(tokens.next(), Some(TokenTree::Ident(word)) if word == "derive");
    let Some(TokenTree::Group(list)) = tokens.next().filter(|_| derive) else { return false };
    list.stream().into_iter().any(|token| matches!(token, TokenTree::Ident(word) if word == "Error"))
}

/// What `#[error(…)]` among these says. Without a word of its own it passes on what another error says.
fn said(attributes: &[TokenStream]) -> Option<Option<String>> {
    attributes.iter().find_map(|attribute| {
        let mut tokens = attribute.clone().into_iter();
        let error = matches!(tokens.next(), Some(TokenTree::Ident(word)) if word == "error");
        let Some(TokenTree::Group(list)) = tokens.next().filter(|_| error) else { return None };
        let Some(TokenTree::Literal(literal)) = list.stream().into_iter().next() else { return Some(None) };
        let sentence = whole(literal.to_string().trim_matches('"'));
        let own = Regex::new(r"\{[^}]*\}").unwrap().replace_all(&sentence, "").chars().any(char::is_alphabetic);
        Some(own.then_some(sentence))
    })
}
