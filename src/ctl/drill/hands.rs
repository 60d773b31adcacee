//! What a drill does to hosts, one step at a time, and the way back that is armed before a host's power goes.

use std::os::unix::process::CommandExt as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use thiserror::Error;

use super::sampler::Watchers;
use super::scenario::Step;
use crate::ctl::remote::RemoteError;

/// How long one step on a host may take.
const STEP_LIMIT: Duration = Duration::from_secs(20);

/// Why a step of a drill was not carried out.
#[derive(Debug, Error)]
pub(super) enum StepFailed {
    #[error("not reachable")]
    NotReachable,
    #[error("{0}")]
    Script(String),
    #[error(transparent)]
    Lost(RemoteError),
    #[error("{0}")]
    Power(String),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Carries out steps.
#[derive(Debug, Default)]
pub(super) struct Hands {
    /// The process that gives power back should the desk vanish.
    armed: Mutex<Option<std::process::Child>>,
}

impl Hands {
    /// Does it.
    pub(super) async fn step(&self, watchers: &Watchers, host: &str, step: &Step) -> Result<(), StepFailed> {
        match step {
            Step::Ends(script, at_most) => {
                self.power_comes_back(host, *at_most)?;
                shell(watchers, host, script).await
            }
            Step::Shell(script) => shell(watchers, host, script).await,
            Step::PowerOff(at_most) => {
                self.power_comes_back(host, *at_most)?;
                power(watchers, host, "off").await
            }
            Step::PowerOn => {
                power(watchers, host, "on").await?;
                self.disarm_power()
            }
        }
    }

    /// Arms the way back before the power goes: a process that outlives the desk. Who has power already keeps it.
    fn power_comes_back(&self, host: &str, after: Duration) -> Result<(), StepFailed> {
        let program = std::env::current_exe()?;
        let seconds = after.as_secs_f64().ceil().to_string();
        let mut command = std::process::Command::new("/bin/sh");
        command.args(["-c", "sleep \"$0\"; exec \"$1\" lab power \"$2\" on"]).arg(seconds).arg(program).arg(host);
        let quiet = std::process::Stdio::null;
        let child = command.process_group(0).stdin(quiet()).stdout(quiet()).stderr(quiet()).spawn()?;
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = Some(child);
        Ok(())
    }

    /// Takes the arming back, once the power is there.
    fn disarm_power(&self) -> Result<(), StepFailed> {
        if let Some(mut child) = self.armed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // The shell and its sleep: both are of one group.
            let group = format!("-{}", child.id());
            std::process::Command::new("/bin/sh").args(["-c", "kill -s KILL -- \"$0\"", &group]).status()?;
            child.wait()?;
        }
        Ok(())
    }
}

async fn shell(watchers: &Watchers, host: &str, script: &str) -> Result<(), StepFailed> {
    let remote = watchers.connection(host).await.ok_or(StepFailed::NotReachable)?;
    match remote.exec(script, b"", STEP_LIMIT).await {
        Ok(output) if output.code == 0 => Ok(()),
        Ok(output) => Err(StepFailed::Script(output.complaint())),
        Err(error) => {
            watchers.drop_connection(host).await;
            Err(StepFailed::Lost(error))
        }
    }
}

async fn power(watchers: &Watchers, host: &str, state: &str) -> Result<(), StepFailed> {
    let program = std::env::current_exe()?;
    let output = tokio::process::Command::new(program).args(["lab", "power", host, state]).output().await?;
    watchers.drop_connection(host).await;
    match output.status.success() {
        true => Ok(()),
        false => Err(StepFailed::Power(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
    }
}
