//! `hactl backend`: servers come, go and change their share while requests run. The inventory's text is edited in place
//! ([`text`] and [`tree`] know where things stand, [`edit`] and [`maintenance`] what each verb means), the edited text
//! is deployed as far as it reaches ([`run`]; [`canary`] for a while), and written back when the hosts have it;
//! [`list`] says who serves. Nothing here talks to a host itself.

pub mod canary;
pub mod edit;
pub mod list;
pub mod maintenance;
pub mod run;
pub mod servers;
pub mod text;
pub mod tree;
