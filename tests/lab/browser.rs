//! A browser in the lab, by `browser.py`.

use std::path::{Path, PathBuf};
use std::process::Child;

use super::hosts::Lab;
use super::wordpress::becomes;

/// A browser.
pub(crate) struct Browser<'l> {
    pub lab: &'l Lab,
    place: &'static str,
    driver: Child,
    folder: PathBuf,
}

/// Where chromedriver listens, on the loopback.
const PORT: &str = "9515";

impl<'l> Browser<'l> {
    /// Whether there is one on this machine.
    pub(crate) fn is_here() -> bool {
        let missing = ["chromium", "chromedriver"].into_iter().find(|program| which::which(program).is_err());
        if let Some(missing) = missing {
            eprintln!("NOTE SKIPPED: no `{missing}` here; `make test` installs it");
        }
        missing.is_none()
    }

    /// One at the client or at the desk; its first step is `begin`.
    pub(crate) fn begin(lab: &'l Lab, place: &'static str) -> Self {
        let folder = lab.files.path().join("browser");
        std::fs::create_dir_all(&folder).unwrap();
        let mut command = lab.command();
        command.args(["lab", "exec", place, "--", "chromedriver", &format!("--port={PORT}"), "--silent"]);
        let driver = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        let browser = Self { lab, place, driver, folder };
        let listens = format!("ss -Htln sport = :{PORT}");
        becomes("chromedriver listens", 20, || !lab.sh(place, &listens).is_empty());
        browser
    }

    /// What a step says.
    pub(crate) fn step(&self, words: &[&str]) -> serde_json::Value {
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/browser.py");
        let folder = self.folder.display().to_string();
        let all: Vec<&str> = ["lab", "exec", self.place, "--", "python3", program, &folder, PORT]
            .into_iter()
            .chain(words.iter().copied())
            .collect();
        let output = self.lab.hactl(&all);
        let said = String::from_utf8_lossy(&output.stdout);
        let failed = String::from_utf8_lossy(&output.stderr);
        let document = said.lines().last().and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        document.unwrap_or_else(|| panic!("{words:?}: {said}{failed}"))["said"].clone()
    }

    /// Keeps what the window shows; with `HACTL_UPDATE` it becomes the documentation's.
    pub(crate) fn picture(&self, page: &str, name: &str) {
        self.step(&["picture", name]);
        if std::env::var_os("HACTL_UPDATE").is_some() {
            let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
            std::fs::create_dir_all(&docs).unwrap();
            std::fs::copy(self.folder.join(name), docs.join(name)).unwrap();
        }
    }
}

impl Drop for Browser<'_> {
    fn drop(&mut self) {
        // chromedriver ends the browser with itself; `lab exec` is its parent.
        self.lab.sh(self.place, &format!("kill $(ss -Htlnp sport = :{PORT} | grep -o 'pid=[0-9]*' | cut -d= -f2)"));
        let _ = self.driver.wait(); // it has just been ended
    }
}
