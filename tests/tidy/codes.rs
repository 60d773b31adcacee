//! Every error code is named by a test: what no test provokes may be told wrongly, or never.

use std::collections::BTreeSet;

use hactl::error::Code;

use super::{none, root, rust_files, tracked};

/// The codes that a text names outside of comments, as `E102` or `Code::UnknownField`.
fn named(text: &str) -> BTreeSet<String> {
    let word = |text: &str| -> String {
        text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
    };
    let lines = || text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let variants = lines().flat_map(|line| line.split("Code::").skip(1)).map(word);
    let ids = lines().flat_map(|line| line.split(|letter: char| !letter.is_ascii_alphanumeric())).map(str::to_owned);
    variants.chain(ids).collect()
}

/// What is compiled for tests alone of a file in `src`.
pub(crate) fn tests_of(path: &str, text: &str) -> String {
    if path.ends_with("tests.rs") || path.contains("/tests/") {
        return text.to_owned();
    }
    text.split_once("#[cfg(test)]\nmod tests {").map_or_else(String::new, |(_, tests)| tests.to_owned())
}

#[test]
fn every_code_has_a_test() {
    let told = |path: &String| path.starts_with("tests/") && !path.starts_with("tests/tidy/");
    let texts = tracked().into_iter().filter(told);
    let texts = texts.filter_map(|path| std::fs::read_to_string(root().join(path)).ok());
    let within = rust_files("src").into_iter().map(|file| tests_of(&file.path, &file.text));
    let found: BTreeSet<String> = texts.chain(within).flat_map(|text| named(&text)).collect();
    let without = Code::ALL.iter().filter(|code| !found.contains(code.id()) && !found.contains(&format!("{code:?}")));
    let without: Vec<String> = without.map(|code| format!("{code} {code:?}: {}", code.title())).collect();
    none(&without, "each code has a test that provokes it; one that cannot be reached goes");
}

#[test]
fn a_code_that_is_only_spoken_of_is_found() {
    let names = |text: &str| named(text).contains("E102") || named(text).contains("UnknownField");
    assert!(names("is(&[Code::UnknownField])") && names("error[E102]: x") && names("(x, \"E102\")"));
    assert!(!names("// E102") && !names("    /// Code::UnknownField") && !names("E1020 UnknownFields Code::Unknown"));
    let file = "fn f() -> Code {}\n#[cfg(test)]\nmod tests {\n    E102\n}\n";
    assert!(tests_of("src/x.rs", file).contains("E102") && !tests_of("src/x.rs", file).contains("Code"));
    assert_eq!(tests_of("src/x/tests/y.rs", file), file);
}
