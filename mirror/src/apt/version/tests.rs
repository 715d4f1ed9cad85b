use std::process::Command;

use super::*;

/// Asks dpkg.
fn dpkg(one: &str, other: &str) -> Ordering {
    let says = |relation: &str| {
        let asked =
            Command::new("dpkg").args(["--compare-versions", one, relation, other]).output();
        let status = asked.unwrap().status;
        assert!(matches!(status.code(), Some(0 | 1)), "dpkg takes {one:?} and {other:?}");
        status.success()
    };
    if says("eq") {
        Ordering::Equal
    } else if says("lt") {
        Ordering::Less
    } else {
        Ordering::Greater
    }
}

fn compare(one: &str, other: &str) -> Ordering {
    let order = compare_versions(one.as_bytes(), other.as_bytes());
    let reverse = compare_versions(other.as_bytes(), one.as_bytes());
    assert_eq!(order, reverse.reverse(), "{one} and {other}");
    order
}

/// In order; those on one line are equal.
const ORDERED: &[&[&str]] = &[
    &["0~~", "0~~-0"],
    &["0~~a"],
    &["0~"],
    &["0", "00", "0:0", "0-0", "0-"],
    &["0-0a"],
    &["0a"],
    &["0.0"],
    &["1.0~rc1-1"],
    &["1.0~rc1.1-1"],
    &["1.0-1~bpo12+1"],
    &["1.0-1"],
    &["1.0-1a"],
    &["1.0-1+b1", "1.0-1+b01"],
    &["1.0-1.1"],
    &["1.0-2"],
    &["1.0-10"],
    &["1.0a-1"],
    &["1.0+dfsg-1"],
    &["1.0+dfsg-1-1"],
    &["1.0.1-1"],
    &["1.9"],
    &["1.10", "1.010"],
    &["2024.01", "2024.1"],
    &["99999999999999999999998"],
    &["99999999999999999999999", "0099999999999999999999999"],
    &["1:0.1", "01:0.1"],
    &["1:0.1:2"],
    &["2:0"],
    &["10:0"],
];

#[test]
fn versions_are_ordered_as_dpkg_orders_them() {
    for (place, versions) in ORDERED.iter().enumerate() {
        for (other_place, others) in ORDERED.iter().enumerate() {
            for version in *versions {
                for other in *others {
                    let order = place.cmp(&other_place);
                    assert_eq!(compare(version, other), order, "{version} and {other}");
                }
            }
        }
        let next = ORDERED.get(place + 1).map(|next| next[0]);
        for other in versions.iter().copied().chain(next) {
            // dpkg takes no empty revision.
            if !other.ends_with('-') {
                let order = compare(versions[0], other);
                assert_eq!(dpkg(versions[0], other), order, "{} and {other}", versions[0]);
            }
        }
    }
}

#[test]
fn what_is_no_version_has_a_place_too() {
    for odd in ["", "-", ":", "a:1", "1:", "--", "\u{fc}", "\0", ":-~"] {
        assert_eq!(compare(odd, odd), Ordering::Equal, "{odd:?}");
        for other in ["", "1", "1-1", "~", "\0-"] {
            compare(odd, other);
        }
    }
    assert_eq!(compare("1_2", "1.2"), Ordering::Greater, "by the bytes, as for dpkg");
}

proptest::proptest! {
    // Each case starts dpkg twice or thrice.
    #![proptest_config(proptest::test_runner::Config::with_cases(150))]
    #[test]
    fn random_versions_are_ordered_as_dpkg_orders_them(
        one in "([0-9]:)?[0-9][0-9a-c.+~-]{0,6}(-[0-9a~+.]{1,3})?",
        other in "([0-9]:)?[0-9][0-9a-c.+~-]{0,6}(-[0-9a~+.]{1,3})?",
        change in "[0-9a~+.-]{1,2}",
        at in 0_usize..9,
    ) {
        // Close ones differ in more interesting places.
        let mut close = one.clone();
        let first = one.find(':').map_or(1, |colon| colon + 2);
        close.insert_str((first + at).min(one.len()), &change);
        for other in [&other, &close] {
            let is_whole = |version: &str| !version.ends_with('-') && !version.contains(":-");
            if is_whole(&one) && is_whole(other) {
                proptest::prop_assert_eq!(compare(&one, other), dpkg(&one, other), "{} and {}", one, other);
            }
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_ordered(
        one in proptest::collection::vec(proptest::num::u8::ANY, 0..12),
        two in proptest::collection::vec(proptest::num::u8::ANY, 0..12),
        three in "[0-9a:~-]{0,6}",
    ) {
        let mut all = [&one[..], &two[..], three.as_bytes()];
        all.sort_by(|a, b| compare_versions(a, b));
        proptest::prop_assert!(compare_versions(all[0], all[1]).is_le());
        proptest::prop_assert!(compare_versions(all[1], all[2]).is_le());
        proptest::prop_assert!(compare_versions(all[0], all[2]).is_le());
    }
}
