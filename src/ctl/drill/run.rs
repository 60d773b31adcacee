//! Carries out drills: measures, breaks, waits, restores, verifies that it restored, judges.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::clients::Clients;
use super::hands::{Hands, StepFailed};
use super::judge::{Verdict, judge, not_run};
use super::known::{context, settings};
use super::listen::{Ledger, first_words, listen};
use super::observe::{Observations, Restored};
use super::report::entry::{Entry, Run};
use super::sampler::{Samples, Watchers, sample};
use super::scenario::{Budget, Context, Plan, Scenario, Step, Target};
use super::timeline::timeline;
use super::vantage;
use crate::ctl::apply::work::Signals;
use crate::ctl::cluster::{Cluster, Group, Vip};
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::look::observe::look;
use crate::ctl::progress::{Event, Listener};
use crate::ctl::secret::Secrets;
use crate::ctl::stream::live::Live;
use crate::ctl::verify::vips::judge as verify;
use crate::error::{Code, Exit, Failure, Problem};

/// Clients work this long before the fault.
const BEFORE: Duration = Duration::from_secs(1);
/// How long a host may take to come back and the cluster to be good again.
const RESTORE_LIMIT: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(300);

/// How drills are run.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// The longest outage that passes, in place of each scenario's own.
    pub budget: Option<Duration>,
    /// Drill a cluster that is not good to begin with.
    pub anyway: bool,
    /// What cannot be made here is left out, not refused.
    pub leave_out: bool,
    /// The hosts are those of a lab here.
    pub lab: bool,
}

/// Runs scenarios one after another on the first VIP. The cluster must be good before each.
///
/// # Errors
/// A cluster that is not good to begin with: exit 7, nothing was broken.
pub async fn run(
    inventory: Option<PathBuf>,
    options: &Options,
    scenarios: &[&'static Scenario],
    budget: Option<Duration>,
) -> Result<Run, Failure> {
    run_as(inventory, options, scenarios, &How { budget, ..How::default() }).await
}

/// The same with more to say.
///
/// # Errors
/// As [`run`]; and exit 4 with every fault that cannot be made here, before anything is broken.
pub async fn run_as(
    inventory: Option<PathBuf>,
    options: &Options,
    scenarios: &[&'static Scenario],
    how: &How,
) -> Result<Run, Failure> {
    let cluster = open(inventory.as_deref(), options)?;
    let vip = cluster.vips.iter().find(|vip| vip.has_sites(&cluster.hosts)).cloned();
    let vip = vip.ok_or_else(|| Failure::internal("no VIP to drill"))?;
    let address = vip.address().ok_or_else(|| Failure::internal("a VIP without an address"))?;
    let now = jiff::Zoned::now();
    let zone = now.time_zone().to_offset(now.timestamp());
    let started = now.timestamp().display_with_offset(zone).to_string();
    let started = match started.split_once('.') {
        Some((seconds, part)) => format!("{seconds}{}", part.trim_start_matches(|c: char| c.is_ascii_digit())),
        None => started,
    };
    let mut run = Run {
        cluster: cluster.name.clone(),
        vip: address.to_string(),
        started,
        started_unix_s: now.timestamp().as_second(),
        entries: Vec::new(),
        left_out: Vec::new(),
    };
    let place = Place { cluster: &cluster, vip: &vip, address, options, how };
    let mut here = Vec::new();
    for scenario in scenarios {
        let drill = Drill::prepare(&place, scenario).await?;
        match drill.possible().await {
            Ok(()) => here.push(*scenario),
            Err(why) => run.left_out.push((scenario.name.to_owned(), format!("{}: {why}", drill.target))),
        }
    }
    if !how.leave_out && !run.left_out.is_empty() {
        let problem = |(name, why): &(String, String)| {
            Problem::new(Code::FaultNotPossible, format!("{name}: this fault cannot be made here: {why}"))
                .why("nothing was broken")
                .next("hactl drill --all leaves out what cannot be made")
        };
        return Err(Failure { exit: Exit::Preflight, problems: run.left_out.iter().map(problem).collect() });
    }
    for (name, why) in &run.left_out {
        let problem = Problem::new(Code::FaultNotPossible, format!("{name} is left out: {why}"));
        options.tell(Event::Warning(&problem.warn()));
    }
    let mut signals = Signals::heed()?;
    for scenario in here {
        options.tell(Event::Drill { name: scenario.name, title: scenario.title });
        let drill = Drill::prepare(&place, scenario).await?;
        options.tell(Event::DrillExpects(drill.scenario.expected));
        let entry = drill.carry_out(&mut signals).await?;
        let Verdict { passed, gap, lost, sent, requests_lost, requests, predicted, why, .. } = &entry.verdict;
        options.tell(Event::DrillEnded {
            passed: *passed,
            outage: *gap,
            predicted: *predicted,
            lost: (*lost, *sent),
            requests: (*requests_lost, *requests),
            why,
        });
        run.entries.push(entry);
    }
    Ok(run)
}

/// Where drills take place, and how.
struct Place<'p> {
    cluster: &'p Cluster,
    vip: &'p Vip,
    address: IpAddr,
    options: &'p Options,
    how: &'p How,
}

/// One drill.
struct Drill {
    scenario: &'static Scenario,
    context: Context,
    /// The same of the host at the other end.
    other: Context,
    target: String,
    /// Where the other fault of a scenario with two is made.
    also: Option<String>,
    instance: String,
    vip: IpAddr,
    watchers: Watchers,
    options: Options,
    advert: Duration,
    own: Budget,
    /// What was wrong before anything was broken (`--anyway`).
    known: Vec<String>,
    settings: Vec<(String, String)>,
    hands: Hands,
}

impl Drill {
    async fn prepare(place: &Place<'_>, scenario: &'static Scenario) -> Result<Self, Failure> {
        let Place { cluster, vip, address, options, how } = *place;
        let desk = match how.anyway {
            true => Desk::connect(cluster.clone(), options.clone()).await?,
            false => Desk::connect_whole(cluster.clone(), options.clone()).await?,
        };
        let observed = look(&desk, false).await;
        let problems: Vec<Problem> =
            verify(cluster, &observed).into_iter().filter(|problem| !problem.warning).collect();
        if !problems.is_empty() && !how.anyway {
            let message = format!("{}: the cluster is not good to begin with; nothing was broken", scenario.name);
            let first = Problem::new(Code::NotGoodBefore, message);
            let mut all = vec![first.next("mend what follows, or break it all the same: --anyway")];
            all.extend(problems);
            return Err(Failure { exit: Exit::Verification, problems: all });
        }
        let owner = observed.owners(cluster, address).pop().unwrap_or_default();
        let standby = vip.members.iter().filter(|member| member.host != owner).max_by_key(|member| member.priority);
        let standby = standby.map(|member| member.host.clone());
        let find = |target: Target| match target {
            Target::Owner => Some(owner.clone()).filter(|owner| !owner.is_empty()),
            Target::Standby => standby.clone(),
            Target::Web => cluster.group(Group::Web).find(|host| host.managed).map(|host| host.name.clone()),
        };
        let also = scenario.also.map(|(target, _)| find(target));
        let (Some(target), false) = (find(scenario.target), also == Some(None)) else {
            let message =
                format!("{}: there is no host to break: it needs two load balancers and a web host", scenario.name);
            return Err(Failure::one(Exit::Invalid, Problem::new(Code::NoTarget, message)));
        };
        let links = |host: &str| {
            let own = cluster.host(host).map(|host| host.address)?;
            let (name, _) = observed.hosts.get(host)?.addresses.iter().find(|(_, net)| net.addr() == own)?;
            Some(name.clone())
        };
        let peer = |host: &str| if host == owner { standby.clone() } else { Some(owner.clone()) };
        let general = context(cluster, vip, standby.as_deref(), how.lab);
        let of = |host: &str| Context {
            interface: links(host).unwrap_or_else(|| general.interface.clone()),
            peer: peer(host)
                .and_then(|peer| cluster.host(&peer).map(|peer| peer.address.to_string()))
                .unwrap_or_else(|| general.peer.clone()),
            ..general.clone()
        };
        let (context, other) =
            (of(&target), also.as_ref().and_then(Option::as_deref).map_or_else(|| general.clone(), of));
        let scenario = super::table::on(scenario, &context);
        let names: Vec<String> = cluster.managed().map(|host| host.name.clone()).collect();
        let secrets = Secrets::gather(cluster, names.iter().map(String::as_str))?;
        let watchers = Watchers::new(Arc::clone(&options.way), cluster.clone(), secrets, desk.hosts);
        let written = cluster.drill_budgets.get(scenario.name).copied().unwrap_or_default();
        Ok(Self {
            scenario,
            target,
            also: also.flatten(),
            instance: vip.name.clone(),
            vip: address,
            watchers,
            options: options.clone(),
            advert: vip.interval,
            own: Budget {
                gap: how.budget.or(written.gap),
                requests: written.requests.filter(|_| how.budget.is_none()),
            },
            known: problems.into_iter().map(|problem| problem.message).collect(),
            settings: settings(&context, vip),
            context,
            other,
            hands: Hands::default(),
        })
    }

    /// Whether this fault can be made here.
    async fn possible(&self) -> Result<(), StepFailed> {
        let hosts = [Some((self.target.as_str(), &self.context)), self.also.as_deref().map(|host| (host, &self.other))];
        for (host, context) in hosts.into_iter().flatten() {
            self.step(host, &Step::Shell((self.scenario.possible)(context))).await?;
        }
        Ok(())
    }

    async fn step(&self, host: &str, step: &Step) -> Result<(), StepFailed> {
        self.hands.step(&self.watchers, host, step).await
    }

    /// Whoever ends the desk meanwhile has it put right first what it broke.
    async fn carry_out(&self, signals: &mut Signals) -> Result<Entry, Failure> {
        let plan = self.scenario.plan(&self.context, &self.other, self.own);
        let failed = |reason: String, restored: bool| Entry {
            title: self.scenario.title.into(),
            target: self.target.clone(),
            settings: self.settings.clone(),
            verdict: not_run(self.scenario, &plan, reason, restored),
            before: Vec::new(),
            timeline: None,
        };
        let cluster = self.watchers.cluster();
        let silent = Options { listener: Listener::silent(), ..self.options.clone() };
        let mut live = match Live::of_agents(cluster.clone(), silent) {
            Ok(live) => live,
            Err(failure) => return Ok(failed(failure.to_string(), true)),
        };
        let elsewhere = live.desk.again(vantage::places(cluster)).await;
        let begin = Instant::now();
        let agents = cluster.agents().filter(|host| host.managed).map(|host| host.name.clone());
        let mut ledger = Ledger::new(&self.instance, agents);
        first_words(&mut live, &mut ledger).await;
        let site = &cluster.site;
        let clients = match Clients::start(self.vip, site.port, site.host_name(), begin) {
            Ok(clients) => clients,
            Err(failure) => return Ok(failed(failure.to_string(), true)),
        };
        let (samples, asked) = (Mutex::new(Samples::default()), Mutex::new(vantage::Seen::new()));
        let story = async {
            tokio::time::sleep(BEFORE).await;
            let also = self.also.as_deref().zip(plan.also.as_ref());
            let first = match also {
                Some((host, (_, inject, _))) => self.step(host, inject).await.map_err(|why| (host.to_owned(), why)),
                None => Ok(()),
            };
            let fault_begin = clients.elapsed() + plan.begins_after;
            let injected = match first {
                Ok(()) => self.step(&self.target, &plan.inject).await.map_err(|why| (self.target.clone(), why)),
                Err(why) => Err(why),
            };
            if injected.is_ok() {
                tokio::time::sleep((fault_begin + plan.hold).saturating_sub(clients.elapsed())).await;
            }
            let fault_end = clients.elapsed();
            (fault_begin, injected, fault_end, self.restore(&plan).await)
        };
        let ended = tokio::select! {
            told = story => Some(told),
            () = signals.one() => None,
            () = sample(&self.watchers, self.vip, begin, &samples) => None,
            () = listen(&mut live, &mut ledger) => None,
            () = vantage::ask_from(&elsewhere, self.vip, site.port, site.host_name(), &asked) => None,
        };
        let Some((fault_begin, injected, fault_end, restored)) = ended else {
            return Err(self.interrupted(&plan).await);
        };
        let samples = samples.into_inner().unwrap_or_else(PoisonError::into_inner);
        let asked = asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        let measured = clients.stop().await;
        if let Err((host, why)) = injected {
            return Ok(failed(format!("{host}: the fault could not be made: {why}"), restored == Restored::Yes));
        }
        let (pings, requests) = match measured {
            Ok(streams) => streams,
            Err(failure) => return Ok(failed(failure.to_string(), restored == Restored::Yes)),
        };
        let two_owners_found = samples.two_owners_at.map(|at| at.saturating_sub(fault_begin));
        let seen = Observations {
            target: self.target.clone(),
            fault_begin,
            fault_end,
            pings,
            requests,
            owners: samples.owners,
            elsewhere: vantage::streams(asked, ledger.zero_ms()),
            told: ledger.end(),
            two_owners_found,
            restored,
        };
        let verdict = judge(self.scenario, &plan, &self.context, &seen);
        let timeline = Some(timeline(&seen, self.scenario.measure));
        let (title, target) = (self.scenario.title.into(), self.target.clone());
        Ok(Entry { title, target, settings: self.settings.clone(), verdict, before: Vec::new(), timeline })
    }

    /// Puts right what was broken, and says what became of it.
    async fn interrupted(&self, plan: &Plan) -> Failure {
        let message = format!("{}: interrupted; what was broken is put right first", self.scenario.name);
        self.options.tell(Event::Warning(&Problem::new(Code::Interrupted, message).warn()));
        let problem = match self.restore(plan).await {
            Restored::Yes => Problem::new(Code::Interrupted, "interrupted; everything is as before"),
            Restored::No(why) => Problem::new(Code::Interrupted, format!("interrupted; not restored: {why}"))
                .why("the host undoes it by itself within a minute")
                .next("hactl verify"),
        };
        Failure::one(Exit::Interrupted, problem)
    }

    /// Undoes the fault, then waits until the cluster is as good as before and has stopped moving.
    async fn restore(&self, plan: &Plan) -> Restored {
        let end = Instant::now() + RESTORE_LIMIT;
        let also = self.also.as_deref().zip(plan.also.as_ref()).map(|(host, (_, _, restore))| (host, restore));
        for (host, step) in std::iter::once((self.target.as_str(), &plan.restore)).chain(also) {
            while let Err(why) = self.step(host, step).await {
                if Instant::now() > end {
                    return Restored::No(format!("{host}: {why}"));
                }
                tokio::time::sleep(POLL).await;
            }
        }
        let mut good_since = None;
        // A better router takes the VIP back within one master-down interval.
        let quiet = self.advert * 4 + Duration::from_secs(1);
        while Instant::now() < end {
            match self.trouble().await {
                None => {
                    let since = *good_since.get_or_insert_with(Instant::now);
                    if since.elapsed() > quiet {
                        return Restored::Yes;
                    }
                }
                Some(_) => good_since = None,
            }
            tokio::time::sleep(POLL).await;
        }
        Restored::No(self.trouble().await.unwrap_or_else(|| "it does not come to rest".into()))
    }

    async fn trouble(&self) -> Option<String> {
        let options = Options { limit: Duration::from_secs(3), ..self.options.clone() };
        let desk = Desk::connect(self.watchers.cluster().clone(), options).await.ok()?;
        let observed = look(&desk, false).await;
        let mut problems = verify(&desk.cluster, &observed).into_iter().filter(|problem| !problem.warning);
        problems.find(|problem| !self.known.contains(&problem.message)).map(|problem| problem.message)
    }
}
