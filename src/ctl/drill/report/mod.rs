//! What a drill leaves behind: one page for people ([`html`] with [`picture`]), and the same verdicts for scripts
//! ([`json`]), CI ([`junit`]) and change requests ([`markdown`]). From verdicts and timelines to text; nothing is
//! written here.

pub mod entry;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod picture;
