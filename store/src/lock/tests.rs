use super::*;

fn asker(verb: &str) -> Asker {
    Asker { verb: verb.into(), wait: Duration::ZERO }
}

#[test]
fn writers_share_and_collection_is_alone() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("root")).unwrap();
    let first = store.writer(&asker("ingest")).unwrap();
    let second = store.writer(&asker("publish")).unwrap();
    assert!(matches!(store.collector(&asker("prune")), Err(Error::Busy { .. })));
    drop((first, second));
    let collector = store.collector(&asker("prune")).unwrap();
    assert!(matches!(store.writer(&asker("ingest")), Err(Error::Busy { .. })));
    drop(collector);
    store.writer(&asker("ingest")).unwrap();
}

#[test]
fn who_holds_a_lock_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("root")).unwrap();
    let (one, two) = ("one".parse().unwrap(), "two".parse().unwrap());
    let held = store.lock_mirror(&one, &asker("ingest")).unwrap();
    let Err(Error::Busy { holder, .. }) = store.lock_mirror(&one, &asker("prune")) else {
        panic!("it was free")
    };
    assert!(
        holder.contains("ingest") && holder.contains(&std::process::id().to_string()),
        "{holder}"
    );
    store.lock_mirror(&two, &asker("ingest")).unwrap();
    drop(held);
    store.lock_mirror(&one, &asker("prune")).unwrap();
}

#[test]
fn whoever_waits_gets_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("root")).unwrap();
    let held = store.lock_site(&asker("promote")).unwrap();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            store
                .lock_site(&Asker { verb: "publish".into(), wait: Duration::from_secs(60) })
                .map(drop)
        });
        drop(held);
        waiter.join().unwrap().unwrap();
    });
}

#[test]
fn a_promotion_of_one_channel_leaves_the_site_and_other_channels_to_others() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("root")).unwrap();
    let (one, two) = ("staging".parse().unwrap(), "production".parse().unwrap());
    let held = store.lock_channel(&one, &asker("promote")).unwrap();
    assert!(matches!(store.lock_channel(&one, &asker("promote")), Err(Error::Busy { .. })));
    store.lock_channel(&two, &asker("promote")).unwrap();
    store.lock_site(&asker("rollback")).unwrap();
    let program = held.second_hold().unwrap();
    drop(held);
    assert!(
        store.lock_channel(&one, &asker("promote")).is_err(),
        "a gate of a killed run holds it"
    );
    drop(program);
    store.lock_channel(&one, &asker("promote")).unwrap();
}
