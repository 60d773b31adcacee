//! What is printed reads back as the same configuration.

use std::sync::Arc;

use super::support::{BIG, clean, shown, without_places};
use crate::conf::config::{Config, SimplePassword};
use crate::conf::parse;
use crate::conf::print::{Secrets, print};

pub(super) fn assert_round_trip(config: Config) {
    let text = print(&config, Secrets::Shown);
    let back = parse("printed", &text);
    assert_eq!(without_places(back.config.clone()), without_places(config), "{text}");
    assert!(shown(&back).iter().all(|one| one.starts_with('W')), "{text}\n{:?}", shown(&back));
    assert_eq!(print(&back.config, Secrets::Shown), text);
}

#[test]
fn the_big_sample_reads_back() {
    assert_round_trip(clean(BIG));
    assert_round_trip(Config::default());
}

#[test]
fn awkward_words_read_back() {
    let mut config = clean(BIG);
    let awkward = [
        "a b",
        "it's",
        "say \"x\"",
        "'\"'",
        "back\\slash",
        "#!{}",
        "${X}",
        "tab\there",
        "ünï",
        "",
        "'",
        "a'b'c d",
        "</x",
        "@a",
        "$A=b",
        "a${_RANDOM}",
        "${_PWD}'s \\${_HASH}",
        "~SEQ(",
        "include",
    ];
    for word in awkward {
        let argv = vec!["/bin/x".to_owned(), word.to_owned(), format!("{word}{word}"), "end".to_owned()];
        config.scripts[0].command = argv.clone();
        Arc::make_mut(&mut Arc::make_mut(&mut config.instances[0]).notify).stop = Some(argv);
        if !word.is_empty() {
            config.scripts[0].name = word.to_owned();
            Arc::make_mut(&mut config.instances[0]).track_scripts[0].name = word.to_owned();
            Arc::make_mut(&mut Arc::make_mut(&mut config.instances[0]).notify).fault =
                Some(vec![word.to_owned(), "x y".to_owned()]);
        }
        assert_round_trip(config.clone());
    }
    for password in [*b"a b\"c'd\\", *b"#secret!", *b"{}\0\0\0\0\0\0"] {
        Arc::make_mut(&mut config.instances[0]).password = Some(SimplePassword(password));
        assert_round_trip(config.clone());
    }
}

#[test]
fn secrets_stay_out_unless_asked_for() {
    let config = clean(BIG);
    assert!(print(&config, Secrets::Shown).contains("k#!9"));
    let masked = print(&config, Secrets::Masked);
    assert!(!masked.contains("k#!9"), "{masked}");
    assert!(masked.contains("auth_pass ********"), "{masked}");
}
