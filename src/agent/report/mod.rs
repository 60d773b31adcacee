//! Who is told of what happened: the log, the history, mail, webhooks and the notify FIFOs. Notices come in, as the engine
//! words them, and leave the host from here. Nothing here acts upon what it tells.

pub mod alert;
pub mod fifo;
pub mod fifo_lines;
pub mod fifo_lvs;
pub mod journal;
pub mod log;
pub mod mail;
pub mod mail_text;
pub mod secure;
pub mod syslog;
pub mod webhook;
pub mod wording;
