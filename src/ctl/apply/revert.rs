//! Taking an activation back, in reverse order.

use super::script;
use crate::ctl::desk::Desk;
use crate::ctl::progress::Event;
use crate::error::{Code, Problem};

/// Reverts these hosts one after another, last activated first. Returns those that could not be reverted.
pub async fn revert(desk: &Desk, activated: &[(String, u64)]) -> Vec<Problem> {
    let mut stuck = Vec::new();
    for (host, generation) in activated.iter().rev() {
        desk.options.tell(Event::TakingBack { host });
        let problem = match desk.on(host, &script::revert(*generation), b"", desk.options.limit * 2).await {
            Ok(output) if output.code == 0 => continue,
            Ok(output) => {
                Problem::on(host, Code::NotTakenBack, format!("could not be taken back: {}", output.complaint()))
            }
            Err(problem) => problem,
        };
        let minutes = script::DEAD_MAN_S / 60;
        stuck.push(problem.next(format!(
            "it reverts by itself within {minutes} minutes; else `sh /var/lib/hactl/revert.sh` on {host}"
        )));
    }
    stuck
}
