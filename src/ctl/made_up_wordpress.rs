//! What the desk makes up for a site of WordPress: the salts that sign logins, a password for the database, and a word
//! among web hosts. Kept in the user's state folder as certificates are: other salts would log everybody out.

use std::fs;
use std::io::Read as _;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use super::cluster::{Cluster, Secret};
use super::made_up::{folder, keep_file};
use super::wordpress::{Made, SALTS};
use crate::error::{Code, Exit, Failure, Problem};

/// What their folder is called.
const FOLDER: &str = "wordpress";
/// Bytes of each secret, before they are written as hexadecimal digits.
const BYTES: usize = 32;
const DATABASE: &str = "DATABASE";
const COPIES: &str = "COPIES";

/// Fills in what was made up earlier.
pub fn recall(cluster: &mut Cluster) {
    let folder = folder(cluster, FOLDER);
    if let Some(site) = cluster.wordpress.as_mut().filter(|site| site.made.is_none()) {
        site.made = folder.and_then(|folder| read(&fs::read_to_string(folder.join("secrets")).ok()?));
    }
}

/// Fills it in, and makes it up where it is not there.
///
/// # Errors
/// There is no state folder, it cannot be written, or it holds something else; exit 3.
pub fn make_missing(cluster: &mut Cluster) -> Result<(), Failure> {
    recall(cluster);
    let (folder, source) = (folder(cluster, FOLDER), cluster.source.display().to_string());
    let Some(site) = cluster.wordpress.as_mut().filter(|site| site.made.is_none()) else { return Ok(()) };
    let said = |what: String, next: &str| {
        let problem = Problem::new(Code::SecretMissing, format!("the secrets of WordPress: {what}"));
        let why = format!("{source} has a site of WordPress, whose salts are made up once and kept");
        Failure::one(Exit::Invalid, problem.why(why).next(next))
    };
    let Some(folder) = folder else {
        return Err(said("there is no folder to keep them in".into(), "set HOME or XDG_STATE_HOME"));
    };
    let path = folder.join("secrets");
    if path.exists() {
        let what = format!("{} does not hold them", path.display());
        return Err(said(what, "put it back from a backup; without it, remove it, and everybody logs in again"));
    }
    let made = make()?;
    keep_file(&folder, "secrets", &text(&made))
        .map_err(|error| said(format!("{} cannot be written: {error}", path.display()), "make room there"))?;
    site.made = Some(made);
    Ok(())
}

fn make() -> Result<Made, Failure> {
    let salts = SALTS.iter().map(|name| Ok((*name, random()?))).collect::<Result<_, Failure>>()?;
    let database = random()?;
    Ok(Made { salts, pair: pair(&database), database, copies: random()? })
}

/// Nobody keeps it: what was made up before there were two hosts goes on to be good.
fn pair(database: &Secret) -> Secret {
    Secret(HEXLOWER.encode(&Sha256::digest(format!("the pair of {}", database.0))))
}

fn random() -> Result<Secret, Failure> {
    let mut bytes = [0; BYTES];
    let read = fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
    read.map_err(|error| Failure::internal(format!("no random numbers from /dev/urandom: {error}")))?;
    Ok(Secret(HEXLOWER.encode(&bytes)))
}

/// A line for each.
fn text(made: &Made) -> String {
    let salts = made.salts.iter().map(|(name, secret)| (*name, secret));
    let all = salts.chain([(DATABASE, &made.database), (COPIES, &made.copies)]);
    all.map(|(name, secret)| format!("{name} {}\n", secret.0)).collect()
}

/// `None` where one is missing or is none of ours: it stands in files of PHP, SQL and nginx.
fn read(text: &str) -> Option<Made> {
    let find = |name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        let whole = found.len() == BYTES * 2 && HEXLOWER.decode(found.as_bytes()).is_ok();
        whole.then(|| Secret(found.to_owned()))
    };
    let salts = SALTS.iter().map(|name| Some((*name, find(name)?))).collect::<Option<_>>()?;
    let database = find(DATABASE)?;
    Some(Made { salts, pair: pair(&database), database, copies: find(COPIES)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_up_is_read_again_and_nothing_else_is() {
        let made = make().unwrap();
        assert_eq!(read(&text(&made)), Some(made.clone()));
        let all: std::collections::BTreeSet<&str> = made.secrets().map(|secret| secret.0.as_str()).collect();
        assert_eq!(all.len(), 11, "each is another one");
        for broken in ["'; DROP", "", "00"] {
            assert_eq!(read(&text(&Made { database: Secret(broken.into()), ..made.clone() })), None);
        }
        assert!(!format!("{made:?}").contains(&made.database.0));
    }
}
