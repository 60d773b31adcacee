//! Requests to the agents of hosts: the types of the control protocol, sent and answered as JSON through SSH.

use std::time::Duration;

use futures_util::future::join_all;
use hactl_engine::control::{Request, Response};

use crate::ctl::desk::Desk;
use crate::ctl::wanted::BINARY;
use crate::error::{Code, Problem};

/// A line of the protocol is shorter than this.
const SHOWN: usize = 300;

/// Sends each host its request, all at once. The answers are in the order asked for.
pub async fn ask_all<'h>(
    desk: &Desk,
    requests: impl IntoIterator<Item = (&'h str, Request)>,
) -> Vec<(&'h str, Result<Response, Problem>)> {
    let limit = desk.options.limit;
    join_all(requests.into_iter().map(|(host, request)| async move { (host, ask(desk, host, &request, limit).await) }))
        .await
}

/// Sends one host's agent a request.
///
/// # Errors
/// The host cannot be asked, no agent answers there ([`Code::NoAgent`]), or the agent refuses ([`Code::AgentRefused`]).
pub async fn ask(desk: &Desk, host: &str, request: &Request, limit: Duration) -> Result<Response, Problem> {
    let line = serde_json::to_vec(request).map_err(|error| Problem::on(host, Code::Internal, error))?;
    let output = desk.on(host, &format!("{BINARY} agent call"), &line, limit).await?;
    if output.code != 0 {
        let problem = Problem::on(host, Code::NoAgent, output.complaint());
        return Err(problem.next(format!("`systemctl status hactl-agent` on {host}; `hactl deploy` brings an agent")));
    }
    match serde_json::from_str(output.text()) {
        Ok(Response::Error { message }) => {
            let problem = Problem::on(host, Code::AgentRefused, message).why("the agent there refuses");
            Err(problem.next(format!("`hactl agent status` on {host}")))
        }
        Ok(response) => Ok(response),
        Err(error) => {
            let said: String = output.text().trim().chars().take(SHOWN).collect();
            let problem = Problem::on(host, Code::NoAgent, format!("no answer of an agent: {error}: `{said}`"));
            Err(problem.next(format!("is the agent on {host} of another version? `hactl deploy`")))
        }
    }
}

/// What an agent says when it has done what was asked.
pub fn words(response: Response) -> String {
    match response {
        Response::Done { message } => message,
        _ => String::new(),
    }
}
