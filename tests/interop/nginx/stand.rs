//! nginx on host 0 with what `hactl render` has written for it, a client on host 1, servers on host 2.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddrV4, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use nix::sched::{CloneFlags, setns};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};

use super::server::Server;
use crate::lan::{DEADLINE, Daemon, Lan, binary, read, wait};

/// Says why this cannot be tried here.
pub(super) fn unavailable() -> Option<String> {
    let module = Path::new("/usr/lib/nginx/modules/ngx_stream_module.so");
    if !Path::new("/usr/sbin/nginx").exists() {
        return Some("no `nginx` here".into());
    }
    (!module.exists()).then(|| format!("no {} here (libnginx-mod-stream)", module.display()))
}

/// Skips the calling test, aloud, where it cannot run.
macro_rules! need_nginx {
    () => {
        $crate::need_root!();
        if let Some(why) = $crate::nginx::stand::unavailable() {
            eprintln!("SKIPPED: {why}");
            return;
        }
    };
}
pub(super) use need_nginx;

/// Where nginx is.
pub(super) const BALANCER: &str = "10.77.0.5";
/// Where the client is.
pub(super) const CLIENT: &str = "10.77.0.6";
/// The host of the inventory that servers are on, and an address that the inventory does not know as a host's.
pub(super) const WEB: &str = "10.77.0.7";
pub(super) const FOREIGN: &str = "10.77.0.21";

const HOSTS: &str = "cluster: proxied\nvip: 10.77.0.3/24\nlb: { lb-5: 10.77.0.5, lb-6: 10.77.0.99 }\n\
    web: { web-7: { address: 10.77.0.7, managed: no } }\n";

/// Everything on a host is its own but what it would share with this machine.
const SCRIPT: &str = r#"set -e
mount --bind "$1/nginx" /etc/nginx
mount --bind "$1/log" /var/log/nginx
mount --bind "$1/lib" /var/lib/nginx
mount -t tmpfs tmpfs /run
cp -r "$1/static" /run/static
nginx -T > "$1/dump"
exec nginx -g 'daemon off;'
"#;

pub(super) struct Stand {
    pub lan: Lan,
    pub nginx: Daemon,
}

/// What came of a request.
pub(super) struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    /// The port of the server that answered.
    pub(super) fn by(&self) -> u16 {
        let told = self.body.split("server ").nth(1).and_then(|rest| rest.lines().next());
        told.and_then(|port| port.trim().parse().ok()).unwrap_or_else(|| panic!("{}{}", self.head, self.body))
    }
}

impl Stand {
    /// Starts nginx with what the rest of an inventory says.
    pub(super) fn new(inventory: &str) -> Self {
        let lan = Lan::new(3);
        lan.ip(2, &["addr", "add", &format!("{FOREIGN}/24"), "dev", "eth0"]);
        let folder = lan.folder.path();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["log", "lib", "static"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        fs::write(folder.join("static/page.html"), "<p>from the balancer</p>\n").unwrap();
        if inventory.contains("own.pem") {
            certificate(folder);
        }
        if inventory.contains("issued.pem") {
            issued(folder);
        }
        fs::write(folder.join("inventory.yaml"), format!("{HOSTS}{inventory}")).unwrap();
        run(Command::new("cp").args(["-a", "/etc/nginx"]).arg(folder.join("nginx")));
        for name in ["conf.d", "sites-enabled"] {
            // What is there is this machine's; the package's example site the role removes.
            let _ = fs::remove_dir_all(folder.join("nginx").join(name));
            fs::create_dir(folder.join("nginx").join(name)).unwrap();
        }
        let mut render = Command::new(binary());
        render.args(["render", "lb-5", "--json", "--show-secrets", "-i"]).arg(folder.join("inventory.yaml"));
        let rendered: serde_json::Value = serde_json::from_str(&run(&mut render)).unwrap();
        for file in rendered["files"].as_array().unwrap() {
            let Some(name) = file["path"].as_str().unwrap().strip_prefix("/etc/nginx/") else { continue };
            let path = folder.join("nginx").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file["content"].as_str().unwrap()).unwrap();
        }
        // The end of the first process of a space of processes is the end of all of them.
        let words = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", SCRIPT, "sh"];
        let words = words.iter().map(std::convert::AsRef::as_ref).chain([folder.as_os_str()]);
        let nginx = lan.spawn(0, "nginx", words);
        let mut stand = Self { lan, nginx };
        wait("nginx", || {
            assert!(!stand.nginx.ended(), "{}", stand.nginx.log());
            // Only an answer tells that every port listens.
            stand.on(1, || TcpStream::connect((BALANCER, 80))).is_ok_and(|stream| {
                stream.set_read_timeout(Some(DEADLINE)).unwrap();
                stand.ask(stream, "any.cc", "/hactl-health", "", b"").status == 200
            })
        });
        stand
    }

    /// Servers on ports of the inventory's web host.
    pub(super) fn servers<const N: usize>(&self, ports: [u16; N]) -> [Server; N] {
        ports.map(|port| Server::start(&self.lan, (WEB, port)))
    }

    /// Does something in the network of a host.
    pub(super) fn on<T: Send>(&self, n: usize, what: impl FnOnce() -> T + Send) -> T {
        let space = self.lan.host(n);
        std::thread::scope(|scope| {
            let done = scope.spawn(|| {
                enter(&space);
                what()
            });
            done.join().unwrap()
        })
    }

    /// A connection of the client to a port of nginx.
    pub(super) fn connect(&self, port: u16) -> TcpStream {
        self.connect_from(CLIENT, port)
    }

    /// The same from another of its addresses.
    pub(super) fn connect_from(&self, from: &str, port: u16) -> TcpStream {
        let address = |text: &str, port| SockaddrIn::from(SocketAddrV4::new(text.parse().unwrap(), port));
        let stream = self.on(1, || {
            let made = socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
            let made = TcpStream::from(made);
            let raw = std::os::fd::AsRawFd::as_raw_fd(&made);
            bind(raw, &address(from, 0)).unwrap();
            connect(raw, &address(BALANCER, port)).unwrap();
            made
        });
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// Asks for a path of a site.
    pub(super) fn get(&self, site: &str, path: &str) -> Answer {
        self.ask(self.connect(80), site, path, "", &[])
    }

    /// Sends a body.
    pub(super) fn post(&self, site: &str, path: &str, length: usize) -> Answer {
        let headers = format!("Content-Length: {length}\r\n");
        self.ask(self.connect(80), site, path, &headers, &vec![b'x'; length])
    }

    /// Asks with headers of one's own, each with the end of its line; with a body it is a POST.
    pub(super) fn ask(&self, mut stream: TcpStream, site: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let verb = if body.is_empty() { "GET" } else { "POST" };
        let text = format!("{verb} {path} HTTP/1.1\r\nHost: {site}\r\n{headers}Connection: close\r\n\r\n");
        // Who refuses a request may not read it, and `nginx -T` listens for a moment; what counts is what is answered.
        let _ = stream.write_all(&[text.as_bytes(), body].concat());
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let all = String::from_utf8_lossy(&all);
        let (head, body) = all.split_once("\r\n\r\n").unwrap_or((&all, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// What `nginx -T` says of everything it has read.
    pub(super) fn dump(&self) -> String {
        read(&self.lan.path("dump"))
    }

    /// A line of the dump, whatever it is indented by.
    #[track_caller]
    pub(super) fn has_line(&self, line: &str) {
        let dump = self.dump();
        assert!(dump.lines().any(|there| there.trim() == line), "`{line}` is not in\n{dump}");
    }

    pub(super) fn log(&self, name: &str) -> String {
        read(&self.lan.path("log").join(name))
    }

    /// nginx's own process, and those that work for it.
    pub(super) fn processes(&self) -> (u32, Vec<u32>) {
        let children = |pid: u32| -> Vec<u32> {
            let text = read(Path::new(&format!("/proc/{pid}/task/{pid}/children")));
            text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
        };
        let master = children(self.nginx.pid())[0];
        (master, children(master))
    }
}

/// Moves this thread into the network of a host.
pub(super) fn enter(space: &str) {
    setns(File::open(format!("/run/netns/{space}")).unwrap(), CloneFlags::CLONE_NEWNET).unwrap();
}

/// `own.pem` and `own.key`.
fn certificate(folder: &Path) {
    let words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=old.cc \
                 -addext subjectAltName=DNS:old.cc,DNS:new.cc -out own.pem -keyout own.key";
    run(Command::new("openssl").args(words.split_whitespace()).current_dir(folder));
}

/// `issued.pem` and `issued.key`, by the authority `ca.pem`, `ca.key`, which answers by OCSP with what `index.txt`
/// says: it was not revoked.
fn issued(folder: &Path) {
    let openssl = |words: String| run(Command::new("openssl").args(words.split_whitespace()).current_dir(folder));
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(format!("req -x509 {key} -days 90 -subj /CN=authority -out ca.pem -keyout ca.key"));
    openssl(format!("req {key} -subj /CN=asked.cc -out asked.csr -keyout issued.key"));
    let says = format!("subjectAltName=DNS:asked.cc\nauthorityInfoAccess=OCSP;URI:http://{CLIENT}:8888/\n");
    fs::write(folder.join("says"), says).unwrap();
    openssl("x509 -req -in asked.csr -CA ca.pem -CAkey ca.key -set_serial 0x2A -days 60 -extfile says -out own".into());
    fs::write(folder.join("issued.pem"), [read(&folder.join("own")), read(&folder.join("ca.pem"))].concat()).unwrap();
    fs::write(folder.join("index.txt"), "V\t400101000000Z\t\t2A\tunknown\t/CN=asked.cc\n").unwrap();
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
