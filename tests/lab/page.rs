//! A page of documentation as a text: the commands of its `console` blocks, what it says that each of them says, and
//! what of that may differ from day to day.
//!
//! A line that begins with `$ ` is typed at the desk, one with `lb-5$ ` or `client$ ` there; the lines below it are
//! its output, in which a line `…` stands for any number of lines, and a `…` in a line for any words. `(exit 7)` is
//! its last line where it does not end well. A command that ends with `<<'END'` goes on to the line `END`.
//!
//! What needs a kernel that the lab has not stands in a block ```` ```console recorded ````: it was said elsewhere, and
//! the page tells where.

use std::collections::BTreeMap;
use std::ops::Range;

use regex::Regex;

/// A command with what is written below it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Typed {
    /// `desk`, `client` or a host.
    pub place: String,
    /// As it is written, a comment behind it and the text that it reads too.
    pub command: String,
    /// The lines of the page with its output; those before them are the command's.
    pub output: Range<usize>,
}

/// What ends a text that a command reads.
const END: &str = "END";

/// The commands of a page, in their order.
pub(crate) fn commands(text: &str) -> Vec<Typed> {
    in_blocks(text, "```console")
}

/// The commands of blocks that begin so, in their order.
pub(crate) fn in_blocks(text: &str, fence: &str) -> Vec<Typed> {
    let prompt = Regex::new(r"^(desk|client|[a-z]+-[0-9]+)?\$ (.+)$").unwrap();
    let (mut found, mut inside) = (Vec::<Typed>::new(), false);
    let mut fresh = true; // no command of this block yet
    let mut reads = false; // the command's own text goes on
    for (number, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            assert!(!reads, "line {}: a text has no END", number + 1);
            (inside, fresh) = (!inside && line == fence, true);
        } else if reads {
            let last = found.last_mut().unwrap();
            last.command.push_str(&format!("\n{line}"));
            last.output = number + 1..number + 1;
            reads = line != END;
        } else if inside && let Some(words) = prompt.captures(line) {
            let place = words.get(1).map_or("desk", |place| place.as_str()).to_owned();
            found.push(Typed { place, command: words[2].to_owned(), output: number + 1..number + 1 });
            (fresh, reads) = (false, line.ends_with(&format!("<<'{END}'")));
        } else if inside {
            assert!(!fresh, "line {}: output of no command: {line}", number + 1);
            found.last_mut().unwrap().output.end = number + 1;
        }
    }
    found
}

/// The page with other outputs of some of its commands, each by its number.
pub(crate) fn rewritten(text: &str, outputs: &BTreeMap<usize, String>) -> String {
    let (all, mut lines) = (commands(text), text.lines().collect::<Vec<_>>());
    for (number, output) in outputs.iter().rev() {
        lines.splice(all[*number].output.clone(), output.lines());
    }
    lines.join("\n") + "\n"
}

/// Whether a command said what is written.
pub(crate) fn is_as_written(said: &str, written: &str) -> bool {
    let lines = |text: &str| text.lines().map(usual).collect::<Vec<_>>();
    agree(&lines(said), &lines(written))
}

fn agree(said: &[String], written: &[String]) -> bool {
    match written.split_first() {
        None => said.is_empty(),
        Some((any, rest)) if any == "…" => (0..=said.len()).any(|skipped| agree(&said[skipped..], rest)),
        Some((first, rest)) => said.first().is_some_and(|line| fits(line, first)) && agree(&said[1..], rest),
    }
}

fn fits(said: &str, written: &str) -> bool {
    match written.split_once('…') {
        None => said == written,
        Some((head, tail)) => said.strip_prefix(head).is_some_and(|said| said.ends_with(tail)),
    }
}

/// A line without what differs each time: how long something took, when it was, what was counted meanwhile, MACs; and
/// without the widths of columns, which follow from these.
fn usual(line: &str) -> String {
    let mut line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    for (what, instead) in [
        (r"(?-u:\b)[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?Z?)?", "DATE"),
        (r"(?-u:\b)([0-9a-f]{2}:){5}[0-9a-f]{2}(?-u:\b)", "MAC"),
        (r"(?-u:\b)[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(?-u:\b)", "TIME"),
        (r"(?-u:\b)[0-9.]+ (ms|s|min|h|days?)( [0-9]+ (s|min|h))?(?-u:\b)", "SPAN"),
        (r" of [0-9]+ (pings|requests)", " of COUNT $1"),
        (r"(?-u:\b)[0-9]+ of [0-9]+ lost", "COUNT lost"), // of a drill, which says itself whether that is too many
        (r"(^| )[0-9]+/[0-9]+( |$)", "$1COUNT$2"),
        (r"(^| )[0-9]+/[0-9]+( |$)", "$1COUNT$2"), // the one behind it shares its blank
    ] {
        line = Regex::new(what).unwrap().replace_all(&line, instead).into_owned();
    }
    line
}

#[test]
fn a_page_is_read_and_rewritten() {
    let text = "# A\n\n```console\n$ one   # note\nx\ny\nlb-5$ two\n```\n\n```yaml\n$ no: 1\n```\n\n```console\n$ three\nz\n```\n";
    let all = commands(text);
    let short: Vec<(&str, &str, usize)> =
        all.iter().map(|one| (&*one.place, &*one.command, one.output.len())).collect();
    assert_eq!(short, [("desk", "one   # note", 2), ("lb-5", "two", 0), ("desk", "three", 1)]);
    let outputs = [(0, String::new()), (1, "p\nq\n".into())].into();
    let other = rewritten(text, &outputs);
    assert_eq!(other, text.replace("x\ny\n", "").replace("two\n", "two\np\nq\n"));
    assert_eq!(rewritten(text, &BTreeMap::new()), text);
}

#[test]
fn a_command_reads_a_text_and_what_was_recorded_is_not_typed() {
    let text = "```console\nlb-5$ cat > x <<'END'\n$ no: 1\nEND\nsaid\n```\n\n```console recorded\n$ two\n```\n";
    let all = commands(text);
    let [one] = &all[..] else { panic!("{all:?}") };
    assert_eq!((&*one.command, one.output.clone()), ("cat > x <<'END'\n$ no: 1\nEND", 4..5));
    assert_eq!(rewritten(text, &[(0, "other".into())].into()), text.replace("said", "other"));
}

#[test]
fn what_differs_each_time_is_no_difference() {
    for (said, written, same) in [
        ("a\nb\nc", "a\n…\nc", true),
        ("a\nc", "a\n…\nc", true),
        ("a\nb", "a\n…\nc", false),
        ("a\nb", "a", false),
        ("a", "a\nb", false),
        ("5 s: started", "7 s: …", true),
        ("5 s", "7 s: …", false),
        ("a b c", "a … c", true),
        ("a b d", "a … c", false),
        ("moved in 3.7 ms", "moved in 91 s", true),
        ("for 2 h 5 min: up", "for 31 s: up", true),
        ("by 02:7b:25:00:00:91", "by 02:7b:25:00:00:37", true),
        ("stop   0 ms  0/8381  lb-5", "stop 0 ms 0/97 lb-5", true),
        ("0 ms  0/8381  1/419  lb-5", "0 ms  9/97  0/4 lb-5", true),
        ("0 of 874 pings lost", "0 of 37 pings lost", true),
        ("longest gap 1.5 ms, 0 of 1328 pings lost", "longest gap 0.0 ms, 0 of 874 pings lost", true),
        ("longest gap 1.5 ms, 1 of 1328 pings lost", "longest gap 0.0 ms, 0 of 874 pings lost", false),
        ("outage 3 s, 3234 of 29583 lost", "outage 3 s, 91 of 874 lost", true),
        ("3 of 874 pings lost", "0 of 874 pings lost", false),
        ("10.0.0.3/24 up", "10.0.0.3/27 up", false),
        ("36 changes on 4 hosts (13.4 s)", "37 changes on 4 hosts (13.4 s)", false),
        ("lb-5 2026-11-30 17:08:18", "lb-6 2026-11-30 17:08:18", false),
    ] {
        assert_eq!(is_as_written(said, written), same, "{said} / {written}");
    }
}
