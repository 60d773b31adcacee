//! Problems as they are drawn. In Chinese the title of the code comes first, since most messages are English, and its
//! text where a problem does not say itself why it matters: once for each code.

use std::collections::BTreeSet;

use crate::cli::chinese::language::is_chinese;
use crate::cli::chinese::{catalogue, said::told};
use crate::error::{Code, Problem, plain};

/// Each problem, drawn in the language that was chosen.
pub(crate) fn drawn<'p>(problems: impl IntoIterator<Item = &'p Problem>) -> Vec<String> {
    let mut explained = BTreeSet::new();
    let draw = |problem| if is_chinese() { in_chinese(problem, &mut explained) } else { problem.to_string() };
    problems.into_iter().map(draw).collect()
}

/// One problem.
pub(crate) fn one(problem: &Problem) -> String {
    drawn([problem]).concat()
}

fn in_chinese(problem: &Problem, explained: &mut BTreeSet<Code>) -> String {
    let kind = if problem.warning { "警告" } else { "错误" };
    let (title, text) = catalogue::code(problem.code.id()).unwrap_or((problem.code.title(), ""));
    let mut drawn = format!("{kind}[{}] {title}：{}", problem.code, message(problem));
    if let Some(span) = &problem.span {
        drawn.push_str(&format!("\n{span}"));
    }
    match &problem.why {
        Some(why) => drawn.push_str(&format!("\n  原因：{}", told(&plain(why)))),
        None if explained.insert(problem.code) && !text.is_empty() => drawn.push_str(&format!("\n  说明：{text}")),
        None => {}
    }
    if let Some(next) = &problem.next {
        drawn.push_str(&format!("\n  下一步：{}", told(&plain(next))));
    }
    drawn
}

/// What is wrong; the host that it begins with is no part of the sentence.
fn message(problem: &Problem) -> String {
    let text = plain(&problem.message);
    let of_host = problem.host.as_deref().and_then(|host| Some((host, text.strip_prefix(host)?.strip_prefix(": ")?)));
    match of_host {
        Some((host, rest)) => format!("{host}：{}", told(rest)),
        None => told(&text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Span;

    #[test]
    fn the_title_is_chinese_and_the_values_stay() {
        let span = Span { file: "x.yaml".into(), line: 2, column: 1, length: 4, text: "viip: 10.0.0.3/24".into() };
        let typo = Problem::new(Code::UnknownField, "nobody reads `viip`").at(span).next("write `vip`");
        let mut explained = BTreeSet::new();
        let first = in_chinese(&typo, &mut explained);
        assert!(
            first.starts_with("错误[E102] 不认识的键：nobody reads `viip`\n --> x.yaml:2:1\n  |\n2 | viip: "),
            "{first}"
        );
        assert!(
            first.contains("\n  | ^^^^\n  说明：清单里有一个") && first.ends_with("\n  下一步：write `vip`"),
            "{first}"
        );
        let again = in_chinese(&typo.clone().warn(), &mut explained);
        assert!(again.starts_with("警告[E102] ") && !again.contains("说明"), "{again}");
        let with_why = in_chinese(&Problem::new(Code::TwoOwners, "both").why("they are deaf"), &mut explained);
        assert_eq!(with_why, "错误[E702] VIP 有两个持有者：both\n  原因：they are deaf");
        let own = "\u{1b}[2J";
        assert!(!in_chinese(&Problem::new(Code::TwoOwners, own).why(own).next(own), &mut explained).contains('\u{1b}'));
        assert_eq!(one(&typo), typo.to_string(), "English where nothing was chosen");
    }
}
