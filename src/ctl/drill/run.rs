//! Carries out drills: measures, breaks, waits, restores, verifies that it restored, judges.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use thiserror::Error;

use super::clients::Clients;
use super::judge::{Verdict, judge, not_run};
use super::observe::{Observations, Restored};
use super::report::entry::{Entry, Run};
use super::sampler::{Samples, Watchers, sample};
use super::scenario::{Context, Scenario, Step, Target};
use super::timeline::timeline;
use crate::ctl::cluster::{Cluster, Group, Vip};
use crate::ctl::desk::{Desk, Options, open};
use crate::ctl::look::observe::look;
use crate::ctl::progress::Event;
use crate::ctl::remote::RemoteError;
use crate::ctl::secret::Secrets;
use crate::ctl::verify::vips::judge as verify;
use crate::error::{Code, Exit, Failure, Problem};

/// Clients work this long before the fault.
const BEFORE: Duration = Duration::from_secs(1);
/// How long a host may take to come back and the cluster to be good again.
const RESTORE_LIMIT: Duration = Duration::from_secs(90);
/// How long one step on a host may take.
const STEP_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(300);

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
    let cluster = open(inventory.as_deref(), options)?;
    let vip = cluster.vips.iter().find(|vip| vip.has_sites(&cluster.hosts)).cloned();
    let vip = vip.ok_or_else(|| Failure::internal("no VIP to drill"))?;
    let address = vip.address().ok_or_else(|| Failure::internal("a VIP without an address"))?;
    let started = jiff::Zoned::now().timestamp().to_string();
    let mut entries = Vec::new();
    for scenario in scenarios {
        options.tell(Event::Drill { name: scenario.name, title: scenario.title });
        let drill = Drill::prepare(&cluster, &vip, address, options, scenario).await?;
        options.tell(Event::DrillExpects(drill.scenario.expected));
        let entry = drill.carry_out(budget).await;
        let Verdict { passed, gap, lost, sent, why, .. } = &entry.verdict;
        options.tell(Event::DrillEnded { passed: *passed, outage: *gap, lost: *lost, sent: *sent, why });
        entries.push(entry);
    }
    Ok(Run { cluster: cluster.name.clone(), vip: address.to_string(), started, entries })
}

/// One drill.
struct Drill {
    scenario: &'static Scenario,
    context: Context,
    target: String,
    vip: IpAddr,
    watchers: Watchers,
    options: Options,
    advert: Duration,
}

/// Why a step of a drill was not carried out.
#[derive(Debug, Error)]
enum StepFailed {
    #[error("not reachable")]
    NotReachable,
    #[error("{0}")]
    Script(String),
    #[error(transparent)]
    Lost(RemoteError),
    #[error("{0}")]
    Power(String),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Drill {
    async fn prepare(
        cluster: &Cluster,
        vip: &Vip,
        address: IpAddr,
        options: &Options,
        scenario: &'static Scenario,
    ) -> Result<Self, Failure> {
        let desk = Desk::connect_whole(cluster.clone(), options.clone()).await?;
        let observed = look(&desk, false).await;
        let problems = verify(cluster, &observed);
        if problems.iter().any(|problem| !problem.warning) {
            let mut all = vec![Problem::new(
                Code::NotGoodBefore,
                format!("{}: the cluster is not good to begin with; nothing was broken", scenario.name),
            )];
            all.extend(problems);
            return Err(Failure { exit: Exit::Verification, problems: all });
        }
        let owner = observed.owners(cluster, address).pop().unwrap_or_default();
        let target = match scenario.target {
            Target::Owner => Some(owner.clone()),
            Target::Standby => vip.members.iter().map(|member| member.host.clone()).find(|host| *host != owner),
            Target::Web => cluster.group(Group::Web).find(|host| host.managed).map(|host| host.name.clone()),
        };
        let Some(target) = target else {
            let message =
                format!("{}: there is no host to break: it needs two load balancers and a web host", scenario.name);
            return Err(Failure::one(Exit::Invalid, Problem::new(Code::NoTarget, message)));
        };
        let own = cluster.host(&target).map(|host| host.address);
        let seen = observed.hosts.get(&target);
        let link = seen.and_then(|seen| seen.addresses.iter().find(|(_, net)| Some(net.addr()) == own));
        let seconds = |name: &str| {
            cluster.role_params.get("vip").and_then(|role| role.get(name)).and_then(serde_json::Value::as_u64)
        };
        let role = cluster.role_params.get("vip");
        let guarded = role.and_then(|role| role.get("guard")).and_then(serde_json::Value::as_bool);
        let weight = role.and_then(|role| role.get("check_weight")).and_then(serde_json::Value::as_i64);
        let default = Context::default();
        let context = Context {
            interface: link.map_or_else(|| default.interface.clone(), |(name, _)| name.clone()),
            advert: vip.interval,
            check_interval: seconds("check_interval_s").map_or(default.check_interval, Duration::from_secs),
            max_fails: cluster.group(Group::Web).map(|host| host.backend.max_fails).max().unwrap_or(default.max_fails),
            guarded: guarded.unwrap_or(default.guarded),
            watched: weight.map_or(default.watched, |weight| weight == 0),
            ..default
        };
        let scenario = super::table::on(scenario, &context);
        let names: Vec<String> = cluster.managed().map(|host| host.name.clone()).collect();
        let secrets = Secrets::gather(cluster, names.iter().map(String::as_str))?;
        let watchers = Watchers::new(Arc::clone(&options.way), cluster.clone(), secrets, desk.hosts);
        Ok(Self { scenario, context, target, vip: address, watchers, options: options.clone(), advert: vip.interval })
    }

    async fn carry_out(&self, budget: Option<Duration>) -> Entry {
        let plan = self.scenario.plan(&self.context, budget);
        let begin = Instant::now();
        let site = &self.watchers.cluster().site;
        let failed = |reason: String, restored: bool| Entry {
            title: self.scenario.title.into(),
            target: self.target.clone(),
            verdict: not_run(self.scenario, &plan, reason, restored),
            timeline: None,
        };
        let clients = match Clients::start(self.vip, site.port, site.host_name(), begin) {
            Ok(clients) => clients,
            Err(failure) => return failed(failure.to_string(), true),
        };
        let samples = Mutex::new(Samples::default());
        let story = async {
            tokio::time::sleep(BEFORE).await;
            let fault_begin = clients.elapsed() + plan.begins_after;
            let injected = self.step(&plan.inject).await;
            if injected.is_ok() {
                tokio::time::sleep((fault_begin + plan.hold).saturating_sub(clients.elapsed())).await;
            }
            let fault_end = clients.elapsed();
            (fault_begin, injected, fault_end, self.restore(&plan.restore).await)
        };
        let (fault_begin, injected, fault_end, restored) = tokio::select! {
            told = story => told,
            () = sample(&self.watchers, self.vip, begin, &samples) => return failed("the sampler ended".into(), false),
        };
        let samples = samples.into_inner().unwrap_or_else(PoisonError::into_inner);
        let measured = clients.stop().await;
        if let Err(why) = injected {
            return failed(format!("{}: the fault could not be made: {why}", self.target), restored == Restored::Yes);
        }
        let (pings, requests) = match measured {
            Ok(streams) => streams,
            Err(failure) => return failed(failure.to_string(), restored == Restored::Yes),
        };
        let two_owners_found = samples.two_owners_at.map(|at| at.saturating_sub(fault_begin));
        let seen = Observations {
            target: self.target.clone(),
            fault_begin,
            fault_end,
            pings,
            requests,
            owners: samples.owners,
            two_owners_found,
            restored,
        };
        let verdict = judge(self.scenario, &plan, &seen);
        let timeline = Some(timeline(&seen, self.scenario.measure));
        Entry { title: self.scenario.title.into(), target: self.target.clone(), verdict, timeline }
    }

    async fn step(&self, step: &Step) -> Result<(), StepFailed> {
        match step {
            Step::Shell(script) => {
                let remote = self.watchers.connection(&self.target).await.ok_or(StepFailed::NotReachable)?;
                match remote.exec(script, b"", STEP_LIMIT).await {
                    Ok(output) if output.code == 0 => Ok(()),
                    Ok(output) => Err(StepFailed::Script(output.complaint())),
                    Err(error) => {
                        self.watchers.drop_connection(&self.target).await;
                        Err(StepFailed::Lost(error))
                    }
                }
            }
            Step::PowerOff => self.power("off").await,
            Step::PowerOn => self.power("on").await,
        }
    }

    async fn power(&self, state: &str) -> Result<(), StepFailed> {
        let program = std::env::current_exe()?;
        let output = tokio::process::Command::new(program).args(["lab", "power", &self.target, state]).output().await?;
        self.watchers.drop_connection(&self.target).await;
        match output.status.success() {
            true => Ok(()),
            false => Err(StepFailed::Power(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
        }
    }

    /// Undoes the fault, then waits until the cluster is as good as before and has stopped moving.
    async fn restore(&self, step: &Step) -> Restored {
        let end = Instant::now() + RESTORE_LIMIT;
        while let Err(why) = self.step(step).await {
            if Instant::now() > end {
                return Restored::No(format!("{}: {why}", self.target));
            }
            tokio::time::sleep(POLL).await;
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
        let problem = verify(&desk.cluster, &observed).into_iter().find(|problem| !problem.warning);
        problem.map(|problem| problem.message)
    }
}
