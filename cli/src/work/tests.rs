use pinfold_store::lock::Asker;
use pinfold_store::{Stamp, Store};

use super::*;

fn said() -> Running {
    Running {
        verb: "sync".to_owned(),
        pid: std::process::id(),
        starter: None,
        is_begun: false,
        since: Stamp::from_seconds(1_800_000_000),
        seconds: 0,
        fetched_files: 0,
        fetched_bytes: 0,
        step: None,
        planned: None,
    }
}

#[test]
fn rate_and_time_left_are_those_of_the_last_half_minute() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("root")).unwrap();
    let asker = Asker { verb: "pinfold sync".to_owned(), wait: Duration::ZERO };
    let lock = store.lock_mirror(&"lab".parse().unwrap(), &asker).unwrap();
    let (work, begun) = (Arc::new(Work::default()), Instant::now());
    let (notes, samples) = (store.notes(&lock), VecDeque::new());
    let mut writer =
        Writer { notes, said: said(), work: Arc::clone(&work), begun, step: 0, samples };
    let at = |seconds| begun + Duration::from_secs(seconds);
    assert_eq!(writer.look(at(0)).step, None, "nothing began");
    work.count(Counter::FilesFetched, 5);
    work.transfer("fetching files", 100, 100_000);
    assert_eq!(writer.look(at(0)).step.unwrap().rate, None, "one look is no rate");
    work.advance(2000);
    work.count(Counter::FilesFetched, 2);
    let step = writer.look(at(2)).step.unwrap();
    assert_eq!((step.rate, step.left_seconds), (Some(1000), Some(98)));
    assert_eq!((step.files_done, step.files_total), (Some(2), Some(100)));
    for second in (4..=100).step_by(2) {
        work.advance(200);
        writer.look(at(second));
    }
    let step = writer.look(at(100)).step.unwrap();
    assert_eq!((step.done, step.rate), (11_800, Some(100)), "what was long ago does not count");
    assert_eq!(writer.look(at(200)).step.unwrap().rate, Some(0));
    assert_eq!(writer.look(at(200)).step.unwrap().left_seconds, None, "it stands still");
    work.step("linking files", None);
    let step = writer.look(at(201)).step.unwrap();
    assert_eq!((step.done, step.rate, step.is_bytes), (0, None, false), "another step");
}

#[test]
fn what_is_said_stands_while_it_works_and_goes_in_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("root")).unwrap();
    let asker = Asker { verb: "pinfold sync".to_owned(), wait: Duration::ZERO };
    let mirror = "lab".parse().unwrap();
    let lock = store.lock_mirror(&mirror, &asker).unwrap();
    let work = Arc::new(Work::default());
    let noting = Noting::begin(store.notes(&lock), said(), &work);
    let wait_for = |is_it: &dyn Fn(&Running) -> bool| {
        while !store.running(&mirror).as_ref().is_some_and(is_it) {
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    wait_for(&|running| !running.is_begun);
    let planned = Plan { files: 2, bytes: 3, fetch_files: 1, fetch_bytes: 2 };
    noting.is_begun(Some(planned));
    wait_for(&|running| running.is_begun && running.planned == Some(planned));
    drop(noting);
    assert_eq!(store.running(&mirror), None);
    assert!(!dir.path().join("root/running/lab").exists());
}
