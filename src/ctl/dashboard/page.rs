//! The page: its parts are files beside this one, compiled in and put together once. What it may use is named by
//! checksums of these parts, so that no other script and no other style ever runs in it.

use data_encoding::BASE64;
use sha2::{Digest as _, Sha256};

use super::answer::Answer;

const HTML: &str = include_str!("page/page.html");
const CSS: &str = include_str!("page/page.css");
const SCRIPTS: [&str; 6] = [
    include_str!("page/words.js"),
    include_str!("page/draw.js"),
    include_str!("page/picture.js"),
    include_str!("page/lists.js"),
    include_str!("page/orders.js"),
    include_str!("page/page.js"),
];
const ENGLISH: &str = include_str!("page/words.en.json");
const CHINESE: &str = include_str!("page/words.zh.json");
const CLOSED: &str = include_str!("page/closed.html");
const AGAIN: &str = include_str!("page/again.js");

/// The page, put together.
#[derive(Debug)]
pub struct Page {
    html: String,
    may: String,
}

impl Default for Page {
    fn default() -> Self {
        let words = format!("const WORDS = {{en: {}, zh: {}}};\n", ENGLISH.trim_end(), CHINESE.trim_end());
        let script = format!("'use strict';\n{words}{}", SCRIPTS.concat());
        let html = HTML.replace("/*style*/", CSS).replace("/*script*/", &script);
        let may = format!(
            "script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:",
            sum(&script),
            sum(CSS)
        );
        Self { html, may }
    }
}

impl Page {
    /// For whoever has the token.
    pub fn open(&self) -> Answer {
        Answer::page("200 OK", self.html.clone(), self.may.clone())
    }

    /// For everybody else. A page that is loaded again has kept its token, and comes back with it.
    pub fn closed() -> Answer {
        let html = CLOSED.replace("/*script*/", AGAIN);
        Answer::page("403 Forbidden", html, format!("script-src 'sha256-{}'; img-src data:", sum(AGAIN)))
    }
}

/// A drill's report: its one style, no script, and nothing to load.
pub fn report(html: String) -> Answer {
    let inside = html.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>"));
    let may = inside.map_or_else(String::new, |(style, _)| format!("style-src 'sha256-{}'", sum(style)));
    Answer::page("200 OK", html, may)
}

/// As a policy names a part of a page.
fn sum(text: &str) -> String {
    BASE64.encode(&Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn words(text: &str) -> BTreeMap<String, String> {
        serde_json::from_str(text).unwrap()
    }

    /// What stands in braces is put in by the page.
    fn gaps(text: &str) -> Vec<&str> {
        let mut gaps: Vec<&str> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        gaps.sort_unstable();
        gaps
    }

    #[test]
    fn both_languages_say_the_same() {
        let (english, chinese) = (words(ENGLISH), words(CHINESE));
        let keys = |words: &BTreeMap<String, String>| words.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&english), keys(&chinese));
        for (key, words) in &english {
            let other = &chinese[key];
            assert_eq!(gaps(words), gaps(other), "{key}");
            assert!(!words.is_empty() && !other.is_empty(), "{key}");
            let is_chinese = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
            assert!(!words.chars().any(is_chinese) || key == "language", "{key}");
            assert!(other.chars().any(is_chinese) || key == "language", "{key}: {other}");
        }
    }

    #[test]
    fn each_word_is_used_and_each_used_word_is_there() {
        let english = words(ENGLISH);
        let used = |key: &str| {
            let quoted = [format!("'{key}'"), format!("\"{key}\"")];
            // Made of a beginning and a name: `state_MASTER`.
            let family = key.split_once('_').map(|(family, _)| format!("`{family}_$"));
            let text = HTML.to_owned() + &SCRIPTS.concat();
            quoted.iter().chain(&family).any(|form| text.contains(form))
        };
        let unused: Vec<&String> = english.keys().filter(|key| !used(key)).collect();
        assert_eq!(unused, Vec::<&String>::new());
        let asked = SCRIPTS.concat();
        let asked = asked.split("say('").skip(1).filter_map(|rest| rest.split('\'').next());
        let shown = HTML.split("data-say=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let lacking: Vec<&str> = asked.chain(shown).filter(|key| !english.contains_key(*key)).collect();
        assert_eq!(lacking, Vec::<&str>::new());
    }

    #[test]
    fn nothing_comes_from_elsewhere() {
        let page = Page::default();
        for part in ["https://", "src=", "url(", "@import", "<link rel=\"stylesheet", " onclick=", " style=\""] {
            assert!(!page.html.contains(part), "{part} in the page");
        }
        let namespace = "http://www.w3.org/2000/svg";
        assert_eq!(page.html.matches("http://").count(), page.html.matches(namespace).count());
        assert!(!page.html.contains("/*s"), "every part is in its place");
        assert!(!page.html.contains("innerHTML") && !page.html.contains("insertAdjacentHTML"), "text stays text");
    }

    #[test]
    fn only_its_own_script_runs() {
        let answer = Page::default().open();
        let script = answer.body.as_ref().unwrap().split_once("<script>").unwrap().1.split_once("</script>").unwrap().0;
        assert!(answer.may.contains(&format!("script-src 'sha256-{}'", sum(script))), "{}", answer.may);
        let closed = Page::closed();
        let body = closed.body.unwrap();
        let script = body.split_once("<script>").unwrap().1.split_once("</script>").unwrap().0;
        assert!(closed.may.contains(&sum(script)) && !closed.may.contains("unsafe"));
    }
}
