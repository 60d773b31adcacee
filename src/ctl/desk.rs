//! One command's view of a cluster: the inventory, who speaks, and the open connections.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use tokio::sync::mpsc::Sender;

use crate::ctl::cluster::{Cluster, Group, Host};
use crate::ctl::host::calls;
use crate::ctl::inventory::load::{Loaded, load, parse};
use crate::ctl::made_up::recall;
use crate::ctl::made_up_wordpress;
use crate::ctl::progress::{Event, Listener};
use crate::ctl::remote::{How, Output, Remote, Way};
use crate::ctl::resting::{Again, Resting};
use crate::ctl::secret::Secrets;
use crate::ctl::ssh::connect::PARALLEL;
use crate::ctl::state::state_folder;
use crate::error::{Code, Exit, Failure, Problem};

/// What every command that talks to hosts is told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Limit for connecting and for each remote step.
    pub limit: Duration,
    /// Take keys of hosts that are not known.
    pub accept_new: bool,
    /// Hosts worked on at the same time.
    pub parallel: usize,
    /// More hosts than that are not all held connected where that is not needed.
    pub held: usize,
    /// Tell of every remote command.
    pub commands: bool,
    /// Who is told what goes on.
    pub listener: Listener,
    /// How hosts are come by.
    pub way: Arc<dyn Way>,
}

impl Options {
    /// Tells what goes on.
    pub fn tell(&self, event: Event<'_>) {
        self.listener.tell(event);
    }
}

/// A cluster and its open connections.
pub struct Desk {
    /// The cluster.
    pub cluster: Cluster,
    /// How to behave.
    pub options: Options,
    /// Connections by host name.
    pub hosts: BTreeMap<String, Arc<dyn Remote>>,
    /// Hosts that could not be reached, and why.
    pub unreachable: Vec<(String, Problem)>,
    /// Of [`Desk::hosts`], those that are connected to anew for each script.
    resting: Vec<String>,
    /// Passwords, known so that they are not shown.
    secrets: Secrets,
}

impl Desk {
    /// Connects to all hosts at once.
    ///
    /// # Errors
    /// Only what is wrong before anything is contacted; unreachable hosts are listed in the result.
    pub async fn connect(cluster: Cluster, options: Options) -> Result<Self, Failure> {
        let names = cluster.managed().map(|host| host.name.clone()).collect();
        Self::connect_to(cluster, options, names).await
    }

    /// Connects to nobody: [`Desk::again`] does, as often as it takes, with the passwords that are fetched here once.
    ///
    /// # Errors
    /// As [`Desk::connect`].
    pub fn prepare(cluster: Cluster, options: Options) -> Result<Self, Failure> {
        let secrets = Secrets::gather(&cluster, cluster.managed().map(|host| host.name.as_str()))?;
        Ok(Self { cluster, options, hosts: BTreeMap::new(), unreachable: Vec::new(), resting: Vec::new(), secrets })
    }

    /// Connects to these hosts only.
    ///
    /// # Errors
    /// As [`Desk::connect`].
    pub async fn connect_to(cluster: Cluster, options: Options, names: Vec<String>) -> Result<Self, Failure> {
        options.tell(Event::Begin { what: "connecting", steps: names.len() });
        let secrets = Secrets::gather(&cluster, names.iter().map(String::as_str))?;
        Ok(Self::with(cluster, options, secrets, names).await)
    }

    async fn with(cluster: Cluster, options: Options, secrets: Secrets, names: Vec<String>) -> Self {
        let mut desk =
            Self { cluster, options, hosts: BTreeMap::new(), unreachable: Vec::new(), resting: Vec::new(), secrets };
        desk.admit(&names).await;
        desk
    }

    /// Connects to these hosts as well.
    async fn admit(&mut self, names: &[String]) {
        let connected = self.options.way.connect(&self.cluster, names, &self.secrets, self.how()).await;
        for (name, result) in connected {
            match result {
                Ok(remote) => drop(self.hosts.insert(name, remote)),
                Err(problem) => self.unreachable.push((name, problem)),
            }
        }
    }

    fn how(&self) -> How {
        How {
            limit: self.options.limit,
            accept_new: self.options.accept_new,
            parallel: self.turn(),
            listener: self.options.listener.clone(),
        }
    }

    /// Hosts that are connected to at the same time.
    fn turn(&self) -> usize {
        self.options.parallel.clamp(1, PARALLEL)
    }

    /// Connects to these hosts and asks each one thing, or nothing. Where they are more than [`Options::held`], those
    /// that run no agent rest afterwards: they are connected to anew for each script, until [`Desk::wake`]. The answers
    /// are those of hosts that were reached, in the order asked for.
    ///
    /// # Errors
    /// As [`Desk::connect`].
    pub async fn connect_asking(
        cluster: Cluster,
        options: Options,
        names: &[String],
        script: impl Fn(&Host) -> Option<String>,
    ) -> Result<(Self, Vec<(String, Result<Output, Problem>)>), Failure> {
        options.tell(Event::Begin { what: "connecting", steps: names.len() });
        let secrets = Secrets::gather(&cluster, names.iter().map(String::as_str))?;
        let mut desk = Self::with(cluster, options, secrets, Vec::new()).await;
        let many = (names.len() > desk.options.held).then(|| Arc::new(desk.ways_again()));
        let turn = if many.is_some() { desk.turn() } else { names.len().max(1) };
        let mut answers = Vec::with_capacity(names.len());
        for some in names.chunks(turn) {
            desk.admit(some).await;
            let asked = some.iter().filter(|name| desk.hosts.contains_key(*name));
            let asked = asked.filter_map(|name| Some((name.as_str(), script(desk.cluster.host(name)?)?, Vec::new())));
            answers.extend(desk.on_all(asked).await);
            if let Some(again) = &many {
                some.iter().for_each(|name| desk.rest(name, again));
            }
        }
        Ok((desk, answers))
    }

    fn ways_again(&self) -> Again {
        let (way, cluster) = (Arc::clone(&self.options.way), self.cluster.clone());
        Again { way, cluster, secrets: self.secrets.clone(), how: self.how() }
    }

    /// Lets a connection go, unless the host runs an agent: those are few, and asked often.
    fn rest(&mut self, name: &str, again: &Arc<Again>) {
        let runs_agent = self.cluster.host(name).is_some_and(|host| self.cluster.runs_agent(host));
        if let Some(remote) = self.hosts.get_mut(name).filter(|_| !runs_agent) {
            *remote = Arc::new(Resting { host: name.to_owned(), again: Arc::clone(again) });
            self.resting.push(name.to_owned());
        }
    }

    /// Connects to those that rest, and holds them from now on.
    ///
    /// # Errors
    /// Exit 4 with every host that does not answer any more; nothing was changed.
    pub async fn wake(&mut self) -> Result<(), Failure> {
        let names = std::mem::take(&mut self.resting);
        if !names.is_empty() {
            self.hosts.retain(|name, _| !names.contains(name));
            self.admit(&names).await;
        }
        self.all_reached()
    }

    /// Asks each of these hosts one thing, for commands that need no more of them: each is connected when its turn
    /// comes and let go when it has answered, since open connections are most of what many hosts cost in memory. The
    /// answers are in the order asked for, with what keeps a host from being reached in its place.
    ///
    /// # Errors
    /// As [`Desk::connect`].
    pub async fn ask_in_turns(
        cluster: &Cluster,
        options: Options,
        names: &[String],
        script: impl Fn(&Host) -> String,
    ) -> Result<Vec<(String, Result<Output, Problem>)>, Failure> {
        options.tell(Event::Begin { what: "connecting", steps: names.len() });
        let secrets = Secrets::gather(cluster, names.iter().map(String::as_str))?;
        let mut desk = Self::with(cluster.clone(), options, secrets, Vec::new()).await;
        let mut answers = Vec::with_capacity(names.len());
        for some in names.chunks(desk.turn()) {
            desk.admit(some).await;
            let hosts = some.iter().filter_map(|name| desk.cluster.host(name));
            answers.extend(desk.on_all(hosts.map(|host| (host.name.as_str(), script(host), Vec::new()))).await);
            desk.hosts.clear();
            desk.unreachable.clear();
        }
        Ok(answers)
    }

    /// New connections to these hosts, with the secrets that are known already. Who cannot be reached is listed in the
    /// result.
    pub async fn again(&self, names: Vec<String>) -> Self {
        Self::with(self.cluster.clone(), self.options.clone(), self.secrets.clone(), names).await
    }

    /// The same, but every host must answer.
    ///
    /// # Errors
    /// Exit 4 with every host that does not; nothing was changed.
    pub async fn connect_whole(cluster: Cluster, options: Options) -> Result<Self, Failure> {
        Self::connect(cluster, options).await?.whole()
    }

    /// This desk, if every host that it was to connect to answers.
    ///
    /// # Errors
    /// Exit 4 with every host that does not; nothing was changed.
    pub fn whole(mut self) -> Result<Self, Failure> {
        self.all_reached()?;
        Ok(self)
    }

    fn all_reached(&mut self) -> Result<(), Failure> {
        if self.unreachable.is_empty() {
            return Ok(());
        }
        let unreachable = std::mem::take(&mut self.unreachable).into_iter();
        let mut problems: Vec<Problem> = unreachable.map(|(_, problem)| problem).collect();
        problems.dedup(); // what is wrong here is wrong for all hosts
        if let Some(last) = problems.last_mut() {
            last.why = Some(match last.why.take() {
                Some(why) if why.contains("nothing was changed") => why,
                Some(why) => format!("{why} (nothing was changed)"),
                None => "nothing was changed".into(),
            });
        }
        Err(Failure { exit: Exit::Preflight, problems })
    }

    /// Goes on without the hosts that could not be reached, as if they had not been asked for; they are returned. Where
    /// nobody was reached, nobody is left out.
    pub fn leave_out(&mut self) -> Vec<(String, Problem)> {
        if self.hosts.is_empty() { Vec::new() } else { std::mem::take(&mut self.unreachable) }
    }

    /// This desk for a command that some hosts are enough for: who does not answer is told, and left out.
    pub fn say_unreachable(&self) {
        self.say_unreachable_but(None);
    }

    /// The same without the one whose reason ends the command.
    pub fn say_unreachable_but(&self, one: Option<&str>) {
        for (_, problem) in self.unreachable.iter().filter(|(name, _)| one != Some(name)) {
            self.options.tell(Event::Warning(&problem.clone().warn()));
        }
    }

    /// The connected hosts that run an agent, in the order written.
    pub fn agents(&self) -> Vec<&Host> {
        self.cluster.agents().filter(|host| self.hosts.contains_key(&host.name)).collect()
    }

    /// The connected hosts of a group, in the order written.
    pub fn group(&self, group: Group) -> Vec<&Host> {
        self.cluster.group(group).filter(|host| self.hosts.contains_key(&host.name)).collect()
    }

    /// Runs a script on some hosts at once, on no more than [`Options::parallel`] of them: only their scripts are in
    /// memory at a time, since each is taken when its turn comes. The answers are in the order asked for.
    pub async fn on_all<'a>(
        &self,
        scripts: impl IntoIterator<Item = (&'a str, String, Vec<u8>)>,
    ) -> Vec<(String, Result<Output, Problem>)> {
        let runs = scripts.into_iter().map(|(host, script, stdin)| async move {
            let answer = self.on(host, &script, &stdin, self.options.limit).await;
            self.options.tell(Event::Step);
            (host.to_owned(), answer)
        });
        self.at_once(runs).await
    }

    /// Carries out what is to be done for many hosts, for no more than [`Options::parallel`] of them at a time. The
    /// results are in the order given.
    pub async fn at_once<F: Future>(&self, all: impl IntoIterator<Item = F>) -> Vec<F::Output> {
        stream::iter(all).buffered(self.options.parallel.max(1)).collect().await
    }

    /// Runs a script on one host. What travels to it and what it does have time of their own: a line may be slow, and a
    /// role may have thousands of files.
    ///
    /// # Errors
    /// Not connected, lost, or out of time. A script that fails is an [`Output`] with its code.
    pub async fn on(&self, host: &str, script: &str, stdin: &[u8], limit: Duration) -> Result<Output, Problem> {
        let remote = self.remote(host)?;
        if self.options.commands {
            let script = self.shown(script);
            self.options.tell(Event::Command { host, script: &script, input: stdin.len() });
        }
        let begin = std::time::Instant::now();
        let calls = calls(script).lines().count();
        let own = u64::try_from(stdin.len() / SLOW_BYTES_PER_MS + calls * SLOW_CALL_MS).unwrap_or(0);
        let answer = remote.exec(script, stdin, limit + Duration::from_millis(own)).await;
        if self.options.commands {
            let end = answer.as_ref().map(|output| output.code).map_err(|error| error as &dyn std::fmt::Display);
            self.options.tell(Event::CommandEnded { host, end, after: begin.elapsed() });
        }
        answer.map_err(|error| error.problem(host))
    }

    /// Runs a script on one host, and hands on what it prints as it comes, until it ends or nobody takes it.
    ///
    /// # Errors
    /// As [`Desk::on`].
    pub async fn follow(
        &self,
        host: &str,
        script: &str,
        to: Sender<Vec<u8>>,
        limit: Duration,
    ) -> Result<Output, Problem> {
        let remote = self.remote(host)?;
        if self.options.commands {
            self.options.tell(Event::Command { host, script: &self.shown(script), input: 0 });
        }
        remote.follow(script, to, limit).await.map_err(|error| error.problem(host))
    }

    fn remote(&self, host: &str) -> Result<&Arc<dyn Remote>, Problem> {
        self.hosts.get(host).ok_or_else(|| {
            let why = self.unreachable.iter().find(|(name, _)| name == host).map(|(_, problem)| problem.clone());
            why.unwrap_or_else(|| Problem::on(host, Code::ConnectionLost, "not connected"))
        })
    }

    /// What a script calls, without the secrets that this desk knows.
    fn shown(&self, script: &str) -> String {
        self.secrets().iter().fold(calls(script), |text, secret| text.replace(secret, "…"))
    }

    /// Every secret that this desk knows, so that none is shown.
    pub fn secrets(&self) -> Vec<&str> {
        let logins = self.secrets.all().map(|secret| secret.0.as_str()).filter(|secret| !secret.is_empty());
        self.cluster.secrets().chain(logins).collect()
    }
}

/// Who deploys, for the lock: user, machine and process.
pub fn owner_name() -> String {
    let uid = nix::unistd::getuid();
    let known = || nix::unistd::User::from_uid(uid).ok().flatten().map(|user| user.name);
    let user = std::env::var("USER").ok().or_else(known).unwrap_or_else(|| format!("uid{uid}"));
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
    let plain =
        |text: &str| text.chars().filter(|c| c.is_ascii_alphanumeric() || "-._".contains(*c)).collect::<String>();
    format!("{}@{} {}", plain(&user), plain(&host), std::process::id())
}

/// The inventory to use: named, `./inventory.yaml`, or the last one deployed.
///
/// # Errors
/// None of them is there, exit 3.
pub fn find_inventory(named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(file) = named {
        return Ok(file.to_owned());
    }
    let here = PathBuf::from("inventory.yaml");
    if here.exists() {
        return Ok(here);
    }
    if let Some(last) = last_deployed() {
        return Ok(last);
    }
    let problem = Problem::new(
        Code::NoInventory,
        "no inventory: none was named, there is no ./inventory.yaml, and nothing was deployed yet",
    )
    .next("name one with -i FILE, or `hactl init > inventory.yaml`");
    Err(Failure::one(Exit::Invalid, problem))
}

/// What a slow line carries in a millisecond: a megabit in a second.
const SLOW_BYTES_PER_MS: usize = 128;
/// What a slow host needs for one call of a function of `host.sh`, in milliseconds.
const SLOW_CALL_MS: usize = 10;

/// Loads the inventory and tells of its warnings.
///
/// # Errors
/// As [`load`].
pub fn open(named: Option<&Path>, options: &Options) -> Result<Cluster, Failure> {
    Ok(opened(load(&find_inventory(named)?)?, options))
}

/// The same with a text that is not in the inventory's file yet.
///
/// # Errors
/// As [`load`].
pub fn open_edited(named: Option<&Path>, text: &str, options: &Options) -> Result<Cluster, Failure> {
    Ok(opened(parse(&find_inventory(named)?, text)?, options))
}

fn opened(mut loaded: Loaded, options: &Options) -> Cluster {
    recall(&mut loaded.cluster);
    made_up_wordpress::recall(&mut loaded.cluster);
    for warning in &loaded.warnings {
        options.tell(Event::Warning(warning));
    }
    loaded.cluster
}

fn state_file() -> Option<PathBuf> {
    Some(state_folder()?.join("last-inventory"))
}

fn last_deployed() -> Option<PathBuf> {
    let text = std::fs::read_to_string(state_file()?).ok()?;
    Some(PathBuf::from(text.trim())).filter(|path| path.exists())
}

/// Remembers the inventory for commands that name none.
pub fn remember(file: &Path) {
    let (Some(state), Ok(file)) = (state_file(), std::fs::canonicalize(file)) else { return };
    // A convenience only: without it the next command wants -i.
    let _ = state.parent().map(std::fs::create_dir_all);
    let _ = std::fs::write(state, file.display().to_string());
}
