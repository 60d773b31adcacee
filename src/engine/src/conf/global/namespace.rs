//! `net_namespace` and `net_namespace_ipvs`.

use crate::conf::config::{Config, Namespaces};
use crate::conf::grammar::values::single;
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;

/// Reads a line.
pub(crate) fn namespace(line: &Statement, found: &mut Namespaces, sink: &mut Sink<'_>) {
    let own = line.name() == "net_namespace";
    let slot = if own { &mut found.own } else { &mut found.ipvs };
    if line.arguments.is_empty() && !own {
        return; // the namespace that the agent is started in
    }
    let Some(word) = single(line, sink) else { return };
    let name = &word.text;
    if name.is_empty() || name.contains('/') || name == "." || name == ".." {
        let help = "write the name that `ip netns list` shows";
        sink.error_help(word.place, format!("`{name}` is no name of a network namespace; ignored"), help);
    } else {
        *slot = Some(name.clone());
    }
}

/// What `net_namespace_ipvs` means here.
pub(crate) fn judge(config: &Config, place: Option<Place>, sink: &mut Sink<'_>) {
    let Some(place) = place.filter(|_| config.namespaces.ipvs != config.namespaces.own) else { return };
    let help =
        "run a second agent with `net_namespace` for the virtual servers, or leave them in the agent's own namespace";
    if config.strays() {
        let message = "`net_namespace_ipvs` is not supported: the agent refuses to start, for it would balance in the wrong namespace";
        sink.error_help(place, message, help);
    } else {
        sink.warning(place, "`net_namespace_ipvs` changes nothing: there is no virtual server");
    }
}
