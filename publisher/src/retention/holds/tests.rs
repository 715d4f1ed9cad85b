use jiff::tz::TimeZone;

use super::*;
use crate::generation::Shown;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn day(day: i64) -> Stamp {
    Stamp::from_seconds(day * 86_400)
}

/// What staging showed of `a`, newest first: at which day, which day's snapshot.
fn history(shown: &[(i64, i64)]) -> Vec<Result<Generation>> {
    let of = |(number, (at, snapshot)): (u64, &(i64, i64))| {
        let shown = Shown { snapshot: day(*snapshot), state: number };
        Ok(Generation {
            channel: name("staging"),
            number,
            from: number.checked_sub(1),
            at: day(*at),
            who: "me".into(),
            verb: "promote".into(),
            reason: String::new(),
            date: 0,
            modified: 0,
            mirrors: BTreeMap::from([(name("a"), shown)]),
        })
    };
    (0..u64::try_from(shown.len()).unwrap()).rev().zip(shown).map(of).collect()
}

/// What production waits for at day 10, with three days of soaking.
fn waits(shown: &[(i64, i64)], stands: Option<i64>) -> Vec<(i64, &'static str)> {
    let days = Duration::from_secs(3 * 86_400);
    let times = Times { now: day(10), zone: TimeZone::UTC, grace: days };
    let (channel, from) = (name("production"), name("staging"));
    let soak = Soak { channel, from, mirror: name("a"), after: days };
    let mut holds = Holds::default();
    note_soaking(&mut holds, &times, &soak, (history(shown), stands.map(day))).unwrap();
    let word = |why: &Why| match why {
        Why::Soaking { .. } => "soaking",
        Why::Soaked { .. } => "soaked",
        why => panic!("{why:?}"),
    };
    holds.of(&name("a")).iter().map(|(taken, why)| (taken.seconds() / 86_400, word(why))).collect()
}

#[test]
fn what_soaks_and_the_newest_that_has_are_held_for_who_waits() {
    let nights = [(9, 9), (8, 8), (7, 7), (6, 6), (5, 5)];
    assert_eq!(waits(&nights, None), [(9, "soaking"), (8, "soaking"), (7, "soaked")]);
    assert_eq!(waits(&nights, Some(8)), [(9, "soaking")]);
    assert_eq!(waits(&nights, Some(9)), []);
    assert_eq!(waits(&[], None), []);
}

#[test]
fn what_came_back_after_a_rollback_soaks_anew_and_what_has_soaked_instead_is_held() {
    // 5 was withdrawn for 4 at once, and came back at day 9: until it has soaked again, 4 is what promotion takes.
    let back = [(9, 5), (5, 4), (5, 5), (4, 4)];
    assert_eq!(waits(&back, None), [(5, "soaking"), (4, "soaked")]);
    // What is withdrawn now is not waited for.
    assert_eq!(waits(&[(9, 4), (5, 5), (4, 4)], None), [(4, "soaked")]);
}
