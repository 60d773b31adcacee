//! One sshd that plays two load balancers, and a desk with a home of its own.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A desk and its hosts: `lb-5` is 127.0.0.5, `lb-6` is 127.0.0.6, on one sshd.
pub(crate) struct Scene {
    pub folder: tempfile::TempDir,
    pub port: u16,
    sshd: Child,
}

impl Scene {
    /// `shell` is run in place of each login shell, with what it should run in `$SSH_ORIGINAL_COMMAND`. `config` comes
    /// before what is usual here: of two lines for sshd the first counts.
    /// `None` where there is no sshd or no root.
    pub(crate) fn new(shell: &str, config: &str) -> Option<Self> {
        let Ok(program) = which::which_in("sshd", Some("/usr/sbin:/usr/bin"), "/") else {
            eprintln!("SKIPPED: no sshd here");
            return None;
        };
        if !nix::unistd::getuid().is_root() {
            eprintln!("SKIPPED: not root");
            return None;
        }
        std::fs::create_dir_all("/run/sshd").unwrap(); // where sshd locks its children in
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::create_dir_all(folder.path().join("home/.ssh")).unwrap();
        for key in ["host", "home/.ssh/id_ed25519"] {
            run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", &path(key)]);
        }
        std::fs::copy(path("home/.ssh/id_ed25519.pub"), path("authorized")).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.5:0").unwrap().local_addr().unwrap().port();
        executable(&folder.path().join("shell"), shell);
        let text = format!(
            "{config}\nListenAddress 127.0.0.5:{port}\nListenAddress 127.0.0.6:{port}\nHostKey {}\nAuthorizedKeysFile {}\n\
             ForceCommand {}\nStrictModes no\nPermitRootLogin yes\nPidFile none\nUsePAM no\nUseDNS no\n",
            path("host"),
            path("authorized"),
            path("shell"),
        );
        std::fs::write(path("sshd_config"), text.replace("FOLDER", &folder.path().display().to_string())).unwrap();
        let log = std::fs::File::create(path("log")).unwrap();
        let sshd = Command::new(program)
            .args(["-D", "-e", "-f", &path("sshd_config")])
            .stderr(Stdio::from(log))
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let scene = Self { folder, port, sshd };
        let end = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.6", port)).is_err() {
            assert!(Instant::now() < end, "{}", std::fs::read_to_string(scene.path("log")).unwrap());
            std::thread::sleep(Duration::from_millis(10));
        }
        scene.inventory("ssh: { user: root, port: PORT }");
        Some(scene)
    }

    /// A path in the scene's folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Writes the inventory with this line for logging in.
    pub(crate) fn inventory(&self, ssh: &str) {
        let hosts =
            "lb: { lb-5: 127.0.0.5, lb-6: 127.0.0.6 }\nweb: { web-7: { address: 127.0.0.7, ssh: { port: 9 } } }";
        let text = format!("vip: 127.0.0.3/24\n{}\n{hosts}\n", ssh.replace("PORT", &self.port.to_string()));
        self.write("inventory.yaml", text);
    }

    /// The host's key as known_hosts has it.
    pub(crate) fn host_key(&self) -> String {
        let text = std::fs::read_to_string(self.path("host.pub")).unwrap();
        text.split(' ').take(2).collect::<Vec<_>>().join(" ").trim().to_owned()
    }

    /// Runs hactl at the desk.
    pub(crate) fn desk(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// The same, to be run.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hactl"));
        command.args(words).arg("-i").arg(self.path("inventory.yaml"));
        if !words.contains(&"--timeout") {
            command.args(["--timeout", "8"]);
        }
        command.env("HOME", self.path("home")).env_remove("HACTL_INVENTORY").env_remove("SSH_AUTH_SOCK");
        command
    }

    /// The same with the keys of hosts taken; both outputs.
    pub(crate) fn accepting(&self, words: &[&str]) -> String {
        text(&self.desk(&[words, &["--accept-new-host-keys"]].concat()))
    }

    /// `status --json` of a desk that takes the hosts' keys: which of the two load balancers were understood.
    pub(crate) fn understood(&self) -> Vec<bool> {
        let output = self.desk(&["status", "--json", "--accept-new-host-keys"]);
        let status: serde_json::Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        (0..2).map(|n| status["hosts"][n]["reachable"] == true).collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

/// Both outputs.
pub(crate) fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap() + &String::from_utf8(output.stderr.clone()).unwrap()
}

/// Runs a program that must succeed.
pub(crate) fn run(program: &str, words: &[&str]) {
    let output = Command::new(program).args(words).output().unwrap();
    assert!(output.status.success(), "{program} {words:?}: {output:?}");
}

/// Writes a shell script.
pub(crate) fn executable(path: &Path, body: &str) {
    std::fs::write(path, format!("#!/bin/bash\n{body}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
