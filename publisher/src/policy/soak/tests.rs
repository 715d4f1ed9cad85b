use super::*;
use crate::generation::Shown;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn day(day: i64) -> Stamp {
    Stamp::from_seconds(day * 86_400)
}

/// What staging showed of `a`, oldest first: at which day, which day's snapshot; nothing before the mirror was in it.
fn history(shown: &[(i64, Option<i64>)]) -> Vec<Result<Generation>> {
    let generations = shown.iter().enumerate().map(|(number, (at, shown))| {
        let number = u64::try_from(number).unwrap();
        let of = |snapshot: &i64| (name("a"), Shown { snapshot: day(*snapshot), state: number });
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
            mirrors: shown.iter().map(of).collect(),
        })
    });
    let mut all: Vec<_> = generations.collect();
    all.reverse();
    all
}

fn found(shown: &[(i64, Option<i64>)], wanted: Wanted, ripe: i64) -> Vec<(i64, Option<i64>)> {
    let seek = Seek { wanted, ripe: day(ripe) };
    let mut found = candidates(history(shown), &BTreeMap::from([(name("a"), seek)])).unwrap();
    let days = |stamp: Stamp| stamp.seconds() / 86_400;
    found
        .remove(&name("a"))
        .unwrap()
        .iter()
        .map(|one| (days(one.snapshot), one.since.map(days)))
        .collect()
}

#[test]
fn what_a_channel_showed_is_found_with_the_day_since_when() {
    let shown = [(0, None), (10, Some(1)), (11, Some(2)), (12, Some(2)), (13, Some(3))];
    for (wanted, ripe, expected) in [
        // Newest first, down to what is shown already.
        (Wanted::Above(Some(day(1))), 0, &[(3, Some(13)), (2, Some(11)), (1, Some(10))][..]),
        // No further than to one that has soaked.
        (Wanted::Above(Some(day(1))), 12, &[(3, Some(13)), (2, Some(12))]),
        (Wanted::Above(None), 13, &[(3, Some(13))]),
        (Wanted::Above(None), 0, &[(3, Some(13)), (2, Some(11)), (1, Some(10))]),
        (Wanted::Exactly(day(2)), 0, &[(2, Some(11))]),
        (Wanted::Exactly(day(1)), 20, &[(1, Some(10))]),
        // Never shown.
        (Wanted::Exactly(day(9)), 0, &[(9, None)]),
    ] {
        assert_eq!(found(&shown, wanted, ripe), expected, "{wanted:?}, ripe {ripe}");
    }
}

#[test]
fn what_was_withdrawn_is_no_candidate_and_soaks_anew_when_it_comes_back() {
    // 3 came, was taken back to 1, and came again.
    let back = [(10, Some(1)), (11, Some(3)), (12, Some(1))];
    assert_eq!(found(&back, Wanted::Above(None), 0), [(1, Some(10))]);
    assert_eq!(found(&back, Wanted::Exactly(day(3)), 0), [(3, None)]);
    let again = [(10, Some(1)), (11, Some(3)), (12, Some(1)), (14, Some(3))];
    assert_eq!(found(&again, Wanted::Above(Some(day(1))), 0), [(3, Some(14)), (1, Some(12))]);
    assert_eq!(found(&again, Wanted::Exactly(day(3)), 0), [(3, Some(14))]);
}

#[test]
fn a_channel_that_went_below_what_is_shown_says_so() {
    let shown = [(10, Some(1)), (11, Some(2)), (12, Some(1))];
    assert_eq!(found(&shown, Wanted::Above(Some(day(2))), 0), [(1, Some(10))]);
    assert_eq!(found(&[(0, None)], Wanted::Above(None), 0), []);
}

#[test]
fn history_is_read_no_further_than_needed() {
    let mut generations = history(&[(10, Some(1)), (11, Some(2)), (12, Some(3))]);
    generations[2] = Err(crate::Error::NoChannel { channel: name("damaged") });
    let seek = |wanted| BTreeMap::from([(name("a"), Seek { wanted, ripe: day(11) })]);
    assert!(candidates(generations, &seek(Wanted::Above(None))).is_ok());
    let mut generations = history(&[(10, Some(1)), (11, Some(2)), (12, Some(3))]);
    generations[1] = Err(crate::Error::NoChannel { channel: name("damaged") });
    assert!(candidates(generations, &seek(Wanted::Above(None))).is_err());
}
