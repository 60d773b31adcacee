//! The pages of docs that list all codes and all keywords, in both languages, made of the register, the tables and the
//! catalogue. `HACTL_UPDATE=1` writes them; otherwise a difference fails.

use std::collections::BTreeMap;
use std::path::Path;

use hactl_engine::conf::grammar::schema::Support;
use hactl_engine::conf::meaning::{Meaning, meanings, names};

use super::said::in_chinese;
use super::{catalogue, language::Language};
use crate::error::Code;

/// The kinds of codes, by the first digits of the numbers, as the register is ordered.
const KINDS: [(&str, &str, &str); 8] = [
    ("0", "This program, and the agent on its own host", "这个程序，以及本机上的 agent"),
    ("1", "The inventory and what is typed", "清单，以及输入的命令"),
    ("2", "SSH", "SSH"),
    ("3", "keepalived.conf", "keepalived.conf"),
    ("4", "Before anything is changed", "改动之前"),
    ("5", "The lab", "实验环境"),
    ("6", "While something is changed", "改动之中"),
    ("78", "Verdicts", "结论"),
];

fn codes(language: Language) -> String {
    let chinese = language == Language::Chinese;
    let mut page = match language {
        Language::English => {
            "# Error codes\n\nEvery problem is told with a code, which means one thing and keeps its number. `hactl explain E702` prints\n\
             one of these, `hactl explain --list` the titles of all, and with `--json` programs find it as `code`. A letter `E` is an\n\
             error, `W` a warning. This page is made of the program's own register; how [exit codes](../README.md) go with it the README says.\n"
        }
        Language::Chinese => {
            "# 错误码\n\n每个问题都带一个错误码，一个码只有一个意思，号码永远不变。`hactl explain E702` 打印其中一个，\n\
             `hactl explain --list` 打印全部标题，加 `--json` 时程序可以在 `code` 里找到它。字母 `E` 是错误，`W` 是警告。\n\
             这一页由程序自己的登记表生成；它与[退出码](../README.zh-CN.md)的关系见 README。\n"
        }
    }
    .to_owned();
    for (digits, english, other) in KINDS {
        page.push_str(&format!("\n## {}\n", if chinese { other } else { english }));
        for code in Code::ALL.iter().filter(|code| code.id()[1..].starts_with(|digit| digits.contains(digit))) {
            let text = code.text().join("").trim().to_owned();
            let (title, text) = match catalogue::code(code.id()) {
                Some((title, text)) if chinese => (title, text.to_owned()),
                _ => (code.title(), text),
            };
            page.push_str(&format!("\n### {code} {title}\n\n{text}\n"));
        }
    }
    page
}

fn keywords(language: Language) -> String {
    let chinese = language == Language::Chinese;
    let mut blocks: BTreeMap<&str, Vec<(&str, Meaning)>> = BTreeMap::new();
    for name in names() {
        for meaning in meanings(name) {
            blocks.entry(meaning.block).or_default().push((name, meaning));
        }
    }
    let mut page = match language {
        Language::English => {
            "# Keywords of keepalived.conf\n\nEvery keyword that hactl knows, by the block that it stands in. `hactl explain nopreempt` prints one of these. `yes`: it\n\
             does what keepalived's manual says. `already`: what it asks for is so anyway. `no`: hactl knows it, warns at its line and\n\
             ignores it; the last column then says what that means. This page is made of the tables that the parser reads.\n"
        }
        Language::Chinese => {
            "# keepalived.conf 的关键字\n\nhactl 认得的全部关键字，按所在的块排列。`hactl explain nopreempt` 打印其中一个。`yes`：照 keepalived 的手册生效。\n\
             `already`：它要求的本来就是这样。`no`：hactl 认得它，在那一行给出警告并忽略；这时最后一列说明有什么影响。\n\
             这一页由解析器所读的表生成。\n"
        }
    }
    .to_owned();
    // What stands in no block comes first.
    let (root, others): (Vec<_>, Vec<_>) = blocks.into_iter().partition(|(block, _)| *block == "the file");
    for (block, rows) in root.into_iter().chain(others) {
        let heading = match (block, language) {
            ("the file", Language::English) => "In no block".to_owned(),
            ("the file", Language::Chinese) => "不在任何块里".to_owned(),
            (_, Language::English) => format!("In `{block}`"),
            (_, Language::Chinese) => format!("在 `{block}` 里"),
        };
        let titles = if chinese { "| 关键字 | 支持 | 含义 |" } else { "| keyword | supported | meaning |" };
        page.push_str(&format!("\n## {heading}\n\n{titles}\n|---|---|---|\n"));
        for (name, meaning) in rows {
            let (supported, why) = match meaning.support {
                Support::Yes => ("yes", ""),
                Support::Already => ("already", ""),
                Support::NotYet(why) => ("no", why),
            };
            let text = match catalogue::keyword(block, name) {
                Some(translated) if chinese => Some(translated.to_owned()),
                _ => meaning.text.map(str::to_owned),
            };
            let why = (!why.is_empty()).then(|| if chinese { in_chinese(why) } else { why.to_owned() });
            let parts: Vec<String> = text.into_iter().chain(why).collect();
            let meaning = parts.join(if chinese { "。" } else { ". " });
            page.push_str(&format!("| `{name}` | {supported} | {} |\n", meaning.replace('|', "\\|")));
        }
    }
    page
}

#[test]
fn pages_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut stale = Vec::new();
    for (name, text) in [
        ("codes.md", codes(Language::English)),
        ("codes.zh-CN.md", codes(Language::Chinese)),
        ("keywords.md", keywords(Language::English)),
        ("keywords.zh-CN.md", keywords(Language::Chinese)),
    ] {
        let path = folder.join(name);
        if std::env::var_os("HACTL_UPDATE").is_some() {
            std::fs::write(&path, text).unwrap();
        } else if std::fs::read_to_string(&path).unwrap_or_default() != text {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "{stale:?} are out of date: HACTL_UPDATE=1 cargo test --lib pages_are_current");
}

#[test]
fn every_code_and_keyword_has_its_place() {
    for language in [Language::English, Language::Chinese] {
        let page = codes(language);
        assert!(Code::ALL.iter().all(|code| page.contains(&format!("\n### {code} "))));
        let page = keywords(language);
        assert!(names().iter().all(|name| page.contains(&format!("\n| `{name}` | "))));
    }
}
