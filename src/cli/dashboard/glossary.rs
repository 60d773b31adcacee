//! The Chinese of what desk and agents say in English. The page has both languages and a button, so it is told both,
//! whatever language the terminal speaks.

use std::collections::{BTreeMap, HashMap};

use crate::cli::chinese::catalogue;
use crate::cli::chinese::said::line_in_chinese;

/// Texts that are remembered: looking for one in the catalogue takes longer than a picture may.
const TEXTS: usize = 2000;

/// What was translated before, by the English; nothing where the catalogue has none.
pub(super) struct Glossary {
    known: HashMap<String, Option<String>>,
    hosts: Vec<String>,
}

impl Glossary {
    /// An empty one; messages may begin with the names of these hosts.
    pub(super) fn new(hosts: Vec<String>) -> Self {
        Self { known: HashMap::new(), hosts }
    }

    /// The Chinese of those texts that have some, by the English.
    pub(super) fn of<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) -> BTreeMap<&'t str, String> {
        let of = |text: &'t str| Some((text, self.one(text)?));
        texts.into_iter().filter_map(of).collect()
    }

    fn one(&mut self, text: &str) -> Option<String> {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        if self.known.len() >= TEXTS {
            self.known.clear();
        }
        let lines: Vec<String> = text.lines().map(|line| self.chinese(line)).collect();
        let chinese = Some(lines.join("\n")).filter(|chinese| chinese != text);
        self.known.insert(text.to_owned(), chinese.clone());
        chinese
    }

    fn chinese(&self, text: &str) -> String {
        if let Some((title, _)) = catalogue::code(text) {
            return title.to_owned();
        }
        if let Some(rest) = text.strip_prefix("no more: ") {
            return format!("不再有：{}", self.chinese(rest));
        }
        // A verdict among the events: its code, and what it says.
        if let Some((code, rest)) = text.split_once(' ')
            && let Some((title, _)) = catalogue::code(code)
        {
            return format!("{code} {title}：{}", self.chinese(rest));
        }
        let of_host = text.split_once(": ").filter(|(host, _)| self.hosts.iter().any(|known| known == host));
        match of_host.map(|(host, rest)| (host, rest, line_in_chinese(rest))) {
            Some((host, rest, told)) if told != rest => format!("{host}：{told}"),
            _ => line_in_chinese(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_told_in_chinese_too() {
        let mut glossary = Glossary::new(vec!["lb-5".into(), "lb-6".into()]);
        let moved = "VI_1: BACKUP -> MASTER: no other master heard";
        let gone = "no more: E702 lb-5: not heard any more: lb-5: no";
        let texts = [
            "started",
            moved,
            "E702",
            gone,
            "lb-6: is heard again",
            "staging on 2 hosts\nlb-6: done",
            "nobody has translated this",
        ];
        for _ in 0..2 {
            let told = glossary.of(texts);
            assert_eq!(told["started"], "已启动");
            assert_eq!(told[moved], "VI_1：BACKUP -> MASTER：没有听到别的 master");
            let (title, _) = catalogue::code("E702").unwrap();
            assert_eq!(told["E702"], title);
            assert_eq!(told[gone], format!("不再有：E702 {title}：lb-5：不再听得到：lb-5: no"));
            assert_eq!(told["lb-6: is heard again"], "lb-6：又听到了");
            assert_eq!(told["staging on 2 hosts\nlb-6: done"], "正在 2 台主机上暂存\nlb-6：完成");
            assert!(!told.contains_key("nobody has translated this"));
        }
    }

    #[test]
    fn no_more_than_some_are_remembered() {
        let mut glossary = Glossary::new(Vec::new());
        for number in 0..TEXTS * 3 {
            glossary.of([number.to_string().as_str()]);
            assert!(glossary.known.len() <= TEXTS);
        }
    }
}
