//! What a part of the picture is drawn with.

use jiff::tz::TimeZone;

use crate::cli::watch::model::Model;
use crate::cli::watch::parts::Paint;

/// What a picture is drawn with besides the model.
pub(in crate::cli::watch) struct View<'v> {
    /// How everything stands.
    pub model: &'v Model,
    /// The desk's clock.
    pub now_ms: u64,
    /// Where the desk is.
    pub zone: &'v TimeZone,
    /// Columns.
    pub width: usize,
    /// Colours.
    pub paint: Paint,
}
