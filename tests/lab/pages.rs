//! Pages of documentation, followed as a reader follows them: each command of their `console` blocks is typed in the
//! lab, and what it says is held against what the page shows. `HACTL_UPDATE=1` writes what was said into the page and
//! its Chinese twin. A page more is a case more; `make docs-check` runs them alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::hosts::{Lab, SUBNET};
use super::page::{Typed, commands, is_as_written, rewritten};
use super::wordpress::PASSWORD;

/// The addresses that pages write.
const WRITTEN: &str = "10.0.0.";
/// The folder in which the course's pages are followed.
const COURSE: &str = "course";

/// The homework of the course, from bare hosts.
pub(crate) fn the_homework(lab: &Lab) {
    follow(lab, COURSE, &["labs/01-web-pages", "labs/02-balancer", "labs/03-vip"], &[]);
}

/// What the deployed pair does when something happens to it; it serves afterwards as before.
pub(crate) fn the_pair(lab: &Lab) {
    with_the_homework(lab);
    let pages = [
        "labs/04-heartbeat",
        "labs/05-master-stopped",
        "labs/06-master-returns",
        "labs/07-split-brain",
        "labs/08-check-web",
        "labs/12-backend",
        "labs/13-failover",
        "labs/15-drill-report",
    ];
    follow(lab, COURSE, &pages, &[]);
}

/// LVS as far as this machine's kernel goes, and the hosts as they were; then keepalived by hand, which is taken over.
pub(crate) fn lvs_and_keepalived(lab: &Lab) {
    with_the_homework(lab);
    follow(lab, COURSE, &["labs/09-lvs-dr", "labs/10-dr-and-arp", "labs/14-takeover"], &[]);
    lab.hactl(&["lab", "down"]);
}

pub(crate) fn wordpress(lab: &Lab) {
    // What a reader fills in.
    let password = format!("'{}'", PASSWORD.replace('\'', r"'\''"));
    let filled_in = [("WP_ADMIN_PASSWORD=…", &*format!("WP_ADMIN_PASSWORD={password}"))];
    follow(lab, "wordpress", &["wordpress", "labs/11-wordpress"], &filled_in);
}

/// The reader has done the homework: its inventory is where the pages look for it.
fn with_the_homework(lab: &Lab) {
    let folder = lab.files.path().join(COURSE);
    fs::create_dir_all(&folder).unwrap();
    fs::copy(lab.homework(), folder.join("inventory.yaml")).unwrap();
}

/// Follows pages of `docs`, one after the other, in a folder at the desk. `filled_in` are the places of their commands
/// that a reader fills in, and with what.
fn follow(lab: &Lab, folder: &str, names: &[&str], filled_in: &[(&str, &str)]) {
    let reader = Reader { lab, folder: lab.files.path().join(folder) };
    fs::create_dir_all(&reader.folder).unwrap();
    let wrong: Vec<String> = names.iter().flat_map(|name| read(&reader, name, filled_in)).collect();
    let next = "HACTL_UPDATE=1 make docs-check writes what was said";
    assert!(wrong.is_empty(), "{} commands say something else; {next}\n{}", wrong.len(), wrong.concat());
}

/// What of `docs/NAME.md` is not as it says; with `HACTL_UPDATE` nothing, since the page says it now.
fn read(reader: &Reader<'_>, name: &str, filled_in: &[(&str, &str)]) -> Vec<String> {
    let paths = ["md", "zh-CN.md"].map(|end| root().join(format!("docs/{name}.{end}")));
    let text = fs::read_to_string(&paths[0]).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let (mut outputs, mut wrong) = (BTreeMap::new(), Vec::new());
    let (all, begun) = (commands(&text), Instant::now());
    assert!(!all.is_empty(), "{name} has no command");
    for (number, typed) in all.iter().enumerate() {
        let said = reader.types(typed, filled_in);
        let written = lines[typed.output.clone()].join("\n");
        if !is_as_written(&said, &written) {
            let line = typed.output.start;
            wrong.push(format!("docs/{name}.md:{line}: `{}` says\n{said}\nand not\n{written}\n", typed.command));
            outputs.insert(number, said);
        }
    }
    eprintln!(
        "{name}: {} commands in {:.1} s, {} say something else",
        all.len(),
        begun.elapsed().as_secs_f64(),
        wrong.len()
    );
    if std::env::var_os("HACTL_UPDATE").is_some() {
        wrong.clear();
        for path in paths {
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, rewritten(&text, &outputs)).unwrap();
        }
    }
    wrong
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Somebody with a page before him.
struct Reader<'l> {
    lab: &'l Lab,
    /// Where he works.
    folder: PathBuf,
}

impl Reader<'_> {
    /// What a command says, all of it, with the addresses of the page.
    fn types(&self, typed: &Typed, filled_in: &[(&str, &str)]) -> String {
        let mut command = typed.command.replace(WRITTEN, &format!("{SUBNET}."));
        for (blank, value) in filled_in {
            command = command.replace(blank, value);
        }
        let folder = self.folder.display();
        // The desk and the client have this machine's files: whoever sits there works in the folder.
        let here = typed.place == "desk" || typed.place == "client";
        let line = if here {
            // What is exported stays so, as in the one shell that a reader has; and the files are this lab's.
            let (known, own) = (format!("{folder}/.exported"), SUBNET.replace('.', r"\."));
            let addresses = format!("s/{}/{own}\\./g", WRITTEN.replace('.', r"\."));
            format!(
                "exec 2>&1; cd {folder}; test ! -e {known} || . {known}\n{command}\ncode=$?\nexport -p >{known}\n\
                 for file in *.yaml; do test ! -e \"$file\" || sed -i '{addresses}' \"$file\"; done\nexit $code"
            )
        } else {
            format!("exec 2>&1\n{command}")
        };
        let programs = Path::new(&std::env::var_os("HACTL_BINARY").unwrap()).parent().unwrap().to_owned();
        let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
        let output = self
            .lab
            .command()
            .env("PATH", path)
            .args(["lab", "exec", &typed.place, "--", "timeout", "300", "sh", "-c", &line])
            .output()
            .unwrap();
        let mut said = String::from_utf8_lossy(&output.stdout).trim_end().replace(&format!("{SUBNET}."), WRITTEN);
        if !output.status.success() {
            let code = output.status.code().map_or("?".into(), |code| code.to_string());
            said = format!("{said}\n(exit {code})").trim_start().to_owned();
        }
        said
    }
}
