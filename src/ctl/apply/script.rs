//! The shell scripts of a deploy, as data. POSIX sh; every step says what it was doing when it fails.

use crate::ctl::look::facts::HOME;
use crate::ctl::plan::{Change, HostPlan, sha256};
use crate::ctl::remote::quote;
use crate::ctl::wanted::{BINARY, WantedFile, WantedHost};

/// Seconds after which a host reverts by itself when nobody confirms.
pub const DEAD_MAN_S: u64 = 300;
/// Seconds after which a lock is void.
pub const LOCK_S: u64 = 900;

const HEAD: &str = "set -u; export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin; umask 077\n\
    die() { echo \"$1\" >&2; exit \"${2:-1}\"; }\n";

/// `put FROM TO`: a copy beside the destination, under a name that nobody can foresee and created exclusively, then one
/// rename. Whatever lies at the destination, a link too, is replaced and never written through.
const PUT: &str = "put() { t=$(mktemp \"$(dirname \"$2\")/.hactl-XXXXXXXXXX\") || return; \
    cp -a --remove-destination \"$1\" \"$t\" && mv -fT \"$t\" \"$2\" || { rm -f \"$t\"; return 1; }; }\n";

/// `safe FILE OWNER`: nobody but root and its owner may lead a write to this file elsewhere, by a link on its way.
const SAFE: &str = r#"safe() {
    p=$1
    while p=$(dirname "$p") && [ "$p" != / ]; do
        for w in $(stat -c %U:%a:%F "$p" 2>/dev/null | tr ' ' _) $(stat -L -c %U:%a:%F "$p" 2>/dev/null | tr ' ' _); do
            case $w in
                root:* | "$2":*) ;;
                *) die "$1 is not written: ${w%%:*}, who owns $p, could lead it elsewhere; give the file that owner in its role (owner: ${w%%:*}:…), or the folder to root" ;;
            esac
            case $w in
                *[2367]:directory) [ -k "$p" ] || die "$1 is not written: everybody may write to $p and lead it elsewhere; chmod o-w $p" ;;
            esac
        done
    done
}
"#;

/// Exit code of a script that found the lock taken.
pub const LOCKED: u32 = 8;

/// Takes the lock. `owner` is one line without quotes; so is `dead`, a holder known not to live any more.
fn lock(owner: &str, dead: Option<&str>) -> String {
    let dead = quote(dead.unwrap_or("nobody"));
    format!(
        "mkdir -p {HOME}; now=$(date +%s)\n\
         if ! mkdir {HOME}/lock 2>/dev/null; then\n\
           until=$(cut -d' ' -f1 {HOME}/lock/owner 2>/dev/null || echo 0)\n\
           [ \"${{until:-0}}\" -gt \"$now\" ] && [ \"$(cut -d' ' -f2- {HOME}/lock/owner)\" != {dead} ] && die \"$(cut -d' ' -f2- {HOME}/lock/owner)\" {LOCKED}\n\
         fi\n\
         echo \"$((now + {LOCK_S})) {owner}\" > {HOME}/lock/owner || die 'cannot write the lock in {HOME}'\n"
    )
}

/// Gives the lock back.
pub fn unlock() -> String {
    format!("rm -rf {HOME}/lock {HOME}/staging\n")
}

/// What travels to a host in one go.
pub struct Shipment {
    /// The script.
    pub script: String,
    /// What it reads.
    pub stdin: Vec<u8>,
}

/// Locks, then puts the changed files and the binary into the staging folder. Nothing live is touched.
pub fn stage(wanted: &WantedHost, plan: &HostPlan, owner: &str, dead: Option<&str>, gzip: Option<&[u8]>) -> Shipment {
    let mut script = HEAD.to_owned() + &lock(owner, dead) + SAFE;
    let mut stdin = Vec::new();
    script.push_str(&format!(
        "s={HOME}/staging; rm -rf $s; mkdir -p $s/root $s/bin || die 'cannot make the staging folder'\n"
    ));
    if let Some(gzip) = gzip {
        script.push_str(&format!(
            "head -c {} | gzip -dc > $s/bin/hactl && chmod 755 $s/bin/hactl || die 'cannot write the binary (disk full?)'\n\
             $s/bin/hactl --version >/dev/null || die 'the binary does not run here (another processor?)'\n",
            gzip.len()
        ));
        stdin.extend_from_slice(gzip);
    }
    for file in changed(wanted, plan) {
        let path = quote(&format!("{HOME}/staging/root{}", file.dest));
        let user = file.owner.split(':').next().unwrap_or_default();
        script.push_str(&format!("safe {} {}\n", quote(&file.dest), quote(user),));
        script.push_str(&format!(
            "mkdir -p \"$(dirname {path})\" && head -c {} > {path} && chmod {:o} {path} && chown {} {path} || die {}\n",
            file.content.len(),
            file.mode,
            quote(&file.owner),
            quote(&format!("cannot stage {} (disk full? unknown owner?)", file.dest)),
        ));
        // Whatever stands between here and there: what is used is what was sent.
        script.push_str(&format!(
            "[ \"$(sha256sum < {path})\" = '{}  -' ] || die {}\n",
            sha256(&file.content),
            quote(&format!("{} did not arrive whole", file.dest)),
        ));
        stdin.extend_from_slice(&file.content);
    }
    Shipment { script, stdin }
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

/// Installs packages; empty when there are none.
pub fn packages(plan: &HostPlan, package_manager: &str) -> Option<String> {
    let names: Vec<String> = plan
        .changes
        .iter()
        .filter_map(|change| if let Change::Package(name) = change { Some(quote(name)) } else { None })
        .collect();
    if names.is_empty() {
        return None;
    }
    let names = names.join(" ");
    // The log lies where only root can put anything: a link in /tmp would lead root's writing elsewhere.
    let failed = |what: &str| format!("{{ tail -n 5 \"$l\" >&2; die '{what} failed (all of it: {PACKAGES_LOG})'; }}\n");
    let install = match package_manager {
        // The lists are refreshed only when the package is not found in the present ones.
        "apt-get" => format!(
            "i() {{ apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=60 {names}; }}\n\
             i >\"$l\" 2>&1 || {{ apt-get update -q >>\"$l\" 2>&1; i >>\"$l\" 2>&1; }} || {}",
            failed("apt-get install")
        ),
        other => format!("{other} install -y -q {names} >\"$l\" 2>&1 || {}", failed(&format!("{other} install"))),
    };
    Some(format!("{HEAD}l={PACKAGES_LOG}\n{install}"))
}

/// What the package manager said last.
const PACKAGES_LOG: &str = "/var/lib/hactl/packages.log";

/// Tests the staged files; each distinct check once.
pub fn checks(wanted: &WantedHost, plan: &HostPlan) -> Option<String> {
    let root = format!("{HOME}/staging/root");
    let mut script = String::new();
    let mut seen = Vec::new();
    for file in changed(wanted, plan) {
        let Some(check) = &file.check else { continue };
        let staged = quote(&format!("{root}{}", file.dest));
        let gone: Vec<String> = removed(plan).map(quote).collect();
        let command = check.replace("{staged}", &staged).replace("{root}", &root).replace("{gone}", &gone.join(" "));
        if !seen.contains(&command) {
            script.push_str(&format!(
                "( {command} ) || die {}\n",
                quote(&format!("{} does not pass its check", file.dest))
            ));
            seen.push(command);
        }
    }
    (!script.is_empty()).then(|| HEAD.to_owned() + &script)
}

/// Swaps the staged files in, after writing down the way back and arming the dead man's timer.
pub fn activate(wanted: &WantedHost, plan: &HostPlan, generation: u64) -> String {
    let old = format!("{HOME}/generations/{generation}");
    let mut script = HEAD.to_owned() + PUT;
    script.push_str(&format!("o={old}; s={HOME}/staging; rm -rf $o; mkdir -p $o/root || die 'cannot write {HOME}'\n"));
    script.push_str(&back_up(wanted, plan));
    script.push_str(&format!(
        "touch {HOME}/unfinished; cp $o/revert.sh {HOME}/revert.sh\n\
         systemctl stop hactl-revert.timer hactl-revert.service 2>/dev/null; systemctl reset-failed hactl-revert.service 2>/dev/null\n\
         systemd-run -q --unit=hactl-revert --on-active={DEAD_MAN_S} /bin/sh {HOME}/revert.sh >/dev/null 2>&1\n"
    ));
    for change in &plan.changes {
        script.push_str(&step(change, wanted));
    }
    for probe in &wanted.probes {
        script.push_str(&format!(
            "bash -c {} || die {}\n",
            quote(&probe.command),
            quote(&format!("probe failed: {}", probe.name))
        ));
    }
    script
}

/// Copies what will change and writes `revert.sh`, which needs nothing but this host.
fn back_up(wanted: &WantedHost, plan: &HostPlan) -> String {
    let mut script = format!("{{ echo '#!/bin/sh'; echo \"o=$o\"; echo {}; }} > $o/revert.sh\n", quote(PUT.trim_end()));
    let mut paths: Vec<&str> = changed(wanted, plan).map(|file| file.dest.as_str()).collect();
    if plan.changes.contains(&Change::Binary) {
        paths.push(BINARY);
    }
    paths.extend(removed(plan));
    for path in paths {
        let path = quote(path);
        let back = quote(&format!("put \"$o/root\"{path} {path}"));
        let gone = quote(&format!("rm -f {path}"));
        script.push_str(&format!(
            "if [ -e {path} ]; then mkdir -p \"$o/root$(dirname {path})\"; cp -a {path} \"$o/root\"{path} || die 'cannot back up (disk full?)'\n\
             echo {back} >> $o/revert.sh; else echo {gone} >> $o/revert.sh; fi\n"
        ));
    }
    let mut after = vec!["systemctl daemon-reload".to_owned()];
    for change in &plan.changes {
        match change {
            Change::Run(number, _) => {
                after.extend(
                    wanted.runs.get(*number).and_then(|run| run.undo.clone()).map(|undo| format!("{undo} 2>/dev/null")),
                );
            }
            Change::Replace(name) => after.push(format!("systemctl enable -q --now {name}")),
            Change::Enable(name) => after.push(format!("systemctl disable -q {name} 2>/dev/null")),
            Change::Start(name) => after.insert(0, format!("systemctl stop {name} 2>/dev/null")),
            Change::Reload(name) => after.push(format!("systemctl reload-or-restart {name}")),
            Change::Restart(name) => after.push(format!("systemctl restart {name}")),
            Change::Repair
            | Change::Package(_)
            | Change::Binary
            | Change::File { .. }
            | Change::Remove(_)
            | Change::Sysctl(..) => {}
        }
    }
    after.push(format!("rm -f {HOME}/unfinished; rm -rf {HOME}/lock {HOME}/staging"));
    for line in after {
        script.push_str(&format!("echo {} >> $o/revert.sh\n", quote(&line)));
    }
    script
}

fn step(change: &Change, wanted: &WantedHost) -> String {
    let or_die = |command: String, what: &str| format!("{command} || die {}\n", quote(what));
    match change {
        Change::Repair | Change::Package(_) => String::new(),
        Change::Binary => or_die(
            format!("mkdir -p \"$(dirname {BINARY})\" && mv -f $s/bin/hactl {BINARY}"),
            "cannot put the binary in place",
        ),
        Change::Run(number, cmd) => {
            let unless = wanted.runs.get(*number).map_or("false", |run| run.unless.as_str());
            or_die(format!("( {unless} ) >/dev/null 2>&1 || ( {cmd} )"), &format!("failed: {cmd}"))
        }
        Change::File { dest, .. } => {
            let path = quote(dest);
            // Folders that are not there yet are for everybody to read, whatever umask is for the rest.
            let swap = format!("( umask 022; mkdir -p \"$(dirname {path})\" ) && put \"$s/root\"{path} {path}");
            or_die(swap, &format!("cannot put {dest} in place"))
        }
        Change::Remove(dest) => or_die(format!("rm -f {}", quote(dest)), &format!("cannot remove {dest}")),
        Change::Sysctl(key, value) => {
            or_die(format!("sysctl -q -w {}", quote(&format!("{key}={value}"))), "sysctl failed")
        }
        Change::Replace(name) => {
            or_die(format!("systemctl disable -q --now {}", quote(name)), &format!("cannot stop {name}"))
        }
        Change::Enable(name) => or_die(
            format!("systemctl daemon-reload; systemctl enable -q {}", quote(name)),
            &format!("cannot enable {name}"),
        ),
        // Some distributions start a service with its package, before its files are here.
        Change::Start(name) => service("reload-or-restart", name),
        Change::Reload(name) => service("reload-or-restart", name),
        Change::Restart(name) => "systemctl daemon-reload\n".to_owned() + &service("restart", name),
    }
}

fn service(verb: &str, name: &str) -> String {
    let name = quote(name);
    format!(
        "systemctl {verb} {name} || {{ systemctl status -n 8 --no-pager {name} 2>&1 | tail -n 8 >&2; die 'systemctl {verb} {name} failed'; }}\n"
    )
}

/// Confirms: stops the timer, writes the generation down, forgets the old ones, gives the lock back.
pub fn commit(generation: u64) -> String {
    format!(
        "{HEAD}systemctl stop hactl-revert.timer 2>/dev/null; echo {generation} > {HOME}/generation; rm -f {HOME}/unfinished {HOME}/revert.sh\n\
         ls {HOME}/generations | sort -n | head -n -5 | while read -r g; do rm -rf {HOME}/generations/$g; done\n{}",
        unlock()
    )
}

/// Takes the activation of a generation back, now.
pub fn revert(generation: u64) -> String {
    format!(
        "{HEAD}systemctl stop hactl-revert.timer 2>/dev/null\n\
         sh {HOME}/generations/{generation}/revert.sh || die 'the way back failed'\nrm -rf {HOME}/generations/{generation} {HOME}/revert.sh\n"
    )
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::process::{Command, Output, Stdio};

    use super::*;

    /// A host whose own folder is another, with one wanted file.
    struct Host {
        folder: tempfile::TempDir,
        wanted: WantedHost,
        plan: HostPlan,
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
                secret: false,
                check: None,
                on_change: None,
            };
            let wanted = WantedHost { host: "web-7".into(), files: vec![file], ..WantedHost::default() };
            let change = Change::File { dest, new: true, only_rights: false };
            Self { folder, wanted, plan: HostPlan { host: "web-7".into(), changes: vec![change] } }
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
            let shipment = stage(&self.wanted, &self.plan, "ann@desk 1", None, None);
            self.run(&(unlock() + &shipment.script), shipment.stdin.get(take..).unwrap())
        }

        /// The step that puts the file in place.
        fn swap(&self) -> Output {
            self.run(&format!("{HEAD}{PUT}s={HOME}/staging\n{}", step(&self.plan.changes[0], &self.wanted)), b"")
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
        for manager in ["apt-get", "dnf"] {
            let script = packages(&plan, manager).unwrap();
            assert!(!script.contains("/tmp/") && script.contains("/var/lib/hactl/packages.log"), "{script}");
        }
    }
}
