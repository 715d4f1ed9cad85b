use super::*;

fn at(text: &str) -> Stamp {
    let time: Timestamp = text.parse().unwrap();
    Stamp::from_seconds(time.as_second())
}

fn windows(words: &[&str]) -> Vec<Freeze> {
    words.iter().map(|word| word.parse().unwrap()).collect()
}

#[test]
fn windows_are_read_as_they_are_shown_and_nothing_else_is() {
    for word in ["2026-12-20/2027-01-04", "2026-12-24", "mon", "sun"] {
        assert_eq!(word.parse::<Freeze>().unwrap().to_string(), word);
    }
    for word in [
        "",
        "friday",
        "Fri",
        "2026-13-01",
        "2026-12",
        "2027-01-04/2026-12-20",
        "2026-12-20/",
        "20261224",
        "2026-12-24T01",
    ] {
        assert!(word.parse::<Freeze>().is_err(), "{word}");
    }
}

#[test]
fn days_begin_and_end_in_the_zone_across_a_change_of_the_clocks() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    for (words, now, until) in [
        // Both ends are in it, by the clock of the wall.
        (&["2026-12-20/2027-01-04"][..], "2026-12-19T22:59:59Z", None),
        (&["2026-12-20/2027-01-04"], "2026-12-19T23:00:00Z", Some("2027-01-04T23:00:00Z")),
        (&["2026-12-20/2027-01-04"], "2027-01-04T22:59:59Z", Some("2027-01-04T23:00:00Z")),
        (&["2026-12-20/2027-01-04"], "2027-01-04T23:00:00Z", None),
        // 2026-10-25 has 25 hours there, 2026-03-29 has 23.
        (&["sun"], "2026-10-24T22:00:00Z", Some("2026-10-25T23:00:00Z")),
        (&["sun"], "2026-10-25T22:30:00Z", Some("2026-10-25T23:00:00Z")),
        (&["sun"], "2026-03-28T22:59:59Z", None),
        (&["sun"], "2026-03-28T23:00:00Z", Some("2026-03-29T22:00:00Z")),
        // What follows without a free day ends as one.
        (
            &["fri", "sat", "sun", "2026-11-30"],
            "2026-11-27T12:00:00Z",
            Some("2026-11-30T23:00:00Z"),
        ),
        (&[], "2026-11-27T12:00:00Z", None),
    ] {
        let found = frozen(&windows(words), at(now), &berlin);
        assert_eq!(found.and_then(|found| found.until), until.map(at), "{words:?} at {now}");
    }
}

#[test]
fn a_freeze_without_an_end_has_none() {
    let week = windows(&["mon", "tue", "wed", "thu", "fri", "sat", "sun"]);
    let found = frozen(&week, at("2026-11-27T12:00:00Z"), &TimeZone::UTC).unwrap();
    assert_eq!((found.window, found.until), (Freeze::Every(Weekday::Friday), None));
}
