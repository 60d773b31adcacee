//! What a keyword means, and where it may stand: for who looks one up.

use super::grammar::keywords::{MEANINGS, ROOT};
use super::grammar::schema::{Context, Keyword, Support};

/// A keyword in one of the blocks that it may stand in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// The block, by its keyword; `the file` for what stands in none.
    pub block: &'static str,
    /// What it means; `None` where hactl knows it and does nothing with it.
    pub text: Option<&'static str>,
    /// What becomes of it here.
    pub support: Support,
}

/// Everything that a keyword may be, in the order of the table; nothing for what is no keyword.
pub fn meanings(name: &str) -> Vec<Meaning> {
    let mut found: Vec<Meaning> = Vec::new();
    each(&mut |context, keyword| {
        let support = keyword.support;
        let is_new = found.iter().all(|one| one.block != context.name);
        if keyword.name == name && is_new {
            found.push(Meaning { block: context.name, text: text(context.name, name), support });
        }
    });
    found
}

/// All keywords, each once.
pub fn names() -> Vec<&'static str> {
    let mut names = Vec::new();
    each(&mut |_, keyword| names.push(keyword.name));
    names.sort_unstable();
    names.dedup();
    names
}

fn text(block: &str, name: &str) -> Option<&'static str> {
    let find = |wanted: &str| MEANINGS.iter().find(|(key, _)| *key == wanted).map(|(_, text)| *text);
    find(&format!("{block}/{name}")).or_else(|| find(name))
}

fn each(look: &mut dyn FnMut(&'static Context, &'static Keyword)) {
    // Blocks stand in blocks, and some in several.
    let (mut ahead, mut seen): (Vec<&'static Context>, Vec<*const Context>) = (vec![&ROOT], Vec::new());
    while let Some(context) = ahead.pop() {
        if seen.contains(&std::ptr::from_ref(context)) {
            continue;
        }
        seen.push(context);
        let at = ahead.len();
        for keyword in context.keywords() {
            look(context, keyword);
            if let Some(block) = keyword.block {
                ahead.insert(at, block);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What works can be looked up, and nothing is told of what does not.
    #[test]
    fn every_keyword_that_works_has_its_meaning() {
        let (mut without, mut used) = (Vec::new(), Vec::new());
        each(&mut |context, keyword| {
            let is_known = text(context.name, keyword.name).is_some();
            if !is_known && !matches!(keyword.support, Support::NotYet(_)) {
                without.push(format!("{}/{}", context.name, keyword.name));
            }
            used.extend([keyword.name.to_owned(), format!("{}/{}", context.name, keyword.name)]);
        });
        assert!(without.is_empty(), "{without:?}");
        let stale: Vec<&str> =
            MEANINGS.iter().map(|(key, _)| *key).filter(|key| !used.contains(&(*key).to_owned())).collect();
        assert!(stale.is_empty(), "{stale:?}");
        assert!(MEANINGS.is_sorted_by(|one, two| one.0 < two.0));
    }

    #[test]
    fn a_keyword_means_what_its_block_makes_of_it() {
        let of = |name: &str, block: &str| meanings(name).into_iter().find(|one| one.block == block).unwrap();
        assert_eq!(of("quorum", "vrrp_track_process").text, Some("so many processes must run"));
        assert_ne!(of("quorum", "virtual_server").text, of("quorum", "vrrp_track_process").text);
        assert_eq!(of("vrrp_instance", "the file").support, Support::Yes);
        assert!(matches!(of("bfd_instance", "the file").support, Support::NotYet(why) if !why.is_empty()));
        assert!(meanings("virtual_router").is_empty());
        assert!(names().len() > 350 && names().contains(&"advert_int"));
    }
}
