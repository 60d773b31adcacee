//! What the user's own ssh configuration says of a host. ssh itself reads it (`ssh -G`), so that `Host`, `Match` and
//! `Include` mean what they mean to ssh; nobody is asked where no file has a line that matters here.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;

use super::keyring::expand;
use crate::ctl::words::plain;
use crate::error::{Code, Problem};

/// Lines that change how a host is reached.
const MATTERS: [&str; 7] = ["hostname", "user", "port", "identityfile", "proxyjump", "proxycommand", "match"];
/// `Match exec` may run anything.
const PATIENCE: Duration = Duration::from_secs(5);
/// Values behind all others: what they stand for was not configured.
const NOT_SAID: &str = "Match all\nUser hactl-not-said\nPort 9\nIdentityFile hactl-not-said\n";

/// The user's ssh configuration.
#[derive(Debug, Clone, Default)]
pub struct ClientConfig {
    /// What ssh is given to read; `None` when nothing in it matters.
    text: Option<String>,
    /// The program; `None` when there is none here.
    ssh: Option<PathBuf>,
}

/// What it says of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Where to connect to.
    pub hostname: Option<String>,
    /// As whom.
    pub user: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// Key files, in order.
    pub keys: Vec<PathBuf>,
    /// `ProxyJump`.
    pub jump: Option<String>,
    /// `ProxyCommand`, which is not run here.
    pub command: Option<String>,
}

impl ClientConfig {
    /// Looks whether there is anything to ask ssh about.
    pub fn find() -> Self {
        let home = std::env::home_dir().unwrap_or_default();
        let system = Path::new("/etc/ssh");
        let dropped_in = glob::glob("/etc/ssh/ssh_config.d/*.conf").into_iter().flatten().filter_map(Result::ok);
        let user = home.join(".ssh/config");
        let files: Vec<PathBuf> = [user.clone(), system.join("ssh_config")].into_iter().chain(dropped_in).collect();
        let read = |file: &PathBuf| std::fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).ok();
        let includes = read(&user).is_some_and(|text| has_line(&text, &["include"]));
        let matters = includes || files.iter().filter_map(read).any(|text| has_line(&text, &MATTERS));
        let text = matters.then(|| format!("Include \"{}\"\nInclude /etc/ssh/ssh_config\n{NOT_SAID}", user.display()));
        Self { text, ssh: which::which("ssh").ok() }
    }

    /// What it says of a host. Empty where nothing matters, and where there is no ssh to ask.
    ///
    /// # Errors
    /// ssh does not understand its configuration.
    pub async fn about(&self, host: &str) -> Result<Settings, Problem> {
        let (Some(text), Some(ssh)) = (&self.text, &self.ssh) else { return Ok(Settings::default()) };
        let wrong = |what: String| {
            Problem::new(Code::SshConfig, format!("ssh -G {host}: {what}"))
                .why("hactl asks ssh what ~/.ssh/config says of the hosts it connects to")
                .next(format!("`ssh -G {host}` shows the same; mend the file"))
        };
        let ask = async {
            let mut child = tokio::process::Command::new(ssh)
                .args(["-G", "-F", "/dev/stdin", "--", host])
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .kill_on_drop(true)
                .spawn()?;
            if let Some(mut stdin) = child.stdin.take() {
                stdin.write_all(text.as_bytes()).await?;
            }
            child.wait_with_output().await
        };
        match timeout(PATIENCE, ask).await {
            Ok(Ok(output)) if output.status.success() => Ok(parse(host, &String::from_utf8_lossy(&output.stdout))),
            Ok(Ok(output)) => Err(wrong(plain(String::from_utf8_lossy(&output.stderr).trim()))),
            Ok(Err(error)) => Err(wrong(error.to_string())),
            Err(_) => Err(wrong(format!("no answer within {} s", PATIENCE.as_secs()))),
        }
    }

    /// A remark for errors: why a name may not be known here although ssh knows it.
    pub fn unread(&self) -> Option<&'static str> {
        (self.text.is_some() && self.ssh.is_none()).then_some(
            "there is no `ssh` here to ask what ~/.ssh/config says; write user@address:port in the inventory",
        )
    }
}

fn has_line(text: &str, words: &[&str]) -> bool {
    text.lines().any(|line| {
        let first = line.trim_start().split(|c: char| c.is_whitespace() || c == '=').next().unwrap_or_default();
        words.contains(&first.to_ascii_lowercase().as_str())
    })
}

/// `ssh -G` prints a line a setting, names in lower case.
fn parse(host: &str, text: &str) -> Settings {
    let mut settings = Settings::default();
    for (name, value) in text.lines().filter_map(|line| line.split_once(' ')) {
        if matches!(value, "none" | "hactl-not-said") {
            continue;
        }
        match name {
            "hostname" if value != host => settings.hostname = Some(value.to_owned()),
            "user" => settings.user = Some(value.to_owned()),
            "port" if value != "9" => settings.port = value.parse().ok(),
            "identityfile" => settings.keys.push(expand(Path::new(value))),
            "proxyjump" => settings.jump = Some(value.to_owned()),
            "proxycommand" => settings.command = Some(value.to_owned()),
            _ => {}
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_matter_are_worth_asking() {
        let debian = "Include /etc/ssh/ssh_config.d/*.conf\nHost *\n#   Port 22\n    SendEnv LANG LC_*\n    HashKnownHosts yes\n";
        assert!(!has_line(debian, &MATTERS));
        assert!(has_line("Host bastion\n\tHostName=10.0.0.7\n", &MATTERS));
        assert!(has_line("include work\n", &["include"]));
    }

    #[tokio::test]
    async fn ssh_is_asked_and_defaults_are_told_from_settings() {
        let Ok(ssh) = which::which("ssh") else {
            eprintln!("SKIPPED: no ssh here");
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let text = "Host bastion\n HostName 10.0.0.7\n User ops\n Port 2222\n IdentityFile ~/.ssh/b\nHost lb-*\n ProxyJump bastion,x\n IdentityFile /k\n";
        std::fs::write(&file, text).unwrap();
        let text = Some(format!("Include \"{}\"\n{NOT_SAID}", file.display()));
        let config = ClientConfig { text, ssh: Some(ssh) };
        let bastion = config.about("bastion").await.unwrap();
        assert_eq!(bastion.hostname.as_deref(), Some("10.0.0.7"));
        assert_eq!((bastion.user.as_deref(), bastion.port), (Some("ops"), Some(2222)));
        assert_eq!(bastion.keys, [expand(Path::new("~/.ssh/b"))]);
        let lb = config.about("lb-5").await.unwrap();
        assert_eq!(lb, Settings { keys: vec!["/k".into()], jump: Some("bastion,x".into()), ..Settings::default() });
        assert_eq!(config.about("10.0.0.5").await.unwrap(), Settings::default());
        std::fs::write(&file, "Prot 22\n").unwrap();
        let problem = config.about("x").await.unwrap_err();
        assert!(problem.message.contains("Bad configuration option"), "{problem}");
    }
}
