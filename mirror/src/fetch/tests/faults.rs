//! Every fault by name: what comes of it, how often the server is asked, and that the file beside it is not touched by it.

use super::*;

const SIZE: usize = 10_000;
const HUGE: &str = "wrong 1152921504606846976 bytes, as the server says";

/// Fault, how what came of it begins, requests.
type Case = (&'static str, &'static str, usize);

fn run(settings: &HttpSettings, cases: &[Case]) {
    let bench = Bench::new();
    let mut whole = Vec::new();
    for (number, (fault, expected, requests)) in cases.iter().enumerate() {
        // Each case has contents of its own: nothing lands twice.
        let (bad, good) = (other(number, SIZE), other(number, SIZE + 1));
        let path = format!("/pool/{number}.deb");
        let wants = vec![bench.put(&path[1..], &bad), bench.put("pool/b.deb", &good)];
        bench.server.fault(&path, fault);
        let before = bench.left().len();
        let outcomes = bench.fetch(settings, wants).unwrap();
        let came = outcomes.first().map_or_else(|| "landed".to_owned(), shown);
        assert!(came.starts_with(expected), "{fault}: {came}");
        assert_eq!(bench.asked(&path), *requests, "{fault}: {came}");
        assert!(outcomes.len() < 2, "{fault}: the others are fetched");
        whole.push((fault, bad, came == "landed"));
        whole.push((fault, good, true));
        let left = bench.left();
        assert!(left.iter().all(|bytes| *bytes <= SIZE as u64), "{fault} leaves {left:?}");
        // What failed may be continued by the next run; what is wrong or absent leaves nothing.
        let more = left.len() - before;
        assert!(more <= usize::from(came.starts_with("failed")), "{fault}: {came} leaves {left:?}");
    }
    assert!(bench.server.log().iter().all(|asked| asked.header("x-injected").is_none()));
    bench.keep();
    for (fault, bytes, has) in whole {
        assert_eq!(bench.has(&bytes), has, "{fault}");
    }
}

/// Bytes that differ by their first as well.
fn other(first: usize, length: usize) -> Vec<u8> {
    let mut bytes = content(length);
    bytes[0] = u8::try_from(first).unwrap();
    bytes
}

#[test]
fn what_is_cut_is_continued_and_what_is_wrong_is_fetched_once_more() {
    bounded(|| {
        run(
            &patient(),
            &[
                ("", "landed", 1),
                ("truncate:50%;first=1", "landed", 2),
                ("truncate:50%", "failed the connection was cut", 3),
                ("truncate:0%", "failed the connection was cut", 3),
                ("reset;first=1", "landed", 2),
                ("reset", "failed", 3),
                ("reset;first=1 then norange", "landed", 2),
                ("reset;first=1 then badrange", "landed", 3),
                ("reset;first=1 then badcr", "landed", 3),
                // Another part than was asked for is no wrong content: there is one more try after it.
                ("reset;first=1 then badcr;first=1 then flip;first=1", "landed", 4),
                ("reset;first=1 then range416", "landed", 3),
                ("reset;first=1 then flip", "wrong SHA256", 3),
                ("short:100", "wrong 9900 bytes, as the server says", 2),
                ("append:10", "wrong 10010 bytes, as the server says", 2),
                ("flip;first=1", "landed", 2),
                ("flip", "wrong SHA256", 2),
                ("zeros", "wrong SHA256", 2),
                ("html", "wrong 19 bytes", 2),
                ("gzip", "wrong 20 bytes", 2),
                ("labelled", "landed", 1),
                ("overrun", "landed", 1),
                ("endless", "wrong more than 10000 bytes", 2),
                ("endless-nocl", "wrong more than 10000 bytes", 2),
                ("hugecl", HUGE, 2),
                ("nolm", "landed", 1),
                ("etagsame", "landed", 1),
            ],
        );
    });
}

#[test]
fn a_server_that_speaks_badly_fails_plainly() {
    bounded(|| {
        run(
            &patient(),
            &[
                ("longheader:10000000", "failed the answer's head has no end", 1),
                ("many100:100000", "landed", 1),
                ("close;first=1", "landed", 2),
                ("close", "failed the connection was cut", 3),
                ("garbage", "failed protocol", 3),
                ("badchunk", "failed protocol", 3),
                ("dupcl", "failed protocol", 3),
                ("always304", "failed the server answers 304", 3),
                ("unasked206", "failed the server answers 206", 3),
            ],
        );
    });
}

#[test]
fn a_server_that_is_slow_is_given_up() {
    bounded(|| {
        run(
            &hasty(),
            &[
                ("stall:100;first=1", "landed", 2),
                ("stall:100", "failed the server was silent", 3),
                ("mute", "failed", 3),
                ("slowhead", "failed no whole answer's head within 250ms", 3),
                ("drip", "failed the server is too slow", 3),
            ],
        );
    });
}

#[test]
fn a_status_says_whether_another_try_helps() {
    bounded(|| {
        run(
            &patient(),
            &[
                ("status:404", "absent 404", 1),
                ("status:403", "absent 403", 1),
                ("status:410", "absent 410", 1),
                ("status:401", "failed the server answers 401 Unauthorized: it wants a login", 1),
                ("status:400", "failed the server answers 400", 1),
                ("status:500", "failed the server answers 500", 3),
                ("status:503;first=2", "landed", 3),
                ("status:503:garbage", "failed the server answers 503", 3),
                ("status:429:99999", "failed the server answers 429", 3),
                ("status:503:99999999999999999999", "failed the server answers 503", 3),
                ("status:503:Wed, 21 Oct 2055 07:28:00 GMT", "failed the server answers 503", 3),
            ],
        );
    });
}

#[test]
fn redirects_are_followed_by_rule() {
    bounded(|| {
        run(
            &patient(),
            &[
                ("chain:5", "landed", 6),
                ("chain:50", "failed more than 10 redirects", 11),
                ("loop", "failed more than 10 redirects", 11),
                ("nowhere", "failed a redirect to nowhere", 1),
                ("redirect:/pool/b.deb", "wrong 10001 bytes", 2),
                ("redirect:b.deb", "wrong 10001 bytes", 2),
                ("redirect:/gone", "absent 404", 1),
                ("redirect:/gone%0d%0aX-Injected:%20yes", "absent 404", 1),
                ("redirect:/gone\r\nX-Injected: yes", "absent 404", 1),
                ("redirect:/gone\u{1}x", "failed", 3),
                ("redirect:file:///etc/passwd", "failed a redirect to a URL: only http", 1),
                ("redirect:ftp://127.0.0.1/x", "failed a redirect to a URL: only http", 1),
                ("redirect:http://", "failed a redirect to a URL: it", 1),
                ("redirect:http://me:secret@127.0.0.1/", "failed a redirect with a login", 1),
                ("redirect:http://127.0.0.1:1/x", "failed Connection refused", 3),
            ],
        );
    });
}

#[test]
fn a_range_is_asked_for_with_the_state_that_it_belongs_to() {
    bounded(|| {
        let bench = Bench::new();
        let bytes = content(SIZE);
        let want = bench.put("a.deb", &bytes);
        bench.server.fault("/a.deb", "reset;first=1");
        assert!(bench.fetch(&patient(), vec![want]).unwrap().is_empty());
        let log = bench.server.log();
        assert_eq!((log[0].header("range"), log[0].header("if-range")), (None, None));
        assert_eq!(log[1].header("range"), Some("bytes=5000-"));
        assert!(log[1].header("if-range").unwrap().starts_with('"'));
        assert_eq!(bench.tally.get(Counter::BytesFetched), 10_000, "nothing comes twice");

        // What was wrong is asked for past the caches, and whole.
        let want = bench.put("b.deb", &content(SIZE + 1));
        bench.server.fault("/b.deb", "flip;first=1");
        bench.server.forget();
        assert!(bench.fetch(&patient(), vec![want]).unwrap().is_empty());
        let log = bench.server.log();
        assert_eq!(
            (log[0].header("cache-control"), log[1].header("cache-control")),
            (None, Some("no-cache"))
        );
        assert_eq!(
            (log[1].header("range"), log[1].header("accept-encoding")),
            (None, Some("identity"))
        );
    });
}

#[test]
fn a_wait_that_the_server_asks_for_is_kept() {
    bounded(|| {
        let bench = Bench::new();
        let want = bench.put("a.deb", b"content");
        bench.server.fault("/a.deb", "status:503:1;first=1");
        let mut settings = patient();
        settings.limits.retry_after_max = Duration::from_secs(5);
        assert!(bench.fetch(&settings, vec![want]).unwrap().is_empty());
        let log = bench.server.log();
        assert!(log[1].at - log[0].at >= Duration::from_secs(1));
    });
}

#[test]
fn the_names_of_a_file_are_tried_in_order() {
    let cases: &[(&str, &str, &str, [usize; 2])] = &[
        ("", "", "landed", [1, 0]),
        ("status:404", "", "landed", [1, 1]),
        ("status:403", "", "landed", [1, 1]),
        ("status:500", "", "landed", [3, 1]),
        ("flip", "", "landed", [2, 1]),
        ("loop", "", "landed", [11, 1]),
        ("status:404", "status:410", "absent 404", [1, 1]),
        ("status:404", "flip", "wrong SHA256", [1, 2]),
        ("flip", "status:404", "wrong SHA256", [2, 1]),
        ("status:404", "status:503", "failed the server answers 503", [1, 3]),
        ("status:503", "status:404", "failed the server answers 503", [3, 1]),
        // A server that does not answer is not asked for the other name.
        ("close", "", "failed the connection was cut", [3, 0]),
        // What one name brought is continued under the other.
        ("truncate:50%;first=1 then status:500", "", "landed", [3, 1]),
    ];
    bounded(|| {
        let bench = Bench::new();
        for (number, (first, second, expected, requests)) in cases.iter().enumerate() {
            let bytes = other(number, SIZE);
            let names = [format!("by-hash/{number}"), format!("plain/{number}")];
            for (name, fault) in names.iter().zip([first, second]) {
                bench.put(name, &bytes);
                bench.server.fault(&format!("/{name}"), fault);
            }
            let both = want(&names.each_ref().map(String::as_str), &bytes);
            let outcomes = bench.fetch(&patient(), vec![both]).unwrap();
            let came = outcomes.first().map_or_else(|| "landed".to_owned(), shown);
            assert!(came.starts_with(expected), "{first}, {second}: {came}");
            let asked = names.each_ref().map(|name| bench.asked(&format!("/{name}")));
            assert_eq!(asked, *requests, "{first}, {second}");
        }
    });
}

#[test]
fn what_an_earlier_run_left_is_continued_and_judged() {
    // What is there of it, or of something else; requests, and the range of the first.
    let cases: &[(&str, usize, bool, usize, Option<&str>)] = &[
        ("half", 5000, true, 1, Some("bytes=5000-")),
        ("all", SIZE, true, 0, None),
        ("nothing", 0, true, 1, None),
        ("half of something else", 5000, false, 2, Some("bytes=5000-")),
        ("all of something else", SIZE, false, 1, None),
        ("too much", SIZE + 1, false, 1, None),
    ];
    bounded(|| {
        let bench = Bench::new();
        for (number, (left, length, is_right, requests, range)) in cases.iter().enumerate() {
            let bytes = other(number, SIZE);
            let want = bench.put("a.deb", &bytes);
            let mut arrival = bench.store.arrival(want.expect.sum()).unwrap();
            let there = if *is_right { bytes[..*length].to_vec() } else { vec![7; *length] };
            arrival.write(&there).unwrap();
            drop(arrival);
            bench.server.forget();
            assert!(bench.fetch(&patient(), vec![want]).unwrap().is_empty(), "{left}");
            let log = bench.server.log();
            assert_eq!(log.len(), *requests, "{left}");
            assert_eq!(log.first().and_then(|asked| asked.header("range")), *range, "{left}");
            let states = log.iter().filter(|asked| asked.header("if-range").is_some());
            assert_eq!(states.count(), 0, "{left}: it belongs to no known state");
        }
        bench.keep();
        for (number, (left, ..)) in cases.iter().enumerate() {
            assert!(bench.has(&other(number, SIZE)), "{left}");
        }
    });
}
