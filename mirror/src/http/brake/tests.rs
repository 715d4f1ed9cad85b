use super::*;

#[test]
fn a_bandwidth_limit_is_kept_over_all_connections() {
    let start = Instant::now();
    let throttle = Throttle::new(1000, start);
    let at = |millis| start + Duration::from_millis(millis);
    let cases: &[(usize, u64, u64)] = &[
        // Bytes that come, when, and how long to wait then.
        (500, 0, 500),
        (500, 0, 1000),
        (100, 1000, 100),
        // Time that passed unused is not saved up.
        (100, 9000, 100),
        // Short waits are put off until they add up.
        (10, 20_000, 0),
        (10, 20_000, 20),
    ];
    for (bytes, now, wait) in cases {
        let found = throttle.take(*bytes, at(*now));
        assert_eq!(found, Duration::from_millis(*wait), "{bytes} at {now}");
    }
    assert!(Throttle::new(0, start).take(usize::MAX, start) > Duration::ZERO, "no limit of zero");
}

#[test]
fn a_run_ends_by_the_operator_from_within_or_by_the_clock() {
    let cancel = Arc::new(AtomicBool::new(false));
    let brake = Brake::new(cancel.clone(), None);
    assert_eq!((brake.check(), brake.pause(Duration::ZERO)), (Ok(()), Ok(())));
    cancel.store(true, Ordering::Relaxed);
    assert_eq!(brake.pause(Duration::from_secs(3600)), Err(Stop::Cancelled));
    let brake = Brake::new(Arc::default(), Some(Duration::ZERO));
    assert_eq!(brake.pause(Duration::from_secs(3600)), Err(Stop::Late));
    let brake = Brake::new(Arc::default(), Some(Duration::MAX));
    brake.stop();
    assert_eq!(brake.check(), Err(Stop::Cancelled));
}
