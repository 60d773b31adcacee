//! Tests of the language as a whole: files in, configuration and diagnostics out. Each stage's own tests stand
//! beside it.

mod braces;
mod corpus;
mod expand;
mod family;
mod faults;
mod features;
mod full;
mod groups;
mod instance;
mod keywords;
mod link_delays;
mod lvs_checkers;
mod lvs_lint;
mod lvs_servers;
mod namespace;
mod network;
mod robust;
mod round_trip;
mod severities;
mod support;
mod told;
mod upstream;
mod wild;
