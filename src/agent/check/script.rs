//! `MISC_CHECK`: a command's exit code, and `FILE_CHECK`: the number in a tracked file.

use std::os::unix::process::ExitStatusExt as _;
use std::sync::PoisonError;
use std::time::Duration;

use hactl_engine::conf::config::Global;
use hactl_engine::conf::config::lvs::{FileCheck, MiscCheck};
use hactl_engine::lvs::health::{Outcome, Weighing};

use super::around::Surroundings;
use super::failed::Failed;
use crate::agent::command::error::NotRun;
use crate::agent::command::permit::permit;
use crate::agent::command::run::{Ended, Group};

/// Runs the command; killed with all it has started when it takes too long.
pub(super) async fn misc(check: &MiscCheck, around: &Surroundings) -> Outcome {
    match run(check, &around.global).await {
        Ok(code) => judge(code, check.dynamic),
        Err(why) => Outcome::Failed(why.into()),
    }
}

async fn run(check: &MiscCheck, global: &Global) -> Result<i32, Failed> {
    let name = check.command.first().map_or("", String::as_str);
    match start(check, global).await? {
        Ended::TimedOut => Err(Failed::Killed { name: name.into(), limit: check.timeout }),
        Ended::Exited(status) => status
            .code()
            .ok_or_else(|| Failed::Signal { name: name.into(), signal: status.signal().unwrap_or_default() }),
    }
}

async fn start(check: &MiscCheck, global: &Global) -> Result<Ended, NotRun> {
    let permit = permit(&check.command, check.user.as_ref(), global)?;
    Group::start(&permit)?.wait(check.timeout, Duration::ZERO).await
}

fn judge(code: i32, dynamic: bool) -> Outcome {
    match (code, u32::try_from(code).ok().and_then(|code| code.checked_sub(2))) {
        (0, _) => Outcome::Passed,
        (_, Some(weight)) if dynamic => Outcome::Weighed(Weighing::Set(weight)),
        _ => Outcome::Failed(Failed::ExitCode(code).into()),
    }
}

/// Looks at the number as it was read last.
pub(super) fn file(check: &FileCheck, around: &Surroundings) -> Outcome {
    let values = around.files.lock().unwrap_or_else(PoisonError::into_inner);
    let number = values.get(&check.file).copied().unwrap_or_default();
    drop(values);
    let weight = if check.reverse { -i64::from(check.weight) } else { i64::from(check.weight) };
    match (weight, i64::from(number).saturating_mul(weight)) {
        (0, _) if number == 0 => Outcome::Passed,
        (0, _) => Outcome::Failed(Failed::FileNotZero { file: check.file.clone(), number }.into()),
        (_, product) if product <= FAILED_AT => {
            Outcome::Failed(Failed::FileWeight { file: check.file.clone(), number, weight, product }.into())
        }
        (_, product) => Outcome::Weighed(Weighing::Add(i32::try_from(product).unwrap_or(i32::MAX))),
    }
}

/// A product that low is a failure, as it is for VRRP.
const FAILED_AT: i64 = -254;

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::sync::Arc;
    use std::time::Instant;

    use hactl_engine::conf::config::ScriptUser;
    use hactl_engine::conf::config::lvs::Check;
    use hactl_engine::lvs::health::{Reason, Why};
    use nix::unistd::getuid;

    use super::super::peer::{LIMIT, outcome, outcome_in};
    use super::*;

    fn shell(script: &str, dynamic: bool) -> MiscCheck {
        let command = ["/bin/sh", "-c", script].map(str::to_owned).to_vec();
        let user = Some(ScriptUser { user: getuid().to_string(), group: None });
        MiscCheck { command, timeout: LIMIT, dynamic, user }
    }

    async fn result(script: &str, dynamic: bool) -> Outcome {
        outcome(Check::Misc(Box::new(shell(script, dynamic)))).await
    }

    #[tokio::test]
    async fn exit_codes() {
        let failed = |words: &str| Outcome::Failed(Why { reason: Reason::Verdict, words: words.into() });
        let ended = |code: i32| failed(&format!("the script ended with exit code {code}"));
        for dynamic in [false, true] {
            assert_eq!(result("exit 0", dynamic).await, Outcome::Passed);
            assert_eq!(result("exit 1", dynamic).await, ended(1));
        }
        assert_eq!(result("exit 39", false).await, ended(39));
        assert_eq!(result("exit 39", true).await, Outcome::Weighed(Weighing::Set(37)));
        assert_eq!(result("exit 2", true).await, Outcome::Weighed(Weighing::Set(0)));
        assert_eq!(result("exit 255", true).await, Outcome::Weighed(Weighing::Set(253)));
        let killed = failed("/bin/sh was killed by signal 9");
        assert_eq!(result("kill -9 $$", true).await, killed);
    }

    #[tokio::test]
    async fn what_takes_too_long_is_killed_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let stubborn = format!("trap '' TERM; sleep 600 & echo $! > {}; wait; sleep 600", file.display());
        let why = result(&stubborn, false).await;
        let words = "/bin/sh did not end within 1.2s and was killed".into();
        assert_eq!(why, Outcome::Failed(Why { reason: Reason::Timeout, words }));
        let pid: i32 = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        let end = Instant::now() + Duration::from_secs(5);
        // A zombie whose parent is gone may stay where nobody collects it.
        let runs = || fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "));
        while runs() {
            assert!(Instant::now() < end, "process {pid} still runs");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    #[tokio::test]
    async fn what_cannot_run_says_why() {
        let mut check = shell("exit 0", false);
        check.command = vec!["/no/such/script".into()];
        let Outcome::Failed(why) = outcome(Check::Misc(Box::new(check.clone()))).await else { panic!() };
        assert!(why.words.contains("/no/such/script"), "{why:?}");
        assert_eq!(why.reason, Reason::NotTried);
        if getuid().is_root() {
            let folder = tempfile::tempdir().unwrap();
            let script = folder.path().join("check.sh");
            fs::write(&script, "#!/bin/sh\nexit 0\n").unwrap();
            fs::set_permissions(&script, fs::Permissions::from_mode(0o777)).unwrap();
            check.command = vec![script.display().to_string()];
            let global = Global { enable_script_security: true, ..Global::default() };
            let around = Surroundings { global: Arc::new(global), ..Surroundings::default() };
            let Outcome::Failed(why) = outcome_in(Check::Misc(Box::new(check.clone())), &around).await else {
                panic!()
            };
            assert!(why.words.contains("can be written by others"), "{why:?}");
            check.user = Some(ScriptUser { user: "no-such-user".into(), group: None });
            let Outcome::Failed(why) = outcome(Check::Misc(Box::new(check))).await else { panic!() };
            assert!(why.words.contains("no-such-user"), "{why:?}");
        }
    }

    #[tokio::test]
    async fn numbers_in_files() {
        let around = Surroundings::default();
        let holds = |number: i32| _ = around.files.lock().unwrap().insert("load".into(), number);
        let check = |weight, reverse| Check::File(FileCheck { file: "load".into(), weight, reverse });
        assert_eq!(outcome_in(check(0, false), &around).await, Outcome::Passed, "nothing read yet");
        holds(-7);
        let failed = |words: &str| Outcome::Failed(Why { reason: Reason::Verdict, words: words.into() });
        assert_eq!(outcome_in(check(0, false), &around).await, failed("tracked file load holds -7 instead of 0"));
        assert_eq!(outcome_in(check(3, false), &around).await, Outcome::Weighed(Weighing::Add(-21)));
        assert_eq!(outcome_in(check(3, true), &around).await, Outcome::Weighed(Weighing::Add(21)));
        assert_eq!(outcome_in(check(36, false), &around).await, Outcome::Weighed(Weighing::Add(-252)));
        let words = "tracked file load holds -7, which times 37 is -259";
        assert_eq!(outcome_in(check(37, false), &around).await, failed(words));
        holds(i32::MAX);
        assert_eq!(outcome_in(check(i16::MAX, false), &around).await, Outcome::Weighed(Weighing::Add(i32::MAX)));
        holds(i32::MIN);
        assert!(matches!(outcome_in(check(i16::MAX, false), &around).await, Outcome::Failed(_)));
    }
}
