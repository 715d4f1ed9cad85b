use super::Digest;

#[test]
fn one_spelling_round_trips() {
    let digest = Digest::of(b"pinfold");
    assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
    let (folder, file) = digest.shard();
    assert_eq!((folder.len(), file.len()), (2, 62));
    assert_eq!(format!("{folder}{file}"), digest.to_string());
}

#[test]
fn every_other_spelling_is_refused() {
    let good = Digest::of(b"").to_string();
    for bad in [
        "",
        "ab",
        &good.to_uppercase(),
        &good[1..],
        &format!("{good}0"),
        &format!(" {}", &good[1..]),
    ] {
        assert!(bad.parse::<Digest>().is_err(), "{bad:?}");
    }
}
