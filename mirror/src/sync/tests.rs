use super::*;

#[test]
fn the_waits_double_and_take_as_long_as_the_patience_lasts() {
    let quarter: Vec<u64> = waits(Duration::from_secs(930)).map(|wait| wait.as_secs()).collect();
    assert_eq!(quarter, [30, 60, 120, 240, 480]);
    let all: Duration = waits(Duration::from_millis(31)).sum();
    assert_eq!(all, Duration::from_millis(31));
    assert_eq!(waits(Duration::ZERO).count(), 0, "without patience nothing is waited for");
}
