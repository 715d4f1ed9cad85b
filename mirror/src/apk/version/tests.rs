use std::cmp::Ordering::{Equal, Greater, Less};

use proptest::prelude::*;

use super::*;

#[test]
fn versions_are_ordered_as_apk_orders_them() {
    for (one, order, other) in [
        ("1.0", Equal, "1.0"),
        ("2.34", Greater, "0.1.0_alpha"),
        ("0.1.0_alpha", Less, "0.1.0_alpha1"),
        ("0.1.0_alpha2", Greater, "0.1.0_alpha"),
        ("1.0_alpha", Less, "1.0_beta"),
        ("1.0_beta", Less, "1.0_pre"),
        ("1.0_pre", Less, "1.0_rc"),
        ("1.0_rc", Less, "1.0"),
        ("1.0_rc9", Less, "1.0"),
        ("1.0", Less, "1.0_cvs"),
        ("1.0_cvs", Less, "1.0_svn"),
        ("1.0_svn", Less, "1.0_git"),
        ("1.0_git", Less, "1.0_hg"),
        ("1.0_hg", Less, "1.0_p"),
        ("1.0_p1", Less, "1.0_p10"),
        ("1.0_p9", Less, "1.0_p10"),
        ("1.0_p0", Greater, "1.0_p"),
        ("1.0_rc1_p1", Greater, "1.0_rc1"),
        ("1.0_p1_rc1", Less, "1.0_p1"),
        ("1.0a", Greater, "1.0"),
        ("1.0a", Less, "1.0b"),
        ("1.0z", Less, "1.0.1"),
        ("1.0a", Greater, "1.0_rc1"),
        ("1.0a_rc1", Less, "1.0a"),
        ("1.0-r0", Less, "1.0-r1"),
        ("1.0-r9", Less, "1.0-r10"),
        ("1.0", Less, "1.0-r0"),
        ("1.0-r3", Less, "1.0.0-r0"),
        ("1-r1", Equal, "1-r01"),
        ("10", Greater, "9"),
        ("1.10", Greater, "1.9"),
        ("01", Equal, "1"),
        ("1.01", Less, "1.1"),
        ("1.09", Less, "1.1"),
        ("1.010", Less, "1.02"),
        ("1.0", Less, "1.00"),
        ("1.099", Less, "1.10"),
        ("1.0.4", Less, "1.0.40"),
        ("20240101", Greater, "3.20.0"),
        ("1.0~a1", Greater, "1.0"),
        ("1.0~a1", Less, "1.0~a2"),
        ("1.0~a1-r3", Greater, "1.0~a1"),
        ("1.0_git20240101-r3", Less, "1.0_git20240102-r0"),
        ("1.0.5_p2", Less, "1.0.5.1"),
        // What is no version: apk stops there, and it is less than an end.
        ("1.0foo", Greater, "1.0"),
        ("1.0_foo", Less, "1.0"),
        ("1.0_foo", Equal, "1.0_bar"),
        ("1.0+1", Less, "1.0"),
        ("1.0-1", Less, "1.0"),
        ("1.0-r", Less, "1.0-r0"),
        ("1.", Less, "1.0"),
        ("x", Equal, "y"),
        ("", Less, "0"),
        ("18446744073709551617", Equal, "1"),
    ] {
        assert_eq!(compare(one.as_bytes(), other.as_bytes()), order, "{one} {other}");
        assert_eq!(compare(other.as_bytes(), one.as_bytes()), order.reverse(), "{other} {one}");
    }
}

/// Texts that are nearly versions.
fn near() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(
        prop_oneof![
            Just("0"),
            Just("1"),
            Just("07"),
            Just("12"),
            Just("."),
            Just("a"),
            Just("_rc"),
            Just("_p"),
            Just("_x"),
            Just("-r"),
            Just("~"),
            Just("f0"),
            Just("\u{e9}"),
        ],
        0..7,
    )
    .prop_map(|parts| parts.concat().into_bytes())
}

proptest! {
    #[test]
    fn the_order_is_total(mut texts in proptest::collection::vec(near(), 3)) {
        texts.sort_by(|one, other| compare(one, other));
        let order = |one: usize, other: usize| compare(&texts[one], &texts[other]);
        prop_assert_ne!(order(0, 2), Greater);
        prop_assert_eq!(order(0, 1).reverse(), order(1, 0));
        if order(0, 1) == Equal && order(1, 2) == Equal {
            prop_assert_eq!(order(0, 2), Equal);
        }
    }

    #[test]
    fn any_bytes_have_a_place(one: Vec<u8>, other: Vec<u8>) {
        prop_assert_eq!(compare(&one, &other).reverse(), compare(&other, &one));
        prop_assert_eq!(compare(&one, &one), Equal);
    }
}
