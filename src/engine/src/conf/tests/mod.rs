//! Tests of the language as a whole: files in, configuration and diagnostics out. Each stage's own tests stand
//! beside it.

mod braces;
mod faults;
mod features;
mod instance;
mod keywords;
mod robust;
mod round_trip;
mod source;
mod support;
mod wild;
