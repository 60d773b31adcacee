//! Several sites and pools, HTTPS, streams: each word of the inventory by a request that shows it, through the VIP.

use std::path::{Path, PathBuf};

use super::hosts::{Lab, SUBNET, expect};

const TLS: &str = include_str!("../../inventories/tls.yaml");
const TOMCAT: &str = include_str!("../../inventories/tomcat.yaml");

pub(crate) fn write(lab: &Lab, name: &str, text: &str) -> PathBuf {
    let path = lab.files.path().join(name);
    std::fs::write(&path, text.replace("10.0.0", &SUBNET)).unwrap();
    path
}

pub(crate) fn deploy(lab: &Lab, what: &str, inventory: &Path) -> String {
    expect(what, &lab.desk(inventory, &["deploy", "-y", "--accept-new-host-keys"]), 0)
}

/// Status and, behind a blank, where it redirects to; then the body.
fn get(lab: &Lab, url: &str, more: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let host = rest.split('/').next().unwrap();
    let (name, port) = host.split_once(':').unwrap_or((host, if scheme == "https" { "443" } else { "80" }));
    let line = format!(
        "curl -sSk --max-time 10 --resolve {name}:{port}:{SUBNET}.3 -w '\\n%{{http_code}} %{{redirect_url}}' {more} {url} 2>&1"
    );
    let said = lab.sh("client", &line);
    let (body, status) = said.rsplit_once('\n').unwrap_or(("", &said));
    format!("{status}|{}", body.trim())
}

/// Each pair is a request and what must be in its answer.
fn answers(lab: &Lab, pairs: &[(&str, &str, &str)]) {
    for (url, more, wanted) in pairs {
        let said = get(lab, url, more);
        assert!(said.contains(wanted), "{url} {more}: `{said}` lacks `{wanted}`");
    }
}

/// `inventories/tls.yaml` as it is, then with more of what a site can say; then other certificates while requests come.
pub(crate) fn https_by_name(lab: &Lab) {
    let tls = write(lab, "tls.yaml", TLS);
    let said = deploy(lab, "tls.yaml", &tls);
    assert!(said.contains("verified"), "{said}");
    answers(
        lab,
        &[
            ("https://www.example.cc/", "", "200 |web"),
            ("https://example.cc/x?y=1", "", "301 https://www.example.cc/x?y=1"),
            ("http://example.cc/x", "", "301 https://www.example.cc/x"),
            ("http://shop.example.cc/", "", "301 https://shop.example.cc/"),
            ("https://shop.example.cc/", "--tlsv1.3", "200 |web"),
            ("https://shop.example.cc/old", "", "301 https://shop.example.cc/new"),
            ("https://shop.example.cc/admin/", "", "404"), // allowed, and not there
            ("https://www.example.cc/", "-I", "strict-transport-security: max-age=15552000"),
            ("https://www.example.cc/", "-I --http2", "HTTP/2 200"),
        ],
    );
    let plan = expect("nothing to do", &lab.desk(&tls, &["plan"]), 0);
    assert!(!plan.contains("PRIVATE KEY"), "{plan}");
    let key = lab.sh("lb-5", "stat -c '%a %U' /etc/nginx/hactl/*.key | sort -u");
    assert_eq!(key.trim(), "600 root");
    // Each name has its own certificate on one address, and both balancers have the same ones.
    let shown = |name: &str, at: &str| {
        let line = format!(
            "echo | openssl s_client -connect {at}:443 -servername {name} 2>/dev/null | openssl x509 -noout -subject -fingerprint"
        );
        lab.sh("client", &line)
    };
    let [lb5, lb6] = ["5", "6"].map(|last| format!("{SUBNET}.{last}"));
    for name in ["www.example.cc", "shop.example.cc"] {
        assert!(shown(name, &lb5).contains(&format!("CN = {name}")), "{}", shown(name, &lb5));
        assert_eq!(shown(name, &lb5), shown(name, &lb6));
    }
    let status = expect("status", &lab.desk(&tls, &["status"]), 0);
    assert!(status.contains("certificate for shop.example.cc by shop.example.cc, 396 days left"), "{status}");
    let verified = expect("verify", &lab.desk(&tls, &["verify"]), 0);
    assert!(verified.contains("https://www.example.cc/"), "{verified}");

    // With files of our own, renewed under load.
    let made = |name: &str, days: u32| {
        let folder = lab.files.path().display().to_string();
        lab.sh("desk", &format!(
            "cd {folder} && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days {days} -subj /CN=Lab -addext subjectAltName=DNS:{name} -keyout {name}.key -out {name}.pem 2>/dev/null"
        ));
    };
    made("www.example.cc", 90);
    made("shop.example.cc", 90);
    let own = TLS
        .replace("names: [www.example.cc, example.cc]", "names: [www.example.cc]")
        .replace("self_signed: yes, hsts", "certificate: www.example.cc.pem, key: www.example.cc.key, hsts")
        .replace("self_signed: yes, profile", "certificate: shop.example.cc.pem, key: { command: cat KEY }, profile")
        .replace("KEY", &lab.files.path().join("shop.example.cc.key").display().to_string());
    let own = write(lab, "own.yaml", &own);
    deploy(lab, "certificates of our own", &own);
    let before = shown("www.example.cc", &lb5);
    assert!(before.contains("CN = Lab"), "{before}");
    made("www.example.cc", 91);
    let load = Load::begin(lab, Some("www.example.cc"));
    let renewal = timed(|| drop(deploy(lab, "renewed", &own)));
    let lost = load.end();
    assert_ne!(shown("www.example.cc", &lb5), before, "nginx has the new one");
    assert_eq!(shown("www.example.cc", &lb5), shown("www.example.cc", &lb6));
    assert_eq!(lost.failed, Vec::<String>::new());
    let answered = lost.during(renewal);
    eprintln!(
        "NOTE a certificate renewed: {answered} requests meanwhile, none failed, {} sent again",
        lost.again.len()
    );
    assert!(answered > 0, "{renewal:?}");

    // Somebody's other certificate, a name that it is not for, a key of another one.
    made("other.cc", 5);
    let text = std::fs::read_to_string(&own).unwrap();
    let other = write(lab, "other.yaml", &text.replace("www.example.cc.pem", "other.cc.pem"));
    let said = expect("mistakes of a certificate", &lab.desk(&other, &["check"]), 3);
    for code in ["E168", "E169", "W171"] {
        assert!(said.contains(code), "{code}: {said}");
    }
    lab.sh("lb-5", "cd /etc/nginx/hactl && cp shop.example.cc.pem www.example.cc.pem && cp shop.example.cc.key www.example.cc.key && systemctl reload nginx");
    // A reload ends before the last old worker has gone.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while shown("www.example.cc", &lb5) != shown("shop.example.cc", &lb5) {
        assert!(std::time::Instant::now() < end, "nginx does not show the other certificate");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let said = expect("another certificate is served", &lab.desk(&own, &["verify"]), 7);
    assert!(said.contains("E725"), "{said}");
    deploy(lab, "put right", &own);
    // Whoever stands by is asked for each site, too: through the VIP nobody would notice before the next failure.
    let said = expect("both serve", &lab.desk(&own, &["verify"]), 0);
    assert!(said.contains("https://www.example.cc/ on lb-6  http 200"), "{said}");
    lab.sh(
        "lb-6",
        "sed -i '/server_name www.example.cc/a return 503;' /etc/nginx/conf.d/hactl-lb.conf && systemctl reload nginx",
    );
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let said = loop {
        let output = lab.desk(&own, &["verify"]);
        if output.status.code() == Some(7) || std::time::Instant::now() > end {
            break expect("the standby does not serve", &output, 7);
        }
    };
    let told = "https://www.example.cc/ answers with status 503 on lb-6, which stands by";
    assert!(said.contains("E732") && said.contains(told) && !said.contains("E704"), "{said}");
    deploy(lab, "put right again", &own);
    expect("both serve again", &lab.desk(&own, &["verify"]), 0);
    // What sites that are gone have left goes, too.
    let alone = TLS.split("  - names: [shop").next().unwrap().to_owned();
    deploy(lab, "one site", &write(lab, "one.yaml", &alone));
    assert_eq!(
        lab.sh("lb-6", "ls /etc/nginx/hactl").split_whitespace().collect::<Vec<_>>(),
        ["www.example.cc.key", "www.example.cc.pem"]
    );
}

/// Connections that a load keeps open.
pub(crate) const CONNECTIONS: usize = 10;

/// Requests of ten clients all the time, 200 a second or `HACTL_LAB_RATE`, by HTTP/1.1 with connections kept, as
/// `load.py` makes them.
pub(crate) struct Load<'l> {
    lab: &'l Lab,
    folder: String,
    child: std::process::Child,
}

/// What came of them.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// When each request began that was answered with 2xx, in microseconds since 1970.
    answered: Vec<u64>,
    /// Of each other one what came of it.
    pub failed: Vec<String>,
    /// Of those that were answered, what had to be sent once more, as the end of its connection came before the answer.
    pub again: Vec<String>,
}

impl Loaded {
    /// Requests that began, and were answered, while something else went on.
    pub(crate) fn during(&self, (from, to): (u64, u64)) -> usize {
        self.answered.iter().filter(|at| (from..to).contains(at)).count()
    }

    /// Requests that lost their connection, whether or not a new one answered them.
    pub(crate) fn broken(&self) -> usize {
        self.failed.len() + self.again.len()
    }
}

/// Carries something out, and tells when that was, as [`Loaded::during`] wants it.
pub(crate) fn timed(work: impl FnOnce()) -> (u64, u64) {
    let now = || u64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_micros()).unwrap();
    let from = now();
    work();
    (from, now())
}

impl<'l> Load<'l> {
    /// Begins with requests to the VIP, and returns when each client has made its first; `tls` is the name that is
    /// asked for by HTTPS.
    pub(crate) fn begin(lab: &'l Lab, tls: Option<&str>) -> Self {
        let (port, name) = tls.map_or((80, "-"), |name| (443, name));
        let folder = lab.files.path().join("load").display().to_string();
        let rate = std::env::var("HACTL_LAB_RATE").unwrap_or_else(|_| "200".into());
        let program = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lab/load.py");
        let line = format!(
            "rm -rf {folder} && mkdir {folder} && exec python3 {program} {SUBNET}.3 {port} {name} / {CONNECTIONS} {rate} \
             {folder}/stop {folder}/lines"
        );
        let mut command = lab.command();
        command.args(["lab", "exec", "client", "--", "sh", "-c", &line]);
        let child = command.spawn().unwrap();
        let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while lab.sh("client", &format!("ls {folder}/lines.begun 2>/dev/null")).is_empty() {
            assert!(std::time::Instant::now() < end, "the clients do not begin");
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        Self { lab, folder, child }
    }

    pub(crate) fn end(mut self) -> Loaded {
        self.lab.sh("client", &format!("touch {}/stop", self.folder));
        assert!(self.child.wait().unwrap().success());
        let mut loaded = Loaded::default();
        for line in self.lab.sh("client", &format!("cat {}/lines", self.folder)).lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            match columns[1].starts_with('2') {
                true => loaded.answered.push(columns[0].parse().unwrap()),
                false => loaded.failed.push(line.to_owned()),
            }
            if columns[1].starts_with('2') && !columns[3].is_empty() {
                loaded.again.push(line.to_owned());
            }
        }
        assert!(!loaded.answered.is_empty(), "{:?}", loaded.failed);
        loaded
    }
}

/// `inventories/tomcat.yaml`: what the course notes' nginx.conf says, request by request.
pub(crate) fn several_servers_on_a_host(lab: &Lab) {
    let tomcat = write(lab, "tomcat.yaml", TOMCAT);
    deploy(lab, "tomcat.yaml", &tomcat);
    for host in ["lb-5", "lb-6"] {
        lab.sh(host, "mkdir -p /var/local/static && echo picture > /var/local/static/a.png && echo styles > /var/local/static/a.css");
    }
    answers(
        lab,
        &[
            ("http://www.dbspread.cc/", "", "200 |web7"),
            ("http://dbspread.cc/x", "", "301 http://www.dbspread.cc/x"),
            ("http://www.dbspread.cc/a.css", "", "200 |styles"),
            ("http://www.dbspread.cc/a.css", "-I", "Cache-Control: max-age=2592000"),
            ("http://www.dbspread.cc/a.png", "", "200 |picture"),
            ("http://www.dbspread.cc/a.png", "-e http://thief.cc/", "403"),
            ("http://www.dbspread.cc/a.png", "-e http://www.dbspread.cc/", "200 |picture"),
            ("http://www.dbspread.cc/x.jsp", "", "404"), // asked of the other pool
        ],
    );
    // Both ports of the first pool take their turns, and one that is dead is passed over.
    let asked = |port: u16| {
        let line = format!("ss -Htn state time-wait sport = :{port} | wc -l");
        lab.sh("web-7", &line).trim().parse::<u32>().unwrap_or(0)
    };
    (0..8).for_each(|_| answers(lab, &[("http://www.dbspread.cc/", "", "200 |web7")]));
    assert!(asked(8080) > 0 && asked(8081) > 0, "{} {}", asked(8080), asked(8081));
    lab.sh("web-7", "nft add table inet shut && nft 'add chain inet shut in { type filter hook input priority 0; }' && nft add rule inet shut in tcp dport 8081 reject with tcp reset");
    (0..8).for_each(|_| answers(lab, &[("http://www.dbspread.cc/", "", "200 |web7")]));
    let said = expect("a server is out", &lab.desk(&tomcat, &["verify"]), 7);
    assert!(
        said.contains("web-7 does not answer as it should on port 8081 (asked by lb-5 and lb-6: connection refused: "),
        "{said}"
    );
    lab.sh("web-7", "nft delete table inet shut");
    expect("and in again", &lab.desk(&tomcat, &["verify"]), 0);
    let log = lab.sh("lb-5", "cat /var/log/nginx/access.log");
    assert!(log.contains("\"GET / HTTP/1.1\" 200") && !log.contains("\"GET /hactl-health"), "{log}");
    // How many files a worker may open the container's own limit decides.
    let workers = lab.sh("lb-5", "pgrep -u www-data -c nginx");
    let main = lab.sh("lb-5", "nginx -T 2>/dev/null");
    assert!(workers.trim() == "4" && main.contains("worker_rlimit_nofile 102400;"), "{workers}: {main}");
}

/// The rest of what a site can say, and streams.
pub(crate) fn limits_caches_and_streams(lab: &Lab) {
    std::fs::write(lab.files.path().join("users"), "ann:$apr1$5Wv4S8qk$4bYlZ9GQdC1yE4OGAW1mD/\n").unwrap();
    let hashed = lab.sh("desk", "openssl passwd -apr1 hunter2");
    std::fs::write(lab.files.path().join("users"), format!("ann:{hashed}")).unwrap();
    let text = "cluster: more\nvip: 10.0.0.3/24\nssh: { user: root }\nlb: { lb-5: 10.0.0.5, lb-6: 10.0.0.6 }\n\
        web: { web-7: 10.0.0.7, web-8: 10.0.0.8 }\n\
        pools:\n  one: [web-7]\n  sticky: { servers: [web-7, web-8], method: hash $arg_user consistent }\n  spare: { servers: { web-7: {}, web-8: { backup: yes } } }\n  drained: { servers: { web-7: { down: yes }, web-8: {} }, keepalive: 8 }\n\
        sites:\n  - pool: spare\n    locations:\n\
        \x20   - { path: /limited, pool: one, limit: { requests: 1r/s, burst: 1 } }\n\
        \x20   - { path: /kept/, pool: one, cache: { keep: 1m, stale: [error, timeout, http_502] }, lines: 'rewrite ^ / break;' }\n\
        \x20   - { path: /secret, pool: one, auth: { realm: Lab, users: users } }\n\
        \x20   - { path: /closed, pool: one, allow: [192.0.2.0/24] }\n\
        \x20   - { path: /user, pool: sticky, lines: 'rewrite ^ / break;' }\n\
        \x20   - { path: /drained, pool: drained, lines: 'rewrite ^ / break;' }\n\
        \x20   - { path: = /gone, status: 410 }\n\
        \x20 - { names: [own.example.cc], listen: [80, { port: 81, proxy_protocol: yes }], vips: [10.0.0.3], pool: one, verify: /, lines: 'add_header X-Client $remote_addr always;' }\n\
        streams:\n  - { listen: 8306, pool: one }\n  - { listen: 8053, pool: one, protocol: udp }\n";
    let more = write(lab, "more.yaml", text);
    deploy(lab, "more.yaml", &more);
    answers(
        lab,
        &[
            ("http://any.cc/", "", "200 |web7"),
            ("http://any.cc/gone", "", "410"),
            ("http://any.cc/closed", "", "403"),
            ("http://any.cc/secret", "", "401"),
            ("http://any.cc/secret", "-u ann:hunter2", "404"),
            ("http://any.cc/secret", "-u ann:wrong", "401"),
            ("http://any.cc/drained", "", "200 |web8"),
            ("http://any.cc/kept/", "-I", "X-Cache-Status: MISS"),
            ("http://any.cc/kept/", "", "200 |web7"),
            ("http://any.cc/kept/", "-I", "X-Cache-Status: HIT"),
            ("http://own.example.cc/", "-I", "X-Client: "),
            ("http://own.example.cc:81/", "--haproxy-protocol -I", "X-Client: "),
            ("http://any.cc:8306/", "", "200 |web7"),
        ],
    );
    let two = ["a", "a", "a", "a"].map(|user| get(lab, &format!("http://any.cc/user?user={user}"), ""));
    assert!(two.iter().all(|one| *one == two[0]), "{two:?}");
    let many: Vec<String> = (0..6).map(|_| get(lab, "http://any.cc/limited", "")).collect();
    assert!(many.iter().any(|one| one.starts_with("429")), "{many:?}");
    // An old answer is better than none, and a backup server serves when the others are gone.
    lab.sh("web-7", "systemctl stop nginx");
    answers(lab, &[("http://any.cc/kept/", "", "200 |web7"), ("http://any.cc/", "", "200 |web8")]);
    lab.sh("web-7", "systemctl start nginx");
    // Back to the short form: nothing of the long one stays.
    deploy(lab, "the homework", &lab.homework());
    assert_eq!(lab.sh("lb-5", "ls -A /etc/nginx/hactl 2>/dev/null; ls /etc/nginx/modules-enabled | grep hactl"), "");
    assert!(lab.page().starts_with("web"), "{}", lab.page());
}
