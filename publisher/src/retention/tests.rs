//! Tables, and what must be true of any rules and dates.

use proptest::prelude::*;

use super::*;

const DAY: u64 = 86_400;

fn stamp(text: &str) -> Stamp {
    text.parse().unwrap()
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn times(now: &str, zone: TimeZone) -> Times {
    Times { now: stamp(now), zone, grace: Duration::from_secs(7 * DAY) }
}

/// Every night of a number of days before a date, oldest first.
fn nights(last: &str, count: i64) -> Vec<Stamp> {
    let last = stamp(last).seconds();
    (0..count).rev().map(|back| Stamp::from_seconds(last - back * 86_400)).collect()
}

fn of(fates: &[(Stamp, Fate)], wanted: fn(&Fate) -> bool) -> Vec<String> {
    let those = fates.iter().filter(|(_, fate)| wanted(fate));
    those.map(|(taken, _)| taken.day()).collect()
}

const fn is_dropped(fate: &Fate) -> bool {
    matches!(fate, Fate::Dropped(_))
}

const fn is_cold(fate: &Fate) -> bool {
    matches!(fate, Fate::Cold(_))
}

const fn is_published(fate: &Fate) -> bool {
    matches!(fate, Fate::Published(_))
}

/// Two digits of the day, those that stay.
fn kept(fates: &[(Stamp, Fate)]) -> Vec<String> {
    of(fates, |fate| !is_dropped(fate))
}

#[test]
fn days_weeks_months_and_years_keep_their_newest() {
    // The last night is a Monday.
    let dates = nights("20261123T040000Z", 400);
    let times = times("20261123T120000Z", TimeZone::UTC);
    for (rules, wanted) in [
        (Rules { daily: 3, ..Rules::default() }, &["20261121", "20261122", "20261123"][..]),
        (Rules { weekly: 3, ..Rules::default() }, &["20261115", "20261122", "20261123"]),
        (Rules { monthly: 3, ..Rules::default() }, &["20260930", "20261031", "20261123"]),
        (Rules { yearly: 2, ..Rules::default() }, &["20251231", "20261123"]),
        (Rules { yearly: 9, ..Rules::default() }, &["20251231", "20261123"]),
        (
            Rules { within: Some(Duration::from_secs(2 * DAY)), ..Rules::default() },
            &["20261121", "20261122", "20261123"],
        ),
        (
            Rules { daily: 2, weekly: 2, monthly: 2, yearly: 2, within: None },
            &["20251231", "20261031", "20261122", "20261123"],
        ),
    ] {
        let times = Times { grace: Duration::ZERO, ..times.clone() };
        assert_eq!(kept(&keep(&times, &dates, Some(&rules), &[])), wanted, "{rules}");
    }
    let all = keep(&times, &dates, None, &[]);
    assert_eq!(kept(&all).len(), dates.len(), "without rules everything is kept");
    assert_eq!(of(&all, is_published).len(), 7, "and goes cold after the grace");
}

#[test]
fn of_several_in_a_day_the_newest_stands_for_it_and_the_others_say_so() {
    let dates: Vec<Stamp> =
        ["20261101T040000Z", "20261101T160000Z", "20261123T040000Z"].map(stamp).to_vec();
    let times = times("20261123T120000Z", TimeZone::UTC);
    let rules = Rules { daily: 14, ..Rules::default() };
    let fates = keep(&times, &dates, Some(&rules), &[]);
    assert_eq!(
        fates[0].1,
        Fate::Dropped(Lapse::Replaced { span: "day", by: stamp("20261101T160000Z") })
    );
    assert_eq!(fates[1].1, Fate::Cold(vec![Why::Day("2026-11-01".parse().unwrap())]));
    let rules = Rules { daily: 1, ..Rules::default() };
    assert_eq!(keep(&times, &dates, Some(&rules), &[])[1].1, Fate::Dropped(Lapse::Old));
}

#[test]
fn a_day_is_one_of_the_time_zone_also_when_the_clock_changes() {
    // 25 October 2026 has 25 hours in Berlin: from 22:00 UTC of the day before to 23:00 UTC.
    let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let dates: Vec<Stamp> =
        ["20261024T213000Z", "20261024T223000Z", "20261025T223000Z", "20261025T233000Z"]
            .map(stamp)
            .to_vec();
    let rules = Rules { daily: 3, ..Rules::default() };
    let at = |zone: TimeZone| {
        let times = Times { grace: Duration::ZERO, ..times("20261123T120000Z", zone) };
        let fates = keep(&times, &dates, Some(&rules), &[]);
        fates.iter().map(|(_, fate)| !is_dropped(fate)).collect::<Vec<_>>()
    };
    assert_eq!(at(berlin), [true, false, true, true]);
    assert_eq!(at(TimeZone::UTC), [false, true, false, true]);
    // 29 March 2026 has 23 hours: from 23:00 UTC to 22:00 UTC.
    let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let dates: Vec<Stamp> =
        ["20260328T223000Z", "20260328T233000Z", "20260329T213000Z", "20260329T223000Z"]
            .map(stamp)
            .to_vec();
    let times = Times { grace: Duration::ZERO, ..times("20261123T120000Z", berlin) };
    let fates = keep(&times, &dates, Some(&rules), &[]);
    let stays: Vec<bool> = fates.iter().map(|(_, fate)| !is_dropped(fate)).collect();
    assert_eq!(stays, [true, false, true, true]);
}

#[test]
fn a_mirror_that_stopped_loses_nothing_by_the_passing_of_time() {
    let dates = nights("20261123T040000Z", 60);
    let rules = Rules {
        daily: 5,
        weekly: 3,
        monthly: 2,
        yearly: 1,
        within: Some(Duration::from_secs(10 * DAY)),
    };
    let at = |now| kept(&keep(&times(now, TimeZone::UTC), &dates, Some(&rules), &[]));
    let then = at("20261201T040000Z");
    assert_eq!(at("20291123T040000Z"), then);
    assert_eq!(then.len(), 11 + 1, "ten days, and the end of October");
}

#[test]
fn what_is_held_is_published_and_what_a_rollback_needs_is_kept_cold() {
    let dates = nights("20261123T040000Z", 100);
    let times = times("20261123T120000Z", TimeZone::UTC);
    let rules = Rules { daily: 10, ..Rules::default() };
    let production = name("production");
    let holds = [
        (dates[3], Why::Shown { channel: production.clone() }),
        (dates[5], Why::Pinned { name: name("audit"), until: None }),
        (dates[7], Why::Before { channel: production }),
        (stamp("20200101T000000Z"), Why::Pinned { name: name("gone"), until: None }),
    ];
    let fates = keep(&times, &dates, Some(&rules), &holds);
    assert!(is_published(&fates[3].1) && is_published(&fates[5].1) && is_cold(&fates[7].1));
    assert!(is_dropped(&fates[4].1));
    assert_eq!(fates.len(), dates.len(), "what is not there is not decided");
    assert_eq!(of(&fates, is_cold).len(), 1 + 3, "three days between the grace and the rules");
}

#[test]
fn reasons_are_words() {
    let until = stamp("20261130T040000Z");
    let channel = name("production");
    for (why, words) in [
        (Why::Newest, "the newest"),
        (Why::Shown { channel: channel.clone() }, "production shows it"),
        (
            Why::Grace { channel: channel.clone(), until },
            "production showed it; grace until 2026-11-30 04:00:00 UTC",
        ),
        (Why::Soaking { channel, until }, "soaks for production until 2026-11-30 04:00:00 UTC"),
        (Why::Month("2026-11-01".parse().unwrap()), "monthly 2026-11"),
    ] {
        assert_eq!(why.to_string(), words);
    }
    let rules = Rules { daily: 14, monthly: 3, ..Rules::default() };
    assert_eq!(rules.to_string(), "daily 14, monthly 3");
}

fn some_dates() -> impl Strategy<Value = Vec<Stamp>> {
    // Three years around two changes of the clock, several a day.
    proptest::collection::btree_set(1_750_000_000_i64..1_850_000_000, 0..60)
        .prop_map(|seconds| seconds.into_iter().map(Stamp::from_seconds).collect())
}

fn some_rules() -> impl Strategy<Value = Rules> {
    (0..20_u32, 0..10_u32, 0..14_u32, 0..3_u32, proptest::option::of(0..90_u64)).prop_map(
        |(daily, weekly, monthly, yearly, within)| Rules {
            daily,
            weekly,
            monthly,
            yearly,
            within: within.map(|days| Duration::from_secs(days * DAY)),
        },
    )
}

fn some_times() -> impl Strategy<Value = Times> {
    let zones = ["UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"];
    (1_750_000_000_i64..1_860_000_000, 0..30_u64, 0..3_usize).prop_map(move |(now, grace, zone)| {
        Times {
            now: Stamp::from_seconds(now),
            zone: TimeZone::posix(zones[zone]).unwrap(),
            grace: Duration::from_secs(grace * DAY),
        }
    })
}

fn stays(fates: &[(Stamp, Fate)]) -> Vec<Stamp> {
    fates.iter().filter(|(_, fate)| !is_dropped(fate)).map(|(taken, _)| *taken).collect()
}

proptest! {
    #[test]
    fn any_rules_keep_the_newest_what_is_held_and_no_less_than_smaller_ones(
        times in some_times(), dates in some_dates(), rules in some_rules(), more in some_rules(), held in 0..60_usize,
    ) {
        let holds: Vec<_> = dates
            .get(held)
            .map(|taken| (*taken, Why::Shown { channel: name("c") }))
            .into_iter()
            .collect();
        let fates = keep(&times, &dates, Some(&rules), &holds);
        prop_assert_eq!(fates.iter().map(|(taken, _)| *taken).collect::<Vec<_>>(), dates.clone());
        let kept = stays(&fates);
        prop_assert!(dates.last().is_none_or(|newest| kept.contains(newest)));
        for (taken, _) in &holds {
            let fate = fates.iter().find(|(other, _)| other == taken);
            prop_assert!(fate.is_some_and(|(_, fate)| is_published(fate)));
        }
        let larger = Rules {
            daily: rules.daily + more.daily,
            weekly: rules.weekly + more.weekly,
            monthly: rules.monthly + more.monthly,
            yearly: rules.yearly + more.yearly,
            within: rules.within.max(more.within),
        };
        let wider = stays(&keep(&times, &dates, Some(&larger), &holds));
        prop_assert!(kept.iter().all(|taken| wider.contains(taken)), "{} and {}", rules, larger);
        let again = keep(&times, &kept, Some(&rules), &holds);
        prop_assert_eq!(stays(&again), kept.clone(), "done once, there is nothing more to do");
        // As time goes by, what a rule keeps stays until newer ones come.
        let later = Times { now: Stamp::from_seconds(times.now.seconds() + 1_000_000_000), ..times };
        let ruled = |fates: &[(Stamp, Fate)]| fates.iter().filter(|(_, fate)| match fate {
            Fate::Published(whys) | Fate::Cold(whys) => whys.iter().any(|why| !why.shows()),
            Fate::Dropped(_) => false,
        }).count();
        prop_assert_eq!(ruled(&keep(&later, &dates, Some(&rules), &holds)), ruled(&fates));
    }
}
