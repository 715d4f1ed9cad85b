use pinfold_store::Algorithm;

use super::*;

/// A checksum made of a text.
fn sum(algorithm: Algorithm, text: &str) -> Checksum {
    let bytes: Vec<u8> = text.bytes().cycle().take(algorithm.bytes()).collect();
    Checksum::new(algorithm, &bytes).unwrap()
}

/// A list of packages, each `NEVRA` or `NEVRA CONTENT` or `NEVRA CONTENT ALGORITHM`.
fn list(packages: &[&str]) -> PackageList {
    let mut list = PackageList::new();
    for package in packages {
        let words: Vec<&str> = package.split(' ').collect();
        let one = Nevra::parse(words[0]).unwrap();
        let epoch = if one.epoch == 0 { String::new() } else { one.epoch.to_string() };
        let name = ListedName {
            name: one.name.as_bytes(),
            epoch: epoch.as_bytes(),
            version: one.version.as_bytes(),
            release: one.release.as_bytes(),
            architecture: one.architecture.as_bytes(),
        };
        let algorithm = match words.get(2) {
            Some(&"sha1") => Algorithm::Sha1,
            Some(&"sha512") => Algorithm::Sha512,
            _ => Algorithm::Sha256,
        };
        let source = format!("src-{}-1-1.src.rpm", one.name);
        let source = if one.is_source() { "" } else { &source };
        list.push(&name, source.as_bytes(), &sum(algorithm, words.get(1).unwrap_or(&"x")));
    }
    list
}

/// Shows every change on one line.
fn shown(old: &[&str], new: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    changes(b"BaseOS/", list(old), list(new), &mut |change| {
        let text = String::from_utf8_lossy;
        let (mark, versions) = match change.change {
            Change::Added(new) => ('+', text(new).into_owned()),
            Change::Removed(old) => ('-', text(old).into_owned()),
            Change::Upgraded(old, new) => ('<', format!("{} {}", text(old), text(new))),
            Change::Downgraded(old, new) => ('>', format!("{} {}", text(old), text(new))),
            Change::Rebuilt(version) => ('=', text(version).into_owned()),
        };
        assert_eq!((change.suite, change.component), (&b"BaseOS/"[..], &b""[..]));
        let is_source = change.architecture == b"src";
        assert_eq!(change.kind == PackageKind::Source, is_source);
        let source = if is_source {
            text(change.name).into_owned()
        } else {
            format!("src-{}", text(change.name))
        };
        assert_eq!(text(change.source), source);
        all.push(format!("{mark} {}.{} {versions}", text(change.name), text(change.architecture)));
        Ok(())
    })
    .unwrap();
    all
}

#[test]
fn every_kind_of_change_is_named() {
    for (old, new, expected) in [
        (&[][..], &[][..], &[][..]),
        (&["a-1-1.x", "b-1-1.x"], &["b-1-1.x", "a-1-1.x"], &[]),
        (&["a-1-1.x"], &["b-2:1-1.x", "a-1-1.x"], &["+ b.x 2:1-1"]),
        (&["a-1-1.x", "b-1-1.x"], &["a-1-1.x"], &["- b.x 1-1"]),
        (&["a-1.9-1.x"], &["a-1.10-1.x"], &["< a.x 1.9-1 1.10-1"]),
        (&["a-1-9.x"], &["a-1-10.x"], &["< a.x 1-9 1-10"]),
        (&["a-9-1.x"], &["a-1:1-1.x"], &["< a.x 9-1 1:1-1"]),
        (&["a-1-1.x"], &["a-1~rc1-2.x"], &["> a.x 1-1 1~rc1-2"]),
        (&["a-1-1.x one"], &["a-1-1.x two"], &["= a.x 1-1"]),
        (&["a-1.0-1.x"], &["a-1.00-1.x"], &["= a.x 1.00-1"]),
        // Architectures are packages of their own.
        (
            &["a-1-1.x", "a-1-1.y"],
            &["a-2-1.x", "a-1-1.y", "a-2-1.src"],
            &["+ a.src 2-1", "< a.x 1-1 2-1"],
        ),
        (&["a-1-1.noarch"], &["a-2-1.x"], &["- a.noarch 1-1", "+ a.x 2-1"]),
        // Several versions at once.
        (&["a-1-1.x", "a-2-1.x"], &["a-2-1.x", "a-3-1.x"], &["< a.x 1-1 3-1"]),
        (
            &["a-1-1.x", "a-10-1.x", "a-2-1.x"],
            &["a-3-1.x"],
            &["> a.x 10-1 3-1", "- a.x 2-1", "- a.x 1-1"],
        ),
        (
            &["a-1-1.x"],
            &["a-2-1.x", "a-10-1.x", "a-3-1.x"],
            &["< a.x 1-1 10-1", "+ a.x 3-1", "+ a.x 2-1"],
        ),
        (&["a-1-1.x one", "a-2-1.x"], &["a-1-1.x two", "a-3-1.x"], &["= a.x 1-1", "< a.x 2-1 3-1"]),
        // One name, two paths.
        (&["a-1-1.x", "a-1-1.x"], &["a-1-1.x"], &[]),
        (&["a-1-1.x one", "a-1-1.x two"], &["a-1-1.x two", "a-1-1.x one"], &[]),
        (&["a-1-1.x one", "a-1-1.x two"], &["a-1-1.x two"], &["= a.x 1-1"]),
        // Another kind of checksum says nothing, unless both kinds are stated.
        (&["a-1-1.x one sha1"], &["a-1-1.x two"], &[]),
        (&["a-1-1.x one sha1"], &["a-1-1.x two sha1"], &["= a.x 1-1"]),
        (&["a-1-1.x one sha512"], &["a-1-1.x two sha512"], &["= a.x 1-1"]),
        (&["a-1-1.x one sha1"], &["a-1-1.x one sha1", "a-1-1.x two"], &[]),
        (&["a-1-1.x one sha1", "a-1-1.x one"], &["a-1-1.x two"], &["= a.x 1-1"]),
        (&["a-1-1.x one sha1"], &["a-2-1.x two"], &["< a.x 1-1 2-1"]),
    ] {
        assert_eq!(shown(old, new), expected, "{old:?} to {new:?}");
    }
}

#[test]
fn an_error_of_the_caller_ends_it() {
    let failed =
        changes(b"", list(&[]), list(&["a-1-1.x"]), &mut |_| Err(crate::Error::Interrupted));
    assert!(matches!(failed, Err(crate::Error::Interrupted)));
}

#[test]
fn texts_are_split_as_they_were_written() {
    for (text, epoch, version, release) in [
        ("1-2", 0, "1", "2"),
        ("3:1-2", 3, "1", "2"),
        ("1", 0, "1", ""),
        ("", 0, "", ""),
        ("x:1-2", 0, "x:1", "2"),
        ("99999999999:1-2", 0, "99999999999:1", "2"),
        ("1:2:3-4-5", 1, "2:3-4", "5"),
    ] {
        assert_eq!(
            split(text.as_bytes()),
            (epoch, version.as_bytes(), release.as_bytes()),
            "{text}"
        );
    }
}

proptest::proptest! {
    #[test]
    fn what_is_told_makes_the_new_state_of_the_old(
        old in proptest::collection::btree_map(("[ab]", "[012~]{1,2}", "[xy]"), "[pq]", 0..12),
        new in proptest::collection::btree_map(("[ab]", "[012~]{1,2}", "[xy]"), "[pq]", 0..12),
    ) {
        let list = |of: &BTreeMap<(String, String, String), String>| {
            let mut list = PackageList::new();
            for ((name, version, architecture), content) in of {
                let name = ListedName { name: name.as_bytes(), epoch: b"", version: version.as_bytes(), release: b"1", architecture: architecture.as_bytes() };
                list.push(&name, b"", &sum(Algorithm::Sha256, content));
            }
            list
        };
        let mut state: BTreeSet<_> = old.keys().cloned().collect();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        changes(b"", list(&old), list(&new), &mut |change| {
            let of = |version: &[u8]| (text(change.name), text(version).trim_end_matches("-1").to_owned(), text(change.architecture));
            match change.change {
                Change::Added(is) => assert!(state.insert(of(is))),
                Change::Removed(was) => assert!(state.remove(&of(was))),
                Change::Upgraded(was, is) => assert!(order(was, is).is_lt() && state.remove(&of(was)) && state.insert(of(is))),
                Change::Downgraded(was, is) => assert!(order(was, is).is_gt() && state.remove(&of(was)) && state.insert(of(is))),
                Change::Rebuilt(is) if old.contains_key(&of(is)) => assert_ne!(old[&of(is)], new[&of(is)]),
                Change::Rebuilt(is) => {
                    // Another spelling came for the version that went.
                    let before: Vec<_> = state.iter().filter(|one| !new.contains_key(*one) && (&one.0, &one.2) == (&of(is).0, &of(is).2) && order(one.1.as_bytes(), of(is).1.as_bytes()).is_eq()).cloned().collect();
                    assert!(state.remove(&before[0]) && state.insert(of(is)));
                }
            }
            Ok(())
        }).unwrap();
        proptest::prop_assert_eq!(state, new.keys().cloned().collect::<BTreeSet<_>>());
    }
}

#[test]
fn advisories_that_came_are_named_once_and_sorted() {
    let advisory = |text: &str| {
        let words: Vec<&str> = text.split(' ').collect();
        Advisory {
            id: words[0].into(),
            kind: words[1].into(),
            severity: words[2].into(),
            cves: words[3..].iter().map(|word| (*word).into()).collect(),
        }
    };
    let shown = |old: &[&str], new: &[&str]| -> Vec<String> {
        let mut found = NewAdvisories::new();
        // The order in which both sides are read does not matter.
        let (first, last) = new.split_at(new.len() / 2);
        first.iter().for_each(|one| found.push_new(advisory(one)));
        old.iter().for_each(|one| found.push_old(advisory(one)));
        last.iter().for_each(|one| found.push_new(advisory(one)));
        let shown = |one: Advisory| {
            format!("{} {} {} {}", one.id, one.kind, one.severity, one.cves.join(" "))
        };
        found.into_sorted().into_iter().map(shown).collect()
    };
    assert_eq!(shown(&[], &[]), [""; 0]);
    assert_eq!(shown(&["A-1 security Low"], &[]), [""; 0]);
    let same = ["A-1 security Low CVE-1", "A-2 bugfix None"];
    assert_eq!(shown(&same, &same), [""; 0]);
    assert_eq!(
        shown(
            &["A-2 bugfix None"],
            &[
                "A-3 bugfix Low",
                "A-2 security High",
                "A-10 security High CVE-2 CVE-3",
                "A-2 bugfix x",
                "A-10 bugfix Low CVE-1 CVE-2"
            ]
        ),
        ["A-10 security High CVE-1 CVE-2 CVE-3", "A-3 bugfix Low "]
    );
}
