//! What a keepalived.conf asks of the host it is read on: the files it includes, the host's name, the environment.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use hactl_engine::conf::surroundings::Surroundings;

/// This host.
#[derive(Debug, Default)]
pub struct Host {
    config_id: String,
    /// The text of every file that was included, by name.
    pub texts: BTreeMap<String, String>,
}

impl Host {
    /// Conditional lines (`@ID`) are compared with `config_id`; without one with the first label of the host name.
    pub fn new(config_id: Option<&str>) -> Self {
        let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
        let label = name.split('.').next().unwrap_or_default();
        Self { config_id: config_id.unwrap_or(label).to_owned(), texts: BTreeMap::new() }
    }
}

impl Surroundings for Host {
    fn include(&mut self, pattern: &str, from: &str) -> Result<Vec<(String, String)>, String> {
        let folder = Path::new(from).parent().unwrap_or(Path::new(""));
        let mut files = Vec::new();
        for pattern in braces(pattern) {
            let path = folder.join(&pattern);
            let found = glob::glob(&path.to_string_lossy()).map_err(|error| error.to_string())?;
            for path in found {
                let path = path.map_err(|error| error.to_string())?;
                if path.is_dir() {
                    continue;
                }
                let name = path.display().to_string();
                let bytes = fs::read(&path).map_err(|error| format!("cannot read {name}: {error}"))?;
                let text = String::from_utf8_lossy(&bytes).into_owned();
                self.texts.insert(name.clone(), text.clone());
                files.push((name, text));
            }
        }
        Ok(files)
    }

    fn config_id(&self) -> Option<&str> {
        Some(&self.config_id)
    }

    fn environment(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn random(&mut self) -> u32 {
        // Good enough to spread hosts: the nanoseconds at which they read their files.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        now.subsec_nanos() % 32_768
    }
}

/// `a{b,c}d` is `abd` and `acd`, as shells have it.
fn braces(pattern: &str) -> Vec<String> {
    let Some((before, rest)) = pattern.split_once('{') else { return vec![pattern.to_owned()] };
    let Some((inner, after)) = rest.split_once('}') else { return vec![pattern.to_owned()] };
    inner
        .split(',')
        .take(BRACES_MAX)
        .flat_map(|one| braces(&format!("{before}{one}{after}")))
        .take(BRACES_MAX)
        .collect()
}

/// Patterns that one may stand for.
const BRACES_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_stars_and_braces() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.conf", "b.conf", "c.txt"] {
            fs::write(folder.path().join(name), name).unwrap();
        }
        let from = folder.path().join("main.conf").display().to_string();
        let mut host = Host::new(None);
        let mut found = |pattern: &str| -> Vec<String> {
            host.include(pattern, &from).unwrap().into_iter().map(|(_, text)| text).collect()
        };
        assert_eq!(found("*.conf"), ["a.conf", "b.conf"]);
        assert_eq!(found("{c.txt,a.*}"), ["c.txt", "a.conf"]);
        assert_eq!(found("none*"), Vec::<String>::new());
        assert!(host.texts.len() == 3 && !host.config_id().unwrap_or_default().contains('.'));
        assert_eq!(Host::new(Some("x")).config_id(), Some("x"));
    }

    #[test]
    fn braces_end() {
        assert_eq!(braces("a{b,c}{d,e}"), ["abd", "abe", "acd", "ace"]);
        assert_eq!(braces("a{b"), ["a{b"]);
        assert!(braces(&"{a,b}".repeat(40)).len() <= BRACES_MAX);
    }
}
