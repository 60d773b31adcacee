//! What a configuration names outside itself: included files, this host's name, the environment, chance.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::{env, fs};

use hactl_engine::conf::{Included, Surroundings};

/// The files and names of this host. It remembers the texts it read, so that their lines can be shown.
#[derive(Debug, Default)]
pub struct Files {
    /// Configuration id (`-i`); the first label of the host name when absent.
    id: Option<String>,
    texts: BTreeMap<String, String>,
}

impl Files {
    /// Files for the configuration id given, if one was.
    pub fn new(id: Option<String>) -> Self {
        Self { id, texts: BTreeMap::new() }
    }

    /// The text of a file that was included, by the name that diagnostics call it.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.texts.get(name).map(String::as_str)
    }

    fn read(&mut self, path: &Path) -> Included {
        let name = path.display().to_string();
        let text = match fs::metadata(path) {
            Ok(found) if found.is_dir() => Err("it is a folder".to_owned()),
            Ok(found) if found.len() > FILE_BYTES_MAX => Err(format!("it is larger than {FILE_BYTES_MAX} bytes")),
            Ok(_) => fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).map_err(|e| e.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Ok(text) = &text {
            self.texts.insert(name.clone(), text.clone());
        }
        Included { name, text }
    }
}

impl Surroundings for Files {
    fn include(&mut self, pattern: &str, from: &str) -> Vec<Included> {
        let folder = Path::new(from).parent().map(Path::to_path_buf).unwrap_or_default();
        let whole: PathBuf = folder.join(pattern);
        let Some(text) = whole.to_str() else { return Vec::new() };
        if !pattern.contains(['*', '?', '[']) {
            return if whole.exists() { vec![self.read(&whole)] } else { Vec::new() };
        }
        let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
        let paths: Vec<PathBuf> = match glob::glob_with(text, options) {
            // A folder that cannot be looked into holds no file that could be read.
            Ok(found) => found.filter_map(Result::ok).filter(|path| !path.is_dir()).take(FILES_MAX).collect(),
            Err(_) => Vec::new(),
        };
        paths.iter().map(|path| self.read(path)).collect()
    }

    fn config_id(&self) -> Option<String> {
        let host = || {
            let name = nix::unistd::gethostname().ok()?.into_string().ok()?;
            name.split('.').next().map(str::to_owned)
        };
        self.id.clone().or_else(host)
    }

    fn environment(&self, name: &str) -> Option<String> {
        env::var(name).ok()
    }

    fn random(&mut self, min: u32, max: u32) -> u32 {
        // Every new hasher of the standard library has keys of its own from the kernel.
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
        let mut files = Files::new(Some("lb-5".into()));
        let texts: Vec<_> = files.include("conf.d/*.conf", &from).into_iter().map(|file| file.text.unwrap()).collect();
        assert_eq!(texts, ["one", "two"]);
        assert_eq!(files.text(&at("conf.d/a.conf").display().to_string()), Some("one"));
        assert_eq!(files.include("b.conf", &texts_of(&at("conf.d/a.conf")))[0].text, Ok("two".into()));
        assert_eq!(files.include("none.conf", &from), []);
        assert_eq!(files.include("conf.d/s*", &from), []);
        assert_eq!(files.include("conf.d/sub", &from)[0].text, Err("it is a folder".into()));
        assert_eq!(files.config_id().as_deref(), Some("lb-5"));
        assert!((37..=41).contains(&files.random(37, 41)));
    }

    fn texts_of(path: &Path) -> String {
        path.display().to_string()
    }

    #[test]
    fn the_host_has_a_name_of_one_label() {
        assert!(Files::new(None).config_id().is_some_and(|id| !id.is_empty() && !id.contains('.')));
    }
}
