use std::time::Duration;

use pinfold_store::Store;
use pinfold_store::lock::Asker;

use super::super::Key;
use super::*;

const NOW: i64 = 1_795_000_000;

/// A root with its ring.
struct Bench {
    _dir: tempfile::TempDir,
    store: Store,
    lock: SiteLock,
}

impl Bench {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::create(&dir.path().join("root")).unwrap();
        let lock = store.lock_site(&Asker { verb: "test".into(), wait: Duration::ZERO }).unwrap();
        Self { _dir: dir, store, lock }
    }

    fn ring(&self) -> Ring {
        Ring::open(&self.store.root().join("keys"), &self.store.root().join("www/pinfold.asc"))
            .unwrap()
    }

    /// Who signs, who comes next, who signed before.
    fn state(&self) -> (String, String, Vec<String>) {
        let ring = self.ring();
        let of = |key: &Option<Certificate>| {
            key.as_ref().map_or(String::new(), Certificate::fingerprint)
        };
        (
            of(&ring.signing),
            of(&ring.next),
            ring.retired.iter().map(Certificate::fingerprint).collect(),
        )
    }

    /// The keys that clients are given, one after the other.
    fn published(&self, keys: &[&Certificate]) -> bool {
        std::fs::read(self.store.root().join("www/pinfold.asc")).unwrap()
            == public_armor(keys.iter().copied()).unwrap()
    }
}

fn key(name: &str) -> Certificate {
    Key::generate(name, NOW).unwrap().certificate()
}

#[test]
fn a_rotation_goes_by_steps_and_each_may_be_repeated() {
    let bench = Bench::new();
    let (old, new, third) = (key("old"), key("new"), key("third"));
    let names = [&old, &new, &third].map(Certificate::fingerprint);
    let none = Vec::<String>::new;
    assert!(bench.ring().signing().is_err());
    assert!(
        bench.ring().prepare(new.clone(), &bench.lock).is_err(),
        "there is nothing to rotate away from"
    );
    for _ in 0..2 {
        bench.ring().place(old.clone(), &bench.lock).unwrap();
        assert_eq!(bench.state(), (names[0].clone(), String::new(), none()));
    }
    assert!(matches!(bench.ring().place(new.clone(), &bench.lock), Err(Error::KeyRefused { .. })));
    assert!(matches!(
        bench.ring().prepare(old.clone(), &bench.lock),
        Err(Error::KeyRefused { .. })
    ));
    for _ in 0..2 {
        bench.ring().prepare(new.clone(), &bench.lock).unwrap();
        assert_eq!(
            bench.state(),
            (names[0].clone(), names[1].clone(), none()),
            "the old one signs on"
        );
        assert!(bench.published(&[&old, &new]));
    }
    assert!(matches!(
        bench.ring().prepare(third.clone(), &bench.lock),
        Err(Error::KeyRefused { .. })
    ));
    for _ in 0..2 {
        bench.ring().switch(&bench.lock).unwrap();
        assert_eq!(bench.state(), (names[1].clone(), String::new(), vec![names[0].clone()]));
        assert!(bench.published(&[&new, &old]));
    }
    bench.ring().prepare(third.clone(), &bench.lock).unwrap();
    bench.ring().cancel(&bench.lock).unwrap();
    assert_eq!(bench.state(), (names[1].clone(), String::new(), vec![names[0].clone()]));
    // There and back again: a key that signed before may sign once more.
    bench.ring().prepare(old.clone(), &bench.lock).unwrap();
    bench.ring().switch(&bench.lock).unwrap();
    assert_eq!(bench.state(), (names[0].clone(), String::new(), vec![names[1].clone()]));
    for _ in 0..2 {
        bench.ring().forget(&bench.lock).unwrap();
        assert_eq!(bench.state(), (names[0].clone(), String::new(), none()));
        assert!(bench.published(&[&old]));
    }
    assert_eq!(disk::names(&bench.store.root().join("keys")).unwrap(), ["signing.asc"]);
}

#[test]
fn a_rehearsal_refuses_alike_and_writes_nothing() {
    let bench = Bench::new();
    let (old, new) = (key("old"), key("new"));
    bench.ring().rehearsed().place(old.clone(), &bench.lock).unwrap();
    assert!(disk::names(&bench.store.root().join("keys")).unwrap().is_empty());
    bench.ring().place(old.clone(), &bench.lock).unwrap();
    assert!(bench.ring().rehearsed().place(new.clone(), &bench.lock).is_err());
    bench.ring().prepare(new.clone(), &bench.lock).unwrap();
    let before = bench.state();
    for step in [Ring::switch, Ring::cancel, Ring::forget] {
        step(&mut bench.ring().rehearsed(), &bench.lock).unwrap();
        assert_eq!(bench.state(), before);
    }
    assert!(bench.published(&[&old, &new]));
}

#[test]
fn what_a_crash_leaves_is_read_as_what_it_is() {
    let (old, new) = (key("old"), key("new"));
    let armor = |key: &Certificate| key.secret_armor().unwrap();
    let retired = retired_name(&old);
    for (files, signs) in [
        // The old key was copied aside, and still signs.
        (vec![(SIGNING, &old), (NEXT, &new), (&*retired, &old)], &old),
        // The next key signs, and its copy was not removed.
        (vec![(SIGNING, &new), (NEXT, &new), (&*retired, &old)], &new),
    ] {
        let bench = Bench::new();
        for (name, key) in files {
            disk::write_durably(&bench.store.root().join("keys").join(name), &armor(key), 0o600)
                .unwrap();
        }
        let state = bench.state();
        assert_eq!(state.0, signs.fingerprint(), "channels can be signed");
        assert_eq!(state.1.is_empty(), state.2.len() == 1, "{state:?}");
        bench.ring().switch(&bench.lock).unwrap();
        assert_eq!(bench.state(), (new.fingerprint(), String::new(), vec![old.fingerprint()]));
        assert!(bench.published(&[&new, &old]));
    }
}
