//! Who is told of what happened: the log, the history, mail, webhooks and the notify FIFOs. Notices come in, as the
//! engine words them, and leave the host from here. Nothing here acts upon what it tells.

pub(crate) mod alert;
mod error;
mod fifo;
pub(crate) mod fifo_lines;
mod fifo_lvs;
pub(crate) mod journal;
pub(crate) mod log;
mod mail;
mod mail_text;
pub(crate) mod syslog;
mod webhook;
pub(crate) mod wording;
