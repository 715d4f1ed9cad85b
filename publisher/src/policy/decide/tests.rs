use super::*;
use crate::generation::Shown;
use proptest::prelude::*;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn day(day: i64) -> Stamp {
    Stamp::from_seconds(day * 86_400)
}

fn days(days: u64) -> Duration {
    Duration::from_secs(days * 86_400)
}

fn generation(mirrors: &[(&str, i64)]) -> Generation {
    let shown = |(mirror, at): &(&str, i64)| (name(mirror), Shown { snapshot: day(*at), state: 1 });
    Generation {
        channel: name("production"),
        number: 7,
        from: Some(6),
        at: day(100),
        who: "me".into(),
        verb: "promote".into(),
        reason: String::new(),
        date: 0,
        modified: 0,
        mirrors: mirrors.iter().map(shown).collect(),
    }
}

/// A wish of the schedule: snapshots with the day since when they were shown before, newest first.
fn wish(mirror: &str, candidates: &[(i64, i64)]) -> Wish {
    let candidate = |(snapshot, since): &(i64, i64)| Candidate {
        snapshot: day(*snapshot),
        since: Some(day(*since)),
    };
    Wish {
        mirror: name(mirror),
        by: By::Schedule,
        candidates: candidates.iter().map(candidate).collect(),
        rules: Rules { after: days(3), freeze: Vec::new() },
    }
}

fn pin(until: Option<i64>) -> Pin {
    Pin {
        who: "me".into(),
        reason: "broken".into(),
        since: day(1),
        until: until.map(day),
        by: None,
    }
}

/// A channel at a day.
struct Scene {
    current: Generation,
    from: Name,
    pins: BTreeMap<Name, Pin>,
    groups: Vec<Group>,
    now: i64,
    patience: Patience,
}

impl Scene {
    fn new(mirrors: &[(&str, i64)], now: i64) -> Self {
        Self {
            current: generation(mirrors),
            from: name("staging"),
            pins: BTreeMap::new(),
            groups: Vec::new(),
            now,
            patience: Patience::Kept,
        }
    }

    fn group(mut self, mirrors: &[&str]) -> Self {
        let mirrors = mirrors.iter().map(|mirror| name(mirror)).collect();
        self.groups.push(Group { name: format!("g{}", self.groups.len()), mirrors });
        self
    }

    fn with<T>(&self, use_it: impl FnOnce(&Setting<'_>) -> T) -> T {
        use_it(&Setting {
            now: day(self.now),
            zone: &TimeZone::UTC,
            current: &self.current,
            from: Some(&self.from),
            pins: &self.pins,
            groups: &self.groups,
            patience: self.patience,
        })
    }

    fn decide(&self, wishes: &[Wish]) -> Decision {
        self.with(|setting| decide(setting, wishes))
    }

    fn moves(&self, wishes: &[Wish]) -> Vec<(String, i64)> {
        let decision = self.decide(wishes);
        decision
            .moves()
            .map(|(mirror, _, to)| (mirror.to_string(), to.seconds() / 86_400))
            .collect()
    }

    fn kind(&self, wishes: &[Wish], mirror: &str) -> &'static str {
        match &self.decide(wishes).verdicts()[&name(mirror)] {
            Verdict::Hold(hold) => hold.kind(),
            Verdict::Promote { .. } => "promote",
        }
    }
}

fn moved(mirror: &str, to: i64) -> Vec<(String, i64)> {
    vec![(mirror.to_owned(), to)]
}

#[test]
fn the_newest_that_has_soaked_is_shown() {
    for (now, expected, kind) in [
        (14, vec![], "soaking"),
        (15, moved("a", 10), "promote"),
        (16, moved("a", 11), "promote"),
        (30, moved("a", 12), "promote"),
    ] {
        let wishes = [wish("a", &[(12, 15), (11, 13), (10, 12), (9, 1)])];
        let scene = Scene::new(&[("a", 9)], now);
        assert_eq!(scene.moves(&wishes), expected, "day {now}");
        assert_eq!(scene.kind(&wishes, "a"), kind, "day {now}");
    }
    let hold = Scene::new(&[("a", 9)], 14).decide(&[wish("a", &[(12, 15), (10, 12)])]);
    let (_, why) = hold.holds().next().unwrap();
    assert_eq!(why.until(), Some(day(15)), "the first that will have soaked is said");
    assert!(why.to_string().contains("soaks in staging"), "{why}");
}

#[test]
fn why_a_mirror_stays() {
    let frozen = |mut wish: Wish| {
        wish.rules.freeze = vec!["1970-01-01/1970-02-01".parse().unwrap()];
        wish
    };
    let soaked = wish("a", &[(5, 6)]);
    for (wish, kind, text) in [
        (wish("a", &[]), "nothing-there", "staging shows"),
        (wish("a", &[(4, 4)]), "nothing-new", "already shows"),
        (wish("a", &[(3, 3)]), "behind", "the older"),
        (frozen(soaked.clone()), "frozen", "until 1970-02-02"),
        (soaked, "promote", ""),
    ] {
        let scene = Scene::new(&[("a", 4)], 10);
        assert_eq!(scene.kind(std::slice::from_ref(&wish), "a"), kind, "{wish:?}");
        for (_, why) in scene.decide(&[wish]).holds() {
            assert!(why.to_string().contains(text), "{why}");
        }
    }
}

#[test]
fn pins_hold_until_they_end_and_not_against_a_name() {
    let mut scene = Scene::new(&[("a", 4)], 10);
    let by = |by| Wish { by, ..wish("a", &[(5, 5)]) };
    for (until, asked, kind) in [
        (None, By::Schedule, "pinned"),
        (None, By::Sweep, "pinned"),
        (None, By::Name, "promote"),
        (Some(10), By::Schedule, "pinned"),
        (Some(9), By::Schedule, "promote"),
    ] {
        scene.pins = BTreeMap::from([(name("a"), pin(until))]);
        assert_eq!(scene.kind(&[by(asked)], "a"), kind, "{until:?} {asked:?}");
    }
}

#[test]
fn a_person_may_go_back_and_need_not_wait() {
    let by = |by, candidates| Wish { by, ..wish("a", candidates) };
    let mut scene = Scene::new(&[("a", 8)], 10);
    assert_eq!(scene.moves(&[by(By::Sweep, &[(5, 5)])]), moved("a", 5), "what staging shows");
    // The newest still soaks: that is no reason to go back to what soaked before.
    assert_eq!(scene.kind(&[by(By::Name, &[(9, 9), (5, 5)])], "a"), "soaking");
    scene.patience = Patience::Waived;
    assert_eq!(scene.moves(&[by(By::Name, &[(9, 9), (5, 5)])]), moved("a", 9));
    let never =
        Wish { candidates: vec![Candidate { snapshot: day(9), since: None }], ..wish("a", &[]) };
    assert_eq!(scene.moves(std::slice::from_ref(&never)), moved("a", 9));
    scene.patience = Patience::Kept;
    assert_eq!(scene.kind(&[never], "a"), "not-shown");
}

#[test]
fn a_date_of_the_future_is_no_reason_to_wait_where_nothing_soaks() {
    let mut wish = wish("a", &[(12, 12)]);
    assert_eq!(Scene::new(&[("a", 9)], 10).kind(std::slice::from_ref(&wish), "a"), "soaking");
    wish.rules.after = Duration::ZERO;
    assert_eq!(Scene::new(&[("a", 9)], 10).moves(&[wish]), moved("a", 12));
}

#[test]
fn a_group_moves_together_or_not_at_all() {
    let (ready, soaking, same) = (wish("a", &[(5, 5)]), wish("b", &[(5, 9)]), wish("c", &[(1, 1)]));
    let scene = Scene::new(&[("a", 1), ("b", 1), ("c", 1)], 10).group(&["a", "b", "c"]);
    let wishes = [ready.clone(), soaking, same.clone()];
    assert_eq!(scene.moves(&wishes), []);
    let decision = scene.decide(&wishes);
    let Verdict::Hold(why) = &decision.verdicts()[&name("a")] else { panic!("a moved alone") };
    assert_eq!(why.until(), Some(day(12)), "when b has soaked");
    assert!(why.to_string().contains("together with b (group g0)"), "{why}");
    // One that shows the newest already holds nobody.
    assert_eq!(scene.moves(&[ready.clone(), same]), moved("a", 5));
    // Held later, by a gate.
    let both = [ready, wish("b", &[(5, 5)])];
    let mut decision = scene.decide(&both);
    assert_eq!(decision.moves().count(), 2);
    decision.hold(&name("b"), Hold::Gate { snapshot: day(5), how: "exit code 1".into() });
    assert_eq!(decision.moves().count(), 0);
    // Chained groups: c holds b, b holds a.
    let chained = Scene::new(&[], 10).group(&["a", "b"]).group(&["b", "c"]);
    let wishes = [wish("a", &[(5, 5)]), wish("b", &[(5, 5)]), wish("c", &[(5, 9)])];
    assert_eq!(chained.moves(&wishes), []);
}

#[test]
fn naming_a_part_of_a_group_is_refused_unless_the_rest_has_nothing_to_move() {
    let scene = Scene::new(&[("a", 1), ("b", 1)], 10).group(&["a", "b"]);
    let named = Wish { by: By::Name, ..wish("a", &[(5, 5)]) };
    let beside = |candidates| Wish { by: By::Nobody, ..wish("b", candidates) };
    let wishes = [named.clone(), beside(&[(5, 5)])];
    assert_eq!(scene.kind(&wishes, "a"), "apart");
    assert!(!scene.decide(&wishes).verdicts().contains_key(&name("b")), "nobody asked for b");
    assert_eq!(scene.moves(&[named, beside(&[(1, 1)])]), moved("a", 5));
}

#[test]
fn a_plan_says_when_each_mirror_moves() {
    let mut scene = Scene::new(&[("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1)], 10);
    scene.pins = BTreeMap::from([(name("c"), pin(Some(20))), (name("d"), pin(None))]);
    let frozen = Wish {
        rules: Rules { after: days(3), freeze: vec!["1970-01-10/1970-01-31".parse().unwrap()] },
        ..wish("e", &[(5, 5)])
    };
    let wishes = [
        wish("a", &[(5, 5)]),
        wish("b", &[(5, 15)]),
        wish("c", &[(5, 5)]),
        wish("d", &[(5, 5)]),
        frozen,
    ];
    // Every seven days.
    let next = |now: Stamp| Some(day((now.seconds() / 86_400 / 7 + 1) * 7));
    let found = scene.with(|setting| moves_at(setting, &wishes, &next));
    let expected = [("a", 14), ("b", 21), ("c", 21), ("e", 35)];
    assert_eq!(found, expected.map(|(mirror, at)| (name(mirror), day(at))).into());
    let never = scene.with(|setting| moves_at(setting, &wishes, &|_| None));
    assert_eq!(never, BTreeMap::new());
}

/// A random channel: for each of four mirrors what it shows, what was shown before it, since when, and a pin.
type Drawn = (Vec<(Option<i64>, Vec<(i64, i64)>, Option<Option<i64>>)>, Vec<u8>, i64, u64);

fn drawn() -> impl Strategy<Value = Drawn> {
    let mirror = (
        proptest::option::of(0..20_i64),
        proptest::collection::vec((0..20_i64, 0..40_i64), 0..4),
        proptest::option::weighted(0.2, proptest::option::of(0..40_i64)),
    );
    let mirrors = proptest::collection::vec(mirror, 4);
    (mirrors, proptest::collection::vec(0..16_u8, 0..3), 0..45_i64, 0..9_u64)
}

fn scene((mirrors, groups, now, after): &Drawn) -> (Scene, Vec<Wish>) {
    let names = ["a", "b", "c", "d"];
    let shown: Vec<_> =
        names.iter().zip(mirrors).filter_map(|(name, one)| Some((*name, one.0?))).collect();
    let mut scene = Scene::new(&shown, *now);
    for bits in groups {
        let members: Vec<_> =
            (0..4).filter(|at| bits & (1 << at) != 0).map(|at| names[at]).collect();
        scene = scene.group(&members);
    }
    let mut wishes = Vec::new();
    for (mirror, (_, candidates, held)) in names.iter().zip(mirrors) {
        let mut candidates = candidates.clone();
        candidates.sort_unstable_by(|one, other| other.cmp(one));
        candidates.dedup_by_key(|one| one.0);
        let rules = Rules { after: days(*after), freeze: vec!["sat".parse().unwrap()] };
        wishes.push(Wish { rules, ..wish(mirror, &candidates) });
        scene.pins.extend(held.map(|until| (name(mirror), pin(until))));
    }
    (scene, wishes)
}

proptest! {
    #[test]
    fn whatever_is_asked_the_rules_hold(drawn in drawn()) {
        let (scene, wishes) = scene(&drawn);
        let decision = scene.decide(&wishes);
        let moving: BTreeSet<&Name> = decision.moves().map(|(mirror, _, _)| mirror).collect();
        for (mirror, from, to) in decision.moves() {
            prop_assert!(from.is_none_or(|from| from < to), "{mirror} goes back");
            let pin = scene.pins.get(mirror);
            prop_assert!(pin.is_none_or(|pin| pin.is_over(day(scene.now))), "{mirror} is pinned");
            let wish = wishes.iter().find(|wish| wish.mirror == *mirror).unwrap();
            let shown = wish.candidates.iter().find(|one| one.snapshot == to).unwrap();
            let since = shown.since.unwrap();
            let after = wish.rules.after;
            let is_soaked = after.is_zero() || soaked_at(since, after) <= day(scene.now);
            prop_assert!(is_soaked, "{mirror} has not soaked");
        }
        for group in &scene.groups {
            let some = group.mirrors.iter().any(|mirror| moving.contains(mirror));
            let whole = group.mirrors.iter().all(|mirror| {
                moving.contains(mirror)
                    || matches!(&decision.verdicts()[mirror], Verdict::Hold(Hold::Same(_)))
            });
            prop_assert!(!some || whole, "{} is split", group.name);
        }
        // Saturdays: 1970-01-03 was one.
        prop_assert!(scene.now % 7 != 2 || moving.is_empty(), "moved within a freeze");
    }

    #[test]
    fn who_waits_longer_never_shows_something_newer(drawn in drawn(), more in 1..9_u64) {
        let (scene, wishes) = scene(&drawn);
        let slower: Vec<Wish> = wishes
            .iter()
            .cloned()
            .map(|mut wish| {
                wish.rules.after += days(more);
                wish
            })
            .collect();
        let alone = Scene { groups: Vec::new(), ..scene };
        let quick: BTreeMap<String, i64> = alone.moves(&wishes).into_iter().collect();
        for (mirror, to) in alone.moves(&slower) {
            prop_assert!(quick.get(&mirror).is_some_and(|quick| to <= *quick), "{mirror}");
        }
    }

    #[test]
    fn what_is_planned_happens_then_and_not_before(drawn in drawn()) {
        let (mut scene, wishes) = scene(&drawn);
        let next = |now: Stamp| Some(day(now.seconds() / 86_400 + 1));
        let planned = scene.with(|setting| moves_at(setting, &wishes, &next));
        let begun = scene.now;
        for now in begun + 1..begun + 60 {
            scene.now = now;
            for (mirror, _) in scene.moves(&wishes) {
                let at = planned.get(&name(&mirror)).map(|at| at.seconds() / 86_400);
                prop_assert!(at.is_some_and(|at| at <= now), "{mirror} moves on day {now}, planned {at:?}");
            }
            for (mirror, at) in &planned {
                if *at == day(now) {
                    prop_assert!(scene.moves(&wishes).iter().any(|(moved, _)| moved == mirror.as_str()));
                }
            }
        }
    }
}
