//! Roles and templates: what each host of a cluster shall have, as data. [`role`] reads `role.yaml`, [`lookup`] finds
//! roles and templates (the inventory's folder first, the binary last), [`context`] is what templates see, and
//! [`host`] puts it together. No network; the HA configuration is parsed here, so a bad one never leaves the desk.

pub mod builtin;
pub mod check;
pub mod context;
pub mod here;
pub mod host;
pub mod lookup;
pub mod pair;
pub mod role;
pub mod stops;
