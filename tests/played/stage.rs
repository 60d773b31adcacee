//! A cluster of played hosts, a web server that answers for all of them, and desks that deploy to it.

use std::future::Future;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use hactl::ctl::apply::deploy::{Deployed, Order, Planned, deploy};
use hactl::ctl::apply::show::show_plan;
use hactl::ctl::desk::{Desk, Options, open};
use hactl::ctl::progress::{Event, Listener};
use hactl::ctl::report::Outcome;
use hactl::ctl::verify::status::{Status, status_with_drift};
use hactl::error::{Code, Exit, Problem};
use serde::Serialize;

use super::host::{Host, Snapshot, differences};
use super::{json, program, remote};

/// A signal reaches every desk of this process: the story that sends one is alone.
static ALONE: RwLock<()> = RwLock::new(());

/// The cluster of a story.
pub(crate) struct Stage {
    // Hosts end before their folders go.
    way: remote::Stage,
    runtime: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
    port: u16,
    /// Web hosts carry a VIP of their own, and are a LAN by themselves.
    carried: bool,
    /// What the web server answers; 0 closes the connection.
    pub answer: Arc<AtomicU16>,
    /// The desk's own words about what went on.
    pub told: Arc<Mutex<Vec<String>>>,
    /// The plans that were shown.
    pub shown: Arc<Mutex<Vec<String>>>,
    pub order: Order,
    pub limit: Duration,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct End<T> {
    pub exit: Exit,
    pub problems: Vec<Problem>,
    pub value: Option<T>,
}

impl<T> End<T> {
    pub(crate) fn of(outcome: Outcome<T>) -> Self {
        match outcome {
            Ok(report) => Self { exit: report.exit, problems: report.problems, value: Some(report.value) },
            Err(failure) => Self { exit: failure.exit, problems: failure.problems, value: None },
        }
    }

    /// The codes of what is wrong.
    pub(crate) fn codes(&self) -> Vec<Code> {
        self.problems.iter().map(|problem| problem.code).collect()
    }

    /// Everything said, as people see it.
    pub(crate) fn said(&self) -> String {
        self.problems.iter().map(|problem| format!("{problem}\n")).collect()
    }

    /// Ended so, with these problems.
    pub(crate) fn is(&self, exit: Exit, codes: &[Code]) {
        assert_eq!((self.exit, self.codes()), (exit, codes.to_vec()), "{}", self.said());
    }
}

impl<T: Serialize> End<T> {
    /// What a program would read of it is as docs/json.md describes it.
    pub(crate) fn is_as_described(&self, command: &str) {
        let exit = self.exit as u8;
        let mut document = serde_json::json!({"command": command, "exit": exit, "problems": self.problems});
        let fields = self.value.as_ref().map(|value| serde_json::to_value(value).unwrap());
        document
            .as_object_mut()
            .unwrap()
            .extend(fields.and_then(|fields| fields.as_object().cloned()).unwrap_or_default());
        json::document(document.to_string().as_bytes(), Some(exit.into()));
    }
}

/// Load balancers and a web host, with nginx on them; `None` where no host can be played.
pub(crate) fn stage(names: &[&str]) -> Option<Stage> {
    stage_with(names, &[], true)
}

/// The same with these parts of the disks being small ones, and perhaps without nginx.
pub(crate) fn stage_with(names: &[&str], small: &[(&str, usize)], nginx: bool) -> Option<Stage> {
    make(names, small, nginx, false)
}

/// The same with a second VIP, which the web hosts carry.
pub(crate) fn carried(names: &[&str]) -> Option<Stage> {
    make(names, &[], true, true)
}

fn make(names: &[&str], small: &[(&str, usize)], nginx: bool, carried: bool) -> Option<Stage> {
    if !cfg!(target_arch = "x86_64") {
        eprintln!("SKIPPED: the played program is one for x86-64");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    for (lan, vip) in [("lan", VIP), ("carriers", CARRIED)] {
        let lan = folder.path().join(lan);
        std::fs::create_dir_all(lan.join("alive")).unwrap();
        std::fs::write(lan.join("owner"), "").unwrap();
        std::fs::write(lan.join("vip"), vip).unwrap();
    }
    let answer = Arc::new(AtomicU16::new(200));
    let port = serve(Arc::clone(&answer));
    let mut way = remote::Stage::default();
    for name in names {
        let last = name.rsplit('-').next().unwrap();
        let at = folder.path().join(name);
        std::fs::create_dir(&at).unwrap();
        let (lan, vip) = if carried && name.starts_with("web") { ("carriers", CARRIED) } else { ("lan", VIP) };
        let host = match Host::new(at, &folder.path().join(lan), name, &format!("127.0.0.{last}"), small) {
            Ok(host) => host,
            Err(why) => {
                eprintln!("SKIPPED: no namespaces for who runs this: {why}");
                return None;
            }
        };
        host.tells("serves", vip);
        way.hosts.insert((*name).to_owned(), Arc::new(if nginx { host.with_nginx() } else { host }));
    }
    let order = Order {
        inventory: Some(folder.path().join("inventory.yaml")),
        edited: None,
        limit: Vec::new(),
        only: Vec::new(),
        exactly: None,
        batch: 1,
        keep_failed: false,
        accept_gap: false,
        skip_unreachable: false,
        canary: None,
        binary: Some(folder.path().join("hactl")),
        keep_binary: false,
        settle: Duration::from_millis(400),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (told, shown) = (Arc::default(), Arc::default());
    let stage =
        Stage { way, runtime, folder, port, carried, answer, told, shown, order, limit: Duration::from_secs(20) };
    stage.binary("one");
    stage.inventory("");
    Some(stage)
}

const VIP: &str = "127.0.0.3";
/// The VIP of web hosts.
const CARRIED: &str = "127.0.0.4";

impl Deref for Stage {
    type Target = remote::Stage;

    fn deref(&self) -> &remote::Stage {
        &self.way
    }
}

impl Stage {
    /// Another version of the program that goes to load balancers.
    pub(crate) fn binary(&self, version: &str) {
        std::fs::write(self.path("hactl"), program::hactl(version)).unwrap();
    }

    /// Writes the inventory of all hosts, with these lines more.
    pub(crate) fn inventory(&self, more: &str) {
        let names: Vec<&str> = self.hosts.keys().map(String::as_str).collect();
        self.inventory_of(&names, more);
    }

    /// Writes the inventory of these hosts.
    pub(crate) fn inventory_of(&self, names: &[&str], more: &str) {
        let group = |kind: &str, rest: &str| -> String {
            let hosts = names.iter().filter(|name| name.starts_with(kind));
            hosts
                .map(|name| format!("  {name}: {{ address: 127.0.0.{}{rest} }}\n", name.rsplit('-').next().unwrap()))
                .collect()
        };
        let (lb, web) = (group("lb", ""), group("web", &format!(", port: {}", self.port)));
        let vip = if self.carried {
            let hosts: Vec<&str> = names.iter().filter(|name| name.starts_with("web")).copied().collect();
            format!("\n  - {VIP}/24\n  - {{ address: {CARRIED}/24, name: db, hosts: [{}] }}", hosts.join(", "))
        } else {
            format!(" {VIP}/24")
        };
        let text = format!("vip:{vip}\nlb:\n{lb}web:\n{web}site: {{ port: {} }}\n{more}", self.port);
        self.write("inventory.yaml", &text);
    }

    /// Writes a file beside the inventory.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn host(&self, name: &str) -> &Host {
        &self.hosts[name]
    }

    /// Who owns the VIP.
    pub(crate) fn owner(&self) -> String {
        std::fs::read_to_string(self.path("lan/owner")).unwrap()
    }

    /// Who owns the VIP that web hosts carry.
    pub(crate) fn carrier(&self) -> String {
        std::fs::read_to_string(self.path("carriers/owner")).unwrap()
    }

    /// From now on an agent waits before it claims a VIP that nobody has.
    pub(crate) fn agents_wait(&self) {
        self.write("lan/waits", "");
        self.write("carriers/waits", "");
    }

    pub(crate) fn options(&self) -> Options {
        let told = Arc::clone(&self.told);
        let listen = move |event: Event<'_>| {
            let words = match event {
                Event::HostDone { host } => format!("{host}: done"),
                Event::Watching { host, time } => format!("{host}: watched for {} s", time.as_secs()),
                Event::TakingBack { host } => format!("{host}: taking back"),
                Event::Warning(problem) => problem.to_string(),
                Event::AskedToResign { host, .. } => format!("{host}: asked to resign"),
                _ => return,
            };
            told.lock().unwrap().push(words);
        };
        let way = Arc::new(self.way.clone());
        Options {
            limit: self.limit,
            accept_new: false,
            parallel: 8,
            held: 8,
            commands: false,
            listener: Listener::new(listen),
            way,
        }
    }

    /// Runs a command of the desk to its end.
    pub(crate) fn run<T>(&self, command: impl Future<Output = T>) -> T {
        self.runtime.block_on(command)
    }

    pub(crate) fn deploy(&self) -> End<Deployed> {
        self.deploy_as(&self.order)
    }

    pub(crate) fn deploy_as(&self, order: &Order) -> End<Deployed> {
        let _others = others();
        self.run(async { End::of(deploy(order, self.options(), &|_| Ok(true)).await) })
    }

    /// The same with something that happens while the plan is shown.
    pub(crate) fn deploy_while(&self, meanwhile: impl Fn() + Sync) -> End<Deployed> {
        let _others = others();
        let confirm = |plan: &Planned| {
            let what = plan.hosts.iter().flat_map(|host| &host.changes).map(|change| change.what.clone());
            self.shown.lock().unwrap().push(what.collect::<Vec<_>>().join("\n"));
            meanwhile();
            Ok(true)
        };
        self.run(async { End::of(deploy(&self.order, self.options(), &confirm).await) })
    }

    /// The same where nobody else deploys in this process, for who is interrupted.
    pub(crate) fn deploy_alone(&self) -> End<Deployed> {
        let _alone = ALONE.write().unwrap_or_else(PoisonError::into_inner);
        self.run(async { End::of(deploy(&self.order, self.options(), &|_| Ok(true)).await) })
    }

    /// A deploy whose desk is killed, as one of the hosts was told to see to.
    pub(crate) fn deploy_and_die(&self) {
        let _others = others();
        let killed = self.run(async {
            tokio::select! {
                end = deploy(&self.order, self.options(), &|_| Ok(true)) => Err(End::of(end)),
                () = self.death.notified() => Ok(()),
            }
        });
        killed.unwrap();
    }

    pub(crate) fn plan(&self) -> End<Planned> {
        self.run(async { End::of(show_plan(&self.order, self.options(), None).await) })
    }

    /// A plan that is written to a file beside the inventory.
    pub(crate) fn plan_to(&self, name: &str) -> End<Planned> {
        let path = self.path(name);
        self.run(async { End::of(show_plan(&self.order, self.options(), Some(&path)).await) })
    }

    /// `hactl status --drift`.
    pub(crate) fn drift(&self) -> End<Status> {
        self.run(async {
            let cluster = open(self.order.inventory.as_deref(), &self.options()).unwrap();
            let desk = Desk::connect(cluster, self.options()).await.unwrap();
            End::of(status_with_drift(&desk).await)
        })
    }

    /// A deploy that must succeed.
    pub(crate) fn deployed(&self) -> Deployed {
        let end = self.deploy();
        end.is(Exit::Done, &[]);
        let value = end.value.unwrap();
        assert_eq!(value.verified, Some(true));
        value
    }

    /// Everything is as it was then, and nobody owns the VIPs, or these.
    pub(crate) fn reset_both(&self, then: &[(String, Snapshot)], [owner, carrier]: &[String; 2]) {
        self.reset(then, owner);
        std::fs::write(self.path("carriers/owner"), carrier).unwrap();
    }

    /// The same of the only one.
    pub(crate) fn reset(&self, then: &[(String, Snapshot)], owner: &str) {
        for (name, snapshot) in then {
            self.host(name).reset(snapshot);
            let lan = if self.carried && name.starts_with("web") { "carriers" } else { "lan" };
            let alive = self.path(lan).join("alive").join(name);
            if self.host(name).has("played/units/hactl-agent.active") {
                std::fs::write(alive, "").unwrap();
            } else if alive.exists() {
                std::fs::remove_file(alive).unwrap();
            }
        }
        std::fs::write(self.path("lan/owner"), owner).unwrap();
        self.told.lock().unwrap().clear();
    }

    /// Everything on every host.
    pub(crate) fn snapshot(&self) -> Vec<(String, Snapshot)> {
        self.hosts.iter().map(|(name, host)| (name.clone(), host.snapshot())).collect()
    }

    /// What is another than it was, as `HOST: changed PATH`.
    pub(crate) fn changes(&self, before: &[(String, Snapshot)]) -> Vec<String> {
        let changes = |(name, before): &(String, Snapshot)| -> Vec<String> {
            let found = differences(before, &self.hosts[name].snapshot());
            found.into_iter().map(|what| format!("{name}: {what}")).collect()
        };
        before.iter().flat_map(changes).collect()
    }

    /// The same without what hactl keeps for itself.
    pub(crate) fn live_changes(&self, before: &[(String, Snapshot)]) -> Vec<String> {
        self.changes(before).into_iter().filter(|change| !change.contains("/var/lib/hactl")).collect()
    }

    /// Time passes: every lock is void, and what was not committed goes back.
    pub(crate) fn wait_long(&self) {
        for host in self.hosts.values() {
            host.fire();
        }
    }

    /// Every lock names a process that lives no more.
    pub(crate) fn holder_is_dead(&self) {
        for host in self.hosts.values() {
            host.sh("[ ! -e /var/lib/hactl/lock ] || sed -i 's/ [0-9]*$/ 4194999/' /var/lib/hactl/lock");
        }
    }
}

pub(crate) fn others() -> RwLockReadGuard<'static, ()> {
    ALONE.read().unwrap_or_else(PoisonError::into_inner)
}

/// A web server on every address of the loopback; its port.
fn serve(answer: Arc<AtomicU16>) -> u16 {
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let status = answer.load(Ordering::SeqCst);
            if status > 0 {
                let _ = stream.set_read_timeout(Some(Duration::from_millis(300)));
                let _ = stream.read(&mut [0; 1024]);
                let _ = write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        }
    });
    port
}
