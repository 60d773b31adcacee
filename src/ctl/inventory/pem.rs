//! Files of certificates, as PEM, that an inventory names.

use std::path::Path;

use super::document::Node;
use super::fields::Reader;
use crate::certificate::Certificate;
use crate::error::{Code, Problem};
use crate::includes::read_file;

/// How one is spoken of.
pub(super) struct Pem {
    /// The word that names it.
    pub(super) word: &'static str,
    /// What is in such a file.
    pub(super) holds: &'static str,
    /// What to do where it holds a private key as well: the file goes to where everybody on the load balancer may read
    /// it.
    pub(super) with_key: &'static str,
}

/// Reads it. What keeps it from being used is told at the place that names it.
pub(super) fn certificate(reader: &Reader<'_>, node: &Node, path: &Path, pem: &Pem) -> Option<Certificate> {
    let bytes = read_file(path).map_err(|error| error.to_string());
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not text".to_owned()));
    let read = text.and_then(|text| match text.contains("PRIVATE KEY") {
        true => Err(format!("it holds a private key{}", pem.with_key)),
        false => Certificate::read(&text).map_err(|error| error.to_string()),
    });
    let unusable = |why: String| {
        let problem = Problem::new(Code::BadCertificate, format!("{} {}: {why}", pem.word, path.display()));
        reader.wrong(node.place, problem.next(format!("the file is PEM: {}", pem.holds)));
    };
    read.map_err(unusable).ok()
}
