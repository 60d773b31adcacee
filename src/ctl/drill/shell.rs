//! The shell lines of a drill: faults that undo themselves, for `sh` on hosts as old as systemd 219.

use std::time::Duration;

use crate::ctl::remote::quote;

/// From a detached command's start until it acts: time for the connection to bring back the exit status.
pub const DETACH_DELAY: Duration = Duration::from_millis(300);

/// Remembers which boot of the host this is; the folder does not outlive it.
pub const REMEMBER_BOOT: &str = "set -e\ncat /proc/sys/kernel/random/boot_id > /run/hactl-drill-reboot";
/// Fails until the host has started anew.
pub const BOOTED_ANEW: &str =
    "if [ -e /run/hactl-drill-reboot ]; then echo 'it has not started anew yet' >&2; exit 1; fi";

/// Arms the undoing, then makes the fault. Without systemd a detached shell waits instead of a timer. Fails before
/// anything is broken when this drill is already under way on the host.
pub fn armed(name: &str, prepare: &str, inject: &str, undo: &str, after: Duration) -> String {
    let unit = unit(name);
    let undo = quote(undo);
    let seconds = after.as_secs_f64().ceil();
    // A timer's accuracy is one minute unless said otherwise.
    format!(
        "set -e\n\
         if systemctl is-active --quiet {unit}.timer 2>/dev/null || kill -0 \"$(cat /run/{unit}.pid 2>/dev/null)\" 2>/dev/null\n\
         then\n\
         \x20 echo 'a drill of this kind is under way here, and ends by itself' >&2\n\
         \x20 exit 1\n\
         fi\n\
         {prepare}\n\
         if [ -d /run/systemd/system ]; then\n\
         \x20 systemd-run --quiet --unit={unit} --on-active={seconds} --timer-property=AccuracySec=100ms \
         /bin/sh -c {undo}\n\
         else\n\
         \x20 setsid sh -c 'echo $$ > /run/'{unit}'.pid; sleep {seconds}; eval \"$0\"; rm -f /run/'{unit}'.pid' {undo} \
         >/dev/null 2>&1 </dev/null &\n\
         fi\n\
         {inject}"
    )
}

/// Undoes the fault now and takes back the arming. Works as well when the host has undone it by itself.
pub fn disarm(name: &str, undo: &str) -> String {
    let unit = unit(name);
    format!(
        "set -e\n\
         {undo}\n\
         if [ -d /run/systemd/system ]; then\n\
         \x20 systemctl stop {unit}.timer 2>/dev/null || true\n\
         \x20 systemctl reset-failed {unit}.service 2>/dev/null || true\n\
         elif [ -f /run/{unit}.pid ]; then\n\
         \x20 kill -- \"-$(cat /run/{unit}.pid)\" 2>/dev/null || true\n\
         \x20 rm -f /run/{unit}.pid\n\
         fi"
    )
}

/// A command that outlives the connection it was ordered through, and begins after [`DETACH_DELAY`].
pub fn detached(command: &str) -> String {
    let script = format!("sleep {}; {command}", DETACH_DELAY.as_secs_f64());
    format!("setsid sh -c {} >/dev/null 2>&1 </dev/null &", quote(&script))
}

fn unit(name: &str) -> String {
    format!("hactl-drill-{name}")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_undoing_is_armed_before_the_fault() {
        let line = armed("link", "save", "break", "mend", Duration::from_secs(35));
        let place = |part: &str| line.find(part).unwrap_or_else(|| panic!("{part:?} is missing in {line}"));
        assert!(place("save") < place("systemd-run") && place("mend") < place("break"));
        assert!(line.contains("--unit=hactl-drill-link --on-active=35 "));
    }

    #[test]
    fn a_detached_command_runs_after_its_shell_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("it's done");
        let command = detached(&format!("touch {}", quote(mark.to_str().unwrap())));
        assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success());
        assert!(!mark.exists(), "it acts before its order is acknowledged");
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while !mark.exists() {
            assert!(std::time::Instant::now() < deadline, "it never ran");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
