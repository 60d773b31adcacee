//! `SMTP_CHECK`: greeting, HELO, QUIT.

use std::time::Duration;

use hactl_engine::conf::config::lvs::{Connection, SmtpCheck};
use nix::unistd::gethostname;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::around::within;
use super::connect::connect;
use super::failed::Failed;
use crate::net::smtp::talk::Talk;

/// Talks to each host, each within its own time; all must answer as a mail server does.
///
/// # Errors
/// The first that does not.
pub(super) async fn check(smtp: &SmtpCheck) -> Result<(), Failed> {
    let helo = smtp.helo.clone().unwrap_or_else(own_name);
    for host in &smtp.hosts {
        let talked = within(host.timeout, talk(host, &helo)).await;
        // With one host it is the real server that is spoken of anyway.
        talked.map_err(|why| if smtp.hosts.len() == 1 { why } else { Failed::OfHost(host.to, Box::new(why)) })?;
    }
    Ok(())
}

async fn talk(host: &Connection, helo: &str) -> Result<(), Failed> {
    let mut talk = Talk::new(connect(host).await?);
    hear(&mut talk, 220, "as greeting").await?;
    talk.say(&format!("HELO {helo}")).await?;
    hear(&mut talk, 250, "to HELO").await?;
    talk.say("QUIT").await?;
    // It has proven itself; many close without a goodbye, or are slow about it.
    let _ = timeout(GOODBYE, talk.reply()).await;
    Ok(())
}

async fn hear(talk: &mut Talk<TcpStream>, wanted: u16, place: &'static str) -> Result<(), Failed> {
    match talk.reply().await?.code {
        found if found == wanted => Ok(()),
        found => Err(Failed::SmtpCode { found, wanted, place }),
    }
}

fn own_name() -> String {
    let name = gethostname().ok().and_then(|name| name.into_string().ok());
    name.filter(|name| !name.is_empty()).unwrap_or_else(|| "localhost".into())
}

/// How long a server may take to answer QUIT before the connection is closed without it.
const GOODBYE: Duration = Duration::from_millis(200);

#[cfg(test)]
mod tests {
    use hactl_engine::conf::config::lvs::Check;
    use hactl_engine::lvs::health::Outcome;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::super::peer::{Behaviour, failure, outcome, peer, to};
    use super::*;

    fn smtp(at: &[std::net::SocketAddr]) -> Check {
        let hosts = at.iter().map(|at| to(*at)).collect();
        Check::Smtp(Box::new(SmtpCheck { hosts, helo: Some("lb.example.cc".into()) }))
    }

    /// A server that gives each line it hears the next of these replies; what it heard.
    async fn server(replies: &'static [&'static str]) -> (std::net::SocketAddr, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let listening = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut heard, mut buffer) = (String::new(), [0; 512]);
            for reply in replies {
                stream.write_all(reply.as_bytes()).await.unwrap();
                let count = stream.read(&mut buffer).await.unwrap_or_default();
                heard.push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
            heard
        });
        (at, listening)
    }

    #[tokio::test]
    async fn a_mail_server() {
        let replies = &["220-mail\r\n220 ready\r\n", "250-mail greets you\r\n250 HELP\r\n", "221 bye\r\n"];
        let (at, heard) = server(replies).await;
        assert_eq!(outcome(smtp(&[at])).await, Outcome::Passed);
        assert_eq!(heard.await.unwrap(), "HELO lb.example.cc\r\nQUIT\r\n");
    }

    #[tokio::test]
    async fn refusals() {
        let (at, _) = server(&["554 no service\r\n"]).await;
        assert_eq!(failure(smtp(&[at])).await, "SMTP reply 554 instead of 220 as greeting");
        let (bad, _) = server(&["220 ready\r\n", "550 not you\r\n"]).await;
        let (good, _) = server(&["220 ready\r\n", "250 hello\r\n", "221 bye\r\n"]).await;
        let why = failure(smtp(&[good, bad])).await;
        assert_eq!(why, format!("{bad}: SMTP reply 550 instead of 250 to HELO"));
    }

    #[tokio::test]
    async fn a_goodbye_is_not_needed() {
        let greets = b"220 ready\r\n250 hello\r\n".to_vec();
        assert_eq!(outcome(smtp(&[peer(Behaviour::SayAndStall(greets)).await.at])).await, Outcome::Passed);
    }

    #[tokio::test]
    async fn servers_that_are_none() {
        let why = async |behaviour| failure(smtp(&[peer(behaviour).await.at])).await;
        assert_eq!(why(Behaviour::Stall).await, "no answer within 1.2s");
        assert_eq!(why(Behaviour::Drip(b"220-x\r\n".to_vec())).await, "no answer within 1.2s");
        let greets = b"220 ready\r\n".to_vec();
        assert_eq!(why(Behaviour::SayAndStall(greets.clone())).await, "no answer within 1.2s");
        assert_eq!(why(Behaviour::Say(b"\x16\x03\x01\n".to_vec())).await, r#"the answer is not SMTP: "\x16\x03\x01""#);
        assert!(why(Behaviour::Say(b"220 rea".to_vec())).await.contains("clos"));
        let server = peer(Behaviour::Flood(b"220-".to_vec())).await;
        assert!(failure(smtp(&[server.at])).await.contains("longer than 2048 bytes"));
        assert!(server.sent() < 16 << 20, "{} bytes taken", server.sent());
    }
}
