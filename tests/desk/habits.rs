//! What login shells, profiles and forced commands do, and hosts that mean harm.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::host::{Scene, executable, text};

/// The login shell is this program.
fn shell(program: &str) -> String {
    format!("exec {program} -c \"$SSH_ORIGINAL_COMMAND\"")
}

#[test]
fn no_login_shell_is_strange() {
    for program in ["/bin/sh", "/bin/bash", "/usr/bin/tcsh", "/usr/bin/fish", "/usr/bin/zsh"] {
        if !std::path::Path::new(program).exists() {
            eprintln!("no {program} here");
            continue;
        }
        let Some(scene) = Scene::new(&shell(program), "") else { return };
        assert_eq!(scene.understood(), [true, true], "{program}");
    }
}

#[test]
fn a_profile_may_print_and_read() {
    for profile in [
        "printf '\\033]0;lb-5\\007'; printf warning >&2",
        "echo Welcome; echo '@@addr'; echo",
        "read -t 0.2 answer",
        "set -v",
        "umask 077; export LC_ALL=de_DE.UTF-8 POSIXLY_CORRECT=1; set -o noclobber",
    ] {
        let Some(scene) = Scene::new(&format!("{profile}\n{}", shell("/bin/bash")), "") else { return };
        assert_eq!(scene.understood(), [true, true], "{profile}");
    }
}

/// One that never stops reading is told, and nothing is sent into it.
#[test]
fn a_profile_that_eats_the_input_is_named() {
    let eater = format!("cat > FOLDER/eaten\n{}", shell("/bin/bash"));
    let Some(scene) = Scene::new("exit 1", "") else { return };
    executable(&scene.path("shell"), &eater.replace("FOLDER", &scene.folder.path().display().to_string()));
    let said = scene.accepting(&["status", "--timeout", "2"]);
    assert!(said.contains("a profile that waits"), "{said}");
    assert_eq!(std::fs::read(scene.path("eaten")).unwrap(), b"");
}

#[test]
fn each_refusal_has_its_own_advice() {
    for (shell, advice) in [
        ("echo 'This account is currently not available.'; exit 1", "usermod -s /bin/sh root"),
        (
            "echo 'Please login as the user \"debian\" rather than the user \"root\".'; sleep 0.1; exit 142",
            "user: debian",
        ),
        ("exit 7", "it ended with status 7 and said nothing"),
    ] {
        let Some(scene) = Scene::new(shell, "") else { return };
        let said = scene.accepting(&["status"]);
        assert!(said.contains(advice), "{shell}: {said}");
    }
}

/// A sudo that asks as the real one does: the password is given when it asks, once, and not where it does not.
#[test]
fn sudo_is_answered() {
    let sudo = "prompt=; while [ $# -gt 0 ]; do case $1 in -p) prompt=${2//%%/%}; shift;; --) shift; break;; esac; shift; done\n\
        if [ -e FOLDER/asks ]; then\n\
          [ -n \"$prompt\" ] || { echo 'sudo: a password is required' >&2; exit 1; }\n\
          for n in 1 2 3; do\n\
            printf %s \"$prompt\" >&2; IFS= read -r answer; echo \"$answer\" >> FOLDER/answers\n\
            [ \"$answer\" = \"open sesame\" ] && exec \"$@\"; echo 'Sorry, try again.' >&2\n\
          done; exit 1\n\
        fi\nexec \"$@\"";
    let login = "export PATH=FOLDER:$PATH; exec /bin/bash -c \"$SSH_ORIGINAL_COMMAND\"";
    let Some(scene) = Scene::new("exit 1", "") else { return };
    let folder = scene.folder.path().display().to_string();
    executable(&scene.path("shell"), &login.replace("FOLDER", &folder));
    executable(&scene.path("sudo"), &sudo.replace("FOLDER", &folder));
    let answers = || std::fs::read_to_string(scene.path("answers")).unwrap_or_default();
    let with = |command: &str| {
        scene.inventory(&format!(
            "ssh: {{ user: root, sudo: yes, port: PORT, password: {{ command: \"{command}\" }} }}"
        ));
    };
    with("echo open sesame");
    assert_eq!(scene.understood(), [true, true], "NOPASSWD");
    assert_eq!(answers(), "", "sent to nobody who did not ask");
    scene.write("asks", "");
    assert_eq!(scene.understood(), [true, true]);
    assert!(answers().lines().all(|line| line == "open sesame") && !answers().is_empty(), "{}", answers());
    with("echo wrong");
    let said = scene.accepting(&["status"]);
    assert!(said.contains("sudo does not take the password of root") && !said.contains("wrong"), "{said}");
    scene.inventory("ssh: { user: root, sudo: yes, port: PORT }");
    let said = scene.accepting(&["status"]);
    assert!(said.contains("/etc/sudoers.d/root"), "{said}");
}

/// `password: prompt` at a real terminal: asked once for all hosts of one user, before anything is contacted, and not
/// shown.
#[test]
fn a_password_is_asked_for_at_a_terminal() {
    let Some(scene) = Scene::new("exit 1", "") else { return };
    let sudo = "prompt=; while [ $# -gt 0 ]; do case $1 in -p) prompt=${2//%%/%}; shift;; --) shift; break;; esac; shift; done\n\
        printf %s \"$prompt\" >&2; IFS= read -r answer; [ \"$answer\" = \"open sesame\" ] && exec \"$@\"; exit 1";
    let folder = scene.folder.path().display().to_string();
    let login = format!("export PATH={folder}:$PATH; exec /bin/bash -c \"$SSH_ORIGINAL_COMMAND\"");
    executable(&scene.path("shell"), &login);
    executable(&scene.path("sudo"), sudo);
    scene.inventory("ssh: { user: root, sudo: yes, port: PORT, password: prompt }");
    let command = scene.command(&["status", "--json", "--accept-new-host-keys"]);
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| format!("'{}'", word.to_str().unwrap()))
        .collect();
    // script(1) gives it a terminal of its own, and shows what a person would see on it.
    let mut terminal = Command::new("script")
        .args(["-E", "always", "-qec", &format!("tty; exec {} >{folder}/said", words.join(" ")), "/dev/null"])
        .env("HOME", scene.path("home"))
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keys = terminal.stdin.take().unwrap();
    let mut screen = terminal.stdout.take().unwrap();
    let mut shown = Vec::new();
    while !shown.ends_with(b"password of root: ") {
        let mut byte = [0];
        assert_eq!(screen.read(&mut byte).unwrap(), 1, "{}", String::from_utf8_lossy(&shown));
        shown.push(byte[0]);
    }
    // What is typed before the echo is off would be thrown away.
    let first = String::from_utf8_lossy(&shown).into_owned();
    let tty = first.lines().next().unwrap();
    let is_silent = || text(&Command::new("stty").args(["-a", "-F", tty]).output().unwrap()).contains(" -echo ");
    let end = Instant::now() + Duration::from_secs(20);
    while !is_silent() {
        assert!(Instant::now() < end, "{first}: the echo stays on");
        std::thread::sleep(Duration::from_millis(10));
    }
    keys.write_all(b"open sesame\n").unwrap();
    screen.read_to_end(&mut shown).unwrap();
    terminal.wait().unwrap();
    let shown = String::from_utf8_lossy(&shown);
    assert_eq!(shown.matches("password of").count(), 1, "{shown}");
    assert!(!shown.contains("sesame"), "{shown}");
    let said = std::fs::read_to_string(scene.path("said")).unwrap();
    let status: serde_json::Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert!((0..2).all(|n| status["hosts"][n]["reachable"] == true), "{said}");
}

/// Titles, the clipboard, a cleared screen: nothing of it reaches the operator's terminal, in any output.
#[test]
fn a_hostile_host_reaches_no_terminal() {
    let attack = "\\033]0;owned\\007\\033[2J\\033]52;c;aGk=\\007\\xc2\\x9b2J";
    let lie = "{\"version\":\"\\\\u001b]0;x\\\\u0007\",\"pid\":1,\"started_unix_s\":0,\"now_unix_ms\":0,\"config\":\"\",\"instances\":[]}";
    let before = format!("printf '{attack}' >&2; printf '{attack}'");
    let inside = format!(
        "{}\nprintf '\\n@@agent\\n{lie}\\n{attack}'; printf '{attack}' >&2; exit 3",
        shell("/bin/sh").replace("exec ", "")
    );
    for shell in [format!("{before}; exit 1"), inside] {
        let Some(scene) = Scene::new(&shell, "") else { return };
        for words in [&["status"][..], &["verify"], &["status", "--json"]] {
            let said = scene.accepting(words);
            let bad = |c: &char| c.is_control() && !"\n\t".contains(*c);
            assert_eq!(said.chars().find(bad), None, "{words:?}: {said:?}");
        }
    }
}

#[test]
fn a_host_that_never_stops_sending_is_left() {
    let flood = "eval \"${SSH_ORIGINAL_COMMAND/exec \\/bin\\/sh -c/echo}\" | grep -o 'hactl-[0-9a-f]*' | head -n1; yes AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let Some(scene) = Scene::new(flood, "") else { return };
    let begin = Instant::now();
    let said = scene.accepting(&["status", "--timeout", "60"]);
    assert!(said.contains("it sent more than 4 MiB"), "{said}");
    assert!(begin.elapsed() < Duration::from_secs(40), "left as soon as it was too much");
}
