//! What a role is and where it comes from. [`role`] reads `role.yaml`, [`lookup`] finds roles and templates: in the
//! inventory's folder first, in the binary last ([`builtin`]); [`shown`] shows them. Nothing here knows of hosts or of
//! what is made for them.

pub mod builtin;
pub mod lookup;
pub mod role;
pub mod shown;
