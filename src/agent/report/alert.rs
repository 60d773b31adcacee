//! Who is told of what: changes of state and trouble go by mail where the configuration asks for it, and by webhook.
//! Each way has a queue of its own with a limit; a way that fails is said to fail once.

use std::collections::HashSet;
use std::time::Duration;

use hactl_engine::conf::config::Config;
use hactl_engine::control::RouterState;
use hactl_engine::notice::account::About;
use hactl_engine::notice::{Level, Notice, What};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::error::NotDelivered;
use super::mail::Post;
use super::mail_text::address;
use super::webhook::Target;
use super::wording::Report;
use crate::agent::command::secret::read_secret;

/// Reports that may wait for a slow server; beyond that the newest is lost, aloud.
const QUEUE: usize = 256;
/// Pauses before the second and third try.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// How long a stop waits for the last reports.
const FAREWELL: Duration = Duration::from_secs(5);

/// The ways, and who wants mail.
#[derive(Default)]
pub(crate) struct Alerts {
    config: Config,
    node: String,
    mail: Option<Courier>,
    webhook: Option<Courier>,
    wants_mail: HashSet<String>,
}

impl Alerts {
    /// Takes a configuration. A way that did not change keeps its queue; the others deliver what they hold and end.
    pub(crate) fn configure(&mut self, config: &Config) {
        let host_name = host_name();
        self.node = config.global.router_id.clone().unwrap_or_else(|| host_name.clone());
        let instances = config.instances.iter().filter(|one| one.smtp_alert).map(|one| one.name.clone());
        let groups = config.groups.iter().filter(|one| one.smtp_alert).map(|one| one.name.clone());
        self.wants_mail = instances.chain(groups).collect();
        let post = Post::new(config, host_name);
        let named = post.iter().flat_map(|post| post.mail.recipients.iter().chain(&post.mail.from));
        named.filter_map(|one| address(one).err()).for_each(|why| tracing::error!("mail: {why}"));
        if let Some((_, file)) = post.as_ref().and_then(|post| post.login.as_ref())
            && let Err(why) = read_secret(file)
        {
            tracing::error!("smtp_password_file {file}: {why}; no mail is sent until that is mended");
        }
        let mail = post.map(Way::Mail);
        let authorities = config.own.tls_authorities.as_deref();
        let webhook = config.own.webhook.as_ref().and_then(|url| match Target::parse(url, authorities) {
            Ok(target) => Some(Way::Webhook(target)),
            Err(why) => {
                tracing::error!("{why}");
                None
            }
        });
        if mail.is_none() && !self.wants_mail.is_empty() {
            tracing::warn!("smtp_alert is set but notification_email names nobody: nothing is mailed");
        }
        Courier::replace(&mut self.mail, mail);
        Courier::replace(&mut self.webhook, webhook);
        // Without mail and webhook nothing reads the configuration here, so no copy of it is kept.
        let told = config.global.mail.is_some() || config.own.webhook.is_some();
        self.config = if told { config.clone() } else { Config::default() };
    }

    /// Passes a notice on to whom it concerns.
    pub(crate) fn tell(&mut self, notice: &Notice, unix_ms: u64) {
        let no_faults = self.config.global.mail.as_ref().is_some_and(|mail| mail.no_faults);
        let by_mail = match notice.what.about() {
            About::VirtualServer => self.mails_server(notice),
            About::Instance | About::Group => {
                self.wants_mail.contains(&notice.instance) && is_mailed(&notice.what, no_faults)
            }
        };
        let by_web = is_transition(&notice.what) || notice.what.level() >= Level::Warning;
        let report = || Report::new(&self.node, notice, &self.config, unix_ms);
        if let Some(courier) = self.mail.as_ref().filter(|_| by_mail) {
            courier.send(report());
        }
        if let Some(courier) = self.webhook.as_ref().filter(|_| by_web) {
            courier.send(report());
        }
    }

    /// `smtp_alert` of virtual servers (their quorum) and of real servers.
    fn mails_server(&self, notice: &Notice) -> bool {
        let server = self.config.virtual_servers.iter().find(|server| server.name == notice.instance);
        let Some(server) = server.filter(|_| !self.config.global.lvs.no_emails) else { return false };
        match &notice.what {
            What::Quorum { begun, .. } => server.smtp_alert && !begun,
            What::RealServer { address, .. } => {
                server.real_servers.iter().any(|real| real.address == *address && real.smtp_alert)
            }
            _ => false,
        }
    }

    /// Delivers what waits, but not for ever.
    pub(crate) async fn finish(self) {
        let ways = [self.mail, self.webhook].into_iter().flatten().map(Courier::finish);
        futures_util::future::join_all(ways).await;
    }
}

/// This host's name.
pub(crate) fn host_name() -> String {
    let name = nix::unistd::gethostname().unwrap_or_default();
    if name.is_empty() { "localhost".into() } else { name.to_string_lossy().into_owned() }
}

fn is_transition(what: &What) -> bool {
    matches!(what, What::Entered { .. } | What::GroupEntered { .. })
}

fn is_mailed(what: &What, no_faults: bool) -> bool {
    let (What::Entered { to, .. } | What::GroupEntered { to, .. }) = what else {
        return what.level() == Level::Error;
    };
    match to {
        RouterState::Master | RouterState::Backup | RouterState::Stopped => true,
        RouterState::Fault => !no_faults,
        RouterState::Init | RouterState::Handover => false, // on the way to a state, not states of keepalived
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Way {
    Mail(Post),
    Webhook(Target),
}

impl Way {
    async fn deliver(&self, report: &Report) -> Result<(), NotDelivered> {
        match self {
            Self::Mail(post) => post.send(report).await,
            Self::Webhook(target) => target.post(&report.json).await,
        }
    }
}

/// A way with its queue and its worker.
struct Courier {
    way: Way,
    queue: mpsc::Sender<Report>,
    worker: JoinHandle<()>,
}

impl Courier {
    /// Puts another way in place of one. The old one's worker ends when its queue is empty.
    fn replace(place: &mut Option<Self>, way: Option<Way>) {
        if place.as_ref().map(|courier| &courier.way) == way.as_ref() {
            return;
        }
        *place = way.map(|way| {
            let (queue, waiting) = mpsc::channel(QUEUE);
            Self { way: way.clone(), queue, worker: tokio::spawn(work(way, waiting)) }
        });
    }

    fn send(&self, report: Report) {
        if let Err(error) = self.queue.try_send(report) {
            let lost = match &error {
                mpsc::error::TrySendError::Full(report) | mpsc::error::TrySendError::Closed(report) => &report.subject,
            };
            tracing::error!("alert not sent, {QUEUE} wait already: {lost}");
        }
    }

    async fn finish(self) {
        drop(self.queue);
        if timeout(FAREWELL, self.worker).await.is_err() {
            tracing::warn!("the last alerts could not be delivered within {} s", FAREWELL.as_secs());
        }
    }
}

async fn work(way: Way, mut waiting: mpsc::Receiver<Report>) {
    let mut said = false;
    while let Some(report) = waiting.recv().await {
        let mut outcome = way.deliver(&report).await;
        for pause in PAUSES {
            if outcome.is_ok() {
                break;
            }
            sleep(pause).await;
            outcome = way.deliver(&report).await;
        }
        match &outcome {
            Ok(()) if said => tracing::info!("alerts are delivered again"),
            Ok(()) => {}
            Err(why) if said => tracing::debug!("alert not delivered: {why}: {}", report.subject),
            Err(why) => {
                tracing::error!("alert not delivered: {why}: {} (further failures are not said)", report.subject);
            }
        }
        said = outcome.is_err();
    }
}

#[cfg(test)]
mod tests {
    use hactl_engine::conf::config::VrrpInstance;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    fn notice(instance: &str, to: RouterState) -> Notice {
        let from = RouterState::Backup;
        let what = What::Entered { from, to, reason: "silence".into(), priority: 91, lasted_ms: 1300 };
        Notice { instance: instance.into(), what }
    }

    #[test]
    fn what_is_mailed() {
        let failed = What::Failed { error: "no".into() };
        assert!(is_mailed(&failed, true));
        assert!(!is_mailed(&What::Priority { from: 1, to: 2, state: RouterState::Backup }, false));
        let fault = notice("VI_1", RouterState::Fault).what;
        assert!(is_mailed(&fault, false) && !is_mailed(&fault, true));
        assert!(!is_mailed(&notice("VI_1", RouterState::Handover).what, false));
    }

    /// Takes `count` connections, fails the first, and returns the bodies.
    async fn hook(listener: TcpListener, count: usize) -> Vec<serde_json::Value> {
        let mut bodies = Vec::new();
        for number in 0..count {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                stream.read_buf(&mut request).await.unwrap();
            }
            let status = if number == 0 { "500 No" } else { "200 Yes" };
            stream.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await.unwrap();
            let text = String::from_utf8(request).unwrap();
            bodies.push(serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap());
        }
        bodies
    }

    #[tokio::test]
    async fn a_webhook_hears_of_everything_in_order_and_is_tried_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = Config::default();
        config.global.router_id = Some("lb-5".into());
        config.own.webhook = Some(format!("http://{}/", listener.local_addr().unwrap()));
        config.instances.push(VrrpInstance::new("VI_1", "eth0", 51).into());
        let server = tokio::spawn(hook(listener, 3));
        let mut alerts = Alerts::default();
        alerts.configure(&config);
        alerts.tell(&notice("VI_1", RouterState::Master), 1);
        alerts.tell(
            &Notice { instance: "VI_1".into(), what: What::Priority { from: 1, to: 2, state: RouterState::Backup } },
            2,
        );
        alerts.configure(&config); // keeps what waits
        alerts.tell(&Notice { instance: "VI_1".into(), what: What::Failed { error: "no".into() } }, 3);
        alerts.finish().await;
        let bodies = server.await.unwrap();
        let seen: Vec<_> = bodies.iter().map(|body| (&body["node"], &body["unix_ms"], &body["level"])).collect();
        assert_eq!(
            serde_json::json!(seen),
            serde_json::json!([["lb-5", 1, "info"], ["lb-5", 1, "info"], ["lb-5", 3, "error"]])
        );
    }
}
