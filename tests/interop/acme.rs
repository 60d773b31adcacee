//! `hactl agent certificates` with an authority that nobody here wrote: Pebble, with which Let's Encrypt tests clients.
//! nginx and systemd are played by scripts; whoever answers the authority works out by itself, with OpenSSL and Python,
//! what the answer is.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use crate::lan::{binary, read, wait};

/// Answers questions of HTTP-01: the question's last word, a dot, and the thumbprint of RFC 7638 of the account's key.
const ANSWERS: &str = r#"
import base64, hashlib, http.server, json, subprocess, sys
point = subprocess.run(["openssl", "pkey", "-in", sys.argv[1], "-pubout", "-outform", "DER"], capture_output=True).stdout[-64:]
text = lambda some: base64.urlsafe_b64encode(some).rstrip(b"=").decode()
key = {"crv": "P-256", "kty": "EC", "x": text(point[:32]), "y": text(point[32:])}
thumb = text(hashlib.sha256(json.dumps(key, sort_keys=True, separators=(",", ":")).encode()).digest())
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write((self.path.rsplit("/", 1)[1] + "." + thumb).encode())
http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Answer).serve_forever()
"#;

/// An authority, its name server, who answers it, and a host's folders; gone when dropped.
struct Place {
    folder: tempfile::TempDir,
    daemons: Vec<Child>,
    directory: String,
}

impl Place {
    /// `None` where there is no Pebble.
    fn new() -> Option<Self> {
        Self::with(json!({ "externalAccountBindingRequired": false }))
    }

    /// With this in the authority's configuration.
    fn with(more: Value) -> Option<Self> {
        if let Some(tool) =
            ["pebble", "pebble-challtestsrv", "openssl", "python3"].iter().find(|tool| which::which(tool).is_err())
        {
            eprintln!("SKIPPED: no `{tool}` here");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let [door, manage, web, dns] =
            [0; 4].map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).map(|one| one.local_addr().unwrap().port());
        let mut place = Self { folder, daemons: Vec::new(), directory: format!("https://127.0.0.1:{door}/dir") };
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::ExplicitNoCa;
        let key = KeyPair::generate().unwrap();
        place.write("door.pem", &params.self_signed(&key).unwrap().pem(), 0o644);
        place.write("door.key", &key.serialize_pem(), 0o600);
        place.write("account.key", &KeyPair::generate().unwrap().serialize_pem(), 0o600);
        place.write("answers.py", ANSWERS, 0o644);
        let mut config = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{door}"), "managementListenAddress": format!("127.0.0.1:{manage}"),
            "certificate": place.path("door.pem"), "privateKey": place.path("door.key"), "httpPort": web, "tlsPort": web,
            "ocspResponderURL": "",
        }});
        config["pebble"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        place.write("pebble.json", &config.to_string(), 0o644);
        for program in ["nginx", "systemctl"] {
            place.write(program, &format!("#!/bin/sh\necho {program} \"$@\" >>\"$LOG\"\n"), 0o755);
        }
        let names = format!("127.0.0.1:{dns}");
        let said = |name: &str| place.path(name).display().to_string();
        let words: [Vec<String>; 3] = [
            [
                "pebble-challtestsrv",
                "-defaultIPv4",
                "127.0.0.1",
                "-defaultIPv6",
                "",
                "-http01",
                "",
                "-https01",
                "",
                "-tlsalpn01",
                "",
                "-management",
                "",
                "-dns01",
                &names,
            ]
            .map(str::to_owned)
            .to_vec(),
            ["python3", &said("answers.py"), &said("account.key"), &web.to_string()].map(str::to_owned).to_vec(),
            ["pebble", "-strict", "-config", &said("pebble.json"), "-dnsserver", &names].map(str::to_owned).to_vec(),
        ];
        for words in words {
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]).env("PEBBLE_VA_NOSLEEP", "1").stdout(Stdio::null()).stderr(Stdio::null());
            place.daemons.push(command.spawn().unwrap());
        }
        for port in [door, web] {
            wait("the authority and its answers", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        }
        Some(place)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Orders one for these names; nginx shall read it from this file, and show it on this port.
    fn order(&self, names: &[&str], file: &str, port: Option<u16>) {
        self.order_bound(names, file, port, None);
    }

    /// The same of an account that is bound to this one of the operator's.
    fn order_bound(&self, names: &[&str], file: &str, port: Option<u16>, kid: Option<&str>) {
        let binding = kid.map(|kid| json!({ "kid": kid, "key_file": self.path("eab.key") }));
        let order = json!({"certificates": [{
            "id": "www.example.cc", "names": names, "file": self.path(file), "port": port, "email": "ops@example.cc",
            "directory": self.directory, "authorities": self.path("door.pem"), "binding": binding,
        }]});
        self.write("orders.json", &order.to_string(), 0o644);
    }

    /// One run with the programs of our folder before all others.
    fn run(&self, more: &[&str]) -> (Option<i32>, Value) {
        let path = format!("{}:/usr/bin:/bin", self.folder.path().display());
        self.run_with(more, &path)
    }

    fn run_with(&self, more: &[&str], path: &str) -> (Option<i32>, Value) {
        let _ = fs::remove_file(self.path("log")); // the first run has none
        let mut command = Command::new(binary());
        command.args(["agent", "certificates", "--json", "--orders"]).arg(self.path("orders.json"));
        command.arg("--account-key").arg(self.path("account.key")).arg("--folder").arg(self.path("state")).args(more);
        let output: Output = command.env("PATH", path).env("LOG", self.path("log")).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), serde_json::from_str(&text).unwrap_or_else(|why| panic!("{why}: {output:?}")))
    }

    /// What nginx and systemd were asked.
    fn log(&self) -> String {
        read(&self.path("log"))
    }

    fn fingerprint(&self, file: &str) -> String {
        let output =
            Command::new("openssl").args(["x509", "-noout", "-fingerprint", "-in"]).arg(self.path(file)).output();
        String::from_utf8_lossy(&output.unwrap().stdout).into_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for daemon in &mut self.daemons {
            let _ = daemon.kill(); // one that has ended already is what is wanted
            let _ = daemon.wait();
        }
    }
}

fn failure(said: &Value) -> &str {
    said["certificates"][0]["failure"]["what"].as_str().unwrap_or_default()
}

const RELOADED: &str = "nginx -t -q\nsystemctl is-active -q nginx\nsystemctl reload nginx\n";

#[test]
fn an_authority_is_satisfied_once() {
    let Some(place) = Place::new() else { return };
    place.order(&["www.example.cc", "example.cc"], "nginx.pem", None);
    let (code, said) = place.run(&[]);
    assert_eq!((code, failure(&said)), (Some(0), ""), "{said:#}");
    assert_eq!(place.log(), RELOADED);
    let held = &said["certificates"][0];
    assert_eq!(held["names"], json!(["www.example.cc", "example.cc"]));
    assert!(held["issuer"].as_str().unwrap().starts_with("Pebble Intermediate CA"), "{held:#}");
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("nginx.pem"), mode("state/www.example.cc.pem")), (0o600, 0o600));
    let pair = Command::new("sh")
        .args(["-c", "openssl pkey -in \"$0\" -pubout; openssl x509 -in \"$0\" -pubkey -noout"])
        .arg(place.path("nginx.pem"))
        .output()
        .unwrap();
    let pair = String::from_utf8_lossy(&pair.stdout).into_owned();
    assert_eq!(&pair[..pair.len() / 2], &pair[pair.len() / 2..], "key and certificate belong together");
    // Nothing is due: nobody is asked for anything.
    let first = place.fingerprint("nginx.pem");
    let (code, _) = place.run(&["--now"]);
    assert_eq!((code, place.log().as_str(), place.fingerprint("nginx.pem") == first), (Some(0), "", true));
    // What nginx has lost it gets again, without asking the authority; so does one that was killed before the reload.
    fs::remove_file(place.path("nginx.pem")).unwrap();
    place.run(&[]);
    assert_eq!((place.log().as_str(), place.fingerprint("nginx.pem") == first), (RELOADED, true));
    let standing = read(&place.path("state/standing.json"));
    fs::write(place.path("state/standing.json"), standing.split(",\n  \"loaded\"").next().unwrap().to_owned() + "}")
        .unwrap();
    place.run(&[]);
    assert_eq!((place.log().as_str(), place.fingerprint("nginx.pem") == first), (RELOADED, true));
    // Another name is another certificate.
    place.order(&["www.example.cc", "shop.example.cc"], "nginx.pem", None);
    let (_, said) = place.run(&[]);
    assert_eq!(said["certificates"][0]["names"], json!(["www.example.cc", "shop.example.cc"]));
    assert_ne!(place.fingerprint("nginx.pem"), first);
}

#[test]
fn what_nginx_does_not_take_is_taken_back() {
    let Some(place) = Place::new() else { return };
    place.write("nginx.pem", "what stands in\n", 0o600);
    place.order(&["www.example.cc"], "nginx.pem", None);
    place.write("nginx", "#!/bin/sh\necho 'nginx: [emerg] unknown directive' >&2\nexit 1\n", 0o755);
    let (code, said) = place.run(&[]);
    assert_eq!((code, failure(&said)), (Some(0), "nginx refuses its configuration: nginx: [emerg] unknown directive"));
    assert_eq!(read(&place.path("nginx.pem")), "what stands in\n");
    let kept = place.fingerprint("state/www.example.cc.pem");
    place.write("nginx", "#!/bin/sh\n", 0o755);
    place.write(
        "systemctl",
        "#!/bin/sh\n[ \"$1\" != reload ] || { echo 'Job for nginx failed' >&2; exit 1; }\n",
        0o755,
    );
    let (_, said) = place.run(&[]);
    assert_eq!(failure(&said), "nginx does not reload: Job for nginx failed");
    fs::remove_file(place.path("systemctl")).unwrap();
    let (_, said) = place.run_with(&[], &place.folder.path().display().to_string());
    assert!(failure(&said).starts_with("systemctl: No such file"), "NotLoaded::Program: {said:#}");
    place.order(&["www.example.cc"], "none/nginx.pem", None);
    let (_, said) = place.run(&[]);
    assert!(failure(&said).contains("none/nginx.pem: No such file"), "NotLoaded::File: {said:#}");
    // A web server that goes on with another certificate: here one that is the authority's own.
    place.write("systemctl", "#!/bin/sh\n", 0o755);
    let port = place.directory.split([':', '/']).nth(4).and_then(|port| port.parse().ok());
    place.order(&["www.example.cc"], "nginx.pem", port);
    let (_, said) = place.run(&[]);
    assert_eq!(failure(&said), "nginx still shows another certificate for www.example.cc, 10 s after its reload");
    place.order(&["www.example.cc"], "nginx.pem", None);
    let (_, said) = place.run(&[]);
    assert_eq!(failure(&said), "");
    assert_eq!(
        (place.fingerprint("nginx.pem"), place.fingerprint("state/www.example.cc.pem")),
        (kept.clone(), kept),
        "the authority was asked once"
    );
}

/// An authority that knows its customers: by the right key and none other, and once.
#[test]
fn an_account_is_bound_to_the_operator_s() {
    let (good, other) =
        ("zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W", "YWxsIHdvcmsgYW5kIG5vIHBsYXk");
    let keys = json!({ "externalAccountBindingRequired": true, "externalAccountMACKeys": { "kid-37": good } });
    let Some(place) = Place::with(keys) else { return };
    let order = |name: &str, kid| place.order_bound(&[name], "nginx.pem", None, kid);
    order("www.example.cc", None);
    let (code, said) = place.run(&[]);
    assert_eq!(code, Some(7), "{said:#}");
    assert!(failure(&said).ends_with("(externalAccountRequired)"), "{said:#}");
    for (kid, key) in [("kid-91", good), ("kid-37", other)] {
        place.write("eab.key", &format!("{key}\n"), 0o600);
        order("www.example.cc", Some(kid));
        let (code, said) = place.run(&[]);
        assert_eq!(code, Some(7), "{kid}: {said:#}");
        assert!(!failure(&said).is_empty() && !failure(&said).contains(key), "{said:#}");
    }
    // The same order with another key in its file is another one: it is tried at once. `=` behind the key is as good as
    // none.
    place.write("eab.key", &format!("{good}==\n"), 0o600);
    order("www.example.cc", Some("kid-37"));
    let (code, said) = place.run(&[]);
    assert_eq!((code, failure(&said)), (Some(0), ""), "{said:#}");
    // The account is there now: another certificate needs no binding, nor its key.
    fs::remove_file(place.path("eab.key")).unwrap();
    order("shop.example.cc", Some("kid-37"));
    let (code, said) = place.run(&[]);
    assert_eq!((code, failure(&said)), (Some(0), ""), "{said:#}");
}

#[test]
fn a_refusal_is_remembered() {
    let Some(mut place) = Place::new() else { return };
    place.write("nginx.pem", "what stands in\n", 0o600);
    place.order(&["www.example.cc"], "nginx.pem", None);
    // Whoever should answer the authority is gone.
    place.daemons[1].kill().unwrap();
    place.daemons[1].wait().unwrap();
    let (code, said) = place.run(&[]);
    assert_eq!(code, Some(7), "{said:#}");
    assert!(failure(&said).starts_with("www.example.cc: ") && failure(&said).ends_with("(connection)"), "{said:#}");
    let at = said["certificates"][0]["failure"]["at_unix_s"].clone();
    for more in [&[][..], &["--now"]] {
        let (code, said) = place.run(more);
        assert_eq!(
            (code, &said["certificates"][0]["failure"]["at_unix_s"]),
            (Some(7), &at),
            "nobody was asked: {more:?}"
        );
    }
    // The authority itself is gone, and something else is ordered: that is tried at once.
    place.daemons[2].kill().unwrap();
    place.daemons[2].wait().unwrap();
    place.order(&["example.cc"], "nginx.pem", None);
    let (_, said) = place.run(&[]);
    assert!(
        failure(&said).contains("connection refused") && said["certificates"][0]["failure"]["times"] == 1,
        "{said:#}"
    );
    assert_eq!((read(&place.path("nginx.pem")).as_str(), place.log().as_str()), ("what stands in\n", ""));
}
