//! `hactl logs`: what agents and nginx wrote on all hosts, as one text on the desk's clock. [`read`] understands what a
//! host prints, [`collect`] asks the hosts, once or again and again, and puts their lines in order. Text of a host is
//! cleaned before it gets here, and each host is asked for a bounded number of lines.

pub mod collect;
mod read;
