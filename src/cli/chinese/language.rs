//! Which language people read: asked once, when a command begins.

use std::sync::OnceLock;

/// A language of the screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// The source of all others.
    English,
    /// Simplified Chinese.
    Chinese,
}

static CHOSEN: OnceLock<Language> = OnceLock::new();

/// Chooses by the environment, once for the process. What never chooses speaks English: the agent, and tests.
pub(crate) fn choose() {
    CHOSEN.get_or_init(|| Language::of(|name| std::env::var(name).ok()));
}

/// The language that was chosen.
pub(crate) fn chosen() -> Language {
    CHOSEN.get().copied().unwrap_or(Language::English)
}

/// Whether it is Chinese.
pub(crate) fn is_chinese() -> bool {
    chosen() == Language::Chinese
}

impl Language {
    /// `LC_ALL` before `LC_MESSAGES` before `LANG`, as POSIX has it; the first that is set and not empty counts. Where
    /// that asks for any language at all, the list of `LANGUAGE` says which, as GNU's programs have it. A character set
    /// other than UTF-8 cannot be written.
    fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let Some(locale) = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set) else { return Self::English };
        let (name, charset) = parts(&locale);
        let utf8 = charset.is_none_or(|set| ["utf-8", "utf8"].iter().any(|one| set.eq_ignore_ascii_case(one)));
        if !utf8 || name == "C" || name == "POSIX" {
            return Self::English;
        }
        let list = set("LANGUAGE").unwrap_or_else(|| name.to_owned());
        list.split(':').find_map(|one| Self::named(parts(one).0)).unwrap_or(Self::English)
    }

    /// The language of a name such as `zh_CN`, if there is a catalogue for it. Taiwan and Hong Kong write otherwise.
    fn named(name: &str) -> Option<Self> {
        let (language, country) = name.split_once(['_', '-']).unwrap_or((name, ""));
        match (language, country) {
            ("zh", "" | "CN" | "SG" | "Hans") => Some(Self::Chinese),
            ("en" | "C" | "POSIX", _) => Some(Self::English),
            _ => None,
        }
    }
}

/// The name of a locale, and its character set: `zh_CN.UTF-8@modifier`.
fn parts(locale: &str) -> (&str, Option<&str>) {
    let bare = locale.split('@').next().unwrap_or_default();
    bare.split_once('.').map_or((bare, None), |(name, charset)| (name, Some(charset)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_which() {
        let chosen = |set: &[(&str, &str)]| {
            Language::of(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
        };
        for (set, expected) in [
            (&[][..], Language::English),
            (&[("LANG", "zh_CN.UTF-8")], Language::Chinese),
            (&[("LANG", "zh_CN.utf8")], Language::Chinese),
            (&[("LANG", "zh_CN")], Language::Chinese),
            (&[("LANG", "zh")], Language::Chinese),
            (&[("LANG", "zh_SG.UTF-8@x")], Language::Chinese),
            (&[("LANG", "zh_CN.GB18030")], Language::English),
            (&[("LANG", "zh_TW.UTF-8")], Language::English),
            (&[("LANG", "de_DE.UTF-8")], Language::English),
            (&[("LANG", "en_US.UTF-8"), ("LC_MESSAGES", "zh_CN.UTF-8")], Language::Chinese),
            (&[("LANG", "zh_CN.UTF-8"), ("LC_MESSAGES", "en_US.UTF-8")], Language::English),
            (&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")], Language::English),
            (&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "")], Language::Chinese),
            (&[("LC_MESSAGES", "C"), ("LC_ALL", "zh_CN.UTF-8")], Language::Chinese),
            (&[("LANG", "en_US.UTF-8"), ("LANGUAGE", "zh_CN:en")], Language::Chinese),
            (&[("LANG", "zh_CN.UTF-8"), ("LANGUAGE", "en:zh_CN")], Language::English),
            (&[("LANG", "de_DE.UTF-8"), ("LANGUAGE", "de:zh_CN")], Language::Chinese),
            (&[("LC_ALL", "C.UTF-8"), ("LANGUAGE", "zh_CN")], Language::English),
            (&[("LANGUAGE", "zh_CN")], Language::English),
        ] {
            assert_eq!(chosen(set), expected, "{set:?}");
        }
    }
}
