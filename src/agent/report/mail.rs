//! Mail by SMTP: plain, as a server on the own network takes it, or by TLS and with a login where that is asked for.
//! Nothing that comes from a configuration or a packet can add a header, an address or a command: lines are cut to one
//! line and checked before they are sent.

use std::time::Duration;

use data_encoding::BASE64;
use hactl_engine::conf::config::{Config, Mail, SmtpTls};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::error::{MailError, NotDelivered};
use super::mail_text::{address, message, one_line};
use super::wording::Report;
use crate::agent::command::secret::read_secret;
use crate::net::seats::Wire;
use crate::net::smtp::talk::Talk;
use crate::net::tls::protect;

/// How a mail gets to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Post {
    /// Server and addresses.
    pub mail: Mail,
    /// Protected how.
    pub tls: SmtpTls,
    /// User, and the file with the password.
    pub login: Option<(String, String)>,
    /// The file of authorities that the server's certificate must be from; the system's when absent.
    pub authorities: Option<String>,
    /// This host's name.
    pub host_name: String,
}

impl Post {
    /// As a configuration wants it; `None` without recipients.
    pub(crate) fn new(config: &Config, host_name: String) -> Option<Self> {
        let mail = config.global.mail.clone().filter(|mail| !mail.recipients.is_empty())?;
        let own = &config.own;
        let login = own.smtp_user.clone().zip(own.smtp_password_file.clone());
        Some(Self { mail, tls: own.smtp_tls, login, authorities: own.tls_authorities.clone(), host_name })
    }

    /// Sends a report to all recipients. It is sent when the server took it for at least one of them.
    ///
    /// # Errors
    /// What the server or the network said, and at which step.
    pub(crate) async fn send(&self, report: &Report) -> Result<(), NotDelivered> {
        let mail = &self.mail;
        let wrong = |why: MailError| NotDelivered::Mail { server: format!("{}:{}", mail.host, mail.port), why };
        let from = mail.from.clone().unwrap_or_else(|| format!("root@{}", self.host_name));
        let sender = address(&from)?;
        // One that is none does not cost the others their mail; it was said when the configuration was taken.
        let recipients: Vec<String> = mail.recipients.iter().filter_map(|one| address(one).ok()).collect();
        if recipients.is_empty() {
            return Err(wrong(MailError::NoRecipient));
        }
        let text = message(&from, &mail.recipients, &self.host_name, report);
        self.hand_over(&sender, &recipients, &text, wrong).await.map_err(wrong)
    }

    async fn hand_over(
        &self,
        sender: &str,
        recipients: &[String],
        text: &str,
        wrong: impl Fn(MailError) -> NotDelivered,
    ) -> Result<(), MailError> {
        let mut session = self.begin().await?;
        session.say(&format!("MAIL FROM:<{sender}>"), 250).await?;
        let mut refused = Vec::new();
        for recipient in recipients {
            if let Err(why) = session.say(&format!("RCPT TO:<{recipient}>"), 250).await {
                refused.push(why);
            }
        }
        if refused.len() == recipients.len() {
            return Err(MailError::AllRefused(refused));
        }
        session.say("DATA", 354).await?;
        session.say(&format!("{text}."), 250).await?;
        for why in refused {
            tracing::warn!("{}", wrong(why));
        }
        let _ = session.say("QUIT", 221).await; // the mail is accepted already
        Ok(())
    }

    /// Connects, greets, protects the way and logs in.
    async fn begin(&self) -> Result<Session, MailError> {
        let (mail, limit) = (&self.mail, self.mail.connect_timeout);
        let helo = one_line(mail.helo.as_deref().unwrap_or(&self.host_name));
        let connected = timeout(limit, TcpStream::connect((mail.host.as_str(), mail.port))).await;
        let stream = connected.map_err(|_| MailError::NoConnection)??;
        let wire: Box<dyn Wire> = match self.tls {
            SmtpTls::On => Box::new(self.protect(stream).await?),
            SmtpTls::Off => Box::new(stream),
            SmtpTls::StartTls => {
                // Until TLS has begun somebody on the way could answer in the server's place, so the greeting and the
                // offers are asked for again afterwards (RFC 3207 §5).
                let mut plain = Talk::new(stream);
                hear(&mut plain, 220, limit).await?;
                exchange(&mut plain, "EHLO", &format!("EHLO {helo}"), 250, limit).await?;
                exchange(&mut plain, "STARTTLS", "STARTTLS", 220, limit).await?;
                Box::new(self.protect(plain.into_stream().ok_or(MailError::GoesOnWithoutTls)?).await?)
            }
        };
        let mut session = Session { talk: Talk::new(wire), limit };
        if self.tls != SmtpTls::StartTls {
            hear(&mut session.talk, 220, limit).await?; // else it was heard before TLS
        }
        let offers = match session.say(&format!("EHLO {helo}"), 250).await {
            Ok(offers) => offers,
            Err(_) if self.login.is_none() => session.say(&format!("HELO {helo}"), 250).await?,
            Err(why) => return Err(why),
        };
        if let Some((user, file)) = &self.login {
            session.log_in(user, file, &offers).await?;
        }
        Ok(session)
    }

    async fn protect(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, MailError> {
        let begun = protect::begin(stream, &self.mail.host, self.authorities.as_deref());
        Ok(timeout(self.mail.connect_timeout, begun).await.map_err(|_| MailError::NoTls)??)
    }
}

/// A conversation with a mail server that takes mail.
struct Session {
    talk: Talk<Box<dyn Wire>>,
    limit: Duration,
}

impl Session {
    async fn say(&mut self, line: &str, code: u16) -> Result<Vec<String>, MailError> {
        let command = line.split(':').next().unwrap_or_default();
        let step = if line.contains('\n') { "the message" } else { command };
        exchange(&mut self.talk, step, line, code, self.limit).await
    }

    /// Logs in by what the server offers (RFC 4954). Errors tell the step and never what was said in it.
    async fn log_in(&mut self, user: &str, file: &str, offers: &[String]) -> Result<(), MailError> {
        let password = read_secret(file).map_err(|why| MailError::Password(file.into(), why))?;
        let words: Vec<String> = offers
            .iter()
            .filter_map(|line| line.get(4..))
            .filter(|offer| offer.to_ascii_uppercase().starts_with("AUTH"))
            .flat_map(|offer| offer.split([' ', '=']).map(str::to_ascii_uppercase).collect::<Vec<_>>())
            .collect();
        let offered = |word: &str| words.iter().any(|known| known == word);
        let (talk, limit) = (&mut self.talk, self.limit);
        if offered("PLAIN") {
            let secret = BASE64.encode(&[b"\0", user.as_bytes(), b"\0", &password].concat());
            exchange(talk, "AUTH PLAIN", &format!("AUTH PLAIN {secret}"), 235, limit).await?;
        } else if offered("LOGIN") {
            exchange(talk, "AUTH LOGIN", "AUTH LOGIN", 334, limit).await?;
            exchange(talk, "AUTH LOGIN, user", &BASE64.encode(user.as_bytes()), 334, limit).await?;
            exchange(talk, "AUTH LOGIN, password", &BASE64.encode(&password), 235, limit).await?;
        } else {
            return Err(MailError::NoLogin);
        }
        Ok(())
    }
}

/// Says a line and wants a reply with this code; its lines.
async fn exchange<S>(
    talk: &mut Talk<S>,
    step: &str,
    line: &str,
    code: u16,
    limit: Duration,
) -> Result<Vec<String>, MailError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let at = |why: MailError| MailError::At(step.into(), Box::new(why));
    let said = timeout(limit, talk.say(line)).await.map_err(|_| MailError::TakesNothing(step.into()))?;
    said.map_err(|error| at(error.into()))?;
    hear(talk, code, limit).await.map_err(at)
}

/// Hears a reply and wants its code; 251 (will forward) is as good as 250.
async fn hear<S>(talk: &mut Talk<S>, code: u16, limit: Duration) -> Result<Vec<String>, MailError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let reply = timeout(limit, talk.reply()).await.map_err(|_| MailError::Late)??;
    if reply.code == code || (code == 250 && reply.code == 251) {
        return Ok(reply.lines);
    }
    Err(MailError::Answered(reply.lines.last().cloned().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers each line with what `answers` says and returns all that it was told.
    async fn server(listener: TcpListener, answer: fn(&str) -> &'static str) -> Vec<String> {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.get_mut().write_all(b"220-mx\r\n220 ready\r\n").await.unwrap();
        let (mut told, mut in_data) = (Vec::new(), false);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or_default() == 0 {
                return told;
            }
            let line = line.strip_suffix("\r\n").expect("CRLF").to_owned();
            told.push(line.clone());
            if in_data && line != "." {
                continue;
            }
            in_data = line == "DATA";
            stream.get_mut().write_all(format!("{}\r\n", answer(&line)).as_bytes()).await.unwrap();
        }
    }

    fn mail(port: u16) -> Post {
        let mail = Mail {
            recipients: vec!["ops@example.org".into(), "second@example.org".into()],
            from: Some("hactl@lb-5".into()),
            host: "127.0.0.1".into(),
            port,
            connect_timeout: Duration::from_secs(5),
            helo: None,
            no_faults: false,
        };
        Post { mail, tls: SmtpTls::Off, login: None, authorities: None, host_name: "lb-5.lan".into() }
    }

    fn report(body: &str) -> Report {
        Report { unix_ms: 1_700_000_000_123, subject: "[lb-5] hello".into(), body: body.into(), json: Value::Null }
    }

    #[tokio::test]
    async fn a_whole_conversation() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mail = mail(listener.local_addr().unwrap().port());
        let server = tokio::spawn(server(listener, |line| match line.split([' ', ':']).next().unwrap() {
            "EHLO" => "250-mx\r\n250-SIZE 1000\r\n250 8BITMIME",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ if line.contains("second") => "550 who?",
            _ => "250 fine",
        }));
        mail.send(&report("first\n.\n..two\nend\n")).await.unwrap();
        let told = server.await.unwrap();
        let head = ["EHLO lb-5.lan", "MAIL FROM:<hactl@lb-5>", "RCPT TO:<ops@example.org>"];
        assert_eq!(told[..3], head);
        let blank = told.iter().position(String::is_empty).unwrap();
        assert_eq!(told[blank + 1..], ["first", "..", "...two", "end", ".", "QUIT"]);
        assert!(told.contains(&"Subject: [lb-5] hello".to_owned()), "{told:?}");
    }

    #[tokio::test]
    async fn refusals_are_worded() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mail = mail(listener.local_addr().unwrap().port());
        let server = tokio::spawn(server(listener, |line| match line.split([' ', ':']).next().unwrap() {
            "EHLO" => "502 what?",
            "RCPT" => "554 no relay",
            _ => "250 fine",
        }));
        let why = mail.send(&report("")).await.unwrap_err().to_string();
        assert!(why.contains("RCPT TO: answered \"554 no relay\""), "{why}");
        assert_eq!(server.await.unwrap()[1], "HELO lb-5.lan");
        let why = mail.send(&report("")).await.unwrap_err().to_string();
        assert!(why.contains("mail server 127.0.0.1:"), "nobody listens any more: {why}");
    }

    #[tokio::test]
    async fn a_silent_server_costs_the_limit_only() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut mail = mail(listener.local_addr().unwrap().port());
        mail.mail.connect_timeout = Duration::from_millis(50);
        assert!(mail.send(&report("")).await.unwrap_err().to_string().contains("no answer in time"));
    }

    #[tokio::test]
    async fn addresses_cannot_carry_commands() {
        let mut mail = mail(1);
        mail.mail.recipients = vec!["ops@example.org>\r\nRCPT TO:<evil@example.org".into()];
        let why = mail.send(&report("")).await.unwrap_err();
        assert!(matches!(why, NotDelivered::Mail { why: MailError::NoRecipient, .. }), "{why}");
        mail.mail.from = Some("a@b\r\nDATA".into());
        let why = mail.send(&report("")).await.unwrap_err();
        assert!(matches!(why, NotDelivered::Address(_)), "{why}");
    }

    /// What stops a mail at a server that answers so.
    async fn stopped(mut mail: Post, answer: fn(&str) -> &'static str) -> MailError {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        mail.mail.port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(server(listener, answer));
        let NotDelivered::Mail { why, .. } = mail.send(&report("")).await.unwrap_err() else { panic!() };
        server.abort();
        why
    }

    #[tokio::test]
    async fn a_server_must_offer_what_the_configuration_wants() {
        let starts = Post { tls: SmtpTls::StartTls, ..mail(1) };
        let says_more = |line: &str| if line == "STARTTLS" { "220 go\r\n250 on as before" } else { "250 fine" };
        assert!(matches!(stopped(starts, says_more).await, MailError::GoesOnWithoutTls));
        let folder = tempfile::tempdir().unwrap();
        let password = folder.path().join("password");
        std::fs::write(&password, "sesame\n").unwrap();
        let owner_only = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&password, owner_only).unwrap();
        let login = |file: &std::path::Path| Some(("ops".to_owned(), file.display().to_string()));
        let logs_in = Post { login: login(&password), ..mail(1) };
        assert!(matches!(stopped(logs_in, |_| "250 fine").await, MailError::NoLogin));
        let no_password = Post { login: login(&folder.path().join("missing")), ..mail(1) };
        assert!(matches!(stopped(no_password, |_| "250 fine").await, MailError::Password(..)));
    }

    #[tokio::test]
    async fn each_silence_has_its_name() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut mail = mail(listener.local_addr().unwrap().port());
        mail.mail.connect_timeout = Duration::from_millis(50);
        let why = async |mail: &Post| match mail.send(&report("")).await {
            Err(NotDelivered::Mail { why, .. }) => why,
            other => panic!("{other:?}"),
        };
        assert!(matches!(why(&mail).await, MailError::Late), "no greeting");
        let protected = Post { tls: SmtpTls::On, ..mail.clone() };
        assert!(matches!(why(&protected).await, MailError::NoTls));
        tokio::spawn(async move { while listener.accept().await.is_ok() {} });
        assert!(matches!(why(&mail).await, MailError::Closed));
        // A queue of connections that is full: the kernel drops what would begin another one.
        let full = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        full.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        full.listen(0).unwrap();
        mail.mail.port = full.local_addr().unwrap().as_socket().unwrap().port();
        let _waiting = TcpStream::connect(("127.0.0.1", mail.mail.port)).await.unwrap();
        assert!(matches!(why(&mail).await, MailError::NoConnection));
    }

    #[tokio::test]
    async fn a_server_that_stops_reading_is_left() {
        let (near, _far) = tokio::io::duplex(8);
        let said = exchange(&mut Talk::new(near), "DATA", &"x".repeat(64), 354, Duration::from_millis(50)).await;
        assert!(matches!(said, Err(MailError::TakesNothing(step)) if step == "DATA"));
    }
}
