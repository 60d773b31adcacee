//! Which `}` is missing? Two witnesses: a keyword that belongs further out, and a `}` indented like the block
//! outside. They are heard only when the braces of a file do not add up.

use super::keywords::ROOT;
use super::schema::Context;
use crate::conf::text::lexer::Word;
use crate::conf::text::place::Place;

/// An open block on the way down.
#[derive(Debug)]
pub(super) struct Frame {
    /// The statement that the block belongs to; `None` for a `{` with nothing before it.
    pub(crate) head: Option<(Word, Vec<Word>)>,
    /// Where `{` stands.
    pub(crate) open: Place,
    /// The keywords that belong here, when they are known.
    pub(crate) context: Option<&'static Context>,
    /// Where its statements begin in the list of statements that are not closed yet.
    pub(crate) first: usize,
    /// The `{` of a block inside this one whose `}` is indented like this block's own.
    pub(super) suspect: Option<Place>,
}

/// How many of `frames` may stay open before a statement with this keyword.
///
/// It stays where it is when it belongs there, or nowhere; else the blocks that it does not belong to must have
/// ended.
pub(super) fn depth_of(frames: &[Frame], keyword: &Word, has_arguments: bool, has_block: bool) -> usize {
    let depth = frames.len();
    let Some(innermost) = frames.last() else { return depth };
    if innermost.context.is_some_and(|context| context.find(&keyword.text).is_some()) {
        return depth;
    }
    let in_list = innermost.context.is_none_or(|context| context.is_list());
    for (outer, frame) in frames.iter().enumerate().rev().skip(1) {
        let Some(found) = frame.context.and_then(|context| context.find(&keyword.text)) else { continue };
        // A bare word in a list may be a name that happens to be a keyword.
        let certain = if found.block.is_some() { has_block } else { has_arguments || !in_list };
        if certain {
            return outer + 1;
        }
    }
    let known_root = ROOT.find(&keyword.text).is_some_and(|found| found.block.is_some());
    let unmistakable = innermost.context.is_some() || ROOT_ONLY.contains(&keyword.text.as_str());
    if known_root && has_block && unmistakable { 0 } else { depth }
}

/// Whether the `}` at `close` starts in the column of the outer statement though the block it closes was
/// started further in.
pub(super) fn indented_like_outer(outer: &Frame, closed: &Frame, close: Place) -> bool {
    match (&outer.head, &closed.head) {
        (Some((outer, _)), Some((inner, _))) => {
            close.line > closed.open.line
                && close.column == outer.place.column
                && inner.place.column != outer.place.column
        }
        _ => false,
    }
}

/// Block keywords that are valid only at the top level: meeting one inside an unknown block proves that a `}` is
/// missing.
const ROOT_ONLY: &[&str] =
    &["global_defs", "vrrp_instance", "vrrp_script", "vrrp_sync_group", "virtual_server", "virtual_server_group"];
