//! Certificates by ACME: a deploy stands although the authority refuses, its secrets are shown to nobody, and nothing
//! stays when the last such site goes. The authority is played; Pebble is met in `tests/interop` and in the lab.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use hactl::ctl::operate::compare::{Wanted, compare};
use hactl::ctl::operate::history::history;
use hactl::error::{Code, Exit};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::plans::pending as planned;
use super::signing::deploy_aloud;
use super::stage::{End, Stage, stage};

const ALL: [&str; 3] = ["lb-5", "lb-6", "web-7"];
const LBS: [&str; 2] = ["lb-5", "lb-6"];
const FOLDER: &str = "/etc/nginx/hactl/acme";
const ACCOUNT: &str = "/etc/hactl/acme-account.key";
/// What binds the account, as an operator shows it.
const KEY: &str = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W";

/// A site by HTTPS, which whoever has the VIP shows: its port, and the fingerprint of its certificate.
fn site() -> (u16, String) {
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(["www.example.cc".to_owned()]).unwrap().self_signed(&key).unwrap();
    let fingerprint = HEXLOWER.encode(&Sha256::digest(own.der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![own.der().clone()], key).unwrap());
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut inside = Stream::new(&mut session, &mut stream);
            let _ = inside.read(&mut [0; 1024]); // whoever only looks who listens says nothing
            let _ = inside.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        }
    });
    (port, fingerprint)
}

/// The same hosts with a site whose certificate is got by ACME.
fn by_acme(stage: &Stage, tls: u16) {
    stage.inventory_of(&ALL, "");
    let text = std::fs::read_to_string(stage.path("inventory.yaml")).unwrap();
    let (hosts, short) = text.split_once("site: ").unwrap();
    let plain = short.trim_matches(|c: char| !c.is_ascii_digit());
    let eab = "eab: { kid: kid-37, key: { file: eab.key } }";
    stage.write("eab.key", &format!("{KEY}\n"));
    stage.write(
        "inventory.yaml",
        &format!(
            "{hosts}sites:\n  - names: [www.example.cc]\n    listen: [{{ port: {plain}, tls: no }}, 80, {tls}]\n    pool: web\n    \
             tls: {{ acme: {{ email: ops@example.cc, directory: 'https://ca.example.cc/dir', {eab} }} }}\n"
        ),
    );
}

/// What the next try at each load balancer comes to.
fn authority(stage: &Stage, fingerprint: &str, failure: Option<&str>) {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let failure = failure.map(|what| json!({ "what": what, "at_unix_s": now, "again_unix_s": now + 3600, "times": 1 }));
    let held = json!({
        "id": "www.example.cc", "names": ["www.example.cc"], "issuer": "R11", "fingerprint": fingerprint,
        "from_unix_s": now - 86_400, "until_unix_s": now + 80 * 86_400,
        "directory": failure.is_none().then_some("https://ca.example.cc/dir"), "failure": failure,
    });
    for host in LBS {
        stage.host(host).tells("standing", &json!({ "certificates": [held] }).to_string());
    }
}

#[test]
fn an_authority_that_refuses_ends_no_deploy_and_nothing_stays_of_a_site_that_goes() {
    let Some(stage) = stage(&ALL) else { return };
    stage.deployed();
    let (before, homework) = (stage.snapshot(), std::fs::read_to_string(stage.path("inventory.yaml")).unwrap());
    let (tls, fingerprint) = site();
    by_acme(&stage, tls);
    let plan = planned(&stage);
    assert!(plan.contains("create /etc/nginx/hactl/acme/www.example.cc.eab\n    (holds secrets"), "{plan}");
    authority(&stage, &fingerprint, Some("the authority is closed on Sundays"));
    let (end, heard) = deploy_aloud(&stage);
    end.is(Exit::Done, &[Code::CertificateNotIssued, Code::CertificateNotIssued]);
    assert!(end.said().contains("no certificate was issued for www.example.cc: the authority is closed on Sundays"));
    assert_eq!(end.value.unwrap().verified, Some(true));
    // The secrets lie where root alone reads them, alike on both, and nobody has seen them.
    let read = |host: &str, path: &str| {
        let mode = std::fs::metadata(stage.host(host).path(path)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{host}: {path}");
        stage.host(host).text(path)
    };
    let eab = format!("{FOLDER}/www.example.cc.eab");
    let account = read("lb-5", ACCOUNT);
    assert_eq!((read("lb-5", &eab), read("lb-6", &eab)), (format!("{KEY}\n"), format!("{KEY}\n")));
    assert_eq!(account, read("lb-6", ACCOUNT));
    let stands_in = read("lb-5", &format!("{FOLDER}/www.example.cc.pem"));
    let line = |pem: &str| pem.lines().nth(1).unwrap().to_owned();
    // Nor does a list of generations show them, or what one of them changed.
    let inventory = stage.order.inventory.as_deref();
    let wanted = Wanted { from: Some(1), to: Some(2), host: None };
    let listed = stage.run(async { End::of(history(inventory, stage.options(), None).await) }).value.unwrap();
    let changed = stage.run(async { End::of(compare(inventory, stage.options(), &wanted).await) }).value.unwrap();
    let listing = [serde_json::to_string(&listed).unwrap(), serde_json::to_string(&changed).unwrap()].concat();
    assert!(listing.contains("www.example.cc.eab") && listing.contains("acme-account.key"), "{listing}");
    for secret in [KEY.to_owned(), line(&account), line(&stands_in)] {
        assert!(!heard.contains(&secret) && !plan.contains(&secret) && !listing.contains(&secret), "{secret}");
    }
    let orders = stage.host("lb-6").text(&format!("{FOLDER}/orders.json"));
    assert!(orders.contains("kid-37") && orders.contains(&eab) && !orders.contains(KEY), "{orders}");
    assert!(LBS.iter().all(|host| stage.host(host).has("/played/units/hactl-certificates.timer.active")));
    assert!(!stage.host("web-7").has(FOLDER) && !stage.host("web-7").has(ACCOUNT));

    // It gives one: the next deploy has nothing to change and nothing to tell.
    authority(&stage, &fingerprint, None);
    let end = stage.deploy();
    end.is(Exit::Done, &[]);
    assert_eq!(end.value.unwrap().changed, 0);
    stage.drift().is(Exit::Done, &[]);

    // The site goes, and a host does not take that: what went comes back, with its folders.
    let by_acme = stage.snapshot();
    stage.write("inventory.yaml", &homework);
    stage.host("lb-5").fails_once("systemctl reload-or-restart nginx");
    let end = stage.deploy();
    assert_eq!(end.exit, Exit::RolledBack, "{}", end.said());
    assert_eq!(stage.live_changes(&by_acme), Vec::<String>::new());
    // Then all of it goes, as if it had never been there.
    stage.deployed();
    assert_eq!(stage.live_changes(&before), Vec::<String>::new());
    assert!(LBS.iter().all(|host| !stage.host(host).has("/etc/nginx/hactl")));
}
