//! Each document that has a Chinese twin says the same there: headings, commands, tables, code words and figures.

use super::{none, root, tracked};

/// What must be equal in both.
#[derive(Debug, Default, PartialEq)]
struct Shape {
    /// Levels of the headings.
    headings: Vec<usize>,
    /// Blocks of code, comments aside.
    blocks: Vec<String>,
    /// Cells of each row of each table.
    rows: Vec<usize>,
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
                if line.starts_with('|') {
                    shape.rows.push(line.replace("\\|", "").matches('|').count());
                }
                shape.words.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
            }
        }
    }
    shape.words.sort();
    shape
}

#[test]
fn chinese_documents_say_the_same() {
    let mut found = Vec::new();
    let twins: Vec<String> = tracked().into_iter().filter(|name| name.ends_with(".zh-CN.md")).collect();
    assert!(twins.len() > 1, "{twins:?}");
    for twin in twins {
        let original = twin.replace(".zh-CN.md", ".md");
        let read = |name: &str| std::fs::read_to_string(root().join(name)).unwrap_or_default();
        let (ours, theirs) = (shape(&read(&original)), shape(&read(&twin)));
        if ours.headings != theirs.headings {
            found.push(format!("{twin}: headings {:?}, {original} has {:?}", theirs.headings, ours.headings));
        }
        if ours.rows != theirs.rows {
            found.push(format!("{twin}: rows of tables {:?}, {original} has {:?}", theirs.rows, ours.rows));
        }
        let differ = ours.blocks.iter().zip(&theirs.blocks).find(|(one, other)| one != other);
        found.extend(differ.map(|(one, other)| format!("{twin}: has\n{other}\nwhere {original} has\n{one}")));
        if ours.blocks.len() != theirs.blocks.len() {
            found.push(format!("{twin}: {} blocks of code, {original} has {}", theirs.blocks.len(), ours.blocks.len()));
        }
        let lacking = |of: &Shape, other: &Shape| -> Vec<String> {
            of.words.iter().filter(|word| !other.words.contains(word)).cloned().collect()
        };
        for (name, words) in [(&twin, lacking(&ours, &theirs)), (&original, lacking(&theirs, &ours))] {
            if !words.is_empty() {
                found.push(format!("{name} lacks the words of code {words:?}"));
            }
        }
    }
    none(&found, "what one says the other says");
}

#[test]
fn a_difference_is_found() {
    let text = "# A\n\nTake `x`.\n\n```console\n$ x   # note\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
    assert_eq!(shape(text), shape(&text.replace("Take", "用").replace("# note", "# 注")));
    for (from, to) in [("# A", "## A"), ("`x`", "`y`"), ("$ x", "$ y"), ("| 1 | 2 |\n", ""), ("| 1 | 2 |", "| 1 |")] {
        assert_ne!(shape(text), shape(&text.replace(from, to)), "{from}");
    }
}
