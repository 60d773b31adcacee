//! Mail by TLS with a login, and webhooks by https, to servers that nobody here wrote: aiosmtpd and Python's own.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;

use crate::lan::{Daemon, Lan, read, wait};
use crate::need_root;

const VIP: &str = "10.77.0.3";
/// Debian's, which has Debian's aiosmtpd.
const PYTHON: &str = "/usr/bin/python3";

fn missing() -> bool {
    let found = std::process::Command::new(PYTHON).args(["-c", "import aiosmtpd"]).output();
    let missing = !found.is_ok_and(|output| output.status.success());
    if missing {
        eprintln!("SKIPPED: no aiosmtpd here (Debian: python3-aiosmtpd)");
    }
    missing
}

/// The servers on host 0, with a certificate for 127.0.0.1.
fn receivers(lan: &Lan) -> Daemon {
    let mut params = CertificateParams::new([]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let [ca, cert, secret, out] = ["ca.pem", "cert.pem", "key.pem", "out"].map(|name| lan.path(name));
    fs::write(&ca, issuer.pem()).unwrap();
    fs::write(&cert, certificate.pem()).unwrap();
    fs::write(&secret, key.serialize_pem()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/receivers.py");
    let words = [Path::new(PYTHON), &script, &cert, &secret, &out].map(Path::as_os_str);
    let daemon = lan.spawn(0, "receivers", words.into_iter());
    wait("the servers", || !got(lan, "ready").is_empty());
    daemon
}

/// What came of this kind.
fn got(lan: &Lan, kind: &str) -> Vec<Value> {
    let lines: Vec<Value> = read(&lan.path("out")).lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    lines.into_iter().filter(|line| line["kind"] == kind).collect()
}

fn config(lan: &Lan, port: u16, own: &str, password: &str) -> String {
    let file = lan.path("password");
    fs::write(&file, format!("{password}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    format!(
        "hactl {{\nsmtp_user ha\nsmtp_password_file {}\n{own}\n}}\n\
         global_defs {{\nrouter_id lb-5\nnotification_email {{\nops@example.org\n}}\nnotification_email_from ha@example.org\n\
         smtp_server 127.0.0.1 {port}\nsmtp_connect_timeout 5\n}}\n\
         vrrp_instance VI_1 {{\ninterface eth0\nvirtual_router_id 51\npriority 150\nversion 3\nadvert_int 0.2\nsmtp_alert\n\
         virtual_ipaddress {{\n{VIP}/24\n}}\n}}\n",
        file.display()
    )
}

fn authorities(lan: &Lan) -> String {
    format!("tls_authorities {}", lan.path("ca.pem").display())
}

#[test]
fn mail_goes_by_starttls_and_a_webhook_by_https() {
    need_root!();
    if missing() {
        return;
    }
    let lan = Lan::new(1);
    let _servers = receivers(&lan);
    let own = format!("{}\nsmtp_tls starttls\nwebhook https://127.0.0.1:8443/hook?token=s3cret", authorities(&lan));
    let agent = lan.hactl(0, &config(&lan, 2587, &own, "correct horse"));
    let master = |letter: &Value| letter["text"].as_str().is_some_and(|text| text.contains("entering MASTER"));
    wait("the letter", || got(&lan, "starttls").iter().any(master));
    let letters = got(&lan, "starttls");
    assert!(letters.iter().all(|letter| letter["tls"] == true && letter["user"] == "ha"), "{letters:?}");
    wait("the post", || !got(&lan, "hook").is_empty());
    let post = &got(&lan, "hook")[0];
    assert_eq!(post["path"], "/hook?token=s3cret");
    let document: Value = serde_json::from_str(post["text"].as_str().unwrap()).unwrap();
    assert_eq!((&document["node"], &document["kind"]), (&"lb-5".into(), &"transition".into()));
    let log = agent.log();
    assert!(!log.contains("horse") && !log.contains("s3cret") && !log.contains("not delivered"), "{log}");
}

#[test]
fn mail_goes_by_tls_from_the_first_byte() {
    need_root!();
    if missing() {
        return;
    }
    let lan = Lan::new(1);
    let _servers = receivers(&lan);
    let own = format!("{}\nsmtp_tls on", authorities(&lan));
    let _agent = lan.hactl(0, &config(&lan, 2465, &own, "correct horse"));
    wait("the letter", || !got(&lan, "smtps").is_empty());
    assert_eq!(got(&lan, "smtps")[0]["user"], "ha", "by AUTH LOGIN");
}

#[test]
fn what_is_not_trusted_or_not_known_is_said() {
    need_root!();
    if missing() {
        return;
    }
    let lan = Lan::new(1);
    let _servers = receivers(&lan);
    let stranger = config(&lan, 2587, "smtp_tls starttls\nwebhook https://127.0.0.1:8443/hook", "correct horse");
    let agent = lan.hactl(0, &stranger);
    let said = |words: &str| agent.log().contains(words);
    wait("a word about the mail server", || said("mail server 127.0.0.1:2587: its certificate is of no authority"));
    wait("a word about the webhook", || said("webhook at 127.0.0.1:8443: its certificate is of no authority"));
    assert!(got(&lan, "starttls").is_empty() && got(&lan, "hook").is_empty());
    drop(agent);
    let own = format!("{}\nsmtp_tls starttls", authorities(&lan));
    let agent = lan.hactl(0, &config(&lan, 2587, &own, "wrong mule"));
    wait("a word about the login", || agent.log().contains("AUTH PLAIN: answered \"535"));
    assert!(!agent.log().contains("mule") && got(&lan, "starttls").is_empty());
}
