//! The door on the loopback: who may come in, and what is where behind it. A browser that was led here by another site
//! has not the token, cannot read an answer, and names another host or origin; each of these alone keeps it out.

use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::answer::Answer;
use super::feed::Feed;
use super::page::{self, Page};
use super::token::Token;
use super::wish::{Wish, Wished};
use crate::error::{Code, Exit, Failure, Problem};
use crate::net::http::asked::{Asked, NotTaken, take};

/// Connections at a time.
const CONNECTIONS: usize = 32;
/// Those of them that listen to what happens.
const LISTENERS: usize = 8;
/// A request has to come within that, and what is sent has to be taken: whoever is slower is let go.
const PATIENCE: Duration = Duration::from_secs(10);
/// Something is said each so often, so that a browser knows that the desk is there.
const SIGN: Duration = Duration::from_secs(1);
/// Before the next try when no connection can be accepted.
const BREATH: Duration = Duration::from_millis(100);
/// Reports that are kept.
const REPORTS: usize = 20;
/// The header that only a script of this page sends.
const HEADER: &str = "x-hactl-token";
/// A comment of the stream, and how soon a browser comes back.
const HELLO: &str = "retry: 1000\n\n";

/// What is behind the door.
#[derive(Debug)]
pub struct House {
    token: Token,
    page: Page,
    /// What browsers are told.
    pub feed: Feed,
    wishes: mpsc::Sender<Wished>,
    reports: Mutex<VecDeque<(Token, String)>>,
    connections: Arc<Semaphore>,
    listeners: Arc<Semaphore>,
    patience: Duration,
}

impl House {
    /// A house; wishes of browsers come out at the other end.
    pub fn new(token: Token) -> (Arc<Self>, mpsc::Receiver<Wished>) {
        Self::patient(token, PATIENCE)
    }

    fn patient(token: Token, patience: Duration) -> (Arc<Self>, mpsc::Receiver<Wished>) {
        let (wishes, wished) = mpsc::channel(1);
        let house = Self {
            token,
            page: Page::default(),
            feed: Feed::default(),
            wishes,
            reports: Mutex::default(),
            connections: Arc::new(Semaphore::new(CONNECTIONS)),
            listeners: Arc::new(Semaphore::new(LISTENERS)),
            patience,
        };
        (Arc::new(house), wished)
    }

    /// Keeps a report; returns where it is. It has a word of its own, since a link cannot send a header, and the token
    /// shall stand in no address.
    ///
    /// # Errors
    /// The kernel has no random bytes.
    pub fn keep(&self, report: String) -> Result<String, Failure> {
        let word = Token::new()?;
        let path = format!("/report/{}", word.expose());
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.push_back((word, report));
        if reports.len() > REPORTS {
            reports.pop_front();
        }
        Ok(path)
    }

    fn report(&self, word: &str) -> Option<String> {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        reports.iter().find(|(known, _)| known.is(word)).map(|(_, report)| report.clone())
    }

    /// Answers a request.
    async fn answer(&self, asked: &Asked) -> Answer {
        if let Some(refused) = strange(asked) {
            return refused;
        }
        let has_token = asked.header(HEADER).is_some_and(|word| self.token.is(word));
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "/") if asked.asks("token").is_some_and(|word| self.token.is(word)) => self.page.open(),
            ("GET", "/") => Page::closed(),
            ("GET", path) if path.starts_with("/report/") => {
                let report = path.strip_prefix("/report/").and_then(|word| self.report(word));
                report.map_or_else(not_found, page::report)
            }
            ("GET", "/events") | ("POST", "/order") if !has_token => Answer::text(
                "403 Forbidden",
                "the token of this dashboard is missing: open the URL that hactl printed\n",
            ),
            ("GET", "/events") => Answer::events(),
            ("POST", "/order") => self.order(asked).await,
            (_, "/" | "/events" | "/order") => {
                Answer::text("405 Method Not Allowed", "another method is wanted here\n")
            }
            _ => not_found(),
        }
    }

    async fn order(&self, asked: &Asked) -> Answer {
        if asked.header("content-type") != Some("application/json") {
            return Answer::text("415 Unsupported Media Type", "an order is JSON\n");
        }
        let wish: Wish = match serde_json::from_slice(&asked.body) {
            Ok(wish) => wish,
            Err(error) => return Answer::text("400 Bad Request", format!("not an order: {error}\n")),
        };
        let (answer, answered) = oneshot::channel();
        let begun = match self.wishes.send(Wished { wish, answer }).await {
            Ok(()) => answered.await.ok(),
            Err(_) => None,
        };
        match begun {
            Some(Ok(())) => Answer::json("202 Accepted", "{\"begun\":true}\n".into()),
            Some(Err(why)) => {
                let body = serde_json::json!({"refused": why, "words": why.to_string()});
                Answer::json("409 Conflict", format!("{body}\n"))
            }
            None => Answer::text("503 Service Unavailable", "the desk is about to end\n"),
        }
    }

    async fn talk(&self, mut stream: TcpStream) {
        let answer = match timeout(self.patience, take(&mut stream)).await {
            Ok(Ok(asked)) => self.answer(&asked).await,
            Ok(Err(NotTaken::Gone(_))) => return,
            Ok(Err(NotTaken::Bad)) => Answer::text("400 Bad Request", "not a request of HTTP/1\n"),
            Ok(Err(NotTaken::TooLarge)) => Answer::text("413 Content Too Large", "too long for a request here\n"),
            Err(_) => Answer::text("408 Request Timeout", "no request came\n"),
        };
        if answer.body.is_some() {
            self.send(&mut stream, &answer.wire()).await;
            let _ = timeout(self.patience, stream.shutdown()).await; // whoever is gone needs no goodbye
            return;
        }
        let Ok(_seat) = self.listeners.try_acquire() else {
            let full = Answer::text("503 Service Unavailable", "too many browsers look at this dashboard\n");
            self.send(&mut stream, &full.wire()).await;
            return;
        };
        let mut ear = self.feed.listen();
        if !self.send(&mut stream, &(answer.wire() + HELLO)).await {
            return;
        }
        loop {
            let text = match timeout(SIGN, ear.next()).await {
                Ok(Some(text)) => text,
                Ok(None) => return,
                Err(_) => ": still here\n\n".to_owned(),
            };
            if !self.send(&mut stream, &text).await {
                return;
            }
        }
    }

    /// Whether a browser took it.
    async fn send(&self, stream: &mut TcpStream, text: &str) -> bool {
        matches!(timeout(self.patience, stream.write_all(text.as_bytes())).await, Ok(Ok(())))
    }
}

fn not_found() -> Answer {
    Answer::text("404 Not Found", "there is nothing here\n")
}

/// A request that names another host was led here by a name that somebody else owns (DNS rebinding); one of another
/// origin was made by another site.
fn strange(asked: &Asked) -> Option<Answer> {
    let host = asked.header("host").unwrap_or_default();
    let (name, port) = host.split_once(':').unwrap_or((host, "80"));
    let own = ["127.0.0.1", "localhost"].contains(&name) && port.parse::<u16>().is_ok();
    if !own {
        let words = "this dashboard is at 127.0.0.1 and localhost alone (a port that is forwarded is fine)\n";
        return Some(Answer::text("421 Misdirected Request", words));
    }
    let origin = asked.header("origin").is_none_or(|origin| origin == format!("http://{host}"));
    // A link from elsewhere, such as a mail with the URL, may open the page and nothing else.
    let site = asked.header("sec-fetch-site").is_none_or(|site| ["same-origin", "none"].contains(&site));
    let opens = asked.method == "GET" && asked.path == "/";
    let well = origin && (site || opens);
    (!well).then(|| Answer::text("403 Forbidden", "asked by another site\n"))
}

/// The door itself.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    /// Where it is.
    pub port: u16,
}

impl Door {
    /// Opens on the loopback, at a port or at any that is free.
    ///
    /// # Errors
    /// Exit 4 when somebody else has the port.
    pub async fn open(port: u16) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            let problem = Problem::new(Code::NoDashboardPort, format!("127.0.0.1:{port}: {error}"))
                .why("the dashboard is a page that is served from there")
                .next("`hactl dashboard` without --port takes one that is free");
            Failure::one(Exit::Preflight, problem)
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        Ok(Self { listener, port })
    }

    /// The URL that opens it.
    pub fn url(&self, token: &Token) -> String {
        format!("http://127.0.0.1:{}/?token={}", self.port, token.expose())
    }

    /// Serves for ever.
    pub async fn serve(self, house: Arc<House>) {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                sleep(BREATH).await;
                continue;
            };
            // Who finds no seat is let go at once: browsers come again by themselves.
            let Ok(seat) = Arc::clone(&house.connections).try_acquire_owned() else { continue };
            let house = Arc::clone(&house);
            tokio::spawn(async move {
                house.talk(stream).await;
                drop(seat);
            });
        }
    }
}

#[cfg(test)]
mod tests;
