//! What a keepalived.conf asks of the host it is read on: the files it includes, the host's name, the environment.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};

use hactl_engine::conf::{Included, Surroundings};

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

impl Host {
    fn read(&mut self, path: &Path) -> Included {
        let name = path.display().to_string();
        let text = match fs::metadata(path) {
            Ok(found) if !found.is_file() => Err("it is not a file".to_owned()),
            Ok(found) if found.len() > FILE_BYTES_MAX => Err(format!("it is larger than {FILE_BYTES_MAX} bytes")),
            Ok(_) => fs::read(path)
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Ok(text) = &text {
            self.texts.insert(name.clone(), text.clone());
        }
        Included { name, text }
    }
}

impl Surroundings for Host {
    fn include(&mut self, pattern: &str, from: &str) -> Vec<Included> {
        let path = Path::new(from).parent().unwrap_or(Path::new("")).join(pattern);
        if !pattern.contains(['*', '?', '[']) {
            return if path.exists() { vec![self.read(&path)] } else { Vec::new() };
        }
        let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
        // What cannot be looked into holds no file that could be read.
        let found: Vec<PathBuf> = glob::glob_with(&path.to_string_lossy(), options)
            .map(|paths| paths.filter_map(Result::ok).filter(|path| !path.is_dir()).take(FILES_MAX).collect())
            .unwrap_or_default();
        found.iter().map(|path| self.read(path)).collect()
    }

    fn config_id(&self) -> Option<String> {
        Some(self.config_id.clone())
    }

    fn environment(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn random(&mut self, min: u32, max: u32) -> u32 {
        // Every new hasher has keys of its own, from the kernel's randomness.
        let number = std::collections::hash_map::RandomState::new().build_hasher().finish();
        let span = u64::from(max.saturating_sub(min)) + 1;
        min.saturating_add(u32::try_from(number % span).unwrap_or(0))
    }
}

/// Larger files are no configuration.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most files that one pattern may mean.
const FILES_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_start_at_the_folder_of_the_file_that_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("conf.d/sub")).unwrap();
        for (name, text) in [("conf.d/b.conf", "two"), ("conf.d/a.conf", "one"), ("conf.d/.hidden.conf", "no")] {
            fs::write(at(name), text).unwrap();
        }
        let from = at("ha.conf").display().to_string();
        let mut host = Host::new(Some("lb-5"));
        let texts: Vec<_> = host.include("conf.d/*.conf", &from).into_iter().map(|file| file.text.unwrap()).collect();
        assert_eq!(texts, ["one", "two"]);
        let first = at("conf.d/a.conf").display().to_string();
        assert_eq!(host.texts.get(&first).map(String::as_str), Some("one"));
        assert_eq!(host.include("b.conf", &first)[0].text, Ok("two".into()));
        assert_eq!((host.include("none.conf", &from), host.include("conf.d/s*", &from)), (Vec::new(), Vec::new()));
        assert_eq!(host.include("conf.d/sub", &from)[0].text, Err("it is not a file".into()));
        assert!((37..=41).contains(&host.random(37, 41)));
    }

    #[test]
    fn the_host_has_a_name_of_one_label() {
        assert!(Host::new(None).config_id().is_some_and(|id| !id.is_empty() && !id.contains('.')));
        assert_eq!(Host::new(Some("x")).config_id().as_deref(), Some("x"));
    }
}
