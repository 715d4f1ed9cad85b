use super::super::{End, Tried};
use super::*;
use proptest::prelude::*;

fn at(text: &str) -> Stamp {
    text.parse().unwrap()
}

fn daily() -> Schedule {
    Schedule::parse("0 4 * * *").unwrap()
}

/// A try that ended at once.
fn ended(before: Option<&Tried>, when: &str, code: u8) -> Tried {
    let said = if code == 0 { "" } else { "upstream is away" };
    let end = End { at: at(when), until: at(when), code, said };
    Tried::after(before, &end, &daily(), &TimeZone::UTC)
}

fn is_due(tried: Option<&Tried>, now: &str) -> Option<Due> {
    due(&daily(), &TimeZone::UTC, tried, at(now))
}

#[test]
fn what_was_never_tried_is_due_at_once_and_what_was_done_is_not() {
    assert_eq!(is_due(None, "20261127T120000Z"), Some(Due::First));
    let done = ended(None, "20261127T120000Z", 0);
    assert_eq!(is_due(Some(&done), "20261127T120000Z"), None);
    assert_eq!(is_due(Some(&done), "20261128T035959Z"), None);
    let time = Due::Time(at("20261128T040000Z"));
    assert_eq!(is_due(Some(&done), "20261128T040000Z"), Some(time));
    let next = |now| next_try(&daily(), &TimeZone::UTC, Some(&done), at(now));
    assert_eq!(next("20261127T120500Z"), Some(at("20261128T040000Z")));
    assert_eq!(due(&Schedule::never(), &TimeZone::UTC, None, at("20261128T040000Z")), None);
    assert_eq!(next_try(&Schedule::never(), &TimeZone::UTC, None, at("20261128T040000Z")), None);
    assert_eq!(next("20261128T041000Z"), Some(at("20261128T041000Z")));
}

#[test]
fn what_was_missed_is_made_up_once() {
    let done = ended(None, "20261101T040000Z", 0);
    let time = Due::Time(at("20261127T040000Z"));
    assert_eq!(is_due(Some(&done), "20261127T120000Z"), Some(time));
    let done = ended(Some(&done), "20261127T120000Z", 0);
    assert_eq!(is_due(Some(&done), "20261127T120500Z"), None);
}

#[test]
fn an_upstream_that_fails_is_asked_again_ever_more_rarely() {
    let mut tried = ended(None, "20261126T040000Z", 0);
    let mut waits = Vec::new();
    let mut now = at("20261127T040000Z");
    for failures in 1..=8 {
        tried = ended(Some(&tried), &now.to_string(), 3);
        assert_eq!(tried.failures, failures);
        assert_eq!(tried.good, Some(at("20261126T040000Z")));
        let next = next_try(&daily(), &TimeZone::UTC, Some(&tried), now).unwrap();
        let before = Stamp::from_seconds(next.seconds() - 1);
        assert_eq!(due(&daily(), &TimeZone::UTC, Some(&tried), before), None);
        assert_eq!(due(&daily(), &TimeZone::UTC, Some(&tried), next), Some(Due::Again));
        waits.push((next.seconds() - now.seconds()) / 60);
        now = next;
    }
    assert_eq!(waits, [15, 30, 60, 120, 240, 240, 240, 240]);
    let tried = ended(Some(&tried), &now.to_string(), 0);
    assert_eq!((tried.failures, tried.not_before, tried.good), (0, None, Some(now)));
}

#[test]
fn the_schedule_comes_before_a_long_wait_and_never_within_a_quarter_of_an_hour() {
    let mut tried = ended(None, "20261127T020000Z", 3);
    for _ in 0..6 {
        tried = ended(Some(&tried), "20261127T020000Z", 3);
    }
    assert_eq!(tried.not_before, Some(at("20261127T040000Z")));
    let tried = ended(Some(&tried), "20261127T035500Z", 3);
    assert_eq!(tried.not_before, Some(at("20261127T041000Z")));
}

#[test]
fn other_failures_wait_for_the_next_time_but_those_of_this_machine() {
    for code in [1, 2, 4, 70] {
        let tried = ended(None, "20261127T040000Z", code);
        assert_eq!(is_due(Some(&tried), "20261127T040500Z"), None, "{code}");
        assert!(is_due(Some(&tried), "20261128T040000Z").is_some(), "{code}");
    }
    let tried = ended(None, "20261127T040000Z", 5);
    assert_eq!(is_due(Some(&tried), "20261127T040500Z"), Some(Due::Retry));
}

#[test]
fn a_clock_that_was_wrong_holds_nothing_back() {
    let future = ended(None, "20991127T040000Z", 0);
    assert_eq!(is_due(Some(&future), "20261127T040500Z"), Some(Due::First));
    let mut tried = ended(None, "20261127T040000Z", 3);
    tried.not_before = Some(at("20991127T040000Z"));
    assert_eq!(is_due(Some(&tried), "20261127T040500Z"), Some(Due::Again));
    // One that is set back by seconds does nothing twice.
    let done = ended(None, "20261127T040001Z", 0);
    assert_eq!(is_due(Some(&done), "20261127T040000Z"), None);
}

proptest! {
    #[test]
    fn whatever_was_tried_now_is_not_due_now(
        seconds in 1_767_225_600_i64..1_830_384_000,
        code in prop::sample::select(&[0_u8, 1, 2, 3, 4, 70]),
        failures in 0_u32..40,
    ) {
        let now = Stamp::from_seconds(seconds);
        let mut before = ended(None, "20200101T000000Z", 3);
        before.failures = failures;
        let tried = ended(Some(&before), &now.to_string(), code);
        prop_assert_eq!(due(&daily(), &TimeZone::UTC, Some(&tried), now), None);
        let next = next_try(&daily(), &TimeZone::UTC, Some(&tried), now).unwrap();
        prop_assert!(next > now && next.seconds() <= seconds + 24 * 3600);
        prop_assert!(due(&daily(), &TimeZone::UTC, Some(&tried), next).is_some());
    }
}
