//! README.md and each document in `docs` has a Chinese twin that says the same: headings, commands, tables, links, code
//! words and figures.

use regex::Regex;

use super::{none, root, tracked};

/// What must be equal in both.
#[derive(Debug, Default, PartialEq)]
struct Shape {
    /// Levels of the headings.
    headings: Vec<usize>,
    /// Blocks of code, comments aside.
    blocks: Vec<String>,
    /// Of each row of each table how many cells it has, and its figures.
    rows: Vec<(usize, Vec<String>)>,
    /// Figures in the text, and where links lead, within this language; sorted.
    figures: Vec<String>,
    links: Vec<String>,
    /// Words of code in the text, sorted: another language has another order.
    words: Vec<String>,
}

fn shape(text: &str) -> Shape {
    let mut shape = Shape::default();
    let mut block: Option<String> = None;
    for line in text.lines() {
        match (&mut block, line.starts_with("```")) {
            (None, true) => block = Some(line.to_owned()),
            (Some(whole), true) => {
                shape.blocks.push(std::mem::take(whole));
                block = None;
            }
            (Some(whole), false) => {
                let code = line.split(" # ").next().unwrap_or_default().trim_end();
                if !code.trim_start().starts_with('#') {
                    whole.push_str(&format!("\n{code}"));
                }
            }
            (None, false) if line.starts_with('#') => shape.headings.push(line.split(' ').next().unwrap_or("").len()),
            (None, false) => {
                let text: String = line.split('`').step_by(2).collect();
                if line.starts_with('|') {
                    shape.rows.push((line.replace("\\|", "").matches('|').count(), figures(&text)));
                }
                shape.figures.extend(figures(&text));
                shape.links.extend(links(line));
                shape.words.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
            }
        }
    }
    for list in [&mut shape.words, &mut shape.figures, &mut shape.links] {
        list.sort();
    }
    shape
}

/// Numbers, sorted: each language puts its words in an order of its own.
fn figures(text: &str) -> Vec<String> {
    let number = Regex::new(r"[0-9][0-9,.]*[0-9]|[0-9]").unwrap();
    let mut found: Vec<String> = number.find_iter(text).map(|number| number.as_str().to_owned()).collect();
    found.sort();
    found
}

/// Where links lead. Headings have names in their own language, and a twin leads to twins.
fn links(line: &str) -> Vec<String> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.map(|target| target.split('#').next().unwrap_or_default().replace(".zh-CN.md", ".md")).collect()
}

#[test]
fn chinese_documents_say_the_same() {
    let mut found = Vec::new();
    let documents = tracked().into_iter().filter(|name| name.starts_with("README.") || name.starts_with("docs/"));
    let documents = documents.filter(|name| name.ends_with(".md") && root().join(name).exists());
    let (twins, originals): (Vec<String>, Vec<String>) = documents.partition(|name| name.ends_with(".zh-CN.md"));
    assert!(originals.len() > 1, "{originals:?}");
    let lonely = twins.iter().filter(|twin| !originals.contains(&twin.replace(".zh-CN.md", ".md")));
    found.extend(lonely.map(|twin| format!("{twin}: is a twin of nothing")));
    for original in originals {
        let twin = original.replace(".md", ".zh-CN.md");
        if !twins.contains(&twin) {
            found.push(format!("{original}: has no {twin}"));
            continue;
        }
        let read = |name: &str| std::fs::read_to_string(root().join(name)).unwrap_or_default();
        let (ours, theirs) = (shape(&read(&original)), shape(&read(&twin)));
        if ours.headings != theirs.headings {
            found.push(format!("{twin}: headings {:?}, {original} has {:?}", theirs.headings, ours.headings));
        }
        if ours.rows.len() != theirs.rows.len() {
            found.push(format!("{twin}: {} rows of tables, {original} has {}", theirs.rows.len(), ours.rows.len()));
        }
        let differ = ours.rows.iter().zip(&theirs.rows).enumerate().find(|(_, (one, other))| one != other);
        found.extend(differ.map(|(at, (one, other))| {
            format!("{twin}: row {} of all tables has (cells, figures) {other:?}, in {original} {one:?}", at + 1)
        }));
        let differ = ours.blocks.iter().zip(&theirs.blocks).find(|(one, other)| one != other);
        found.extend(differ.map(|(one, other)| format!("{twin}: has\n{other}\nwhere {original} has\n{one}")));
        if ours.blocks.len() != theirs.blocks.len() {
            found.push(format!("{twin}: {} blocks of code, {original} has {}", theirs.blocks.len(), ours.blocks.len()));
        }
        let of = |shape: &Shape| [shape.words.clone(), shape.figures.clone(), shape.links.clone()];
        for (what, (one, other)) in
            ["words of code", "figures", "links to"].iter().zip(of(&ours).iter().zip(of(&theirs)))
        {
            for (name, has, wants) in [(&twin, &other, one), (&original, one, &other)] {
                let lacking: Vec<&String> = wants.iter().filter(|word| !has.contains(word)).collect();
                if !lacking.is_empty() {
                    found.push(format!("{name} lacks the {what} {lacking:?}"));
                }
            }
        }
    }
    none(&found, "what one says the other says");
}

#[test]
fn a_difference_is_found() {
    let text = "# A\n\nTake `x` 37 times ([b](b.md#c)).\n\n```console\n$ x   # note\n```\n\n\
                | a | b |\n|---|---|\n| 1 | 2 |\n";
    let twin = text.replace("Take", "用").replace("# note", "# 注").replace("b.md#c", "b.zh-CN.md#丙");
    assert_eq!(shape(text), shape(&twin));
    let rows = [("| 1 | 2 |\n", ""), ("| 1 | 2 |", "| 1 |"), ("| 1 | 2 |", "| 1 | 7 |")];
    let others = [("# A", "## A"), ("`x`", "`y`"), ("$ x", "$ y"), ("37", "91"), ("b.md", "d.md")];
    for (from, to) in rows.into_iter().chain(others) {
        assert_ne!(shape(text), shape(&text.replace(from, to)), "{from}");
    }
}
