//! The kernel's table as we write it and read it, beside what `ipvsadm` says.

use super::Case;
use hactl::sys::ipvs::Ipvs;

pub const CASES: &[Case] = crate::cases![an_empty_table];

fn an_empty_table() {
    let mut ipvs = Ipvs::open().unwrap();
    assert!(ipvs.table().unwrap().is_empty());
    println!("NOTE timeouts {:?}", ipvs.timeouts().unwrap());
}
