//! The pool: how many at once, how it ends, and small files without a checksum.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::*;

#[test]
fn no_more_connections_than_allowed_are_open_and_they_are_used_again() {
    bounded(|| {
        let bench = Bench::new();
        let wants = (0..60).map(|n| bench.put(&format!("p/{n}"), &content(100 + n))).collect();
        let settings = HttpSettings { connections: 3, ..patient() };
        assert!(bench.fetch(&settings, wants).unwrap().is_empty());
        bench.keep();
        assert!(bench.server.open_max() <= 3, "{} were open", bench.server.open_max());
        let counts = [Counter::Requests, Counter::FilesFetched, Counter::ObjectsWritten];
        assert_eq!(counts.map(|counter| bench.tally.get(counter)), [60, 60, 60]);
    });
}

#[test]
fn an_upstream_that_is_down_is_not_asked_for_everything() {
    bounded(|| {
        let bench = Bench::new();
        let wants: Vec<_> = (0..100).map(|n| want(&[&format!("p/{n}")], &content(n + 1))).collect();
        bench.put("p/0", b"x");
        bench.server.fault("*", "close");
        let mut settings = HttpSettings { connections: 2, ..patient() };
        settings.limits.failures_in_a_row = 4;
        let base = Base::parse("http://127.0.0.1:1/").unwrap();
        let http = Http::new(&settings).unwrap();
        let upstream = Upstream { http: &http, base: &base };
        let outcomes = bench.fetch_from(upstream, wants).unwrap();
        assert_eq!(outcomes.len(), 100, "each is told of");
        let asked = outcomes.iter().filter(|one| !shown(one).contains("not asked for")).count();
        assert!((4..=6).contains(&asked), "{asked} were asked for");
        assert!(bench.left().is_empty());
    });
}

#[test]
fn absent_files_do_not_count_as_a_server_that_is_down() {
    bounded(|| {
        let bench = Bench::new();
        let wants = (0..50).map(|n| want(&[&format!("p/{n}")], &content(n + 1))).collect();
        let mut settings = patient();
        settings.limits.failures_in_a_row = 4;
        let outcomes = bench.fetch(&settings, wants).unwrap();
        assert!(outcomes.iter().all(|one| shown(one) == "absent 404") && outcomes.len() == 50);
    });
}

#[test]
fn a_run_ends_when_it_must_whatever_its_connections_wait_for() {
    bounded(|| {
        let bench = Bench::new();
        let good = bench.put("good", b"good");
        let stuck = (0..4).map(|n| bench.put(&format!("p/{n}"), &content(1000 + n)));
        let wants: Vec<_> = std::iter::once(good).chain(stuck).collect();
        for fault in ["mute", "stall:10", "slowhead", "drip", "status:503:60"] {
            bench.server.fault("*", fault);
            bench.server.fault("/good", "");
            let cancel = Arc::new(AtomicBool::new(false));
            let mut settings = HttpSettings { cancel: cancel.clone(), ..HttpSettings::default() };
            settings.limits.retry_after_max = Duration::from_secs(60);
            // The operator interrupts it.
            let http = Http::new(&settings).unwrap();
            let base = Base::parse(&bench.server.url()).unwrap();
            let upstream = Upstream { http: &http, base: &base };
            let mut each = |_, _| {
                cancel.store(true, Ordering::Relaxed);
                Ok(())
            };
            let mut list = wants.clone().into_iter().enumerate();
            let ended = fetch(upstream, &bench.store, &mut list, &mut each, &bench.tally);
            assert!(matches!(ended, Err(Error::Interrupted)), "{fault}: {ended:?}");
            // Its time is over.
            settings.cancel = Arc::default();
            settings.limits.run = Some(Duration::from_millis(300));
            let ended = bench.fetch(&settings, wants.clone());
            assert!(matches!(ended, Err(Error::Late { .. })), "{fault}: {ended:?}");
            // Whoever asked fails.
            settings.limits.run = None;
            let http = Http::new(&settings).unwrap();
            let upstream = Upstream { http: &http, base: &base };
            let mut each = |_, _| Err(Error::Missing { count: 1, first: "x".to_owned() });
            let mut list = wants.clone().into_iter().enumerate();
            let ended = fetch(upstream, &bench.store, &mut list, &mut each, &bench.tally);
            assert!(matches!(ended, Err(Error::Missing { .. })), "{fault}: {ended:?}");
        }
    });
}

#[test]
fn what_this_machine_cannot_do_stops_all() {
    bounded(|| {
        let bench = Bench::new();
        let wants = (0..50).map(|n| bench.put(&format!("p/{n}"), &content(n + 1))).collect();
        std::fs::remove_dir(bench.store.root().join("incoming")).unwrap();
        let ended = bench.fetch(&patient(), wants);
        assert!(matches!(ended, Err(Error::Store(_))), "{ended:?}");
        assert_eq!(bench.asked("/p/49"), 0);
    });
}

#[test]
fn modification_times_are_upstreams_where_it_states_them() {
    bounded(|| {
        use std::os::unix::fs::MetadataExt;
        let bench = Bench::new();
        let (with, without) = (content(100), content(200));
        let wants = vec![bench.put("with", &with), bench.put("without", &without)];
        let time = std::time::UNIX_EPOCH + Duration::from_secs(1_234_567_890);
        let file = std::fs::OpenOptions::new().append(true).open(bench.dir.path().join("www/with"));
        file.unwrap().set_modified(time).unwrap();
        bench.server.fault("/without", "nolm");
        assert!(bench.fetch(&patient(), wants).unwrap().is_empty());
        bench.keep();
        let mtime = |bytes| bench.store.object_path(Digest::of(bytes)).metadata().unwrap().mtime();
        assert_eq!((mtime(&with), mtime(&without)), (1_234_567_890, 1_600_000_000));
    });
}

#[test]
fn root_metadata_is_asked_for_by_its_state_and_never_larger_than_allowed() {
    bounded(|| {
        let bench = Bench::new();
        bench.put("InRelease", &content(1000));
        let base = Base::parse(&bench.server.url()).unwrap();
        let http = Http::new(&hasty()).unwrap();
        let upstream = Upstream { http: &http, base: &base };
        let path = "InRelease".parse().unwrap();
        let ask = |ask: Ask<'_>| small(upstream, &path, ask, 1000, &bench.tally);
        let Small::Found { bytes, validators, modified } = ask(Ask::Anew).unwrap() else {
            panic!()
        };
        assert_eq!((bytes, modified.is_some()), (content(1000), true));
        assert_eq!(bench.server.log()[0].header("cache-control"), Some("no-cache"));
        assert_eq!(ask(Ask::IfChanged(&validators)).unwrap(), Small::NotModified);
        let none = Validators::default();
        let cases: &[(&str, &Validators, &str)] = &[
            ("always304", &validators, "Ok(NotModified)"),
            ("always304", &none, "304"),
            ("etagsame", &validators, "Ok(Found"),
            ("status:404", &none, "Ok(Absent { status: 404 })"),
            ("status:410", &validators, "Ok(Absent { status: 410 })"),
            ("status:503;first=2", &none, "Ok(Found"),
            ("status:503", &none, "503"),
            ("status:401", &none, "401"),
            ("truncate:50%;first=1", &none, "Ok(Found"),
            ("truncate:50%", &none, "the connection was cut"),
            ("append:1", &none, "it is larger than 1000 bytes"),
            ("endless", &none, "it is larger than 1000 bytes"),
            ("endless-nocl", &none, "it is larger than 1000 bytes"),
            ("hugecl", &none, "it is larger than 1000 bytes"),
            ("drip", &none, "too slow"),
            ("unasked206", &none, "206"),
            ("chain:5", &none, "Ok(Found"),
            ("chain:50", &none, "more than 10 redirects"),
        ];
        for (fault, state, expected) in cases {
            bench.server.fault("/InRelease", fault);
            let came = format!("{:?}", ask(Ask::IfChanged(state)));
            assert!(came.contains(expected), "{fault}: {came}");
        }
    });
}

/// A want about whose content nobody says anything.
fn unsaid(want: Want, held: Option<Validators>) -> Want {
    Want { size_bytes: None, expect: Expect::Named(Digest::of(b"name")), held, ..want }
}

#[test]
fn what_is_here_already_comes_only_where_its_state_is_another() {
    bounded(|| {
        let bench = Bench::new();
        let bytes = content(5000);
        let want = bench.put("file", &bytes);
        bench.fetch(&patient(), vec![unsaid(want.clone(), None)]).unwrap();
        bench.keep();
        assert!(bench.has(&bytes));
        let base = Base::parse(&bench.server.url()).unwrap();
        let http = Http::new(&patient()).unwrap();
        let upstream = Upstream { http: &http, base: &base };
        let path = "file".parse().unwrap();
        let Small::Found { validators, .. } =
            small(upstream, &path, Ask::Anew, 9000, &bench.tally).unwrap()
        else {
            panic!("it is there")
        };
        let other = Validators { etag: Some("\"other\"".to_owned()), last_modified: None };
        for (held, expected) in
            [(validators, "not modified"), (other, "landed"), (Validators::default(), "landed")]
        {
            let outcomes = bench.fetch(&patient(), vec![unsaid(want.clone(), Some(held))]).unwrap();
            assert_eq!(outcomes.first().map_or_else(|| "landed".to_owned(), shown), expected);
        }
        // A server that says 304 to what nobody asked in that way is confused.
        bench.server.fault("/file", "always304");
        let outcomes = bench.fetch(&patient(), vec![unsaid(want.clone(), None)]).unwrap();
        assert!(shown(&outcomes[0]).starts_with("failed the server answers 304"));
    });
}
