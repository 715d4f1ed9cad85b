use super::*;

#[test]
fn retry_after_is_seconds_or_a_date_by_the_servers_clock() {
    let now = seconds("Tue, 24 Nov 2026 12:00:00 GMT");
    let cases: &[(&str, Option<u64>)] = &[
        ("0", Some(0)),
        ("120", Some(120)),
        (" 7 ", Some(7)),
        ("Tue, 24 Nov 2026 12:00:30 GMT", Some(30)),
        ("Tue, 24 Nov 2026 11:00:00 GMT", Some(0)),
        ("Tuesday, 24-Nov-26 12:00:30 GMT", Some(30)),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("99999999999999999999", None),
    ];
    for (text, expected) in cases {
        assert_eq!(wait(text, now), expected.map(Duration::from_secs), "{text}");
    }
    assert_eq!(wait("Tue, 24 Nov 2026 12:00:30 GMT", None), None, "our clock is not asked");
}

#[test]
fn a_part_is_what_it_says_or_nothing() {
    let part = |from, of_bytes| Some(Range { from, of_bytes });
    let cases: &[(&str, Option<Range>)] = &[
        ("bytes 0-9/10", part(0, Some(10))),
        ("bytes 5-9/*", part(5, None)),
        ("bytes 5-10/10", None),
        ("bytes 9-5/10", None),
        ("bytes */10", None),
        ("bytes -5/10", None),
        ("items 0-9/10", None),
        ("bytes 0-9", None),
        ("bytes 0-99999999999999999999/*", None),
        ("", None),
    ];
    for (text, expected) in cases {
        assert_eq!(Range::parse(text), *expected, "{text}");
    }
}

#[test]
fn a_body_must_come_at_a_least_rate_while_it_is_waited_for() {
    let limits = Limits {
        bytes_per_second_min: 100,
        rate_window: Duration::from_secs(10),
        ..Limits::default()
    };
    let mut pace = Pace { waited: Duration::ZERO, came_bytes: 0 };
    let mut note = |read, seconds| pace.note(read, Duration::from_secs(seconds), &limits).is_ok();
    assert!(note(999, 9), "not yet known");
    assert!(note(1, 1), "just enough");
    assert!(note(0, 9) && !note(999, 1), "each window counts for itself");
}

#[test]
fn a_request_for_the_rest_relies_on_a_strong_state_only() {
    let cases: &[(Option<&str>, Option<&str>, Option<&str>)] = &[
        (Some("\"a\""), Some("Tue"), Some("\"a\"")),
        (Some("W/\"a\""), Some("Tue"), Some("Tue")),
        (Some("W/\"a\""), None, None),
        (None, Some("Tue"), Some("Tue")),
    ];
    for (etag, time, expected) in cases {
        let (etag, last_modified) = (etag.map(str::to_owned), time.map(str::to_owned));
        assert_eq!(Validators { etag, last_modified }.strong(), *expected);
    }
}
