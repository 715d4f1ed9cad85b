use proptest::prelude::*;

use super::*;

#[test]
fn versions_are_ordered_as_brew_orders_them() {
    // Each is lower than the next one in its row.
    let rows: &[&[&str]] = &[
        &[
            "1.0alpha1",
            "1.0a2",
            "1.0beta",
            "1.0b2",
            "1.0pre1",
            "1.0rc1",
            "1.0rc2",
            "1.0",
            "1.0p1",
            "1.0.1",
            "1.1",
        ],
        &["9.9p1", "9.9p2", "10.0p1"],
        &["1.2.3", "1.2.3.post1", "1.2.4"],
        &["1.25.0", "1.25.0_1", "1.25.0_2", "1.25.0_10", "1.25.1"],
        &["1.25.0_1", "1.25.0_1 rebuild 1", "1.25.0_1 rebuild 12", "1.25.0_2"],
        &["2026-07-15", "2026-07-15 rebuild 1", "2026-11-02"],
        &["20260101", "20260102"],
        &["3.12.1", "3.12.10"],
        &["8.9", "008.10", "8.11"],
        &["1.1.1b2", "1.1.1"],
        &["4.4.9", "4.4.18446744073709551616", "4.4.99999999999999999999999"],
        &["a", "b", "1"],
    ];
    for row in rows {
        for pair in row.windows(2) {
            assert_eq!(compare_versions(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare_versions(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
    }
    for (one, other) in [
        ("1.0", "1"),
        ("1.0.0", "1"),
        ("1.01", "1.1"),
        ("1-2", "1.2"),
        ("1.0RC1", "1.0rc1"),
        ("", "0"),
    ] {
        assert_eq!(compare_versions(one, other), Ordering::Equal, "{one} {other}");
    }
}

proptest! {
    /// Sorting by an order that is none is a panic.
    #[test]
    fn the_order_is_total(texts in prop::collection::vec("[0-9a-cprs._ -]{0,8}( rebuild [0-9]{1,3})?", 3)) {
        let order = |one: usize, other: usize| compare_versions(&texts[one], &texts[other]);
        prop_assert_eq!(order(0, 1), order(1, 0).reverse());
        if order(0, 1).is_le() && order(1, 2).is_le() {
            prop_assert!(order(0, 2).is_le());
        }
        if order(0, 1).is_eq() {
            prop_assert_eq!(order(0, 2), order(1, 2));
        }
    }

    #[test]
    fn no_text_makes_it_panic(one in "\\PC{0,20}", other in "\\PC{0,20}") {
        prop_assert_eq!(compare_versions(&one, &other), compare_versions(&other, &one).reverse());
    }
}
