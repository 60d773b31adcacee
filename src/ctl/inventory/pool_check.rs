//! `check:` of a pool: `tcp`, `no`, or what is asked and how often.

use std::time::Duration;

use super::document::{Node, Value};
use super::fields::{Fields, Reader};
use super::site::statuses;
use crate::ctl::sites::{PoolCheck, Question};
use crate::error::{Code, Problem};

/// Reads it.
pub fn pool_check(reader: &Reader<'_>, node: &Node) -> Option<PoolCheck> {
    if !matches!(node.value, Value::Map(_)) {
        let word = reader.text(node, "check")?;
        return match word {
            "tcp" | "yes" | "true" => Some(PoolCheck::default()),
            "no" | "false" | "none" => None,
            _ => {
                let problem = Problem::new(Code::WrongValue, format!("check `{}` is not known", word.escape_default()))
                    .why("it says how load balancers find out that a server is dead")
                    .next("write `tcp`, `no`, or { http: /health, interval: 2s, fall: 2, rise: 1 }");
                reader.wrong(node.place, problem);
                None
            }
        };
    }
    let fields = reader.fields(node, "check");
    let mut check = PoolCheck::default();
    if let Some(question) = question(reader, &fields) {
        check.question = question;
    }
    let time = |name| -> Option<Duration> {
        let node = fields.get(name)?;
        let time = reader.duration(node, name)?;
        let good = (SHORTEST..=LONGEST).contains(&time);
        if !good {
            let problem =
                Problem::new(Code::WrongValue, format!("{name} {time:?} is not in {SHORTEST:?} to {LONGEST:?}"));
            reader.wrong(node.place, problem.next("write it like 2s"));
        }
        good.then_some(time)
    };
    check.interval = time("interval").unwrap_or(check.interval);
    check.timeout = time("timeout").unwrap_or(check.timeout.min(check.interval));
    let count = |name| {
        let number = fields.get(name).and_then(|node| reader.number(node, name, 1..=100));
        number.and_then(|number| u32::try_from(number).ok())
    };
    check.fall = count("fall").unwrap_or(check.fall);
    check.rise = count("rise").unwrap_or(check.rise);
    fields.finish();
    Some(check)
}

fn question(reader: &Reader<'_>, fields: &Fields<'_, '_, '_>) -> Option<Question> {
    let tcp = fields.get("tcp").and_then(|node| reader.boolean(node, "tcp")) == Some(true);
    let pages: Vec<(&Node, bool)> = [("http", false), ("https", true)]
        .into_iter()
        .filter_map(|(name, tls)| Some((fields.get(name)?, tls)))
        .collect();
    let host = fields.get("host").and_then(|node| reader.name(node, "host"));
    let status: Vec<(u16, u16)> = fields
        .get("expect_status")
        .map(|node| reader.list(node).into_iter().filter_map(|node| statuses(reader, node)).collect())
        .unwrap_or_default();
    match pages[..] {
        [(node, tls)] if !tcp => {
            let path = url_path(reader, node)?;
            let status = if status.is_empty() { vec![(200, 399)] } else { status };
            Some(Question::Page { tls, path, host, status })
        }
        [] => None,
        [(node, _), ..] => {
            let problem = Problem::new(Code::WrongValue, "a check asks one thing: `tcp`, `http` or `https`");
            reader.wrong(node.place, problem.next("leave one of them; a page is enough, it needs the connection, too"));
            None
        }
    }
}

/// The path of a URL that a check of the agent asks for.
pub fn url_path(reader: &Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "path")?;
    let good = text.starts_with('/') && text.chars().all(|c| c.is_ascii_graphic() && !"\"'{}#!".contains(c));
    if !good {
        let problem =
            Problem::new(Code::WrongValue, format!("path `{}` is not the path of a URL", text.escape_default()));
        reader.wrong(node.place, problem.next("write it like /health"));
    }
    good.then(|| text.to_owned())
}

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::ctl::inventory::load::parse;

    #[test]
    fn every_mistake_is_told_where_it_stands() {
        for (check, said) in [
            ("often", "check `often` is not known"),
            ("{ http: health }", "path `health` is not the path of a URL"),
            ("{ http: /, tcp: yes }", "a check asks one thing"),
            ("{ http: /, https: / }", "a check asks one thing"),
            ("{ interval: 10ms }", "interval 10ms is not in 100ms to 3600s"),
            ("{ timeout: never }", "timeout `never` is not a time"),
            ("{ fall: 0 }", "fall"),
            ("{ http: /, expect_status: fine }", "expect_status `fine` is no HTTP status"),
            ("{ http: /, host: 'a b' }", "host `a b` is no name"),
            ("{ htpp: / }", "did you mean `http`?"),
        ] {
            let text = format!(
                "cluster: x\nvip: 10.0.0.3/24\nlb: {{ lb-5: 10.0.0.5, lb-6: 10.0.0.6 }}\nweb: {{ web-7: 10.0.0.7 }}\n\
                 pools: {{ a: {{ servers: [web-7:80], check: {check} }} }}\nsites: [{{ pool: a }}]\n"
            );
            let failure = parse(Path::new("x.yaml"), &text).map(drop).unwrap_err();
            let [problem] = &failure.problems[..] else { panic!("{check}: {:?}", failure.problems) };
            assert!(problem.message.contains(said), "{check}: {}", problem.message);
            assert_eq!(problem.span.as_ref().map(|span| span.line), Some(5), "{check}");
        }
    }
}
