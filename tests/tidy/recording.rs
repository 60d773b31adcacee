//! The recording in README: commands of the course's pages with what they say there, drawn as one picture that moves.
//! `make docs-check` types those commands in the lab and compares, so that nothing in it is made up.

use std::fmt::Write as _;

use super::root;
use crate::page::commands;

/// Where it lies; README shows it.
const PICTURE: &str = "docs/story.svg";
/// What is shown: words above it, the page, and how the command begins there.
const STORY: [(&str, &str, &str); 7] = [
    ("six lines say what there shall be", "01-web-pages", "grep"),
    ("four hosts are set up, tested and verified, or nothing is changed", "01-web-pages", "hactl deploy -y --accept"),
    ("who owns the virtual IP, and since when", "03-vip", "hactl status"),
    ("why", "03-vip", "hactl explain"),
    ("moved at noon: no ping is lost", "13-failover", "hactl failover --to lb-6"),
    ("heartbeats blocked: no split brain", "07-split-brain", "hactl drill heartbeat-blocked"),
    ("and no half-truths: every party was asked", "13-failover", "hactl verify"),
];
/// Characters of a line, lines of the screen.
const COLUMNS: usize = 104;
const ROWS: usize = 24;

/// A line of the screen: when it appears, in hundredths of a second, its colour, and its words.
struct Line(u64, &'static str, String);

fn lines() -> Vec<Line> {
    let (mut found, mut now) = (Vec::new(), 50);
    for (words, page, beginning) in STORY {
        let name = format!("docs/labs/{page}.md");
        let text = std::fs::read_to_string(root().join(&name)).unwrap();
        let all = commands(&text);
        let typed = all.iter().find(|typed| typed.command == beginning);
        let typed = typed.or_else(|| all.iter().find(|typed| typed.command.starts_with(beginning)));
        let typed = typed.unwrap_or_else(|| panic!("{name}: no command `{beginning}`"));
        found.push(Line(now, "word", format!("# {words}")));
        now += 60;
        found.push(Line(now, "typed", format!("$ {}", typed.command)));
        now += 110;
        for line in text.lines().skip(typed.output.start).take(typed.output.len()) {
            let colour = if line.contains("verified") || line.contains("passed") || line.contains(" 0 of ") {
                "good"
            } else {
                "said"
            };
            found.push(Line(now, colour, line.to_owned()));
            now += 9;
        }
        now += 220;
        found.push(Line(now, "said", String::new()));
    }
    found
}

fn picture() -> String {
    let lines = lines();
    let end = lines.last().map_or(0, |line| line.0) + 300;
    let (wide, high) = (COLUMNS * 8 + 32, ROWS * 18 + 28);
    let up = |shown: usize| (ROWS as i64 - shown as i64) * 18;
    let mut steps = format!("0%{{transform:translateY({}px)}}", up(0));
    for (at, line) in lines.iter().enumerate() {
        let _ = write!(steps, "{:.2}%{{transform:translateY({}px)}}", line.0 as f64 * 100.0 / end as f64, up(at + 1));
    }
    let seconds = end as f64 / 100.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" role=\"img\" aria-label=\"hactl, typed and answered\">\n\
         <style>text{{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre}}\
         .word{{fill:#e3b341}}.typed{{fill:#fff;font-weight:bold}}.said{{fill:#c9d1d9}}.good{{fill:#56d364}}\
         #screen{{transform:translateY({last}px);animation:up {seconds:.1}s step-end infinite}}@keyframes up{{{steps}}}\
         @media (prefers-reduced-motion:reduce){{#screen{{animation:none}}}}</style>\n\
         <rect width=\"{wide}\" height=\"{high}\" rx=\"8\" fill=\"#0d1117\"/>\n\
         <clipPath id=\"window\"><rect x=\"0\" y=\"12\" width=\"{wide}\" height=\"{inner}\"/></clipPath>\n<g clip-path=\"url(#window)\"><g id=\"screen\">\n",
        last = up(lines.len()),
        inner = high - 27,
    );
    for (at, Line(_, colour, words)) in lines.iter().enumerate() {
        let words: String = match words.chars().count() > COLUMNS {
            true => words.chars().take(COLUMNS - 1).chain(['…']).collect(),
            false => words.clone(),
        };
        let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(svg, "<text x=\"16\" y=\"{}\" class=\"{colour}\">{words}</text>", at * 18 + 26);
    }
    svg + "</g></g>\n</svg>\n"
}

#[test]
fn the_recording_is_what_the_pages_say() {
    let (path, drawn) = (root().join(PICTURE), picture());
    if std::env::var_os("HACTL_UPDATE").is_some() {
        std::fs::write(&path, &drawn).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == drawn, "{PICTURE} is not what the pages say: HACTL_UPDATE=1 draws it anew");
    for name in ["README.md", "README.zh-CN.md"] {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        assert!(text.contains(&format!("]({PICTURE})")), "{name} does not show {PICTURE}");
    }
}
