use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use pinfold_store::path::is_hidden;
use pinfold_store::{Digest, Name, Stamp, Store};

use super::chart::Scale;
use super::words::{ago, ahead, number};
use super::*;
use crate::status::{
    ChannelStatus, FailureStatus, Look, MirrorStatus, PinStatus, ShownStatus, Status,
};

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

fn stamp(text: &str) -> Stamp {
    Stamp::parse_end(text).unwrap()
}

const NOW: &str = "20261123T040000Z";
/// Markup, an entity, a turn of direction, a new line, a quote, a backslash.
const EVIL: &str = "<script>alert(1)</script>&lt;\u{202e}\n\"'\\";
/// How it is shown.
const SHOWN: &str = "&lt;script&gt;alert(1)&lt;/script&gt;&amp;lt;\\xe2\\x80\\xae\\x0a&quot;'\\";

fn line(change: &str, name: &str) -> ChangeLine {
    let text = || name.to_owned();
    ChangeLine {
        change: change.to_owned(),
        place: text(),
        name: text(),
        old: Some(text()),
        new: None,
    }
}

fn pair() -> Pair {
    Pair { mirror: name("lab"), old: stamp("20261120T040000Z"), new: stamp(NOW) }
}

fn manifests() -> (Digest, Digest) {
    (Digest::of(b"old"), Digest::of(b"new"))
}

/// What a look at an empty store sees.
fn looked<T>(see: impl FnOnce(&mut Look<'_>) -> T) -> T {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("root")).unwrap();
    let zone = TimeZone::UTC;
    see(&mut Look { store: &store, now: stamp(NOW), zone: &zone, problems: Vec::new() })
}

fn empty() -> Page {
    let status = looked(|look| {
        let (store, now, zone) = (look.store, look.now, look.zone);
        let look = Look { store, now, zone, problems: Vec::new() };
        look.status(BTreeMap::new(), BTreeMap::new())
    });
    Page {
        status: Status { disk: None, ..status },
        site: "https://mirror.example.org/".to_owned(),
        shown_since: BTreeMap::new(),
        upcoming: Vec::new(),
        moves: Vec::new(),
        snapshots: BTreeMap::new(),
        disk_days: Vec::new(),
    }
}

fn failure() -> Option<FailureStatus> {
    Some(FailureStatus { exit_code: 3, said: EVIL.to_owned(), in_a_row: 2 })
}

fn evil_channel() -> ChannelStatus {
    let pin = PinStatus {
        name: None,
        mirror: name("lab"),
        snapshot: None,
        who: EVIL.to_owned(),
        reason: EVIL.to_owned(),
        since: stamp(NOW),
        until: Some(stamp("2027")),
        expired: false,
    };
    ChannelStatus {
        broken: None,
        generation: 7,
        since: Some(stamp(NOW)),
        who: EVIL.to_owned(),
        verb: "promote".to_owned(),
        reason: EVIL.to_owned(),
        schedule: None,
        next: None,
        mirrors: BTreeMap::from([(
            name("lab"),
            ShownStatus { snapshot: stamp(NOW), behind: 1, valid_until: None },
        )]),
        pins: vec![pin],
        waits: Vec::new(),
        failure: failure(),
    }
}

fn evil_upcoming() -> Upcoming {
    let mut draft = Draft::default();
    draft.add(b"lab", line(EVIL, EVIL));
    draft.advise(AdvisoryLine {
        id: EVIL.to_owned(),
        kind: EVIL.to_owned(),
        severity: EVIL.to_owned(),
        cves: vec![EVIL.to_owned()],
        more_cves: 0,
    });
    let hold = HoldStatus { kind: "gate", why: EVIL.to_owned(), until: None, is_refusal: true };
    Upcoming {
        channel: name("production"),
        mirror: name("lab"),
        shows: Some(stamp("20261120T040000Z")),
        to: stamp(NOW),
        when: None,
        hold: Some(hold),
        by_hand: true,
        changes: Some(draft.finish(pair(), manifests(), "packages")),
    }
}

fn evil_mirror() -> MirrorStatus {
    let mut mirror = looked(|look| look.mirror(&name("lab"), None));
    mirror.sync.failure = failure();
    mirror.held_by = Some(EVIL.to_owned());
    mirror
}

/// A page with a stranger's words wherever words can be.
fn evil() -> Page {
    let broken = ChannelStatus { broken: Some(EVIL.to_owned()), ..evil_channel() };
    let moved = Moved { from: None, to: Some(stamp(NOW)) };
    let mut page = empty();
    page.site = format!("https://{EVIL}");
    page.status.channels =
        BTreeMap::from([(name("production"), evil_channel()), (name("broken"), broken)]);
    page.status.mirrors = BTreeMap::from([(name("lab"), evil_mirror())]);
    page.status.problems = vec![EVIL.to_owned()];
    page.upcoming = vec![evil_upcoming()];
    page.moves = vec![MoveStatus {
        channel: name("production"),
        generation: 7,
        at: stamp(NOW),
        verb: EVIL.to_owned(),
        who: EVIL.to_owned(),
        reason: EVIL.to_owned(),
        moved: BTreeMap::from([(name("lab"), moved)]),
    }];
    page
}

#[test]
fn words_of_strangers_are_escaped_once_wherever_they_stand() {
    let html = evil().html();
    assert!(!html.contains("<script") && !html.contains("&amp;amp;"), "{html}");
    assert!(!html.chars().any(|letter| letter != '\n' && is_hidden(letter)));
    // Title and headline, who and why of a channel and its pin, what holds, twice what failed of each channel and mirror…
    let shown = html.matches(SHOWN).count();
    assert!(shown >= 20, "{shown} in\n{html}");
    assert_eq!(html.matches("alert(1)").count(), shown, "all of them are whole");
}

#[test]
fn a_page_of_nothing_says_so() {
    let html = empty().html();
    for text in [
        "Nothing needs you",
        "mirror.example.org</h1>",
        "There is nothing to show yet",
        "No channel has moved yet",
    ] {
        assert!(html.contains(text), "{text}");
    }
    assert!(html.ends_with("</html>\n"));
    assert!(!html.contains("<script") && !html.contains(" style="), "the policy allows neither");
}

#[test]
fn troubles_name_what_is_wrong_and_the_command() {
    let troubles = evil().troubles();
    let subjects: Vec<&str> = troubles.iter().map(|one| one.subject.as_str()).collect();
    assert_eq!(
        subjects,
        ["store", "broken", "broken", "production", "lab", "lab in production"],
        "{troubles:?}"
    );
    assert!(troubles.iter().all(|one| one.command.starts_with("pinfold ")));
    assert_eq!(empty().troubles(), []);
}

#[test]
fn what_differs_is_counted_whole_and_kept_in_part() {
    let mut draft = Draft::default();
    for number in 0..250 {
        draft.add(b"noble", line("upgraded", &format!("up-{number}")));
        draft.add(b"noble-security", line("rebuilt", "again"));
    }
    draft.add(b"noble", line("removed", &"x".repeat(5000)));
    for (kind, severity) in [("bugfix", ""), ("security", "Low"), ("security", "Critical")] {
        for number in 0..90 {
            let cves = (0..20).map(|cve| format!("CVE-2026-{cve}")).collect();
            let (kind, severity) = (kind.to_owned(), severity.to_owned());
            draft.advise(AdvisoryLine {
                id: number.to_string(),
                kind,
                severity,
                cves,
                more_cves: 0,
            });
        }
    }
    let changes = draft.finish(pair(), manifests(), "packages");
    assert_eq!((changes.total(), changes.in_security_suites), (501, 250));
    assert_eq!(changes.list.len(), CHANGES_MAX);
    assert_eq!(changes.list[0].change, "removed");
    assert_eq!(
        changes.list[0].name.chars().count(),
        201,
        "two hundred, and a sign that there is more"
    );
    assert!(changes.list[1..].iter().all(|line| line.change == "upgraded"));
    assert_eq!((changes.advisories_count, changes.security_advisories), (270, 180));
    assert_eq!(changes.advisories.len(), CHANGES_MAX);
    assert!(changes.advisories[..90].iter().all(|line| line.severity == "Critical"));
    assert!(changes.advisories[90..].iter().all(|line| line.severity == "Low"));
    assert_eq!((changes.advisories[0].cves.len(), changes.advisories[0].more_cves), (8, 12));
    let text = serde_json::to_string(&changes).unwrap();
    assert_eq!(serde_json::from_str::<Changes>(&text).unwrap(), changes);
}

#[test]
fn a_day_has_one_look_at_the_disk_and_a_year_is_kept() {
    let day = |at: i64, free_bytes| DiskDay {
        at: Stamp::from_seconds(at),
        free_bytes,
        bytes: 100,
        free_inodes: None,
        inodes: None,
    };
    let mut days = Vec::new();
    for number in 0..400 {
        days = left::with_day(days, day(number * 86_400, 50));
        days = left::with_day(days, day(number * 86_400 + 3600, 60));
    }
    assert_eq!(days.len(), 366);
    assert!(days.iter().all(|day| day.free_bytes == 60), "the last look at a day counts");
    let back = left::with_day(days.clone(), day(380 * 86_400, 70));
    assert_eq!(back.len(), 366, "a clock that went back loses no other day");
    assert!(back.is_sorted_by_key(|day| day.at));
}

#[test]
fn a_time_has_its_place_and_later_is_further_right() {
    for days in [0, 3, 59, 61, 400, 4000] {
        let now = stamp(NOW);
        let times: Vec<Stamp> =
            (0..=days).map(|day| Stamp::from_seconds(now.seconds() - day * 86_400)).collect();
        let scale = Scale::new(&times, now);
        let places: Vec<f64> = times.iter().map(|time| scale.at(*time)).collect();
        assert!(places.iter().all(|place| (3.0..=97.0).contains(place)), "{days}: {places:?}");
        assert!(places.windows(2).all(|two| two[0] > two[1]), "{days}: {places:?}");
        assert!((places[0] - 97.0).abs() < 0.01, "now is at the right");
    }
    // A clock that was wrong: a snapshot of the future is the right end.
    let later = stamp("20271123T040000Z");
    assert!((Scale::new(&[later], stamp(NOW)).at(later) - 97.0).abs() < 0.01);
}

#[test]
fn times_and_numbers_are_said_as_people_say_them() {
    let now = stamp(NOW);
    let at = |seconds: i64| Stamp::from_seconds(now.seconds() + seconds);
    for (seconds, said) in [
        (0, "just now"),
        (-59, "just now"),
        (-119, "119 s ago"),
        (-120, "2 min ago"),
        (-7200, "2 h ago"),
        (-172_800, "2 d ago"),
        (60, "in the future"),
    ] {
        assert_eq!(ago(now, at(seconds)), said);
    }
    assert_eq!((ahead(now, at(0)), ahead(now, at(7200))), ("due".to_owned(), "in 2 h".to_owned()));
    assert_eq!(number(63_440), "63\u{202f}440");
    assert_eq!(number(999), "999");
}
