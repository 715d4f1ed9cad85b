use super::*;

#[test]
fn waits_double_up_to_a_limit_and_a_server_may_ask_for_longer_ones() {
    let limits = Limits {
        backoff: Duration::from_secs(1),
        backoff_max: Duration::from_secs(10),
        retry_after_max: Duration::from_secs(60),
        ..Limits::default()
    };
    let seconds = Duration::from_secs;
    let cases: &[(u32, Option<u64>, f64, f64)] = &[
        (1, None, 1.0, 1.0),
        (1, None, 0.0, 0.5),
        (2, None, 1.0, 2.0),
        (4, None, 1.0, 8.0),
        (5, None, 1.0, 10.0),
        (99, None, 1.0, 10.0),
        (u32::MAX, None, 0.0, 5.0),
        // A least time, with a little of our own so that not all come back at once.
        (1, Some(30), 1.0, 30.25),
        (1, Some(30), 0.0, 30.125),
        (1, Some(u64::MAX), 1.0, 60.25),
        (5, Some(1), 1.0, 10.0),
        (1, Some(0), 1.0, 1.0),
    ];
    for (made, after, chance, expected) in cases {
        let found = wait(&limits, *made, after.map(seconds), *chance);
        assert_eq!(found, Duration::from_secs_f64(*expected), "{made} {after:?} {chance}");
    }
}
