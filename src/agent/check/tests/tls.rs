//! `SSL_GET` against servers with certificates of every kind.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;

use hactl_engine::conf::config::Global;
use hactl_engine::conf::config::lvs::{Check, ClientCertificate, HttpCheck, HttpVersion, StatusSet};
use hactl_engine::lvs::health::Outcome;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::super::peer::{Behaviour, LIMIT, act, failure, outcome, outcome_in, peer, to};
use super::*;

/// An authority, and a folder that holds its certificate as `ca.pem`.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let folder = tempfile::tempdir().unwrap();
        // Two authorities of one name would be told apart by their signatures only.
        params.distinguished_name.push(DnType::CommonName, folder.path().to_str().unwrap());
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(folder.path().join("ca.pem"), issuer.pem()).unwrap();
        Self { issuer, folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn issue(&self, name: &str, years: (i32, i32)) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(years.0, 3, 7);
        params.not_after = date_time_ymd(years.1, 3, 7);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A server with a certificate of this authority, which asks for a client's when told so.
    async fn server(&self, name: &str, years: (i32, i32), wants_client: bool, behaviour: Behaviour) -> SocketAddr {
        let (certificate, key) = self.issue(name, years);
        let chain = vec![certificate.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let builder =
            ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
        let config = if wants_client {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier).with_single_cert(chain, key)
        } else {
            builder.with_no_client_auth().with_single_cert(chain, key)
        };
        let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, behaviour) = (acceptor.clone(), behaviour.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        act(stream, behaviour, Arc::default()).await;
                    }
                });
            }
        });
        at
    }

    fn verifying(&self) -> Tls {
        Tls { verify: Some(self.path("ca.pem")), ..Tls::default() }
    }
}

fn check(at: SocketAddr, host: &str, tls: Tls) -> Check {
    let url = Url {
        path: "/".into(),
        host: Some(host.into()),
        status: StatusSet::default(),
        digest: None,
        pattern: None,
        headers: Vec::new(),
        auth: None,
    };
    let (version, urls) = (HttpVersion::Http11, vec![url]);
    let http = HttpCheck { connection: to(at), tls: Some(tls), version, fast_recovery: false, urls };
    Check::Http(Box::new(http))
}

fn good() -> Behaviour {
    Behaviour::Answer(b"HTTP/1.1 200 OK\r\n\r\nhello".to_vec())
}

const NOW: (i32, i32) = (2020, 2090);
const PAST: (i32, i32) = (2020, 2024);

#[tokio::test]
async fn nobody_is_verified_unless_asked() {
    let ca = Authority::new();
    let expired = ca.server("other.example.cc", PAST, false, good()).await;
    assert_eq!(outcome(check(expired, "www.example.cc", Tls::default())).await, Outcome::Passed);
    let with_sni = Tls { sni_from_host: true, ..Tls::default() };
    assert_eq!(outcome(check(expired, "www.example.cc", with_sni)).await, Outcome::Passed);
}

#[tokio::test]
async fn verified_certificates() {
    let ca = Authority::new();
    let at = ca.server("www.example.cc", NOW, false, good()).await;
    assert_eq!(outcome(check(at, "www.example.cc:8443", ca.verifying())).await, Outcome::Passed);
    let named = Tls { sni: Some("www.example.cc".into()), ..ca.verifying() };
    assert_eq!(outcome(check(at, "inner.example.cc", named)).await, Outcome::Passed);
    let why = failure(check(at, "inner.example.cc", ca.verifying())).await;
    assert_eq!(why, "its certificate is for www.example.cc and not for inner.example.cc");
    let expired = ca.server("www.example.cc", PAST, false, good()).await;
    let why = failure(check(expired, "www.example.cc", ca.verifying())).await;
    assert_eq!(why, "its certificate expired on 2024-03-07");
    let early = ca.server("www.example.cc", (2085, 2090), false, good()).await;
    let why = failure(check(early, "www.example.cc", ca.verifying())).await;
    assert!(why.starts_with("its certificate is not valid before 2085-03-07"), "{why}");
    let why = failure(check(at, "www.example.cc", Authority::new().verifying())).await;
    assert_eq!(why, "its certificate is of no authority that is trusted here");
    let why = failure(check(at, "no name", ca.verifying())).await;
    assert_eq!(why, "no certificate can be for `no name`: write a name or an address");
}

#[tokio::test]
async fn files_that_cannot_be_used() {
    let ca = Authority::new();
    let at = ca.server("www.example.cc", NOW, false, good()).await;
    fs::write(ca.path("empty.pem"), "nothing\n").unwrap();
    for (file, words) in [("absent.pem", "absent.pem"), ("empty.pem", "no usable certificate")] {
        let tls = Tls { verify: Some(ca.path(file)), ..Tls::default() };
        let why = failure(check(at, "www.example.cc", tls)).await;
        assert!(why.starts_with("authorities /") && why.contains(words), "{why}");
    }
}

#[tokio::test]
async fn a_client_s_certificate() {
    let ca = Authority::new();
    let at = ca.server("www.example.cc", NOW, true, good()).await;
    // TLS 1.3 refuses it only once the request has been sent.
    let why = failure(check(at, "www.example.cc", Tls::default())).await;
    assert_eq!(why, "it wants a client's certificate: name one in `SSL { certificate key }`");
    let (certificate, key) = ca.issue("lb.example.cc", NOW);
    fs::write(ca.path("client.pem"), certificate.pem()).unwrap();
    fs::write(ca.path("client.key"), key.serialize_pem()).unwrap();
    let around = |certificate: &str, key: &str| {
        let (certificate, key) = (Some(ca.path(certificate)), Some(ca.path(key)));
        let mut global = Global::default();
        global.lvs.client = ClientCertificate { certificate, key, ca: None };
        Surroundings { global: Arc::new(global), ..Surroundings::default() }
    };
    let good = around("client.pem", "client.key");
    assert_eq!(outcome_in(check(at, "www.example.cc", Tls::default()), &good).await, Outcome::Passed);
    let bad = around("client.pem", "ca.pem");
    let Outcome::Failed(why) = outcome_in(check(at, "www.example.cc", Tls::default()), &bad).await else { panic!() };
    assert!(why.words.starts_with("client's key /") && why.words.contains("ca.pem"), "{why:?}");
}

#[tokio::test]
async fn what_is_no_tls() {
    let why = async |behaviour| failure(check(peer(behaviour).await.at, "www.example.cc", Tls::default())).await;
    let plain = Behaviour::Say(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".to_vec());
    assert_eq!(why(plain).await, "no TLS comes back: does it speak plain HTTP there?");
    assert_eq!(why(Behaviour::Stall).await, format!("no answer within {LIMIT:?}"));
    assert_eq!(why(Behaviour::Drip(b"\x16\x03\x03\x40\x00".to_vec())).await, format!("no answer within {LIMIT:?}"));
    assert!(why(Behaviour::Say(Vec::new())).await.contains("during the TLS handshake"));
    let server = peer(Behaviour::Flood(b"\x16\x03\x03".to_vec())).await;
    let why = failure(check(server.at, "www.example.cc", Tls::default())).await;
    assert!(server.sent() < 16 << 20, "{} bytes taken: {why}", server.sent());
}

#[tokio::test]
async fn limits_hold_within_tls_too() {
    let ca = Authority::new();
    let limit = format!("no answer within {LIMIT:?}");
    for behaviour in [Behaviour::Stall, Behaviour::Drip(b"HTTP/1.1 200 OK\r\nX: ".to_vec())] {
        let at = ca.server("www.example.cc", NOW, false, behaviour).await;
        assert_eq!(failure(check(at, "www.example.cc", ca.verifying())).await, limit);
    }
    let at = ca.server("www.example.cc", NOW, false, Behaviour::Say(b"220 smtp\r\n".to_vec())).await;
    assert!(failure(check(at, "www.example.cc", ca.verifying())).await.contains("not HTTP"));
}

/// Files are read once for all checks.
#[test]
fn one_configuration_for_all() {
    let ca = Authority::new();
    let around = Surroundings::default();
    let (path, client) = (ca.path("ca.pem"), ClientCertificate::default());
    let first = around.tls.config(Some(&path), &client).unwrap();
    let again = around.clone().tls.config(Some(&path), &client).unwrap();
    assert!(Arc::ptr_eq(&first, &again));
    assert!(!Arc::ptr_eq(&first, &around.tls.config(None, &client).unwrap()));
}

#[test]
fn hosts_without_ports() {
    assert_eq!(without_port("www.example.cc:8443"), "www.example.cc");
    assert_eq!(without_port("www.example.cc"), "www.example.cc");
    assert_eq!(without_port("[fd00::37]:8443"), "fd00::37");
    assert_eq!(without_port("fd00::37"), "fd00::37");
}
