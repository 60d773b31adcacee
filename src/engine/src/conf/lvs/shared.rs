//! What the blocks about LVS refer to, and what all of them together must not do twice.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::group::Group;
use super::service::Claims;
use crate::conf::grammar::values::switched;
use crate::conf::text::lexer::Word;
use crate::conf::text::place::Place;
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;
use crate::conf::vrrp::tracked::Objects;
use crate::ipvs::Protocol;

/// What blocks refer to, and what all of them together must not do twice.
pub(super) struct Shared<'a> {
    pub(crate) groups: HashMap<String, Rc<Group>>,
    /// Weights of `track_file` blocks.
    pub(crate) files: HashMap<&'a str, (i16, bool)>,
    pub(crate) objects: &'a Objects,
    pub(super) used_files: HashSet<String>,
    /// Which virtual server has a group with a protocol; marks alone have none.
    pub(super) used_groups: HashMap<String, Vec<(Option<Protocol>, Place)>>,
    /// Expressions that compile.
    pub(super) compiled: HashSet<String>,
    /// `ca` of `SSL`.
    pub(crate) authorities: Option<String>,
    /// What `global_defs` says about mail.
    pub(crate) smtp_alert: Option<bool>,
    /// Where mail is asked for first.
    pub(super) mail_asked: Option<Place>,
    pub(crate) log_all_failures: Option<bool>,
    pub(crate) claims: Claims,
}

impl Shared<'_> {
    /// `smtp_alert` of a server.
    pub(super) fn alert(&mut self, line: &Statement, sink: &mut Sink<'_>) -> bool {
        let on = switched(line, true, sink);
        if on {
            self.mail_asked.get_or_insert(line.place());
        }
        on
    }

    /// The weight of a `track_file` that a check names; a name of nothing is reported.
    pub(crate) fn file(&mut self, name: &Word, sink: &mut Sink<'_>) -> Option<(i16, bool)> {
        let found = self.files.get(name.text.as_str()).copied();
        if found.is_some() {
            self.used_files.insert(name.text.clone());
        } else if !self.objects.broken.contains(&name.text) {
            let message = format!("no track_file is called `{}`; not checked", name.text);
            let help = match sink.guess(&name.text, self.files.keys().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add `track_file {} {{ file … }}`", name.text),
            };
            sink.error_help(name.place, message, help);
        }
        found
    }
}
