//! What a deploy begins with: the inventory, connections, what hosts have, and what would change.

use std::collections::BTreeMap;

use super::binary::Binary;
use super::keys::{self, Keys};
use super::ladder;
use super::order::Order;
use super::preflight::preflight;
use super::stage::Job;
use crate::ctl::cluster::{Cluster, Group, Host};
use crate::ctl::desk::{Desk, Options, open, open_edited};
use crate::ctl::host::Script;
use crate::ctl::look::facts::{self, Facts, FileFact};
use crate::ctl::look::observe;
use crate::ctl::made_up::make_missing;
use crate::ctl::made_up_wordpress;
use crate::ctl::plan::plan;
use crate::ctl::progress::Event;
use crate::ctl::remote::Output;
use crate::ctl::render::context::Interfaces;
use crate::ctl::render::host::render_all;
use crate::ctl::render::tls;
use crate::ctl::secret::unseal;
use crate::ctl::wanted::WantedHost;
use crate::error::{Code, Exit, Failure, Problem};

/// Everything that does not change while a deploy lasts.
pub(super) struct Prepared {
    /// The connections.
    pub desk: Desk,
    /// The program for load balancers.
    pub binary: Binary,
    /// The hosts that take part.
    pub chosen: Vec<String>,
    /// Hosts that were to and could not be reached, and why.
    pub skipped: Vec<(String, Problem)>,
    /// Each of them as far as it can be rendered without knowing it: what to ask for.
    questions: Vec<WantedHost>,
    order: Order,
    /// Keys of signed adverts.
    keys: Keys,
}

impl Prepared {
    /// Loads, renders, connects. Returns what would change as well.
    ///
    /// # Errors
    /// Exit 3 before anything is contacted, 4 afterwards; nothing was changed.
    pub(super) async fn new(order: &Order, options: Options) -> Result<(Self, Vec<Job>), Failure> {
        let mut cluster = match &order.edited {
            Some(text) => open_edited(order.inventory.as_deref(), text, &options)?,
            None => open(order.inventory.as_deref(), &options)?,
        };
        narrow(&mut cluster, order)?;
        // Everything is rendered once before anything is contacted: mistakes cost no connection.
        let mut questions = render_all(&cluster, &Interfaces::new())?;
        let binary = Binary::find(order.binary.as_deref())?;
        let binary = tokio::task::spawn_blocking(move || binary.sum()); // it takes about as long as connecting
        let chosen = chosen(&cluster, order);
        if cluster.wordpress.is_some() || cluster.agents().any(|host| chosen.contains(&host.name)) {
            let waits = waits_for_secrets(&mut cluster);
            make_missing(&mut cluster)?;
            made_up_wordpress::make_missing(&mut cluster)?;
            unseal(&mut cluster)?.iter().for_each(|odd| options.tell(Event::Warning(odd)));
            if waits {
                questions = render_all(&cluster, &Interfaces::new())?;
            }
        }
        spare(order, &mut questions);
        questions.retain(|wanted| chosen.contains(&wanted.host));
        let needed = needed(&cluster, &chosen);
        let ask = |host: &Host| first_question(&questions, &cluster, host);
        let (mut desk, answers) = Desk::connect_asking(cluster.clone(), options, &needed, ask).await?;
        let skipped = if order.skip_unreachable { desk.leave_out() } else { Vec::new() };
        let desk = desk.whole().map_err(|failure| others(failure, &cluster, order))?;
        let reached = |name: &String| skipped.iter().all(|(left, _)| left != name);
        let chosen: Vec<String> = chosen.into_iter().filter(reached).collect();
        questions.retain(|wanted| chosen.contains(&wanted.host));
        let binary = binary.await.map_err(|error| Failure::internal(format!("summing the binary: {error}")))??;
        let outputs = examined(answers)?;
        let keys = Keys::default();
        let mut prepared = Self { desk, binary, chosen, skipped, questions, order: order.clone(), keys };
        let facts = facts_of(&prepared.questions, &outputs);
        prepared.keys.ask_others(&prepared.desk, &prepared.chosen, &facts).await?;
        let mut jobs = prepared.jobs(&outputs)?;
        prepared.room(&mut jobs).await?;
        Ok((prepared, jobs))
    }

    /// The script that prints the facts of a host, and what a change there needs; empty for who takes no part.
    pub(super) fn question(&self, host: &str) -> Script {
        let wanted = self.questions.iter().find(|wanted| wanted.host == host);
        wanted.map_or_else(Script::new, |wanted| facts::ask_room(facts::script(wanted), wanted))
    }

    /// Asks hosts on which something would change for what that needs: one more round trip, and none where nothing
    /// would.
    async fn room(&self, jobs: &mut [Job]) -> Result<(), Failure> {
        let busy = jobs.iter_mut().filter(|job| !job.plan.changes.is_empty());
        let asks = busy.map(|job| async move {
            let script = facts::ask_room(Script::new(), &job.wanted).text();
            let output = self.desk.on(job.host(), &script, b"", self.desk.options.limit).await?;
            facts::note_room(&mut job.facts, output.text());
            Ok::<_, Problem>(())
        });
        let asked = self.desk.at_once(asks).await.into_iter().collect::<Result<(), _>>();
        asked.map_err(|problem| Failure::one(Exit::Preflight, problem.why("nothing was changed")))?;
        preflight(jobs, &self.binary)
    }

    /// What would change, by what hosts printed.
    ///
    /// # Errors
    /// What would make a deploy fail half-way.
    pub(super) fn jobs(&self, outputs: &[(String, Output)]) -> Result<Vec<Job>, Failure> {
        let mut facts = facts_of(&self.questions, outputs);
        let mut cluster = self.desk.cluster.clone();
        let minted = self.keys.give(&mut cluster, &facts)?;
        let interfaces = facts.iter().map(|(name, facts)| ((*name).to_owned(), facts::interfaces(facts))).collect();
        let mut ladders = ladder::ladders(&cluster, &facts, &interfaces)?;
        let mut all = render_all(&cluster, &interfaces)?;
        spare(&self.order, &mut all);
        let mut jobs = Vec::new();
        for mut wanted in all {
            let Some(mut facts) = facts.remove(wanted.host.as_str()) else { continue };
            let roles = cluster.host(&wanted.host).map(|host| host.roles.as_slice()).unwrap_or_default();
            keys::forget(&mut wanted, &mut facts, roles);
            if self.order.only.is_empty() || roles.iter().any(|role| role == tls::ROLE) {
                forget_sites(&mut wanted, &mut facts);
            }
            wanted.minted =
                minted.iter().filter(|path| wanted.files.iter().any(|file| file.dest == **path)).cloned().collect();
            let plan = plan(&wanted, &facts, self.program(&facts));
            let ladder = ladders.remove(&wanted.host).unwrap_or_default();
            jobs.push(Job { wanted, facts, plan, ladder });
        }
        ladder::clocks(&cluster, &jobs)?;
        preflight(&jobs, &self.binary)?;
        Ok(jobs)
    }

    /// Whether all roles are deployed.
    pub(super) fn is_whole(&self) -> bool {
        self.order.only.is_empty()
    }

    /// The checksum of the program that belongs on a load balancer.
    pub(super) fn program<'a>(&'a self, facts: &'a Facts) -> &'a str {
        let kept = facts.binary.as_deref().filter(|_| self.order.keep_binary);
        kept.unwrap_or(&self.binary.sha256)
    }
}

/// The same for the first look, when it is not known yet whether anything is to change. Who takes no part is not asked.
fn first_question(questions: &[WantedHost], cluster: &Cluster, host: &Host) -> Option<String> {
    let wanted = questions.iter().find(|wanted| wanted.host == host.name)?;
    Some(observe::ask_more(facts::script(wanted), cluster, host).text())
}

/// What hosts printed, if each of them did.
fn examined(answers: Vec<(String, Result<Output, Problem>)>) -> Result<Vec<(String, Output)>, Failure> {
    let mut outputs = Vec::new();
    let mut problems = Vec::new();
    for (host, answer) in answers {
        match answer {
            Ok(output) if output.code == 0 => outputs.push((host, output)),
            Ok(output) => problems.push(Problem::on(
                &host,
                Code::CannotExamine,
                format!("cannot be examined: {}", output.complaint()),
            )),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(outputs) } else { Err(Failure { exit: Exit::Preflight, problems }) }
}

/// Certificates, keys and users of sites that are gone: their names only the host knows.
fn forget_sites(wanted: &mut WantedHost, facts: &mut Facts) {
    let put = facts.put.clone().unwrap_or_default();
    for path in tls::left_behind(put.keys(), &wanted.files) {
        let sha256 = put.get(&path).cloned().unwrap_or_default();
        let fact = FileFact { sha256, mode: 0o600, owner: "root:root".into() };
        facts.files.entry(path.clone()).or_insert(fact);
        wanted.forgotten.push(path);
    }
}

/// What each host printed.
fn facts_of<'o>(questions: &[WantedHost], outputs: &'o [(String, Output)]) -> BTreeMap<&'o str, Facts> {
    let mut facts = BTreeMap::new();
    for (host, output) in outputs {
        if let Some(wanted) = questions.iter().find(|wanted| wanted.host == *host) {
            facts.insert(host.as_str(), facts::parse(wanted, output.text()));
        }
    }
    facts
}

/// Whether files are to hold what the inventory does not: what it names the source of, or asks to make up.
fn waits_for_secrets(cluster: &mut Cluster) -> bool {
    cluster.wordpress.is_some()
        || cluster.traffic.sites.iter().any(|site| site.tls.is_some())
        || cluster.sealed().iter().any(|(_, sealed)| sealed.source.is_some())
}

/// `--only`: drops the other roles.
fn narrow(cluster: &mut Cluster, order: &Order) -> Result<(), Failure> {
    let mut problems = Vec::new();
    for name in &order.limit {
        if cluster.managed().all(|host| host.name != *name) {
            let known: Vec<&str> = cluster.managed().map(|host| host.name.as_str()).collect();
            problems.push(Problem::new(
                Code::NothingSelected,
                format!("--limit {name}: no such host; there is {}", known.join(", ")),
            ));
        }
    }
    if let Some(canary) = order.canary.as_ref().filter(|canary| !chosen(cluster, order).contains(&canary.host)) {
        let known = chosen(cluster, order).join(", ");
        let message = format!("--canary {}: no such host takes part; there is {known}", canary.host);
        problems.push(Problem::new(Code::NothingSelected, message));
    }
    for role in &order.only {
        if !cluster.hosts.iter().any(|host| host.roles.contains(role)) {
            problems.push(Problem::new(Code::NothingSelected, format!("--only {role}: no host has this role")));
        }
    }
    if !problems.is_empty() {
        return Err(Failure { exit: Exit::Invalid, problems });
    }
    if !order.only.is_empty() {
        for host in &mut cluster.hosts {
            host.roles.retain(|role| order.only.contains(role));
        }
    }
    Ok(())
}

/// `--only`: the other roles are not wanted, but they are not gone either.
fn spare(order: &Order, wanted: &mut [WantedHost]) {
    for host in wanted.iter_mut().filter(|_| !order.only.is_empty()) {
        host.retired.clear();
        host.removed.clear();
        host.removed_secrets.clear();
    }
}

fn chosen(cluster: &Cluster, order: &Order) -> Vec<String> {
    let wanted = |name: &String| order.limit.is_empty() || order.limit.contains(name);
    cluster.managed().map(|host| host.name.clone()).filter(wanted).collect()
}

/// The chosen hosts, and the directors that drain those among them that serve.
fn needed(cluster: &Cluster, chosen: &[String]) -> Vec<String> {
    let drains = cluster.lvs.is_some() && cluster.backends().any(|host| chosen.contains(&host.name));
    let needed = |host: &&Host| chosen.contains(&host.name) || (drains && host.group == Group::Lb);
    cluster.hosts.iter().filter(needed).map(|host| host.name.clone()).collect()
}

/// Says how to go on without hosts that do not answer.
fn others(mut failure: Failure, cluster: &Cluster, order: &Order) -> Failure {
    let down = |name: &str| failure.problems.iter().any(|problem| problem.message.starts_with(&format!("{name}: ")));
    let somebody = chosen(cluster, order).iter().any(|name| !down(name));
    if let Some(last) = failure.problems.last_mut().filter(|_| !order.skip_unreachable && somebody) {
        let without = "the others can go on without it: --skip-unreachable".to_owned();
        last.next = Some(last.next.take().map_or_else(|| without.clone(), |next| format!("{next}; {without}")));
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_needs_nobody_else_but_who_drains() {
        let read =
            |text: &str| crate::ctl::inventory::load::parse(std::path::Path::new("x.yaml"), text).unwrap().cluster;
        let nginx = read(include_str!("../../../inventories/homework.yaml"));
        let lvs = read(include_str!("../../../inventories/lvs-dr.yaml"));
        assert_eq!(needed(&nginx, &["lb-6".into()]), ["lb-6"]);
        assert_eq!(needed(&nginx, &["web-7".into()]), ["web-7"]);
        assert_eq!(needed(&lvs, &["lb-6".into()]), ["lb-6"]);
        assert_eq!(needed(&lvs, &["web-7".into()]), ["lb-5", "lb-6", "web-7"]);
    }
}
