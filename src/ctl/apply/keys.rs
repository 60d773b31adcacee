//! Keys of signed adverts that the inventory does not name, and that of the account at authorities of ACME: made up at
//! the first deploy, kept by the load balancers alone, and learned from them at each later one. A load balancer that is
//! new gets what the others have.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::sync::{Mutex, PoisonError};

use data_encoding::HEXLOWER;
use hactl_engine::certificates::ACCOUNT_KEY;

use crate::ctl::account::{mint, thumbprint};
use crate::ctl::cluster::{Cluster, Group, Member, Secret, Vip};
use crate::ctl::desk::Desk;
use crate::ctl::host::Script;
use crate::ctl::look::facts::{self, Facts, FileFact};
use crate::ctl::plan::sha256;
use crate::ctl::render::keys::ROLE;
use crate::ctl::render::tls;
use crate::ctl::signing::{KEY_FOLDER, Origin, minted_file};
use crate::ctl::wanted::WantedHost;
use crate::error::{Code, Exit, Failure, Problem};

/// Bytes of a key, before they are written as hexadecimal digits.
const BYTES: usize = 32;

/// What is known of keys besides what the hosts of a deploy tell.
#[derive(Default)]
pub(super) struct Keys {
    /// Keys of load balancers that take no part in the deploy, by path, in the inventory's order of hosts.
    elsewhere: Vec<BTreeMap<String, Secret>>,
    /// Made up by this deploy, by their numbers: each once, however often the plan is made.
    minted: Mutex<BTreeMap<u8, Secret>>,
    /// The account's key, where this deploy makes it up.
    account: Mutex<Option<Secret>>,
}

/// The numbers of the keys that a deploy makes up for these load balancers.
fn wanted(cluster: &Cluster, hosts: &[String]) -> BTreeSet<u8> {
    let has_role = |name: &str| cluster.host(name).is_some_and(|host| host.roles.iter().any(|role| role == ROLE));
    let takes_part = |member: &Member| hosts.contains(&member.host) && has_role(&member.host);
    let here = |vip: &&Vip| vip.members.iter().any(takes_part);
    let keys = cluster.vips.iter().filter(here).filter_map(|vip| Some(&vip.hmac.as_ref()?.key));
    keys.filter(|key| matches!(key.origin, Origin::Minted(_))).map(|key| key.id).collect()
}

/// Whether load balancers of a deploy answer authorities with the key of an account.
fn wants_account(cluster: &Cluster, hosts: &[String]) -> bool {
    let answers =
        |name: &String| cluster.host(name).is_some_and(|host| host.roles.iter().any(|role| role == tls::ROLE));
    cluster.traffic.by_acme().next().is_some() && hosts.iter().any(answers)
}

/// The account's key among those of a host, where it is one.
fn account_in(keys: &BTreeMap<String, Secret>) -> Option<Secret> {
    keys.get(ACCOUNT_KEY).filter(|key| thumbprint(&key.0).is_some()).cloned()
}

/// Whether this is what a deploy makes up: anything else at its place is somebody's mistake.
fn is_whole(key: &Secret) -> bool {
    key.0.len() == BYTES * 2 && HEXLOWER.decode(key.0.as_bytes()).is_ok()
}

impl Keys {
    /// Asks load balancers that take no part in a deploy for keys that none of those has which do.
    ///
    /// # Errors
    /// Exit 4: one of them does not answer, and may have the key.
    pub(super) async fn ask_others(
        &mut self,
        desk: &Desk,
        chosen: &[String],
        facts: &BTreeMap<&str, Facts>,
    ) -> Result<(), Failure> {
        let has = |id: &u8| {
            let path = minted_file(*id);
            facts.values().any(|facts| facts.keys.get(&path).is_some_and(is_whole))
        };
        let lacking: Vec<u8> = wanted(&desk.cluster, chosen).into_iter().filter(|id| !has(id)).collect();
        let lbs = desk.cluster.agents().map(|host| host.name.clone());
        let others: Vec<String> = lbs.filter(|name| !chosen.contains(name)).collect();
        let account = || facts.values().any(|facts| account_in(&facts.keys).is_some());
        let lacks_account = wants_account(&desk.cluster, chosen) && !account();
        if (lacking.is_empty() && !lacks_account) || others.is_empty() {
            return Ok(());
        }
        let asked = desk.again(others.clone()).await;
        let script = Script::new().call("keys", [KEY_FOLDER]).text();
        let answers = asked.on_all(others.iter().map(|host| (host.as_str(), script.clone(), Vec::new()))).await;
        let mut problems = Vec::new();
        for (host, answer) in answers {
            match answer {
                Ok(output) if output.code == 0 => self.elsewhere.push(facts::keys(output.text())),
                Ok(output) => problems.push(unknown(&host, &output.complaint())),
                Err(problem) => problems.push(unknown(&host, &problem.message)),
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Failure { exit: Exit::Preflight, problems }) }
    }

    /// Fills in the keys that load balancers have, and makes up those that nobody has. Returns the paths of these.
    ///
    /// # Errors
    /// This machine gives no random numbers.
    pub(super) fn give(&self, cluster: &mut Cluster, facts: &BTreeMap<&str, Facts>) -> Result<Vec<String>, Failure> {
        let chosen: Vec<String> = facts.keys().map(|name| (*name).to_owned()).collect();
        let mut minted = Vec::new();
        for id in wanted(cluster, &chosen) {
            let path = minted_file(id);
            let key = match self.found(cluster, facts, id, &path) {
                Some(key) => key,
                None => {
                    minted.push(path);
                    self.mint(id)?
                }
            };
            let hmacs = cluster.vips.iter_mut().filter_map(|vip| vip.hmac.as_mut());
            for one in hmacs.map(|hmac| &mut hmac.key).filter(|one| one.id == id) {
                if let Origin::Minted(secret) = &mut one.origin {
                    *secret = Some(key.clone());
                }
            }
        }
        if wants_account(cluster, &chosen) {
            let lbs = cluster.group(Group::Lb).filter_map(|host| facts.get(host.name.as_str()));
            let all: Vec<&BTreeMap<String, Secret>> = lbs.map(|facts| &facts.keys).chain(&self.elsewhere).collect();
            let account = all.into_iter().find_map(account_in);
            cluster.traffic.account = Some(match account {
                Some(account) => account,
                None => {
                    minted.push(ACCOUNT_KEY.to_owned());
                    self.mint_account()?
                }
            });
        }
        Ok(minted)
    }

    fn mint_account(&self) -> Result<Secret, Failure> {
        let mut minted = self.account.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = &*minted {
            return Ok(key.clone());
        }
        let key = mint().map_err(|error| Failure::internal(format!("no key for the account: {error}")))?;
        Ok(minted.insert(key).clone())
    }

    /// Of several that differ the one with which a running agent signs; the first in the inventory's order.
    fn found(&self, cluster: &Cluster, facts: &BTreeMap<&str, Facts>, id: u8, path: &str) -> Option<Secret> {
        let whole = |facts: &Facts| facts.keys.get(path).filter(|key| is_whole(key)).cloned();
        let signs = |facts: &Facts| {
            let agent = facts.seen.agent.as_ref();
            let instances = agent.map(|agent| agent.instances.as_slice()).unwrap_or_default();
            instances.iter().filter_map(|one| one.signing.as_ref()).any(|signing| signing.active_key == id)
        };
        let all: Vec<&Facts> = cluster.agents().filter_map(|host| facts.get(host.name.as_str())).collect();
        let in_use = all.iter().filter(|facts| signs(facts)).find_map(|facts| whole(facts));
        let elsewhere = || self.elsewhere.iter().find_map(|keys| keys.get(path).filter(|key| is_whole(key)).cloned());
        in_use.or_else(|| all.iter().find_map(|facts| whole(facts))).or_else(elsewhere)
    }

    fn mint(&self, id: u8) -> Result<Secret, Failure> {
        let mut minted = self.minted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = minted.get(&id) {
            return Ok(key.clone());
        }
        let mut bytes = [0; BYTES];
        let read = std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
        read.map_err(|error| Failure::internal(format!("no random numbers from /dev/urandom: {error}")))?;
        let key = Secret(HEXLOWER.encode(&bytes));
        minted.insert(id, key.clone());
        Ok(key)
    }
}

fn unknown(host: &str, said: &str) -> Problem {
    let said = said.strip_prefix(&format!("{host}: ")).unwrap_or(said);
    let message = format!("whether it has the key that signs adverts is not known: {said}");
    Problem::on(host, Code::KeyUnknown, message)
        .why("another key would make the load balancers deaf to each other; nothing was changed")
        .next("deploy again when it answers, or take it out of the inventory")
}

/// Keys that a host has and shall not have: they go where a deploy has put them. Their names only the host knows.
pub(super) fn forget(wanted: &mut WantedHost, facts: &mut Facts, roles: &[String]) {
    if !roles.iter().any(|role| role == ROLE) {
        return;
    }
    for (path, key) in &facts.keys {
        if wanted.files.iter().any(|file| file.dest == *path) || wanted.hidden().any(|known| known == path) {
            continue;
        }
        wanted.forgotten.push(path.clone());
        let sha256 = sha256(format!("{}\n", key.0).as_bytes());
        let fact = FileFact { sha256, mode: 0o600, owner: "root:root".into() };
        facts.files.entry(path.clone()).or_insert(fact);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ctl::inventory::load::parse;

    /// A load balancer that has the account's key gives it to the others; where no host has one that can be used, a new
    /// one is made up, once.
    #[test]
    fn an_account_is_kept_by_the_load_balancers() {
        let text = include_str!("../../../inventories/acme.yaml");
        let cluster = parse(Path::new("x.yaml"), text).unwrap().cluster;
        let with =
            |text: &str| Facts { keys: [(ACCOUNT_KEY.to_owned(), Secret(text.into()))].into(), ..Facts::default() };
        let kept = mint().unwrap();
        let of = |keys: &Keys, five: Facts, six: Facts| {
            let mut cluster = cluster.clone();
            let minted = keys.give(&mut cluster, &[("lb-5", five), ("lb-6", six)].into()).unwrap();
            (cluster.traffic.account.unwrap(), minted)
        };
        let keys = Keys::default();
        assert_eq!(of(&keys, Facts::default(), with(&kept.0)), (kept.clone(), Vec::new()));
        assert_eq!(of(&keys, with("hello"), with(&kept.0)).0, kept);
        let (fresh, minted) = of(&keys, Facts::default(), with("hello"));
        assert_eq!(minted, [ACCOUNT_KEY]);
        assert_ne!(fresh, kept);
        assert_eq!(of(&keys, Facts::default(), Facts::default()).0, fresh, "however often the plan is made");
        let elsewhere = Keys { elsewhere: vec![[(ACCOUNT_KEY.to_owned(), kept.clone())].into()], ..Keys::default() };
        assert_eq!(of(&elsewhere, Facts::default(), Facts::default()).0, kept);
        // A host without an nginx of ours answers no authority, and needs no key.
        let mut without = cluster.clone();
        without.hosts.iter_mut().for_each(|host| host.roles.retain(|role| role != tls::ROLE));
        assert_eq!(keys.give(&mut without, &[("lb-5", Facts::default())].into()).unwrap(), Vec::<String>::new());
        assert!(without.traffic.account.is_none());
    }
}
