use std::process::Command;

use super::*;

fn versions(one: &str, other: &str) -> Ordering {
    let order = compare_versions(one.as_bytes(), other.as_bytes());
    let reverse = compare_versions(other.as_bytes(), one.as_bytes());
    assert_eq!(order, reverse.reverse(), "{one} and {other}");
    order
}

/// Asks rpm for the order of many pairs at once.
fn rpm(pairs: &[(String, String)]) -> Vec<Ordering> {
    let asked: String = pairs
        .iter()
        .map(|(one, other)| format!("print(rpm.vercmp([[{one}]], [[{other}]]), '\\n')\n"))
        .collect();
    let script = format!("%{{lua:{asked}}}");
    let answer = Command::new("rpm").args(["--eval", &script]).output().unwrap();
    let text = String::from_utf8(answer.stdout).unwrap();
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let orders: Vec<Ordering> =
        text.split_whitespace().map(|number| number.parse::<i64>().unwrap().cmp(&0)).collect();
    assert_eq!(orders.len(), pairs.len(), "{text}");
    orders
}

/// What rpm's own tests state, one pair a line.
const STATED: &str = "
    1.0 = 1.0          | 1.0 < 2.0          | 2.0 > 1.0
    2.0.1 = 2.0.1      | 2.0 < 2.0.1        | 2.0.1 > 2.0
    2.0.1a = 2.0.1a    | 2.0.1a > 2.0.1     | 2.0.1 < 2.0.1a
    5.5p1 = 5.5p1      | 5.5p1 < 5.5p2      | 5.5p2 > 5.5p1
    5.5p10 = 5.5p10    | 5.5p1 < 5.5p10     | 5.5p10 > 5.5p1
    10xyz < 10.1xyz    | 10.1xyz > 10xyz
    xyz10 = xyz10      | xyz10 < xyz10.1    | xyz10.1 > xyz10
    xyz.4 = xyz.4      | xyz.4 < 8          | 8 > xyz.4       | xyz.4 < 2 | 2 > xyz.4
    5.5p2 < 5.6p1      | 5.6p1 > 5.5p2
    5.6p1 < 6.5p1      | 6.5p1 > 5.6p1
    6.0.rc1 > 6.0      | 6.0 < 6.0.rc1
    10b2 > 10a1        | 10a2 < 10b2
    1.0aa = 1.0aa      | 1.0a < 1.0aa       | 1.0aa > 1.0a
    10.0001 = 10.0001  | 10.0001 = 10.1     | 10.1 = 10.0001  | 10.0001 < 10.0039 | 10.0039 > 10.0001
    4.999.9 < 5.0      | 5.0 > 4.999.9
    20101121 = 20101121 | 20101121 < 20101122 | 20101122 > 20101121
    2_0 = 2_0          | 2.0 = 2_0          | 2_0 = 2.0
    a = a              | a+ = a+            | a+ = a_         | a_ = a+
    +a = +a            | +a = _a            | _a = +a
    +_ = +_            | _+ = +_            | _+ = _+         | + = _     | _ = +
    1.0~rc1 = 1.0~rc1  | 1.0~rc1 < 1.0      | 1.0 > 1.0~rc1
    1.0~rc1 < 1.0~rc2  | 1.0~rc2 > 1.0~rc1
    1.0~rc1~git123 = 1.0~rc1~git123 | 1.0~rc1~git123 < 1.0~rc1 | 1.0~rc1 > 1.0~rc1~git123
    1.0^ = 1.0^        | 1.0^ > 1.0         | 1.0 < 1.0^
    1.0^git1 = 1.0^git1 | 1.0^git1 > 1.0    | 1.0 < 1.0^git1
    1.0^git1 < 1.0^git2 | 1.0^git2 > 1.0^git1 | 1.0^git1 < 1.01 | 1.01 > 1.0^git1
    1.0^20160101 = 1.0^20160101 | 1.0^20160101 < 1.0.1 | 1.0.1 > 1.0^20160101
    1.0^20160101^git1 = 1.0^20160101^git1 | 1.0^20160102 > 1.0^20160101^git1 | 1.0^20160101^git1 < 1.0^20160102
    1.0~rc1^git1 = 1.0~rc1^git1 | 1.0~rc1^git1 > 1.0~rc1 | 1.0~rc1 < 1.0~rc1^git1
    1.0^git1~pre = 1.0^git1~pre | 1.0^git1 > 1.0^git1~pre | 1.0^git1~pre < 1.0^git1
    1b.fc17 = 1b.fc17  | 1b.fc17 < 1.fc17   | 1.fc17 > 1b.fc17
    1g.fc17 = 1g.fc17  | 1g.fc17 > 1.fc17   | 1.fc17 < 1g.fc17
";

#[test]
fn versions_are_ordered_as_rpms_own_tests_state() {
    let pairs: Vec<(String, String)> = STATED
        .lines()
        .flat_map(|line| line.split('|'))
        .filter(|pair| !pair.trim().is_empty())
        .map(|pair| {
            let words: Vec<&str> = pair.split_whitespace().collect();
            let order = match words[1] {
                "<" => Ordering::Less,
                "=" => Ordering::Equal,
                _ => Ordering::Greater,
            };
            assert_eq!(versions(words[0], words[2]), order, "{pair}");
            (words[0].to_owned(), words[2].to_owned())
        })
        .collect();
    assert!(pairs.len() > 90);
    for ((one, other), order) in pairs.iter().zip(rpm(&pairs)) {
        assert_eq!(versions(one, other), order, "{one} and {other}, as the installed rpm has it");
    }
}

/// In order; those on one line are equal.
const ORDERED: &[&[&str]] = &[
    &["~", "~.", ".~"],
    &["", ".", "-", "\u{fc}"],
    &["^~"],
    &["^"],
    &["^1"],
    &["a~", "a.~"],
    &["a", "a.", "a+"],
    &["a^"],
    &["a1"],
    &["aa"],
    &["b"],
    &["0~"],
    &["0", "00", "000."],
    &["0a"],
    &["0.0"],
    &["9", "09"],
    &["10", "0010"],
    &["10.9"],
    &["10.10"],
    &["99999999999999999999998"],
    &["99999999999999999999999", "0099999999999999999999999"],
];

#[test]
fn odd_versions_have_a_place_and_numbers_any_length() {
    for (place, row) in ORDERED.iter().enumerate() {
        for (other_place, others) in ORDERED.iter().enumerate() {
            for (one, other) in row.iter().flat_map(|one| others.iter().map(move |o| (one, o))) {
                assert_eq!(versions(one, other), place.cmp(&other_place), "{one} and {other}");
            }
        }
    }
}

#[test]
fn the_epoch_counts_first_the_release_last() {
    for (one, other, order) in [
        ((0, "1", "1"), (0, "1", "1"), Ordering::Equal),
        ((1, "1", "1"), (0, "2", "2"), Ordering::Greater),
        ((0, "2", "1"), (10, "1", "1"), Ordering::Less),
        ((0, "1.0", "9"), (0, "1.00", "10"), Ordering::Less),
        ((0, "1", "1.el9"), (0, "1", "1.el9_2"), Ordering::Less),
        ((0, "1", "1.fc40"), (0, "1", "1.fc39"), Ordering::Greater),
        ((0, "1~rc1", "9"), (0, "1", "0.1"), Ordering::Less),
        ((0, "1", ""), (0, "1", "1"), Ordering::Less),
    ] {
        let evr = |(epoch, version, release): (u32, &'static str, &'static str)| {
            (epoch, version.as_bytes(), release.as_bytes())
        };
        assert_eq!(compare(evr(one), evr(other)), order, "{one:?} and {other:?}");
        assert_eq!(compare(evr(other), evr(one)), order.reverse(), "{other:?} and {one:?}");
    }
}

proptest::proptest! {
    // Each case starts rpm once.
    #![proptest_config(proptest::test_runner::Config::with_cases(20))]
    #[test]
    fn random_versions_are_ordered_as_rpm_orders_them(
        pairs in proptest::collection::vec(("[01ab.~^]{1,7}", "[01ab.~^]{1,7}"), 200),
        close in proptest::collection::vec(("[0-9a-cA.+_~^]{1,9}", "[0-9a~^.]{1,2}", 0_usize..9), 200),
    ) {
        let mut pairs = pairs;
        // Close ones differ in more interesting places.
        pairs.extend(close.into_iter().map(|(one, change, at)| {
            let mut other = one.clone();
            other.insert_str(at.min(one.len()), &change);
            (one, other)
        }));
        for ((one, other), order) in pairs.iter().zip(rpm(&pairs)) {
            proptest::prop_assert_eq!(versions(one, other), order, "{} and {}", one, other);
        }
    }

    #[test]
    fn random_epochs_and_releases_are_ordered_as_rpm_orders_them(
        pairs in proptest::collection::vec([(0_u32..2, "[01a~^]{1,2}", "[01a~^]{1,2}"), (0_u32..2, "[01a~^]{1,2}", "[01a~^]{1,2}")], 200),
    ) {
        let text = |(epoch, version, release): &(u32, String, String)| format!("{epoch}:{version}-{release}");
        let asked: Vec<_> = pairs.iter().map(|[one, other]| (text(one), text(other))).collect();
        for ([one, other], order) in pairs.iter().zip(rpm(&asked)) {
            let order_of_ours = compare((one.0, one.1.as_bytes(), one.2.as_bytes()), (other.0, other.1.as_bytes(), other.2.as_bytes()));
            proptest::prop_assert_eq!(order_of_ours, order, "{:?} and {:?}", one, other);
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_ordered(
        one in proptest::collection::vec(proptest::num::u8::ANY, 0..12),
        two in "[0a.~^]{0,6}",
        three in "[0a.~^]{0,6}",
    ) {
        let mut all = [&one[..], two.as_bytes(), three.as_bytes()];
        all.sort_by(|a, b| compare_versions(a, b));
        proptest::prop_assert!(compare_versions(all[0], all[1]).is_le());
        proptest::prop_assert!(compare_versions(all[1], all[2]).is_le());
        proptest::prop_assert!(compare_versions(all[0], all[2]).is_le());
    }
}
