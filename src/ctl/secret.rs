//! Secrets from where the inventory says they are: asked once, held in memory, never printed.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _};

use hactl_engine::certificates::base64;

use crate::certificate::matches;
use crate::ctl::alerts::postable;
use crate::ctl::certificate::bad_key;
use crate::ctl::cluster::{Cluster, Purpose, Secret, SecretSource};
use crate::error::{Code, Exit, Failure, Problem};

/// Every password of a cluster, fetched before anything is contacted.
#[derive(Debug, Default, Clone)]
pub struct Secrets(BTreeMap<String, Secret>);

impl Secrets {
    /// Fetches the passwords that hosts of this cluster name, each source once.
    ///
    /// # Errors
    /// Every source that gives nothing; exit 3, nothing was contacted.
    pub fn gather<'a>(cluster: &Cluster, hosts: impl IntoIterator<Item = &'a str>) -> Result<Self, Failure> {
        let mut found = BTreeMap::new();
        let mut problems = Vec::new();
        for host in hosts.into_iter().filter_map(|name| cluster.host(name)) {
            let Some(source) = &host.ssh.password else { continue };
            let key = key(source, &host.ssh.user);
            if found.contains_key(&key) {
                continue;
            }
            match fetch(source, &host.ssh.user) {
                Ok(secret) => drop(found.insert(key, secret)),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self(found)) } else { Err(Failure { exit: Exit::Invalid, problems }) }
    }

    /// Every password, so that none is shown.
    pub fn all(&self) -> impl Iterator<Item = &Secret> {
        self.0.values()
    }

    /// The password of this source for this user.
    pub fn find(&self, source: &SecretSource, user: &str) -> Option<&Secret> {
        self.0.get(&key(source, user))
    }
}

/// Fetches what a cluster's load balancers are given besides passwords for the login: each source once. What is odd
/// about them, as warnings.
///
/// # Errors
/// Every source that gives nothing, or nothing that can be used; exit 3.
pub fn unseal(cluster: &mut Cluster) -> Result<Vec<Problem>, Failure> {
    let mut known: BTreeMap<String, Secret> = BTreeMap::new();
    let mut problems = Vec::new();
    for (purpose, sealed) in cluster.sealed() {
        let Some(source) = sealed.source.as_ref().filter(|_| sealed.value.is_none()) else { continue };
        let who = match &purpose {
            Purpose::Webhook => "the webhook's URL".to_owned(),
            Purpose::MailPassword(user) => format!("{user} at the mail server"),
            Purpose::Key(vip) => format!("{vip}, which signs its adverts"),
            Purpose::TlsKey(site) => format!("the certificate of {site}"),
            Purpose::Binding(site) => format!("{site}, which binds its account at the authority"),
            Purpose::SiteAdmin(user) => format!("{user} at the site"),
        };
        let key = key(source, &who);
        let whole = matches!(purpose, Purpose::TlsKey(_));
        let get = || if whole { fetch_whole(source, &who) } else { fetch(source, &who) };
        let found = known.get(&key).cloned().map_or_else(get, Ok);
        match found {
            Ok(secret) => {
                problems.extend(odd(&purpose, &secret).map(|problem| problem.at(sealed.span.clone())));
                sealed.value = Some(secret.clone());
                known.insert(key, secret);
            }
            Err(problem) => problems.push(problem.at(sealed.span.clone())),
        }
    }
    for (tls, id) in cluster.traffic.sites.iter().filter_map(|site| Some((site.tls.as_ref()?, &site.id))) {
        let Some((certificate, key)) = tls.certificate.as_ref().zip(tls.key.open()) else { continue };
        problems.extend(
            matches(&certificate.pem, key)
                .err()
                .map(|error| bad_key(&format!("of `{id}`"), &error).at(tls.key.span.clone())),
        );
    }
    let (warnings, errors): (Vec<_>, Vec<_>) = problems.into_iter().partition(|problem| problem.warning);
    if errors.is_empty() {
        return Ok(warnings);
    }
    Err(Failure { exit: Exit::Invalid, problems: errors.into_iter().chain(warnings).collect() })
}

/// What is wrong with a secret for its purpose, in words that hold nothing of it.
fn odd(purpose: &Purpose, secret: &Secret) -> Option<Problem> {
    match purpose {
        Purpose::Webhook => {
            let why = postable(&secret.0).err()?;
            let problem = Problem::new(Code::WrongValue, format!("alerts cannot be posted to this webhook: {why}"));
            Some(problem.next("its source gives a line like https://ops.example.cc/hook?token=…"))
        }
        Purpose::MailPassword(_) => None,
        Purpose::Key(vip) if secret.0.len() < KEY_BYTES => {
            let message = format!("the key of {vip} has {} bytes", secret.0.len());
            let problem = Problem::new(Code::KeyShort, message).why("who records adverts could guess it");
            Some(problem.next("`openssl rand -hex 32` prints a good one, and `hmac: yes` makes one up").warn())
        }
        Purpose::Binding(site) if base64(&secret.0).is_none() => {
            let message = format!("the key that binds the account of `{site}` at its authority is not base64url");
            let problem = Problem::new(Code::WrongValue, message).why("the authority would refuse the account");
            Some(
                problem.next(
                    "its source gives one line, as the authority's operator shows the key (often called HMAC key)",
                ),
            )
        }
        Purpose::Key(_) | Purpose::TlsKey(_) | Purpose::Binding(_) | Purpose::SiteAdmin(_) => None,
    }
}

/// Shorter keys are told of.
const KEY_BYTES: usize = 16;

fn key(source: &SecretSource, user: &str) -> String {
    match source {
        SecretSource::Prompt => format!("prompt {user}"),
        SecretSource::Environment(name) => format!("env {name}"),
        SecretSource::File(path) => format!("file {}", path.display()),
        SecretSource::Command(command) => format!("command {command}"),
    }
}

/// Fetches one secret; `user` is who a prompt asks for.
///
/// # Errors
/// The source gives nothing; never with the secret.
pub fn fetch(source: &SecretSource, user: &str) -> Result<Secret, Problem> {
    get(source, user, &|bytes| {
        let line = bytes.lines().next()?.ok()?;
        Some(line.trim_end_matches('\r').to_owned()).filter(|line| !line.is_empty())
    })
}

/// Fetches one secret of many lines, such as a private key.
///
/// # Errors
/// As [`fetch`].
pub fn fetch_whole(source: &SecretSource, user: &str) -> Result<Secret, Problem> {
    get(source, user, &|bytes| String::from_utf8(bytes.to_vec()).ok().filter(|text| !text.trim().is_empty()))
}

fn get(source: &SecretSource, user: &str, part: &dyn Fn(&[u8]) -> Option<String>) -> Result<Secret, Problem> {
    let empty =
        |what: String| Problem::new(Code::SecretMissing, what).why("an inventory names it as the source of a password");
    let found = match source {
        SecretSource::Prompt => {
            if !std::io::stdin().is_terminal() {
                return Err(empty(format!("cannot ask for the password of {user}: standard input is no terminal"))
                    .next("use `password: { env: NAME }`, `{ file: PATH }` or `{ command: … }`, or a key"));
            }
            let term = console::Term::stderr();
            // A terminal that cannot be written to cannot be asked on either; read_secure_line says so below.
            let _ = term.write_str(&format!("password of {user}: "));
            term.read_secure_line().ok().filter(|line| !line.is_empty())
        }
        SecretSource::Environment(name) => std::env::var(name).ok().filter(|value| !value.is_empty()),
        SecretSource::File(path) => match std::fs::read(path) {
            Ok(bytes) => part(&bytes),
            Err(error) => {
                let next = format!("`ls -l {}`; correct the path, or put the secret there", path.display());
                return Err(empty(format!("password file {}: {error}", path.display())).next(next));
            }
        },
        SecretSource::Command(command) => match std::process::Command::new("sh").args(["-c", command]).output() {
            Ok(output) if output.status.success() => part(&output.stdout),
            Ok(output) => {
                let what = format!("password command `{command}` failed: {}", output.status);
                return Err(empty(what).next("type it here: it is to print the secret, and nothing else"));
            }
            Err(error) => {
                let what = format!("password command `{command}`: {error}");
                return Err(empty(what).next("it is run by `sh -c`"));
            }
        },
    };
    found.map(Secret).ok_or_else(|| match source {
        SecretSource::Prompt => {
            empty(format!("no password given for {user}")).next("the same command again, and type it")
        }
        SecretSource::Environment(name) => empty(format!("environment variable {name} is not set or empty"))
            .next(format!("`read -rs {name}; export {name}`, then the same command again")),
        SecretSource::File(path) => empty(format!("password file {} begins with an empty line", path.display()))
            .next("write the secret into its first line"),
        SecretSource::Command(command) => empty(format!("password command `{command}` printed nothing"))
            .next("type it here: it is to print the secret, and nothing else"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_counts_and_absence_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pass");
        std::fs::write(&file, "hunter2\r\nsecond\n").unwrap();
        assert_eq!(fetch(&SecretSource::File(file), "root").unwrap(), Secret("hunter2".into()));
        assert_eq!(fetch(&SecretSource::Command("echo open; echo x".into()), "root").unwrap(), Secret("open".into()));
        for source in [
            SecretSource::Command("exit 3".into()),
            SecretSource::Command("true".into()),
            SecretSource::Environment("HACTL_TEST_NOT_SET".into()),
            SecretSource::File("/nonexistent".into()),
        ] {
            let problem = fetch(&source, "root").unwrap_err();
            assert_eq!(problem.code.id(), "E230", "{problem}");
        }
    }

    #[test]
    fn what_is_sealed_is_fetched_when_it_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name).display().to_string()
        };
        let (good, short) = (file("good", "0123456789abcdef\n"), file("short", "hunter2\n"));
        let read = |key: &str, webhook: &str| {
            let vip = format!("vip: {{ address: 10.0.0.3/24, auth: {{ hmac: {{ key: {{ file: {key} }} }} }} }}");
            let more = format!("alerts: {{ webhook: {{ file: {webhook} }} }}\n");
            let text = include_str!("../../inventories/homework.yaml").replace("vip: 10.0.0.3/24", &vip) + &more;
            crate::ctl::inventory::load::parse(std::path::Path::new("x.yaml"), &text).unwrap().cluster
        };
        let url = file("url", "https://x.cc/hunter2\n");
        let mut cluster = read(&good, &url);
        assert_eq!(cluster.secrets().count(), 0);
        assert_eq!(unseal(&mut cluster), Ok(Vec::new()));
        assert_eq!(cluster.secrets().collect::<Vec<_>>(), ["0123456789abcdef", "https://x.cc/hunter2"]);
        let warned = unseal(&mut read(&short, &url)).unwrap();
        assert_eq!(warned.iter().map(|one| one.code).collect::<Vec<_>>(), [Code::KeyShort]);
        let failure = unseal(&mut read("/nonexistent", &short)).unwrap_err();
        let codes: Vec<Code> = failure.problems.iter().map(|one| one.code).collect();
        assert_eq!(codes, [Code::WrongValue, Code::SecretMissing]);
        let told = failure.to_string() + &warned[0].to_string();
        assert!(told.contains("x.yaml:4:51") && told.contains("x.yaml:9:20") && !told.contains("hunter2"), "{told}");
    }
}
