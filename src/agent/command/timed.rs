//! `startup_script` and `shutdown_script`: run and awaited, within their limit, before the first and after the last
//! act.

use hactl_engine::conf::config::{Global, TimedScript};

use super::permit::permit;
use super::run::run;

/// Runs such a script to its end. What goes wrong is said and changes nothing: an agent that does not start for the
/// sake of a script would be the outage it fears.
pub(crate) async fn run_script(what: &str, script: Option<&TimedScript>, global: &Global) {
    let Some(script) = script else { return };
    let name = script.command.join(" ");
    let outcome = match permit(&script.command, script.user.as_ref(), global) {
        Ok(permit) => run(&permit, script.timeout).await,
        Err(why) => Err(why.into()),
    };
    match outcome {
        Ok(ended) if ended.is_success() => tracing::info!("{what} `{name}`: done"),
        Ok(ended) => tracing::warn!("{what} `{name}`: {ended}; going on"),
        Err(why) => tracing::error!("{what} `{name}`: {why}; going on"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use hactl_engine::conf::config::ScriptUser;

    use super::*;

    #[tokio::test]
    async fn it_is_awaited_and_limited() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("mark");
        let user = Some(ScriptUser { user: "root".into(), group: None });
        let body = format!("sleep 0.1; touch {}; sleep 60", mark.display());
        let command = ["/bin/sh", "-c", &body].map(str::to_owned).to_vec();
        let script = TimedScript { command, user, timeout: Duration::from_millis(400) };
        let begun = std::time::Instant::now();
        run_script("startup_script", Some(&script), &Global::default()).await;
        assert!(mark.exists() && begun.elapsed() < Duration::from_secs(30));
    }
}
