//! The desk's rooms print nothing: they return values, and `cli/show` words them. Otherwise `--json` would not be one
//! object.

use proc_macro2::{TokenStream, TokenTree};

use super::{graph, none, rust_files};

#[test]
fn the_desk_prints_nothing() {
    let mut found = Vec::new();
    for file in
        rust_files("src/ctl").iter().filter(|file| !file.path.ends_with("/tests.rs") && !file.path.contains("/tests/"))
    {
        let mut printing = printing(file.text.parse().expect("Rust"));
        printing.retain(|(_, what)| !ASKS.contains(&(file.path.as_str(), what)));
        found.extend(printing.into_iter().map(|(line, what)| format!("{}:{line}: {what}", file.path)));
    }
    none(&found, "src/ctl returns values and tells of events; src/cli/show has the words");
}

#[test]
fn what_prints_is_found() {
    let found = |text: &str| printing(text.parse().unwrap());
    let all = "fn f() { print!(\"a\");\n std::println!();\n if x { eprint!(\"b\") }\n g(|| eprintln!(\"c\"));\n\
               dbg!(1); io::stdout().lock(); }";
    let words = ["print!", "println!", "eprint!", "eprintln!", "dbg!", "stdout()"];
    assert_eq!(found(all).iter().map(|(_, what)| what.as_str()).collect::<Vec<_>>(), words);
    assert_eq!(found(all).iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 5]);
    for none in [
        "#[cfg(test)]\nmod tests { fn f() { println!() } }",
        "// println!()\nfn print() { let println = \"eprintln!()\"; print(); output.stdout; format!(\"{println}\"); }",
    ] {
        assert_eq!(found(none), [], "{none}");
    }
}

/// What writes to the terminal, with its line; tests aside.
fn printing(stream: TokenStream) -> Vec<(usize, String)> {
    let trees: Vec<TokenTree> = stream.into_iter().collect();
    let (mut found, mut at) = (Vec::new(), 0);
    while at < trees.len() {
        if let Some(length) = graph::tests(&trees[at..]) {
            at += length;
            continue;
        }
        match (&trees[at], trees.get(at + 1)) {
            (TokenTree::Ident(word), Some(TokenTree::Punct(mark)))
                if mark.as_char() == '!' && MACROS.iter().any(|one| word == one) =>
            {
                found.push((word.span().start().line, format!("{word}!")));
            }
            (TokenTree::Ident(word), Some(TokenTree::Group(arguments)))
                if arguments.stream().is_empty() && STREAMS.iter().any(|one| word == one) =>
            {
                found.push((word.span().start().line, format!("{word}()")));
            }
            (TokenTree::Group(group), _) => found.extend(printing(group.stream())),
            _ => {}
        }
        at += 1;
    }
    found
}

/// A password is asked for where somebody sits, whatever stdout and stderr are.
const ASKS: &[(&str, &str)] = &[("src/ctl/secret.rs", "stderr()")];
const MACROS: &[&str] = &["print", "println", "eprint", "eprintln", "dbg"];
const STREAMS: &[&str] = &["stdout", "stderr"];
