use std::process::Command;

use super::*;

fn ours(one: &str, other: &str) -> Ordering {
    let order = compare(one.as_bytes(), other.as_bytes());
    assert_eq!(order, compare(other.as_bytes(), one.as_bytes()).reverse(), "{one} and {other}");
    order
}

/// What the real vercmp says.
fn real(one: &str, other: &str) -> Ordering {
    let answer = Command::new("vercmp").args([one, other]).output();
    let answer = answer.expect("needs vercmp, of Debian's makepkg");
    let text = String::from_utf8(answer.stdout).unwrap();
    text.trim().parse::<i64>().unwrap().cmp(&0)
}

/// One pair a field; the order of pacman's own tests first.
const STATED: &str = "
    1.5.0 = 1.5.0 | 1.5.1 > 1.5.0 | 1.5.1 > 1.5
    1.5.0-1 = 1.5.0-1 | 1.5.0-1 < 1.5.0-2 | 1.5.0-1 < 1.5.1-1 | 1.5.0-2 < 1.5.1-1
    1.5-1 < 1.5.1-1 | 1.5-2 < 1.5.1-1 | 1.5-2 < 1.5.1-2
    1.5 = 1.5-1 | 1.5-1 = 1.5 | 1.1-1 = 1.1 | 1.0-1 < 1.1 | 1.1-1 > 1.0
    1.5b-1 < 1.5-1 | 1.5b < 1.5 | 1.5b-1 < 1.5 | 1.5b < 1.5.1
    1.0a < 1.0alpha | 1.0alpha < 1.0b | 1.0b < 1.0beta | 1.0beta < 1.0rc | 1.0rc < 1.0
    1.5.a > 1.5 | 1.5.b > 1.5.a | 1.5.1 > 1.5.b
    1.5.b-1 = 1.5.b | 1.5-1 < 1.5.b
    2.0 = 2_0 | 2.0_a = 2_0.a | 2.0a < 2.0.a | 2___a > 2_a
    0:1.0 = 0:1.0 | 0:1.0 < 0:1.1 | 1:1.0 > 0:1.0 | 1:1.0 > 0:1.1 | 1:1.0 < 2:1.1
    1:1.0 > 0:1.0-1 | 1:1.0-1 > 0:1.1-1
    0:1.0 = 1.0 | 0:1.0 < 1.1 | 0:1.1 > 1.0 | 1:1.0 > 1.0 | 1:1.0 > 1.1 | 1:1.1 > 1.1
    1.0. > 1.0 | . = . | 1. = 1. | - = - | : < 1 | 001 = 1 | a:1 < 2
    99999999999999999999999 > 99999999999999999999998 | 1~rc1 > 1 | 1^1 > 1
";

#[test]
fn versions_are_ordered_as_vercmp_orders_them() {
    let mut seen = 0;
    for pair in STATED.lines().flat_map(|line| line.split('|')).map(str::trim) {
        let words: Vec<&str> = pair.split_whitespace().collect();
        let [one, sign, other] = words[..] else { continue };
        assert_eq!(ours(one, other), real(one, other), "{pair}, by the installed vercmp");
        let order = match sign {
            "<" => Ordering::Less,
            "=" => Ordering::Equal,
            _ => Ordering::Greater,
        };
        assert_eq!(ours(one, other), order, "{pair}");
        seen += 1;
    }
    assert!(seen > 50, "{seen}");
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(600))]
    #[test]
    fn random_versions_are_ordered_as_vercmp_orders_them(
        one in "([012]:)?[0-2ab._~+]{0,6}(-[0-2a.]{0,3})?",
        other in "([012]:)?[0-2ab._~+]{0,6}(-[0-2a.]{0,3})?",
        change in "[0-9a._:-]{1,2}",
        at in 0_usize..9,
    ) {
        let mut close = one.clone();
        close.insert_str(at.min(one.len()), &change);
        for other in [&other, &close] {
            proptest::prop_assert_eq!(ours(&one, other), real(&one, other), "{} and {}", &one, other);
        }
    }
}
