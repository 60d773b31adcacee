//! The certificates of sites, for the metrics: what nginx on this host is given to read, and how tries for others went.
//! They are looked at when somebody asks; the agent itself does nothing with them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use hactl_engine::certificates::{FOLDER, SITES, STANDING, Standing};

use crate::agent::command::state_file::read_json;
use crate::certificate::Certificate;
use crate::includes::read_file;

/// No more of them are told of: a page of metrics must come to an end.
const SITES_MAX: usize = 2000;

/// What there is to tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Certificates {
    /// What lies in files.
    pub shown: Vec<Shown>,
    /// Sites whose certificates are got by ACME, and tries in a row that got none.
    pub failed_tries: Vec<(String, u32)>,
}

/// A certificate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Whose it is.
    pub site: String,
    /// Who signed it.
    pub issuer: String,
    /// When it ends; Unix time in seconds.
    pub until_unix_s: u64,
}

/// Those of this host. It reads files, so it is nothing for a thread that others wait for.
pub(crate) fn of_this_host() -> Certificates {
    certificates(Path::new(SITES), &Path::new(FOLDER).join(STANDING))
}

fn certificates(sites: &Path, standing: &Path) -> Certificates {
    let of = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = of(sites.to_owned()).chain(of(sites.join("acme"))).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "pem"));
    files.sort_by(|one, other| one.file_name().cmp(&other.file_name()));
    let shown = files.into_iter().take(SITES_MAX).filter_map(|path| shown(&path)).collect();
    // A damaged or missing file is told of by whoever needs it.
    let standing: Standing = read_json(standing).ok().flatten().unwrap_or_default();
    let tries = standing.certificates.into_iter().take(SITES_MAX);
    let failed_tries = tries.map(|held| (held.id, held.failure.map_or(0, |failure| failure.times))).collect();
    Certificates { shown, failed_tries }
}

fn shown(path: &Path) -> Option<Shown> {
    let text = String::from_utf8(read_file(path).ok()?).ok()?;
    let certificate = Certificate::read(&text).ok()?;
    let until = certificate.until.duration_since(UNIX_EPOCH).ok()?;
    let site = path.file_stem()?.to_str()?.to_owned();
    Some(Shown { site, issuer: certificate.issuer, until_unix_s: until.as_secs() })
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::certificate::make_up;

    #[test]
    fn files_and_tries_are_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        assert_eq!(certificates(&path("none"), &path("none")), Certificates::default());
        fs::create_dir(path("acme")).unwrap();
        let now = SystemTime::now();
        let (chain, _) = make_up(&["b.example.cc".to_owned()], now).unwrap();
        let (other, key) = make_up(&["a.example.cc".to_owned()], now - Duration::from_secs(7 * 86_400)).unwrap();
        fs::write(path("b.example.cc.pem"), &chain).unwrap();
        fs::write(path("acme/a.example.cc.pem"), key + &other).unwrap();
        for (name, text) in
            [("b.example.cc.key", chain.as_str()), ("damaged.pem", "hello"), ("acme/x.pem.4711.3", &chain)]
        {
            fs::write(path(name), text).unwrap();
        }
        let failed = r#"{"what":"no","at_unix_s":1,"again_unix_s":2,"times":37}"#;
        let held = |id: &str, failure: &str| {
            format!(
                r#"{{"id":"{id}","names":[],"issuer":"","until_unix_s":0,"directory":null,"fingerprint":"","failure":{failure}}}"#
            )
        };
        let standing =
            format!(r#"{{"certificates":[{},{}]}}"#, held("a.example.cc", failed), held("c.example.cc", "null"));
        fs::write(path("standing.json"), standing).unwrap();
        let found = certificates(folder.path(), &path("standing.json"));
        let [a, b] = found.shown.as_slice() else { panic!("{found:?}") };
        assert_eq!(
            (a.site.as_str(), b.site.as_str(), b.issuer.as_str()),
            ("a.example.cc", "b.example.cc", "b.example.cc")
        );
        assert_eq!(b.until_unix_s - a.until_unix_s, 7 * 86_400);
        assert_eq!(found.failed_tries, [("a.example.cc".to_owned(), 37), ("c.example.cc".to_owned(), 0)]);
    }
}
