//! Certificates by ACME (RFC 8555), for nginx on this load balancer: one run of `hactl agent certificates` looks at
//! what the desk ordered, gets what is lacking or about to end, and gives it to nginx. It is a process of its own,
//! started by a timer: the daemon knows nothing of it. [`run`] is the whole of it, [`judge`] decides, [`issue`] talks
//! to the authority through [`door`] (for an account that must be bound to another one, [`bind`] does), [`bundle`] is
//! what lies in files, [`nginx`] who reads them. Challenges are answered by nginx itself, which needs no word from
//! here.

mod bind;
mod bundle;
mod door;
pub(crate) mod error;
mod issue;
mod judge;
mod nginx;
pub(crate) mod run;
#[cfg(test)]
mod tests;
