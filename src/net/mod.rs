//! Protocols that more than one room speaks. Nothing here knows of routers, checks or alerts: who asks what of whom, and what
//! follows from the answer, is said by the caller.

pub(crate) mod seats;
