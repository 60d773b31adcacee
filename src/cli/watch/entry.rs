//! Which view it is: a screen for who sits at a terminal, lines for all others.

use console::Term;

use super::lines::lines;
use super::screen::screen;
use crate::cli::global::Global;
use crate::cli::show::progress::aside;
use crate::ctl::cluster::Cluster;
use crate::ctl::desk::Options;
use crate::ctl::stream::live::Live;
use crate::error::Outcome;

/// Watches until somebody has seen enough; with `drift` also what is not as the last deploy left it.
///
/// # Errors
/// What is wrong before anything is contacted; a terminal that cannot be drawn on.
pub(in crate::cli) async fn watch(global: &Global, mut options: Options, cluster: Cluster, drift: bool) -> Outcome {
    if !global.wants_json() && on_a_terminal() {
        return screen(global, options, cluster, drift).await;
    }
    options.listener = aside(global);
    lines(global, Live::begin(cluster, options, drift)?).await
}

/// Whether somebody looks who can also press a key.
fn on_a_terminal() -> bool {
    let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
    Term::stdout().is_term() && std::io::IsTerminal::is_terminal(&std::io::stdin()) && !dumb
}
