use pinfold_store::Kind;

use super::*;

#[test]
fn a_list_that_is_none_is_a_fault_of_upstreams_that_may_pass() {
    let bad = mirrorlist(b"<html>", "http://h/list").unwrap_err();
    assert_eq!(bad.kind(), Kind::Integrity);
    let told = of_upstream(bad);
    assert_eq!(told.kind(), Kind::Upstream);
    assert!(told.to_string().contains("http://h/list"), "{told}");
}
