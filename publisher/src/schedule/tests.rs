use super::*;
use proptest::prelude::*;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn at(text: &str) -> Stamp {
    Stamp::from_seconds(text.parse::<Timestamp>().unwrap().as_second())
}

/// The next times of a schedule, as UTC.
fn next(text: &str, name: &str, from: &str, count: usize) -> Vec<String> {
    let (schedule, zone) = (Schedule::parse(text).unwrap(), zone(name));
    let mut now = at(from);
    let mut shown = Vec::new();
    for _ in 0..count {
        now = schedule.next(now, &zone).unwrap();
        assert_eq!(schedule.latest(now, &zone), Some(now), "{text} at {now}");
        shown.push(now.human());
    }
    shown
}

#[test]
fn a_time_that_does_not_exist_comes_at_the_end_of_the_gap() {
    // Berlin: 02:00 to 03:00 is left out on 29 March 2026, at 01:00 UTC.
    let days = ["2026-03-28 01:30:00", "2026-03-29 01:00:00", "2026-03-30 00:30:00"];
    assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3), days);
    // Several of them come once.
    let hours = ["2026-03-29 01:00:00", "2026-03-29 12:30:00"];
    assert_eq!(
        next("0,15,30 2,14 29 3 *", "Europe/Berlin", "2026-03-29T00:59:59Z", 3)[..1],
        hours[..1]
    );
    let often = ["2026-03-29 00:45:00", "2026-03-29 01:00:00", "2026-03-29 01:15:00"];
    assert_eq!(next("*/15 * * * *", "Europe/Berlin", "2026-03-29T00:30:00Z", 3), often);
    // St. John's: 02:00 to 03:00 on 8 March 2026; 30 minutes off the hour, at 05:30 UTC.
    let days = ["2026-03-07 05:30:00", "2026-03-08 05:30:00", "2026-03-09 04:30:00"];
    assert_eq!(next("0 2 * * *", "America/St_Johns", "2026-03-07T00:00:00Z", 3), days);
    // Lord Howe moves by half an hour: 02:00 to 02:30 on 4 October 2026, at 15:30 UTC of the day before.
    let days = ["2026-10-02 15:45:00", "2026-10-03 15:30:00", "2026-10-04 15:15:00"];
    assert_eq!(next("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T12:00:00Z", 3), days);
    // Samoa left out a whole day, 30 December 2011.
    let days = ["2011-12-29 14:00:00", "2011-12-30 10:00:00", "2011-12-30 14:00:00"];
    assert_eq!(next("0 4 * * *", "Pacific/Apia", "2011-12-29T12:00:00Z", 3), days);
}

#[test]
fn a_time_that_exists_twice_comes_once() {
    // Berlin: 02:00 to 03:00 comes twice on 25 October 2026, from 00:00 and from 01:00 UTC.
    let days = ["2026-10-24 00:30:00", "2026-10-25 00:30:00", "2026-10-26 01:30:00"];
    assert_eq!(next("30 2 * * *", "Europe/Berlin", "2026-10-24T00:00:00Z", 3), days);
    let often = ["2026-10-25 00:30:00", "2026-10-25 00:45:00", "2026-10-25 02:00:00"];
    assert_eq!(next("*/15 * * * *", "Europe/Berlin", "2026-10-25T00:15:00Z", 3), often);
    let days = ["2026-10-31 04:00:00", "2026-11-01 04:00:00", "2026-11-02 05:00:00"];
    assert_eq!(next("30 1 * * *", "America/St_Johns", "2026-10-31T00:00:00Z", 3), days);
    let days = ["2026-04-03 14:45:00", "2026-04-04 14:45:00", "2026-04-05 15:15:00"];
    assert_eq!(next("45 1 * * *", "Australia/Lord_Howe", "2026-04-03T12:00:00Z", 3), days);
}

#[test]
fn the_latest_is_found_within_the_hour_that_comes_twice() {
    let schedule = Schedule::parse("30 2 * * *").unwrap();
    let zone = zone("Europe/Berlin");
    for (now, latest) in [
        ("2026-10-25T00:29:59Z", "2026-10-24 00:30:00"),
        ("2026-10-25T00:30:00Z", "2026-10-25 00:30:00"),
        // The wall shows 02:10 for the second time.
        ("2026-10-25T01:10:00Z", "2026-10-25 00:30:00"),
        ("2026-10-25T01:30:00Z", "2026-10-25 00:30:00"),
        ("2026-10-26T01:29:59Z", "2026-10-25 00:30:00"),
    ] {
        assert_eq!(schedule.latest(at(now), &zone).unwrap().human(), latest, "at {now}");
    }
}

#[test]
fn days_that_are_rare_and_words() {
    let leap = ["2028-02-29 00:00:00", "2032-02-29 00:00:00"];
    assert_eq!(next("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 2), leap);
    let weekly = ["2026-11-30 06:00:00", "2026-12-07 06:00:00"];
    assert_eq!(next("0 6 * * mon", "UTC", "2026-11-27T00:00:00Z", 2), weekly);
    assert_eq!(next("0 6 * * 1", "UTC", "2026-11-27T00:00:00Z", 2), weekly);
    assert_eq!(next("@weekly", "UTC", "2026-11-27T00:00:00Z", 1), ["2026-11-29 00:00:00"]);
    assert_eq!(next(" 0 4 * * * ", "UTC", "2026-11-27T04:00:00Z", 1), ["2026-11-28 04:00:00"]);
    // A day of the month or a day of the week, as cron has it.
    let either = ["2026-11-30 00:00:00", "2026-12-01 00:00:00", "2026-12-07 00:00:00"];
    assert_eq!(next("0 0 1 * mon", "UTC", "2026-11-27T00:00:00Z", 3), either);
}

#[test]
fn never_is_never_due() {
    let never = Schedule::parse("never").unwrap();
    assert!(never.is_never());
    assert_eq!(never.to_string(), "never");
    assert_eq!(never.latest(at("2026-11-27T00:00:00Z"), &TimeZone::UTC), None);
    assert_eq!(never.next(at("2026-11-27T00:00:00Z"), &TimeZone::UTC), None);
}

#[test]
fn what_is_no_schedule_is_refused_by_its_name() {
    for (text, why) in [
        ("", "five fields"),
        ("4 o'clock", "five fields"),
        ("0 4 * *", "five fields"),
        ("0 0 4 * * *", "five fields"),
        ("0 0 4 * * * 2026", "five fields"),
        ("60 4 * * *", "five fields"),
        ("0 24 * * *", "five fields"),
        ("@reboot", "five fields"),
        ("0 4 * * someday", "five fields"),
        ("0 0 31 2 *", "never comes"),
        ("0 0 30 feb *", "never comes"),
        ("0 0 31 4,6,9,11 *", "never comes"),
        ("0 4 * * *\n* * * * *", "five fields"),
        ("0 4 \x1b[2J * *", "\\x1b"),
    ] {
        let error = Schedule::parse(text).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains("is no schedule"), "{text}: {error}");
    }
}

const ZONES: [&str; 6] = [
    "UTC",
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Chatham",
];

prop_compose! {
    fn expression()(
        minute in prop_oneof!["[0-9]", "[1-5][0-9]", Just("*".to_owned()), "\\*/(5|7|15)"],
        hour in prop_oneof!["[0-9]", "[0-3],1[0-9]", "2[0-3]", Just("*".to_owned()), Just("*/2".to_owned())],
        day in prop_oneof![4 => Just("*".to_owned()), 1 => "[1-9]", 1 => Just("29".to_owned())],
        weekday in prop_oneof![3 => Just("*".to_owned()), 1 => "[0-7]"],
    ) -> String {
        format!("{minute} {hour} {day} * {weekday}")
    }
}

proptest! {
    #[test]
    fn times_only_grow_and_each_is_the_latest_at_itself(
        text in expression(),
        name in prop::sample::select(&ZONES),
        // Two years, with four changes of the clocks.
        from in 1_767_225_600_i64..1_830_384_000,
    ) {
        let (schedule, zone) = (Schedule::parse(&text).unwrap(), zone(name));
        let mut now = Stamp::from_seconds(from);
        let mut latest = schedule.latest(now, &zone).unwrap();
        prop_assert!(latest <= now);
        for _ in 0..20 {
            let next = schedule.next(now, &zone).unwrap();
            prop_assert!(next > now, "{next} comes after {now}");
            // Between two times nothing is due that was not.
            let before = Stamp::from_seconds(next.seconds() - 1);
            prop_assert_eq!(schedule.latest(before, &zone), Some(latest));
            prop_assert_eq!(schedule.latest(next, &zone), Some(next));
            (now, latest) = (next, next);
        }
    }

    #[test]
    fn no_text_is_a_panic(text in "\\PC{0,30}") {
        drop(Schedule::parse(&text));
    }

    #[test]
    fn nothing_that_looks_like_one_is_a_panic(text in "([0-9*/,L#W?+@-]{1,5} ){4}[0-9*/,L#W?+-]{1,5}") {
        if let Ok(schedule) = Schedule::parse(&text) {
            let now = at("2026-11-27T00:00:00Z");
            prop_assert!(schedule.latest(now, &TimeZone::UTC) <= Some(now));
        }
    }
}
