use super::*;

/// 2026-11-24 12:00:00 UTC.
const NOW: i64 = 1_795_521_600;

fn release(fields: &str) -> Release {
    Release::parse(format!("Suite: x\n{fields}").as_bytes(), "Release").unwrap()
}

fn why(fields: &str, dates: &Freshness) -> String {
    match check(&release(fields), dates, "dists/x/InRelease") {
        Err(Error::NotAuthentic { path, why }) if path == "dists/x/InRelease" => why,
        other => panic!("{fields} gives {other:?}"),
    }
}

fn now() -> Freshness {
    Freshness { now: NOW, future_seconds_max: FUTURE_SECONDS_MAX, ..Freshness::default() }
}

#[test]
fn dates_are_read_in_the_forms_that_apt_reads() {
    for (text, read) in [
        ("Sun, 22 Nov 2026 00:19:16 UTC", "2026-11-22T00:19:16Z"),
        ("Sun, 22 Nov 2026  0:19:16 UTC", "2026-11-22T00:19:16Z"),
        ("Sun,  1 Nov 2026 00:19:16 GMT", "2026-11-01T00:19:16Z"),
        ("Sun, 1 Nov 2026 00:19:16 Z", "2026-11-01T00:19:16Z"),
        ("Sun, 22 Nov 2026 00:19:16 +0000", "2026-11-22T00:19:16Z"),
        ("Sun, 22 Nov 2026 00:19:16 -0000", "2026-11-22T00:19:16Z"),
        ("Fri, 22 Nov 2026 00:19:16 UTC", "2026-11-22T00:19:16Z"),
        ("sUN,\t22 nOV 2026 00:19:16 UTC", "2026-11-22T00:19:16Z"),
        ("Sun, 22 Nov 2026 23:59:60 UTC", "2026-11-22T23:59:59Z"),
        ("Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z"),
        ("Sunday, 22-Nov-26 00:19:16 UTC", "1926-11-22T00:19:16Z"),
        ("Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z"),
        ("Thu, 31 Dec 9998 23:59:59 UTC", "9998-12-31T23:59:59Z"),
        ("Thu, 29 Feb 2024 00:00:00 UTC", "2024-02-29T00:00:00Z"),
    ] {
        assert_eq!(parse(text.as_bytes()).map(shown_time).as_deref(), Some(read), "{text}");
    }
}

#[test]
fn a_date_that_apt_only_warns_of_is_refused() {
    for bad in [
        "",
        "2026-11-22T00:19:16Z",
        "2026-11-22 00:19:16",
        "1795521600",
        "22 Nov 2026 00:19:16 UTC",
        "So, 22 Nov 2026 00:19:16 UTC",
        "Son, 22 Nov 2026 00:19:16 UTC",
        "Sun 22 Nov 2026 00:19:16 UTC",
        "Sun, 22 Nov 2026 00:19:16 +0100",
        "Sun, 22 Nov 2026 00:19:16 EST",
        "Sun, 22 Nov 2026 00:19:16",
        "Sun, 22 Nov 2026 00:19 UTC",
        "Sun, 22 Nov 2026 00:19:16 UTC x",
        "Sun, 22 Nov 2026 24:00:00 UTC",
        "Sun, 22 Nov 2026 00:60:00 UTC",
        "Sun, 22 Nov 2026 00:19:16.5 UTC",
        "Sun, 30 Feb 2026 00:19:16 UTC",
        "Sun, 0 Nov 2026 00:19:16 UTC",
        "Sun, -1 Nov 2026 00:19:16 UTC",
        "Sun, 22 November 2026 00:19:16 UTC",
        "Sun, 22 Foo 2026 00:19:16 UTC",
        "Sun, 22 Nov 26 00:19:16 UTC",
        "Sun, 22 Nov +026 00:19:16 UTC",
        "Sun, 22 Nov 20266 00:19:16 UTC",
        "Sunday, 22-Nov-2026 00:19:16 UTC",
        "Sunday, 22-Nov-26-1 00:19:16 UTC",
        "Sunday 22-Nov-26 00:19:16 UTC",
        "Sun Nov 22 00:19:16 2026 UTC",
        "Sün, 22 Nov 2026 00:19:16 UTC",
        "\u{661}",
    ] {
        let said = why(&format!("Date: {bad}\n"), &now());
        assert!(said.contains("Date") && said.contains(FORM), "{bad}: {said}");
    }
    assert!(why("", &now()).contains("it has no Date"));
    let said = why("Date: \u{1b}[2J\u{202e}\n", &now());
    assert_eq!(said.bytes().find(|b| !b.is_ascii_graphic() && *b != b' '), None, "{said}");
}

#[test]
fn a_date_may_be_as_far_ahead_as_configured() {
    let at = |time: &str| format!("Date: Tue, 24 Nov 2026 {time} UTC\n");
    let check = |time: &str, dates: &Freshness| check(&release(&at(time)), dates, "x").is_ok();
    assert!(check("12:00:10", &now()));
    assert!(!check("12:00:11", &now()));
    let said = why(&at("13:00:00"), &now());
    assert!(said.contains("2026-11-24T13:00:00Z") && said.contains("3600 seconds"), "{said}");
    assert!(check("13:00:00", &Freshness { future_seconds_max: 3600, ..now() }));
    assert!(!check("12:00:00", &Freshness { now: i64::MIN, ..now() }));
    assert!(check("12:00:00", &Freshness { now: i64::MAX, ..now() }));
    // What is allowed elsewhere allows nothing here.
    assert!(!check("13:00:00", &Freshness { allow_older: true, allow_expired: true, ..now() }));
}

#[test]
fn a_date_never_goes_back_unless_allowed() {
    let text = "Date: Tue, 24 Nov 2026 11:00:00 UTC\n";
    let date = NOW - 3600;
    for (last, allow_older, is_taken) in [
        (None, false, true),
        (Some(date - 1), false, true),
        (Some(date), false, true),
        (Some(date + 1), false, false),
        (Some(date + 1), true, true),
        (Some(NOW + 999_999), true, true),
    ] {
        let dates = Freshness { last_accepted: last, allow_older, ..now() };
        let found = check(&release(text), &dates, "x");
        assert_eq!(found.is_ok(), is_taken, "{last:?} {allow_older}");
        assert!(found.is_err() || found.unwrap() == Dates { date, valid_until: None });
    }
    let said = why(text, &Freshness { last_accepted: Some(NOW), ..now() });
    for part in ["2026-11-24T11:00:00Z", "2026-11-24T12:00:00Z", "--allow-older"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn what_is_over_is_refused_unless_allowed() {
    let until = |text: &str| format!("Date: Tue, 24 Nov 2026 11:00:00 UTC\nValid-Until: {text}\n");
    let (same, before) = ("Tue, 24 Nov 2026 12:00:00 UTC", "Tue, 24 Nov 2026 11:59:59 UTC");
    let taken = |text: &str, dates: &Freshness| check(&release(&until(text)), dates, "x");
    assert_eq!(taken(same, &now()).unwrap().valid_until, Some(NOW));
    assert_eq!(taken("", &now()).unwrap().valid_until, None);
    let said = why(&until(before), &now());
    for part in ["2026-11-24T11:59:59Z", "2026-11-24T12:00:00Z", "check-valid-until = false"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(why(&until("tomorrow"), &now()).contains("Valid-Until, 'tomorrow'"));
    let allowed = Freshness { allow_expired: true, ..now() };
    assert_eq!(taken(before, &allowed).unwrap().valid_until, Some(NOW - 1));
    assert_eq!(taken("tomorrow", &allowed).unwrap().valid_until, None);
    // A clock that went back by a year does not bring it to life.
    let back = Freshness { now: NOW - 3600, last_accepted: Some(NOW), allow_older: true, ..now() };
    assert!(why(&until(before), &back).contains("now is 2026-11-24T12:00:00Z"));
}
