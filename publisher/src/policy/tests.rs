use super::*;
use crate::generation::Shown;
use pinfold_store::Stamp;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn at(day: i64) -> Stamp {
    Stamp::from_seconds(day * 86_400)
}

/// A generation that shows mirrors at days, with the states that brought them.
fn generation(number: u64, mirrors: &[(&str, i64, u64)]) -> Generation {
    Generation {
        channel: name("production"),
        number,
        from: number.checked_sub(1),
        at: at(100),
        who: "me".into(),
        verb: "promote".into(),
        reason: String::new(),
        date: 0,
        modified: 0,
        mirrors: mirrors
            .iter()
            .map(|(mirror, day, state)| (name(mirror), Shown { snapshot: at(*day), state: *state }))
            .collect(),
    }
}

fn moves(plan: &Plan) -> Vec<(&str, i64, Option<u64>)> {
    plan.moves
        .iter()
        .map(|(mirror, target)| (mirror.as_str(), target.snapshot.seconds() / 86_400, target.state))
        .collect()
}

#[test]
fn a_rollback_takes_back_the_newest_state_alone() {
    let before = generation(4, &[("a", 1, 1), ("b", 2, 2)]);
    let current = generation(5, &[("a", 7, 5), ("b", 2, 2)]);
    assert_eq!(newest_state(&current, &BTreeSet::new()), Some(5));
    let plan = rollback(&current, &before, &BTreeSet::new(), Some(5));
    assert_eq!(moves(&plan), [("a", 1, Some(1))]);
    assert!(plan.stays.is_empty(), "nobody asked for b");
}

#[test]
fn a_second_rollback_goes_further_back() {
    // 1: day 1, 2: day 2, 3: day 3, 4: rollback to the state of 2.
    let current = generation(4, &[("a", 2, 2)]);
    let state = newest_state(&current, &BTreeSet::new()).unwrap();
    assert_eq!(state, 2, "the state that is reproduced, not the generation that does");
    let plan = rollback(&current, &generation(1, &[("a", 1, 1)]), &BTreeSet::new(), Some(state));
    assert_eq!(moves(&plan), [("a", 1, Some(1))]);
}

#[test]
fn a_mirror_that_the_target_does_not_know_stays_and_is_named() {
    let current = generation(5, &[("a", 7, 5), ("new", 7, 5)]);
    let plan = rollback(&current, &generation(4, &[("a", 1, 1)]), &BTreeSet::new(), Some(5));
    assert_eq!(moves(&plan), [("a", 1, Some(1))]);
    assert!(plan.stays[&name("new")].contains("not known"));
}

#[test]
fn named_mirrors_go_back_by_their_own_state() {
    let current = generation(5, &[("a", 7, 5), ("b", 6, 4)]);
    let only = BTreeSet::from([name("b"), name("ghost")]);
    assert_eq!(newest_state(&current, &only), Some(4));
    let plan = rollback(&current, &generation(3, &[("a", 1, 1), ("b", 1, 1)]), &only, Some(4));
    assert_eq!(moves(&plan), [("b", 1, Some(1))]);
    assert!(plan.stays[&name("ghost")].contains("not in the channel"));
}

#[test]
fn a_named_generation_takes_everything_there() {
    let current = generation(9, &[("a", 7, 5), ("b", 6, 4), ("c", 3, 3)]);
    let plan = rollback(
        &current,
        &generation(2, &[("a", 1, 1), ("b", 2, 2), ("c", 3, 2)]),
        &BTreeSet::new(),
        None,
    );
    assert_eq!(moves(&plan), [("a", 1, Some(1)), ("b", 2, Some(2))]);
    assert!(plan.stays[&name("c")].contains("there too"));
}
