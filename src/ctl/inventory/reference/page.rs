//! docs/inventory.md and its Chinese twin, from the reference.

use std::fmt::Write as _;
use std::path::Path;

use super::{Words, sections};

/// What stands above all.
const HEAD: Words<&str> = (
    "# The inventory: every key\n\n\
     What can be written, with what each key takes, its default and an example. `hactl explain vip.vrid` tells the same on the command line, \
     `hactl check` every mistake at once, with line and column. [inventories/expert.yaml](../inventories/expert.yaml) is an inventory in long form.\n\n\
     Words stand as they are, and kinds of values in capitals. TIME is `10ms`, `1s`, `10m` or `2h`; SIZE `64m`; STATUS `200`, `2xx` or `200-399`; \
     PATH begins at the inventory's folder where the file is the desk's. SECRET is `prompt`, `{ env: NAME }`, `{ file: PATH }` or \
     `{ command: PROGRAM }`: where a secret lies, and never the secret. A single value does where a list `[…]` stands; \
     SECTION is a mapping that has a part of its own below.\n",
    "# 清单：全部键\n\n\
     能写什么：每个键接受什么、默认值、例子。命令行上 `hactl explain vip.vrid` 说的是同样的内容，\
     `hactl check` 一次指出全部错误，带行号和列号。[inventories/expert.yaml](../inventories/expert.yaml) 是一份长写法的清单。\n\n\
     小写的词照写，大写的是值的种类。TIME 写成 `10ms`、`1s`、`10m` 或 `2h`；SIZE 写成 `64m`；STATUS 写成 `200`、`2xx` 或 `200-399`；\
     PATH 若是控制台上的文件，则从清单所在目录算起。SECRET 写成 `prompt`、`{ env: NAME }`、`{ file: PATH }` 或 \
     `{ command: PROGRAM }`：写密码放在哪里，绝不写密码本身。写列表 `[…]` 的地方，只有一个值时可以直接写；\
     SECTION 是下文另有一节的映射。\n",
);
const COLUMNS: Words<&str> = ("| key | takes | default | example | meaning |", "| 键 | 接受 | 默认值 | 例子 | 含义 |");
const DIRECTIVES: Words<&str> =
    ("Directives of the block `{}`, each with an example:", "`{}` 块里的指令，各带一个例子：");

fn page(language: fn(&Words) -> &str, pick: fn(Words<&'static str>) -> &'static str) -> String {
    let mut page = pick(HEAD).to_owned();
    let code = |text: &str| format!("`{}`", text.replace('|', "\\|"));
    for section in sections() {
        let _ = write!(page, "\n## {}\n\n{}\n\n", language(&section.title), language(&section.text));
        let _ = writeln!(page, "{}\n| --- | --- | --- | --- | --- |", pick(COLUMNS));
        for (name, key) in &section.keys.0 {
            let default = key.default.as_deref().map_or_else(|| "-".to_owned(), code);
            let example = code(&format!("{name}: {}", key.example));
            let (takes, text) = (code(&key.takes), language(&key.text).replace('|', "\\|"));
            let _ = writeln!(page, "| `{name}` | {takes} | {default} | {example} | {text} |");
        }
        for (block, directives) in &section.directives.0 {
            let all: Vec<String> = directives.0.iter().map(|(name, value)| format!("`{name}: {value}`")).collect();
            let _ = write!(page, "\n{}\n{}.\n", pick(DIRECTIVES).replace("{}", block), all.join(", "));
        }
    }
    page
}

#[test]
fn the_pages_are_up_to_date() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let pages = [
        ("inventory.md", page(|words| &words.0, |words| words.0)),
        ("inventory.zh-CN.md", page(|words| &words.1, |words| words.1)),
    ];
    for (name, text) in pages {
        let path = docs.join(name);
        if std::env::var_os("HACTL_UPDATE").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(known == text, "docs/{name} is out of date: HACTL_UPDATE=1 cargo test the_pages_are_up_to_date");
    }
}
