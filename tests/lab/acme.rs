//! Certificates by ACME, of an authority that is not ours: Pebble, with which Let's Encrypt tests clients. It runs at
//! the client, and asks a name server that leads every name to the VIP.

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair, date_time_ymd};

use super::hosts::{Lab, SUBNET, expect};
use super::sites::{Load, timed};

const ACME: &str = include_str!("../../inventories/acme.yaml");
const BALANCERS: [&str; 2] = ["lb-5", "lb-6"];
const FILE: &str = "/etc/nginx/hactl/acme/www.example.cc.pem";
const STORE: &str = "/var/lib/hactl/certificates";

/// The authority and its name server; gone when dropped.
struct Authority<'l> {
    lab: &'l Lab,
    at: String,
    daemons: Vec<Child>,
}

impl<'l> Authority<'l> {
    fn new(lab: &'l Lab) -> Self {
        let shown = lab.sh("client", "ip -4 -o addr show dev eth0");
        let at = shown.split_whitespace().nth(3).and_then(|net| net.split('/').next()).unwrap().to_owned();
        let mut params = CertificateParams::new([at.clone()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "the lab's authority");
        params.is_ca = rcgen::IsCa::ExplicitNoCa;
        let key = KeyPair::generate().unwrap();
        let own = params.self_signed(&key).unwrap();
        let path = |name: &str| lab.files.path().join(name);
        std::fs::write(path("door.pem"), own.pem()).unwrap();
        std::fs::write(path("door.key"), key.serialize_pem()).unwrap();
        let config = serde_json::json!({"pebble": {
            "listenAddress": format!("{at}:14000"), "managementListenAddress": format!("{at}:15000"),
            "certificate": path("door.pem"), "privateKey": path("door.key"), "httpPort": 80, "tlsPort": 443,
            "ocspResponderURL": "", "externalAccountBindingRequired": false,
        }});
        std::fs::write(path("pebble.json"), config.to_string()).unwrap();
        let mut authority = Self { lab, at, daemons: Vec::new() };
        authority.start(&format!(
            "exec pebble-challtestsrv -defaultIPv4 {SUBNET}.3 -defaultIPv6 '' -http01 '' -https01 '' -tlsalpn01 '' -management '' \
             -dns01 {}:8053",
            authority.at
        ));
        authority.begin();
        authority
    }

    fn start(&mut self, line: &str) {
        let log = std::fs::File::create(self.lab.files.path().join(format!("{}.log", self.daemons.len()))).unwrap();
        let mut command = self.lab.command();
        command.args(["lab", "exec", "client", "--", "sh", "-c", line]);
        command.stdout(log.try_clone().unwrap()).stderr(log);
        self.daemons.push(command.spawn().unwrap());
    }

    /// Starts it, with new roots and without a memory. It refuses a nonce now and then, on purpose.
    fn begin(&mut self) {
        let config = self.lab.files.path().join("pebble.json").display().to_string();
        let dns = format!("{}:8053", self.at);
        self.start(&format!("PEBBLE_VA_NOSLEEP=1 exec pebble -strict -config {config} -dnsserver {dns}"));
        let end = Instant::now() + Duration::from_secs(20);
        while !self.roots().contains("BEGIN CERTIFICATE") {
            assert!(Instant::now() < end, "the authority does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        std::fs::write(self.lab.files.path().join("root.pem"), self.roots()).unwrap();
    }

    fn roots(&self) -> String {
        self.lab.sh("client", &format!("curl -sk --max-time 2 https://{}:15000/roots/0", self.at))
    }

    /// Ends it.
    fn end(&mut self) {
        let mut daemon = self.daemons.pop().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    fn inventory(&self, name: &str, names: &str) -> PathBuf {
        let directory = format!("https://{}:14000/dir", self.at);
        let text = ACME.replace("10.0.0", &SUBNET).replace("[www.example.cc, example.cc]", names).replace(
            "acme: ops@example.cc",
            &format!("acme: {{ email: ops@example.cc, directory: \"{directory}\", ca: door.pem }}"),
        );
        assert!(text.contains(&directory) && text.contains(names), "{text}");
        let path = self.lab.files.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Authority<'_> {
    fn drop(&mut self) {
        while !self.daemons.is_empty() {
            self.end();
        }
    }
}

/// What a load balancer shows: names, issuer, fingerprint, each behind its word.
fn shown(lab: &Lab, host: &str) -> String {
    let line = format!(
        "echo | openssl s_client -connect {SUBNET}.{}:443 -servername www.example.cc 2>/dev/null | \
         openssl x509 -noout -issuer -fingerprint -sha256 -ext subjectAltName",
        host.trim_start_matches("lb-")
    );
    lab.sh("client", &line)
}

/// A page by HTTPS of each of them and of the VIP, where only the authority's root is believed.
fn pages(lab: &Lab, name: &str) {
    let root = lab.files.path().join("root.pem").display().to_string();
    for last in ["3", "5", "6"] {
        let line = format!(
            "curl -sS --max-time 10 --cacert {root} --resolve {name}:443:{SUBNET}.{last} -o /dev/null -w '%{{http_code}}' https://{name}/ 2>&1"
        );
        let said = lab.sh("client", &line);
        assert!(said == "200" || said == "301", "{name} at .{last}: {said}");
    }
}

/// Puts a certificate in place that ends in ten days of ninety, as if it had been issued then.
fn age(lab: &Lab, host: &str) {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = |days: i64| {
        let date = now.saturating_add(jiff::Span::new().days(days));
        date_time_ymd(date.year().into(), date.month().try_into().unwrap(), date.day().try_into().unwrap())
    };
    let mut params = CertificateParams::new(["www.example.cc".to_owned(), "example.cc".to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "old");
    (params.not_before, params.not_after) = (day(-80), day(10));
    let key = KeyPair::generate().unwrap();
    let bundle = key.serialize_pem() + &params.self_signed(&key).unwrap().pem();
    let line = format!(
        "umask 077; echo '{bundle}' | tee {FILE} >{STORE}/www.example.cc.pem; rm -f {STORE}/standing.json; systemctl reload nginx"
    );
    lab.sh(host, &line);
    until("the old certificate is shown", || shown(lab, host).contains("CN = old"));
}

/// Waits for what comes soon: a reload ends before the last old worker has gone.
fn until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < end, "not within 20 s: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Whether nginx accepts what is there, and key and certificate belong together.
fn consistent(lab: &Lab, host: &str) {
    let pair = format!(
        "nginx -t -q && openssl pkey -in {FILE} -pubout 2>&1 | sha256sum; openssl x509 -in {FILE} -pubkey -noout 2>&1 | sha256sum"
    );
    let said = lab.sh(host, &pair);
    let sums: Vec<&str> = said.lines().collect();
    assert!(sums.len() == 2 && sums[0] == sums[1], "{host}: {said}");
}

fn deploy(lab: &Lab, inventory: &Path) -> String {
    expect("deploy", &lab.desk(inventory, &["deploy", "-y"]), 0)
}

/// From a first deploy to names that change, an authority that is away, kills, a way back, and to nothing left.
pub(crate) fn certificates_of_an_authority(lab: &Lab) {
    if which::which("pebble").is_err() {
        eprintln!("SKIPPED: no `pebble` here");
        return;
    }
    let mut authority = Authority::new(lab);
    let inventory = authority.inventory("acme.yaml", "[www.example.cc, example.cc]");
    let begun = Instant::now();
    let said = deploy(lab, &inventory);
    assert!(said.contains("verified") && !said.contains("E726"), "{said}");
    eprintln!("NOTE deployed with certificates of an authority in {:.1} s", begun.elapsed().as_secs_f64());
    for name in ["www.example.cc", "example.cc"] {
        pages(lab, name);
    }
    let before = BALANCERS.map(|host| shown(lab, host));
    assert!(before.iter().all(|one| one.contains("CN = Pebble Intermediate CA")), "{before:?}");
    assert_ne!(before[0], before[1], "each has its own");
    let keys = BALANCERS.map(|host| {
        lab.sh(host, &format!("stat -c '%a %U' {FILE} /etc/hactl/acme-account.key; openssl pkey -in {FILE} -pubout"))
    });
    assert!(keys.iter().all(|key| key.starts_with("600 root\n600 root\n")) && keys[0] != keys[1], "{keys:?}");
    assert!(expect("plan", &lab.desk(&inventory, &["plan"]), 0).contains("nothing would change"));
    assert!(expect("drift", &lab.desk(&inventory, &["status", "--drift"]), 0).contains("no drift"));
    for words in ["status", "verify"] {
        let said = expect(words, &lab.desk(&inventory, &[words]), 0);
        for host in BALANCERS {
            let line = format!(
                "www.example.cc on {host}  certificate for www.example.cc, example.cc by Pebble Intermediate CA"
            );
            assert!(said.contains(&line), "{said}");
        }
    }

    // Any of them answers for all, whatever it is asked, and nothing else.
    let asked = |last: &str, path: &str| {
        lab.sh(
            "client",
            &format!("curl -sS -H 'Host: www.example.cc' 'http://{SUBNET}.{last}/.well-known/acme-challenge/{path}'"),
        )
    };
    let (five, six) = (asked("5", "a_Token-7"), asked("6", "a_Token-7"));
    assert!(five.starts_with("a_Token-7.") && five.len() == "a_Token-7.".len() + 43 && five == six, "{five} {six}");
    assert!(asked("5", "no.token").contains("404") && asked("5", "").contains("404"));

    // Whoever has not the VIP renews through whoever has it; then the owner, while clients ask it.
    for host in ["lb-6", "lb-5"] {
        age(lab, host);
        let load = Load::begin(lab, Some("www.example.cc"));
        let renewal = timed(|| drop(lab.sh(host, "systemctl start hactl-certificates")));
        until("renewed", || shown(lab, host).contains("Pebble Intermediate CA"));
        let loaded = load.end();
        assert_eq!(loaded.failed, Vec::<String>::new());
        eprintln!("NOTE {host} renewed: {} requests meanwhile, none failed", loaded.during(renewal));
    }
    expect("to the other one", &lab.desk(&inventory, &["failover", "--to", "lb-6"]), 0);
    age(lab, "lb-5");
    lab.sh("lb-5", "systemctl start hactl-certificates");
    until("renewed through lb-6", || shown(lab, "lb-5").contains("Pebble Intermediate CA"));
    expect("and back", &lab.desk(&inventory, &["failover", "--to", "lb-5"]), 0);

    // Killed at any moment, whether that is a crash or a power cut: nginx starts with what is there.
    for n in 0..10 {
        age(lab, "lb-5");
        lab.sh("lb-5", &format!("hactl agent certificates >/dev/null 2>&1 & sleep 0.{:02}; kill -9 $!", n * 9));
        consistent(lab, "lb-5");
    }
    lab.sh("lb-5", &format!("touch {FILE}.4711.815 && hactl agent certificates"));
    consistent(lab, "lb-5");
    until("renewed after kills", || shown(lab, "lb-5").contains("Pebble Intermediate CA"));
    let left = lab.sh("lb-5", "ls /etc/nginx/hactl/acme");
    assert_eq!(
        left.split_whitespace().collect::<Vec<_>>(),
        ["orders.json", "www.example.cc.pem", "www.example.cc.roots"]
    );

    // The authority is away: the deploy stands, browsers see the old names, and nobody hammers.
    authority.end();
    let more = authority.inventory("more.yaml", "[www.example.cc, example.cc, shop.example.cc]");
    let said = deploy(lab, &more);
    assert!(said.contains("W727") && said.contains("tried once") && said.contains("verified"), "{said}");
    pages(lab, "www.example.cc");
    let standing = || lab.sh("lb-5", &format!("grep -o '\"times\": [0-9]*' {STORE}/standing.json"));
    (0..3).for_each(|_| drop(lab.sh("lb-5", "systemctl start hactl-certificates")));
    assert_eq!(standing().trim(), "\"times\": 1");
    let verified = expect("verify", &lab.desk(&more, &["verify"]), 0);
    assert!(verified.contains("W727"), "{verified}");
    // What is ordered otherwise is tried at once, and another name is another certificate.
    authority.begin();
    let other = authority.inventory("other.yaml", "[www.example.cc, example.cc, other.example.cc]");
    let said = deploy(lab, &other);
    assert!(!said.contains("W727"), "{said}");
    for name in ["www.example.cc", "other.example.cc"] {
        pages(lab, name);
    }
    assert!(expect("plan", &lab.desk(&other, &["plan"]), 0).contains("nothing would change"));

    // A way back, to before ACME and to it again, loses nothing that was issued.
    let issued = BALANCERS.map(|host| shown(lab, host));
    deploy(lab, &lab.homework());
    assert_eq!(
        lab.sh(
            "lb-5",
            "find /etc/nginx/hactl /etc/hactl/acme-account.key /etc/systemd/system/hactl-certificates.* 2>/dev/null"
        ),
        ""
    );
    assert_eq!(lab.sh("lb-5", "systemctl is-active hactl-certificates.timer").trim(), "inactive");
    expect("rollback", &lab.desk(&other, &["rollback", "-y"]), 0);
    assert_eq!(BALANCERS.map(|host| shown(lab, host)), issued);
    expect("rollback of it", &lab.desk(&lab.homework(), &["rollback", "-y"]), 0);
    authority.end();
    let said = deploy(lab, &other);
    assert!(!said.contains("E726"), "{said}");
    for (host, issued) in BALANCERS.iter().zip(&issued) {
        until("what was issued is shown again", || shown(lab, host) == *issued);
    }
    deploy(lab, &lab.homework());
    assert!(lab.page().starts_with("web"), "{}", lab.page());
}
