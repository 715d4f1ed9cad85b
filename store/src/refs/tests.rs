use super::*;

fn pin(until: Option<i64>) -> Pin {
    Pin {
        who: "me".into(),
        reason: "audit".into(),
        since: Stamp::from_seconds(0),
        until: until.map(Stamp::from_seconds),
        by: None,
    }
}

#[test]
fn a_pin_holds_to_its_last_second() {
    for (until, now, is_over) in [
        (None, 9_000, false),
        (Some(100), 99, false),
        (Some(100), 100, false),
        (Some(100), 101, true),
    ] {
        let (pin, now) = (pin(until), Stamp::from_seconds(now));
        assert_eq!(pin.is_over(now), is_over, "{until:?} at {now}");
        assert_eq!(pin.term(now).contains("expired"), is_over);
        assert_eq!(pin.term(now).is_empty(), until.is_none());
    }
}

#[test]
fn a_record_of_before_reads_as_a_pin_of_a_person() {
    let text = "who = \"me\"\nreason = \"why\"\nsince = \"20261123T040000Z\"\n";
    let pin: Pin = toml::from_str(text).unwrap();
    assert_eq!((pin.by.as_deref(), pin.until), (None, None));
    assert_eq!(toml::to_string(&pin).unwrap(), text, "what is absent is not written");
    let mut own = pin;
    own.by = Some("rollback".into());
    assert_eq!(toml::from_str::<Pin>(&toml::to_string(&own).unwrap()).unwrap(), own);
}
