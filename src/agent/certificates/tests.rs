//! An authority that is played, answer by answer: what it may do wrong, and what is said of it. One that nobody here
//! wrote is met in `tests/interop` and in the lab.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hactl_engine::certificates::{Binding, Order};
use instant_acme::HttpClient as _;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::bind::{Voucher, bind};
use super::door::Door;
use super::error::{NoRun, NotIssued};
use super::issue::{issue, judged};
use super::run::{Settings, lock, run};
use crate::certificate::make_up;

/// What is answered to a path: status, header fields that are special, body. `HERE` stands for the server's own URL.
type Answers = BTreeMap<&'static str, (u16, &'static str, String)>;

/// A server with these answers and a certificate of its own authority.
struct Played {
    folder: TempDir,
    at: String,
}

impl Played {
    async fn new(answers: Answers) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(folder.path().join("roots"), issuer.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![own.der().clone()], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = format!("https://{}", listener.local_addr().unwrap());
        let here = at.clone();
        tokio::spawn(async move {
            let mut finalized = false;
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                let mut request = vec![0; 64 * 1024];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                let mut path = request.split(' ').nth(1).unwrap_or_default().to_owned();
                finalized |= path == "/finalize";
                if finalized && path == "/order/1" {
                    path = "/finalize".into(); // the order as it is since then
                }
                let (status, more, body) = answers.get(path.as_str()).cloned().unwrap_or((404, "", String::new()));
                if status == 0 {
                    tokio::time::sleep(Duration::from_secs(60)).await;
                }
                let body = body.replace("HERE", &here);
                let kind = if status >= 400 && body.starts_with('{') { "problem+json" } else { "json" };
                let head = format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: application/{kind}\r\nReplay-Nonce: abc\r\nLocation: {here}{path}/1\r\n{more}Content-Length: {}\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all((head + &body).as_bytes()).await;
            }
        });
        let played = Self { folder, at };
        played.file("key", &(KeyPair::generate().unwrap().serialize_pem()));
        played
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn order(&self) -> Order {
        Order {
            id: "www.example.cc".into(),
            names: vec!["www.example.cc".into()],
            file: self.path("nginx.pem"),
            port: None,
            email: "ops@example.cc".into(),
            directory: format!("{}/dir", self.at),
            authorities: Some(self.path("roots")),
            binding: None,
        }
    }

    async fn refusal(&self) -> NotIssued {
        issue(&self.order(), &self.path("key"), true).await.unwrap_err()
    }
}

/// An authority that gives what is asked for, but for what these say.
fn authority(but: &[(&'static str, (u16, &'static str, &str))]) -> Answers {
    let order = |status: &str, more: &str| {
        format!(
            "{{\"status\":\"{status}\",\"identifiers\":[{{\"type\":\"dns\",\"value\":\"www.example.cc\"}}],\
             \"authorizations\":[\"HERE/authz\"],\"finalize\":\"HERE/finalize\"{more}}}"
        )
    };
    let mut answers: Answers = [
        (
            "/dir",
            (
                200,
                "",
                "{\"newNonce\":\"HERE/nonce\",\"newAccount\":\"HERE/account\",\"newOrder\":\"HERE/order\"}".to_owned(),
            ),
        ),
        ("/nonce", (200, "", String::new())),
        ("/account", (201, "", "{\"status\":\"valid\"}".to_owned())),
        ("/account/1", (200, "", "{\"status\":\"valid\"}".to_owned())),
        ("/order", (201, "", order("pending", ""))),
        ("/order/1", (200, "", order("ready", ""))),
        ("/authz", (200, "", authz("pending", "http-01", ""))),
        ("/challenge", (200, "", CHALLENGE.replace("MORE", "").replace("KIND", "http-01"))),
        ("/finalize", (200, "", order("valid", ",\"certificate\":\"HERE/certificate\""))),
        ("/certificate", (200, "", "hello\n".to_owned())),
    ]
    .into();
    answers.extend(but.iter().map(|(path, (status, more, body))| (*path, (*status, *more, (*body).to_owned()))));
    answers
}

const CHALLENGE: &str = "{\"type\":\"KIND\",\"url\":\"HERE/challenge\",\"token\":\"tok\",\"status\":\"pending\"MORE}";

fn authz(status: &str, kind: &str, more: &str) -> String {
    let challenge = CHALLENGE.replace("KIND", kind).replace("MORE", more);
    format!(
        "{{\"status\":\"{status}\",\"identifier\":{{\"type\":\"dns\",\"value\":\"www.example.cc\"}},\"challenges\":[{challenge}]}}"
    )
}

fn problem(kind: &str, detail: &str) -> String {
    format!("{{\"type\":\"urn:ietf:params:acme:error:{kind}\",\"detail\":\"{detail}\"}}")
}

#[tokio::test]
async fn what_an_authority_says_is_told() {
    let limited = problem("rateLimited", "too many\\u001b[31m certificates");
    let of_order = |status: &str| {
        authority(&[])["/order/1"].2.replace("\"status\":\"ready\"", &format!("\"status\":\"{status}\""))
    };
    let (invalid, busy) = (of_order("invalid"), of_order("processing"));
    let no_way = format!(",\"error\":{}", problem("connection", "no route to 192.0.2.1"));
    let (other, refused) = (authz("pending", "dns-01", ""), authz("invalid", "http-01", &no_way));
    type But<'b> = Vec<(&'static str, (u16, &'static str, &'b str))>;
    let cases: Vec<(But<'_>, &str)> = vec![
        (vec![("/order", (429, "", &limited))], "too many [31m certificates (rateLimited)"),
        (vec![("/account", (403, "", &limited))], "(rateLimited)"),
        (vec![("/account/1", (400, "", &limited))], "(rateLimited)"),
        (
            vec![("/order/1", (200, "", &invalid)), ("/authz", (200, "", &refused))],
            "www.example.cc: no route to 192.0.2.1 (connection)",
        ),
        (vec![("/order/1", (200, "", &invalid))], "the authority calls the order invalid, and does not say why"),
        (vec![("/authz", (200, "", &other))], "the authority offers no challenge by HTTP for www.example.cc"),
        (vec![("/order/1", (200, "Retry-After: 3600\r\n", &busy))], "the authority had not decided after 45 s"),
        (vec![], "what the authority sent cannot be used: there is no certificate"),
        (vec![("/dir", (502, "", "<html>"))], "HTTP status 502"),
        (vec![("/dir", (200, "", "hello"))], "JSON"),
    ];
    for (but, told) in cases {
        let said = Played::new(authority(&but)).await.refusal().await.to_string();
        assert!(said.contains(told), "{told}: {said}");
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
}

#[tokio::test]
async fn keys_that_cannot_be_used_are_told_apart() {
    let played = Played::new(authority(&[])).await;
    fs::set_permissions(played.path("key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(played.refusal().await, NotIssued::Account { .. }));
    played.file("key", "hello");
    assert!(matches!(played.refusal().await, NotIssued::NotAKey(_)));
    let order = played.order();
    let (chain, key) = make_up(&["a.cc".to_owned()], std::time::SystemTime::now()).unwrap();
    assert!(matches!(judged(&order, &key, &chain), Err(NotIssued::OtherNames(name)) if name == "www.example.cc"));
    let (_, other) = make_up(&["www.example.cc".to_owned()], std::time::SystemTime::now()).unwrap();
    assert!(matches!(judged(&order, &other, &chain), Err(NotIssued::Unusable(_))));
}

/// An authority that knows no account of ours, and what may be wrong with what would bind one.
#[tokio::test]
async fn accounts_are_bound_or_it_is_told_why_not() {
    let (nobody, refused) = (problem("accountDoesNotExist", "who?"), problem("unauthorized", "the MAC is wrong"));
    let without_nonce = "{\"newNonce\":\"HERE/none\",\"newAccount\":\"HERE/account\",\"newOrder\":\"HERE/order\"}";
    let played = Played::new(authority(&[("/account", (400, "", &nobody))])).await;
    let order = |played: &Played| {
        let binding = Binding { kid: "kid-37".into(), key_file: played.path("eab") };
        Order { binding: Some(binding), ..played.order() }
    };
    let refusal = |played: Played| async move { issue(&order(&played), &played.path("key"), true).await.unwrap_err() };
    let why = issue(&order(&played), &played.path("key"), true).await.unwrap_err();
    assert!(matches!(&why, NotIssued::Binding { .. }) && why.to_string().contains("/eab: No such file"), "{why}");
    played.file("eab", "no base64\n");
    let why = issue(&order(&played), &played.path("key"), true).await.unwrap_err();
    assert!(matches!(&why, NotIssued::NotABinding(_)) && !why.to_string().contains("no base64"), "{why}");
    played.file("eab", "3q2-7w\n");
    let said = refusal(played).await.to_string();
    assert_eq!(said, "who? (accountDoesNotExist)", "it says so of the bound one as well");
    // Where an account is there already nobody is asked to bind one.
    let known = Played::new(authority(&[("/order", (403, "", &refused))])).await;
    assert_eq!(refusal(known).await.to_string(), "the MAC is wrong (unauthorized)");
    let (door, voucher) = (
        |played: &Played| Door { authorities: Some(played.path("roots")), limit: Duration::from_secs(5) },
        Voucher { kid: "kid-37", key: b"secret" },
    );
    for (but, told) in [
        ([("/account", (403, "", refused.as_str()))], "the MAC is wrong"),
        ([("/account", (400, "", problem("badNonce", "old").as_str()))], "old"),
        ([("/dir", (200, "", without_nonce))], "HTTP status 404"),
        ([("/dir", (200, "", "{}"))], "newNonce"),
    ] {
        let played = Played::new(authority(&but)).await;
        let key = KeyPair::generate().unwrap().serialize_der();
        let why = bind(&door(&played), &played.order(), &key, &voucher).await.unwrap_err().to_string();
        assert!(why.contains(told), "{told}: {why}");
        let why = bind(&door(&played), &played.order(), b"no key", &voucher).await.unwrap_err().to_string();
        assert_eq!(why, "invalid key bytes");
    }
}

#[tokio::test]
async fn the_way_to_an_authority_is_told() {
    let mut answers = authority(&[]);
    answers.insert("/late", (0, "", String::new()));
    let played = Played::new(answers).await;
    let strange = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let plain = strange.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = strange.accept().await {
            let _ = stream.write_all(b"220 smtp\r\n").await;
        }
    });
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let asked = |url: String, roots: Option<String>| async move {
        let door = Door { authorities: roots, limit: Duration::from_millis(300) };
        let request = http::Request::builder().uri(url).body(Default::default()).unwrap();
        door.request(request).await.map(|answer| answer.parts.status.as_u16()).map_err(|error| error.to_string())
    };
    let roots = || Some(played.path("roots"));
    assert_eq!(asked(format!("{}/dir", played.at), roots()).await, Ok(200));
    for (url, roots, told, variant) in [
        ("ftp://127.0.0.1/dir".to_owned(), None, "it begins with neither http:// nor https://", "DoorError::Url"),
        (format!("http://{plain}/dir"), None, "the authority must speak HTTPS", "DoorError::NoTls"),
        (format!("https://{free}/dir"), roots(), "connection refused", "DoorError::Connect"),
        (format!("https://{plain}/dir"), roots(), "TLS", "DoorError::Tls"),
        (format!("{}/none", played.at), roots(), "HTTP status 404", "DoorError::Status"),
        (format!("{}/late", played.at), roots(), "no answer within 0 s", "DoorError::Late"),
    ] {
        let said = asked(url, roots).await.unwrap_err();
        assert!(said.contains(told), "{variant}: {told}: {said}");
    }
    // DoorError::Http: it speaks TLS, and no HTTP in it; another authority's roots are not enough.
    let other = Played::new(authority(&[])).await;
    let said = asked(format!("{}/dir", other.at), Some(played.path("roots"))).await.unwrap_err();
    assert!(said.contains("its certificate is"), "{said}");
    let long = "x".repeat(5 << 20);
    let endless = Played::new(authority(&[("/dir", (200, "", &long))])).await;
    let door = Door { authorities: Some(endless.path("roots")), limit: Duration::from_secs(20) };
    let request = http::Request::builder().uri(format!("{}/dir", endless.at)).body(Default::default()).unwrap();
    let said = door.request(request).await.map(|_| ()).unwrap_err().to_string();
    assert!(said.contains("the body of its answer is longer than 4 MiB"), "{said}");
}

#[tokio::test]
async fn what_keeps_a_run_from_beginning_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let settings = |orders: &Path, at: &Path| Settings {
        orders: orders.into(),
        account_key: path("key").display().to_string(),
        folder: at.into(),
        by_hand: false,
    };
    let (orders, state) = (path("orders.json"), path("state"));
    let why = run(&settings(&orders, &state)).await.unwrap_err();
    assert!(matches!(why, NoRun::Orders { .. }), "{why}");
    fs::write(&orders, "{").unwrap();
    let why = run(&settings(&orders, &state)).await.unwrap_err();
    assert!(matches!(why, NoRun::NotOrders { .. }), "{why}");
    fs::write(&orders, "{\"certificates\":[]}").unwrap();
    let why = run(&settings(&orders, &orders.join("below"))).await.unwrap_err();
    assert!(matches!(why, NoRun::Folder { .. }), "{why}");
    assert_eq!(run(&settings(&orders, &state)).await.unwrap().certificates, []);
    fs::write(state.join("standing.json"), "{").unwrap();
    let why = run(&settings(&orders, &state)).await.unwrap_err();
    assert!(matches!(why, NoRun::Standing(_)), "{why}");
    let held = lock(&state.join("lock"), Duration::ZERO).await.unwrap();
    let why = lock(&state.join("lock"), Duration::from_millis(150)).await.unwrap_err();
    assert!(matches!(why, NoRun::Busy(_)), "{why}");
    drop(held);
    lock(&state.join("lock"), Duration::ZERO).await.unwrap();
}
