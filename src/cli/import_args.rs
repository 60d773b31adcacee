//! The grammar of `hactl import` and `hactl takeover`.

use std::path::PathBuf;

use clap::Args;
use thiserror::Error;

use crate::ctl::sealed::SecretSource;

/// `hactl import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Load balancers, and web hosts for their names: [USER@]HOST[:PORT] or [USER@]NAME=ADDRESS[:PORT]
    #[arg(required = true, value_name = "HOST")]
    pub hosts: Vec<String>,
    /// Write inventory.yaml, templates and passwords to this folder, over nothing that is there
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Private key file for the login
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Jump host: [USER@]HOST[:PORT]
    #[arg(long, value_name = "HOST")]
    pub jump: Option<String>,
    /// Where the password for login and sudo comes from: prompt, env:NAME, file:PATH or command:PROGRAM
    #[arg(long, value_name = "SOURCE", value_parser = password_source)]
    pub password: Option<SecretSource>,
}

/// `prompt`, `env:NAME`, `file:PATH`, `command:PROGRAM`.
fn password_source(text: &str) -> Result<SecretSource, NoSource> {
    match text.split_once(':') {
        None if text == "prompt" => Ok(SecretSource::Prompt),
        Some(("env", name)) => Ok(SecretSource::Environment(name.into())),
        Some(("file", path)) => Ok(SecretSource::File(path.into())),
        Some(("command", command)) => Ok(SecretSource::Command(command.into())),
        _ => Err(NoSource),
    }
}

/// What stands after `--password` is no place that a password comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("write prompt, env:NAME, file:PATH or command:PROGRAM")]
struct NoSource;

/// `hactl takeover`.
#[derive(Debug, Args)]
pub(crate) struct Takeover {
    /// Inventory file (same as --inventory)
    #[arg(value_name = "INVENTORY")]
    pub file: Option<PathBuf>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Leave a failed takeover as it is, for inspection
    #[arg(long)]
    pub no_auto_rollback: bool,
    /// Although every load balancer owns an address, so that the first one's is without an owner for a moment
    #[arg(long)]
    pub accept_gap: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_has_a_source() {
        assert_eq!(password_source("prompt").unwrap(), SecretSource::Prompt);
        assert_eq!(password_source("env:HA_SECRET").unwrap(), SecretSource::Environment("HA_SECRET".into()));
        for none in ["hunter2", "prompt:", "environment:HA_SECRET", ""] {
            assert_eq!(password_source(none).unwrap_err(), NoSource, "{none}");
        }
    }
}
