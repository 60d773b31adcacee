//! Mail by SMTP: plain, as a server on the own network takes it. Nothing that comes from a configuration or a packet
//! can add a header, an address or a command: lines are cut to one line and checked before they are sent.

use std::io;
use std::time::Duration;

use hactl_engine::conf::config::Mail;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::mail_text::{address, message, one_line};
use super::report::Report;

/// Longest line of an answer that is read.
const LINE: u64 = 2048;
/// Most lines of one answer.
const LINES: usize = 100;

/// Sends a report to all recipients. It is sent when the server took it for at least one of them.
///
/// # Errors
/// In words: what the server or the network said, and at which step.
pub async fn send(mail: &Mail, host_name: &str, report: &Report) -> Result<(), String> {
    let server = format!("{}:{}", mail.host, mail.port);
    let wrong = |why: String| format!("mail server {server}: {why}");
    let from = mail.from.clone().unwrap_or_else(|| format!("root@{host_name}"));
    let sender = address(&from)?;
    // One that is none does not cost the others their mail; it was said when the configuration was taken.
    let recipients: Vec<String> = mail.recipients.iter().filter_map(|one| address(one).ok()).collect();
    if recipients.is_empty() {
        return Err(wrong("notification_email holds no mail address".into()));
    }
    let limit = mail.connect_timeout;
    let connected = timeout(limit, TcpStream::connect((mail.host.as_str(), mail.port))).await;
    let stream = connected.map_err(|_| wrong("no connection in time".into()))?.map_err(|e| wrong(e.to_string()))?;
    let mut talk = Talk { stream: BufReader::new(stream), limit };
    talk.expect(220).await.map_err(wrong)?;
    let helo = one_line(mail.helo.as_deref().unwrap_or(host_name));
    if talk.say(&format!("EHLO {helo}"), 250).await.is_err() {
        talk.say(&format!("HELO {helo}"), 250).await.map_err(wrong)?;
    }
    talk.say(&format!("MAIL FROM:<{sender}>"), 250).await.map_err(wrong)?;
    let mut refused = Vec::new();
    for recipient in &recipients {
        if let Err(why) = talk.say(&format!("RCPT TO:<{recipient}>"), 250).await {
            refused.push(why);
        }
    }
    if refused.len() == recipients.len() {
        return Err(wrong(refused.join("; ")));
    }
    talk.say("DATA", 354).await.map_err(wrong)?;
    let text = message(&from, &mail.recipients, host_name, report);
    talk.say(&format!("{text}."), 250).await.map_err(wrong)?;
    for why in refused {
        tracing::warn!("{}", wrong(why));
    }
    let _ = talk.say("QUIT", 221).await; // the mail is accepted already
    Ok(())
}

struct Talk {
    stream: BufReader<TcpStream>,
    limit: Duration,
}

impl Talk {
    async fn say(&mut self, line: &str, code: u16) -> Result<(), String> {
        let command = line.split(':').next().unwrap_or_default();
        let step = if line.contains('\n') { "the message" } else { command };
        let stream = self.stream.get_mut();
        let text = format!("{line}\r\n");
        timeout(self.limit, stream.write_all(text.as_bytes()))
            .await
            .map_err(|_| format!("takes nothing after {step}"))?
            .map_err(|error| format!("{step}: {error}"))?;
        self.expect(code).await.map_err(|why| format!("{step}: {why}"))
    }

    /// Reads an answer of one or more lines and wants its code; 251 (will forward) is as good as 250.
    async fn expect(&mut self, code: u16) -> Result<(), String> {
        for _ in 0..LINES {
            let mut line = Vec::new();
            let mut bounded = (&mut self.stream).take(LINE);
            let got = timeout(self.limit, bounded.read_until(b'\n', &mut line))
                .await
                .map_err(|_| "no answer in time".to_owned())?;
            if got.map_err(|error: io::Error| error.to_string())? == 0 {
                return Err("the connection was closed".into());
            }
            let answer = String::from_utf8_lossy(&line).trim_end().to_owned();
            let found: Option<u16> = answer.get(..3).and_then(|digits| digits.parse().ok());
            match (found, answer.as_bytes().get(3)) {
                (Some(_), Some(b'-')) => {}
                (Some(found), _) if found == code || (code == 250 && found == 251) => return Ok(()),
                _ => return Err(format!("answered {answer:?}")),
            }
        }
        Err(format!("its answer is longer than {LINES} lines"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
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

    fn mail(port: u16) -> Mail {
        Mail {
            recipients: vec!["ops@example.org".into(), "second@example.org".into()],
            from: Some("hactl@lb-5".into()),
            host: "127.0.0.1".into(),
            port,
            connect_timeout: Duration::from_secs(5),
            helo: None,
            no_faults: false,
        }
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
        send(&mail, "lb-5.lan", &report("first\n.\n..two\nend\n")).await.unwrap();
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
        let why = send(&mail, "lb-5", &report("")).await.unwrap_err();
        assert!(why.contains("RCPT TO: answered \"554 no relay\""), "{why}");
        assert_eq!(server.await.unwrap()[1], "HELO lb-5");
        let why = send(&mail, "lb-5", &report("")).await.unwrap_err();
        assert!(why.contains("mail server 127.0.0.1:"), "nobody listens any more: {why}");
    }

    #[tokio::test]
    async fn a_silent_server_costs_the_limit_only() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut mail = mail(listener.local_addr().unwrap().port());
        mail.connect_timeout = Duration::from_millis(50);
        assert!(send(&mail, "lb-5", &report("")).await.unwrap_err().contains("no answer in time"));
    }

    #[tokio::test]
    async fn addresses_cannot_carry_commands() {
        let mut mail = mail(1);
        mail.recipients = vec!["ops@example.org>\r\nRCPT TO:<evil@example.org".into()];
        assert!(send(&mail, "lb-5", &report("")).await.unwrap_err().contains("no mail address"));
        mail.from = Some("a@b\r\nDATA".into());
        assert!(send(&mail, "lb-5", &report("")).await.unwrap_err().contains("not a mail address"));
    }
}
