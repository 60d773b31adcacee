//! All blocks about LVS, read together once the rest of the file is known.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::group::Group;
use super::service::Claims;
use super::shared::Shared;
use super::virtual_server::virtual_server;
use crate::conf::config::lvs::{ClientCertificate, VirtualServer};
use crate::conf::global::defaults::Defaults;
use crate::conf::grammar::keywords::SSL;
use crate::conf::grammar::tree::regrow;
use crate::conf::grammar::values::{block_name, single, surplus, unread};
use crate::conf::grammar::walk::{inside, walk};
use crate::conf::text::sink::Sink;
use crate::conf::text::statement::Statement;
use crate::conf::vrrp::tracked::Objects;

/// The blocks, in file order.
#[derive(Debug, Default)]
pub(crate) struct Blocks<'s> {
    servers: Vec<&'s Statement>,
    groups: Vec<&'s Statement>,
    client: Vec<&'s Statement>,
}

impl<'s> Blocks<'s> {
    /// Keeps a block if it is one of these.
    pub(crate) fn keep(&mut self, block: &'s Statement) -> bool {
        match block.name() {
            "virtual_server" => self.servers.push(block),
            "virtual_server_group" => self.groups.push(block),
            "SSL" => self.client.push(block),
            _ => return false,
        }
        true
    }
}

/// What the blocks mean.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) servers: Vec<Arc<VirtualServer>>,
    pub(crate) client: ClientCertificate,
    /// Names of the `track_file` blocks that checks read.
    pub(crate) files: HashSet<String>,
}

/// Reads all blocks; a virtual server that cannot serve is reported and left out.
pub(crate) fn read(
    blocks: &Blocks<'_>,
    objects: &Objects,
    defaults: &Defaults,
    mail: bool,
    sink: &mut Sink<'_>,
) -> Found {
    let mut client = ClientCertificate::default();
    for block in &blocks.client {
        certificate(block, &mut client, sink);
    }
    let mut shared = Shared {
        groups: groups(&blocks.groups, sink),
        files: objects.files.iter().map(|(file, _)| (file.name.as_str(), (file.weight, file.reverse))).collect(),
        objects,
        used_files: HashSet::new(),
        used_groups: HashMap::new(),
        compiled: HashSet::new(),
        authorities: client.ca.clone(),
        smtp_alert: defaults.smtp_alert_checker.or(defaults.smtp_alert),
        mail_asked: None,
        log_all_failures: defaults.log_all_failures,
        claims: Claims::default(),
    };
    // Each is read from its text, made a server of, and forgotten: a file may hold ten thousands of real servers.
    let mut server = |block: &&Statement| {
        let grown = regrow(block, sink);
        virtual_server(grown.as_ref().unwrap_or(block), &mut shared, sink).map(Arc::new)
    };
    let servers: Vec<Arc<VirtualServer>> = blocks.servers.iter().filter_map(&mut server).collect();
    if let Some(place) = shared.mail_asked.filter(|_| !mail) {
        let help = "add `notification_email { YOU@EXAMPLE.ORG }` to global_defs";
        sink.warning_help(place, "mail is asked for, but nobody is there to get it", help);
    }
    let unused = shared.groups.iter().filter(|(name, _)| !shared.used_groups.contains_key(*name));
    for (name, group) in unused {
        let message = format!("virtual_server_group `{name}` is used by no virtual_server, so nothing is served");
        sink.warning_help(group.place, message, format!("add `virtual_server group {name} {{ … }}`"));
    }
    Found { servers, client, files: shared.used_files }
}

fn groups(blocks: &[&Statement], sink: &mut Sink<'_>) -> HashMap<String, Rc<Group>> {
    let mut groups: HashMap<String, Rc<Group>> = HashMap::new();
    for block in blocks {
        let Some((name, place)) = block_name(block, sink) else { continue };
        if let Some(earlier) = groups.get(&name) {
            let line = sink.earlier(earlier.place);
            sink.error(place, format!("virtual_server_group `{name}` exists already on {line}; ignored"));
            continue;
        }
        let group = Group::read(block, &name, place, sink);
        groups.insert(name, Rc::new(group));
    }
    groups
}

/// `SSL { … }`.
fn certificate(block: &Statement, client: &mut ClientCertificate, sink: &mut Sink<'_>) {
    surplus(block, &block.arguments, sink);
    walk(inside(block), &SSL, sink, |line, sink| {
        let file = single(line, sink).map(|word| word.text.clone()).filter(|path| !path.is_empty());
        match line.name() {
            "certificate" => client.certificate = file,
            "key" => client.key = file,
            "ca" => client.ca = file,
            _ => unread(line, sink),
        }
    });
    if client.certificate.is_some() != client.key.is_some() {
        let help = "name both `certificate` and `key`; they may be the same file";
        sink.warning_help(block.place(), "a client shows a certificate only when it has its key, too", help);
    }
}
