use proptest::prelude::*;
use serde_json::json;

use super::*;

const SUM: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";

fn bottle(tag: &str) -> Bottle {
    Bottle::new("wget", ("1.25.0", 0), 2, tag, SUM).unwrap()
}

#[test]
fn a_bottle_is_found_by_its_title_and_checksum() {
    let annotations = |title: &str, sum: &str, size: &str| json!({ "annotations": { "org.opencontainers.image.ref.name": title, "sh.brew.bottle.digest": sum, "sh.brew.bottle.size": size } });
    let cases = [
        (json!([annotations("1.25.0.sonoma.2", SUM, "17")]), Some(Some(17))),
        (json!([{}, { "annotations": {} }, annotations("1.25.0.sonoma.2", SUM, "x")]), Some(None)),
        (json!([annotations("1.25.0.sonoma", SUM, "17")]), None),
        (json!([annotations("1.25.0.ventura.2", SUM, "17")]), None),
        (json!([annotations("1.25.0.sonoma.2", "0a1b", "17")]), None),
        (json!([]), None),
    ];
    for (manifests, expected) in cases {
        let text = json!({ "schemaVersion": 2, "manifests": manifests }).to_string();
        let image = Image::parse(text.as_bytes()).unwrap();
        assert_eq!(image.names(&bottle("sonoma")), expected, "{text}");
    }
    for bad in
        [&b""[..], b"{}", b"[]", br#"{"manifests":{}}"#, br#"{"manifests":[{"annotations":3}]}"#]
    {
        assert!(Image::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_file_names_a_checksum_or_is_told() {
    let sum = *bottle("sonoma").sha256();
    let flaw = |bytes: &[u8]| naming_flaw(&mut &bytes[..], &sum).unwrap();
    assert_eq!(flaw(format!("{{\"a\":[\"x{SUM}\"]}}").as_bytes()), None);
    assert!(flaw(b"{}").unwrap().contains("JSON that does not"));
    assert!(flaw(SUM.as_bytes()).unwrap().contains("no JSON"));
    assert!(flaw(b"").unwrap().contains("no JSON"));
    let large = vec![b' '; usize::try_from(NAMING_BYTES_MAX).unwrap() + 1];
    assert!(flaw(&large).unwrap().contains("larger than"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(Image::parse(&bytes));
        drop(naming_flaw(&mut &bytes[..], &[0; 32]));
    }
}
