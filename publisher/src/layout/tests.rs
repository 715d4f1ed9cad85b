use super::*;

#[test]
fn a_snapshot_is_named_in_one_way() {
    let spec: Spec = "ubuntu@2026-11-23".parse().unwrap();
    assert_eq!((spec.mirror.as_str(), spec.wanted.as_deref()), ("ubuntu", Some("2026-11-23")));
    assert_eq!("ubuntu".parse::<Spec>().unwrap().wanted, None);
    for bad in ["", "@", "ubuntu@", "@2026", "Ubuntu", "../x", "a/b@2026", "a b"] {
        let Err(Error::BadSpec { .. }) = bad.parse::<Spec>() else { panic!("{bad} was taken") };
    }
}
