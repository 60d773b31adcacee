//! The steps of a deploy on a host, as calls of `host.sh`.

use std::collections::BTreeSet;

use super::step::Step;
use crate::ctl::host::{FUNCTIONS, HOME, Script};
use crate::ctl::plan::{Change, HostPlan, sha256};
use crate::ctl::remote::quote;
use crate::ctl::wanted::{BINARY, WantedFile, WantedHost};

/// What travels to a host in one go.
pub struct Shipment {
    /// The script.
    pub script: String,
    /// What it reads.
    pub stdin: Vec<u8>,
}

/// Puts the changed files and the binary into the staging folder. Nothing live is touched.
pub fn stage(wanted: &WantedHost, plan: &HostPlan, step: Step, gzip: Option<&[u8]>) -> Shipment {
    let mut script = step.enter("staged");
    let mut stdin = Vec::new();
    if let Some(gzip) = gzip {
        script = script.call("stage_binary", [gzip.len().to_string().as_str()]);
        stdin.extend_from_slice(gzip);
    }
    for file in changed(wanted, plan) {
        let (mode, bytes) = (format!("{:o}", file.mode), file.content.len().to_string());
        script = script
            .call("stage_file", [&file.dest, &file.owner, &mode, &bytes, &sha256(&file.content)].map(String::as_str));
        stdin.extend_from_slice(&file.content);
    }
    Shipment { script: script.text(), stdin }
}

/// The files of a plan.
pub fn changed<'w>(wanted: &'w WantedHost, plan: &'w HostPlan) -> impl Iterator<Item = &'w WantedFile> {
    wanted.files.iter().filter(|file| {
        plan.changes.iter().any(|change| matches!(change, Change::File { dest, .. } if *dest == file.dest))
    })
}

/// The files that a plan removes.
fn removed(plan: &HostPlan) -> impl Iterator<Item = &str> {
    plan.changes.iter().filter_map(|change| if let Change::Remove(dest) = change { Some(dest.as_str()) } else { None })
}

/// Installs packages; `None` when there are none.
pub fn packages(wanted: &WantedHost, plan: &HostPlan, step: Step, package_manager: &str) -> Option<String> {
    let names = plan.changes.iter().filter_map(|change| match change {
        Change::Package(name) => Some(name.as_str()),
        _ => None,
    });
    let words: Vec<&str> = std::iter::once(package_manager).chain(names).collect();
    if words.len() == 1 {
        return None;
    }
    // Only apt has words for it; roles that need them ask for apt.
    let without: Vec<String> = match package_manager {
        "apt-get" => wanted.without.iter().map(|name| format!("{name}-")).collect(),
        _ => Vec::new(),
    };
    let words = words.into_iter().chain(without.iter().map(String::as_str));
    Some(step.enter("staged").call("install_packages", words).text())
}

/// Tests the staged files; each distinct check once.
pub fn checks(wanted: &WantedHost, plan: &HostPlan, step: Step) -> Option<String> {
    let root = format!("{HOME}/staging/root");
    let gone: Vec<String> = removed(plan).map(quote).collect();
    let mut script = step.enter("staged");
    let mut seen = Vec::new();
    for file in changed(wanted, plan) {
        let Some(check) = &file.check else { continue };
        let staged = quote(&format!("{root}{}", file.dest));
        let command = check.replace("{staged}", &staged).replace("{root}", &root).replace("{gone}", &gone.join(" "));
        if !seen.contains(&command) {
            script = script.call("check", [file.dest.as_str(), &command]);
            seen.push(command);
        }
    }
    (!seen.is_empty()).then(|| script.text())
}

/// Swaps the staged files in, after writing down the way back. From then on the host goes back by itself when the lock
/// ends.
pub fn activate(wanted: &WantedHost, plan: &HostPlan, step: Step, owner: &str) -> String {
    let number = step.number.to_string();
    let script = step.enter("staged").call("open_generation", [number.as_str()]);
    let script = back_up(script, wanted, plan).call("arm", [number.as_str(), FUNCTIONS, owner]);
    let put = changed(wanted, plan).map(|file| (sha256(&file.content), file.dest.as_str()));
    let put: Vec<(String, &str)> = put.chain(removed(plan).map(|dest| ("-".to_owned(), dest))).collect();
    let words = put.iter().flat_map(|(sum, dest)| [sum.as_str(), dest]);
    let script = script.call("wrote", std::iter::once(number.as_str()).chain(words));
    let packages = wanted.packages.iter().map(|package| package.name.as_str());
    let script = match wanted.packages.is_empty() {
        true => script,
        false => script.call("wrote_packages", std::iter::once(number.as_str()).chain(packages)),
    };
    let script = script.each(&plan.changes, |script, change| carry_out(script, change, wanted));
    script.each(&wanted.probes, |script, probe| script.call("probe", [probe.name.as_str(), &probe.command])).text()
}

/// Copies what will change and writes down how it goes back.
fn back_up(script: Script, wanted: &WantedHost, plan: &HostPlan) -> Script {
    // What was started stops before anything else, with the files that it was started with; what was enabled is
    // disabled while its unit is there.
    let script = script.each(plan.changes.iter().rev(), |script, change| match change {
        Change::Start(name) => script.call("on_revert", ["stop", name]),
        Change::Enable(name) => script.call("on_revert", ["disable", name]),
        _ => script,
    });
    let binary = plan.changes.contains(&Change::Binary).then_some(BINARY);
    let folders: BTreeSet<&str> = removed(plan).filter_map(|path| Some(path.rsplit_once('/')?.0)).collect();
    let script = script.each(folders, |script, folder| script.call("keep_folder", [folder]));
    let paths = changed(wanted, plan).map(|file| file.dest.as_str()).chain(binary).chain(removed(plan));
    let script = script.each(paths, |script, path| script.call("back_up", [path]));
    let script = script.call("on_revert", ["back", "systemctl", "daemon-reload"]);
    script.each(&plan.changes, |script, change| match change {
        Change::Run(number, did) => match wanted.runs.get(*number).and_then(|run| run.undo.as_deref()) {
            Some(command) => script.call("on_revert", ["undo", command, did]),
            None => script,
        },
        Change::Replace(name) => script.call("on_revert", ["back", "systemctl", "enable", "-q", "--now", name]),
        Change::Reload(name) => script.call("on_revert", ["back", "systemctl", "reload-or-restart", name]),
        Change::Restart(name) => script.call("on_revert", ["back", "systemctl", "restart", name]),
        Change::Sysctl(key, _) => script.call("keep_sysctl", [key.as_str()]),
        Change::Repair(_)
        | Change::Package(_)
        | Change::Binary
        | Change::Enable(_)
        | Change::Start(_)
        | Change::File { .. }
        | Change::Remove(_) => script,
    })
}

fn carry_out(script: Script, change: &Change, wanted: &WantedHost) -> Script {
    match change {
        Change::Repair(_) | Change::Package(_) => script,
        Change::Binary => script.call("swap_binary", []),
        Change::Run(number, command) => {
            let unless = wanted.runs.get(*number).map_or("false", |run| run.unless.as_str());
            script.call("run_unless", [unless, command])
        }
        Change::File { dest, .. } => script.call("swap_file", [dest.as_str()]),
        Change::Remove(dest) => script.call("remove_file", [dest.as_str()]),
        Change::Sysctl(key, value) => script.call("set_sysctl", [format!("{key}={value}").as_str()]),
        Change::Replace(name) => script.call("replace", [name.as_str()]),
        Change::Enable(name) => script.call("enable", [name.as_str()]),
        // Some distributions start a service with its package, before its files are here.
        Change::Start(name) | Change::Reload(name) => script.call("service", ["reload-or-restart", name]),
        Change::Restart(name) => script.call("service", ["restart", name]),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::process::{Command, Output, Stdio};
    use std::time::Duration;

    use super::*;

    /// A host whose own folder is another, with one wanted file.
    struct Host {
        folder: tempfile::TempDir,
        wanted: WantedHost,
        plan: HostPlan,
        used: Cell<u64>,
    }

    impl Host {
        fn new(dest: &str) -> Self {
            let folder = tempfile::Builder::new().tempdir_in("/var/lib").unwrap(); // /tmp is anybody's
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
            let dest = folder.path().join(dest).display().to_string();
            let file = WantedFile {
                dest: dest.clone(),
                content: b"one\ntwo\n".to_vec(),
                mode: 0o640,
                owner: "root:root".into(),
                role: "r".into(),
                once: false,
                secret: false,
                check: None,
                on_change: None,
            };
            let wanted = WantedHost { host: "web-7".into(), files: vec![file], ..WantedHost::default() };
            let change = Change::File { dest, new: true, only_rights: false };
            Self { folder, wanted, plan: HostPlan { host: "web-7".into(), changes: vec![change] }, used: Cell::new(0) }
        }

        fn path(&self, name: &str) -> std::path::PathBuf {
            self.folder.path().join(name)
        }

        fn run(&self, script: &str, stdin: &[u8]) -> Output {
            let home = self.path("home").display().to_string();
            let mut child = Command::new("sh")
                .args(["-c", &script.replace(HOME, &home)])
                .stdin(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(stdin).unwrap();
            child.wait_with_output().unwrap()
        }

        fn stage(&self, take: usize) -> Output {
            let step = |number| Step { number, limit: Duration::from_secs(5) };
            let number = self.used.get();
            self.used.set(number + 1);
            let begun =
                self.run(&(step(number).leave("ann@desk 1") + &step(number + 1).begin("ann@desk 1", None).text()), b"");
            assert!(begun.status.success(), "{begun:?}");
            let shipment = stage(&self.wanted, &self.plan, step(number + 1), None);
            self.run(&shipment.script, shipment.stdin.get(take..).unwrap())
        }

        /// The step that puts the file in place.
        fn swap(&self) -> Output {
            self.run(&carry_out(Script::new(), &self.plan.changes[0], &self.wanted).text(), b"")
        }
    }

    fn root() -> bool {
        let root = nix::unistd::getuid().is_root();
        if !root {
            eprintln!("SKIPPED: not root");
        }
        root
    }

    fn said(output: &Output) -> String {
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    /// A profile that read one line of what was meant for a script once left half a file, "verified".
    #[test]
    fn a_file_that_does_not_arrive_whole_is_not_used() {
        if !root() {
            return;
        }
        let host = Host::new("etc/x.conf");
        let output = host.stage(4);
        assert!(!output.status.success() && said(&output).contains("x.conf did not arrive whole"), "{output:?}");
        let output = host.stage(0);
        assert!(output.status.success(), "{output:?}");
    }

    #[test]
    fn folders_on_the_way_can_be_read() {
        if !root() {
            return;
        }
        let host = Host::new("srv/shop/pages/today/index.html");
        assert!(host.stage(0).status.success());
        let output = host.swap();
        assert!(output.status.success(), "{output:?}");
        for folder in ["srv", "srv/shop", "srv/shop/pages", "srv/shop/pages/today"] {
            assert_eq!(mode(&host.path(folder)), 0o755, "{folder}");
        }
        let file = host.path("srv/shop/pages/today/index.html");
        assert_eq!((std::fs::read(&file).unwrap().as_slice(), mode(&file)), (b"one\ntwo\n".as_slice(), 0o640));
        assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    /// Links that wait where a file is to come, under any name: none is written through.
    #[test]
    fn no_link_is_followed() {
        if !root() {
            return;
        }
        let host = Host::new("app/app.conf");
        std::fs::create_dir(host.path("app")).unwrap();
        std::fs::write(host.path("victim"), "precious").unwrap();
        for name in ["app/app.conf", "app/app.conf.hactl-new", "app/app.conf.hactl-old"] {
            std::os::unix::fs::symlink(host.path("victim"), host.path(name)).unwrap();
        }
        assert!(host.stage(0).status.success());
        assert!(host.swap().status.success());
        assert_eq!(std::fs::read_to_string(host.path("victim")).unwrap(), "precious");
        let put = host.path("app/app.conf");
        assert!(!put.is_symlink() && std::fs::read(&put).unwrap() == b"one\ntwo\n");
    }

    #[test]
    fn a_folder_of_somebody_else_s_is_refused_before_anything_changes() {
        if !root() {
            return;
        }
        let mut host = Host::new("mallory/app.conf");
        std::fs::create_dir(host.path("mallory")).unwrap();
        std::os::unix::fs::chown(host.path("mallory"), Some(65534), Some(65534)).unwrap();
        let output = host.stage(0);
        assert!(!output.status.success() && said(&output).contains("who owns"), "{output:?}");
        host.wanted.files[0].owner = "nobody:root".into();
        assert!(host.stage(0).status.success(), "the file is his as well");
        std::os::unix::fs::chown(host.path("mallory"), Some(0), Some(0)).unwrap();
        std::fs::set_permissions(host.path("mallory"), std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(said(&host.stage(0)).contains("chmod o-w"), "{:?}", host.stage(0));
        std::fs::set_permissions(host.path("mallory"), std::fs::Permissions::from_mode(0o1777)).unwrap();
        assert!(host.stage(0).status.success(), "sticky, as /tmp");
    }

    #[test]
    fn the_package_manager_s_log_is_root_s() {
        let plan = HostPlan { host: "web-7".into(), changes: vec![Change::Package("nginx".into())] };
        let wanted = WantedHost { without: vec!["libapache2-mod-php*".into()], ..WantedHost::default() };
        // What must not come along is said to apt, between quotes: the shell has nothing to find for it.
        for (manager, without) in [("apt-get", " 'libapache2-mod-php*-'"), ("dnf", "")] {
            let script = packages(&wanted, &plan, Step { number: 1, limit: Duration::from_secs(5) }, manager).unwrap();
            assert!(script.ends_with(&format!("\ninstall_packages {manager} nginx{without}\n")), "{script}");
        }
        let nothing = HostPlan { host: "web-7".into(), changes: Vec::new() };
        assert_eq!(packages(&wanted, &nothing, Step { number: 1, limit: Duration::from_secs(5) }, "apt-get"), None);
        let code = || FUNCTIONS.lines().filter(|line| !line.trim_start().starts_with('#'));
        assert!(code().all(|line| !line.contains("/tmp")), "anybody may put a link there");
        assert!(code().any(|line| line.trim() == "log=$home/packages.log"));
    }
}
