use super::*;

#[test]
fn all_digests_come_from_one_pass_and_are_those_of_the_standards() {
    let wanted256 = b"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let wanted512 = b"ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
    let (sha256, sha512) = (
        Checksum::from_hex(wanted256).unwrap(),
        Checksum::from_hex(&wanted512.to_ascii_uppercase()).unwrap(),
    );
    let mut summing = Summing::toward(Some(sha512.algorithm()));
    summing.update(b"a");
    summing.update(b"bc");
    let sums = summing.finish();
    assert_eq!(sums.digest, Digest::of(b"abc"));
    assert_eq!(sums.size_bytes, 3);
    assert_eq!(sums.has(&sha256), Some(true));
    assert_eq!(sums.has(&sha512), Some(true));
    assert_eq!(Sums::of(b"abc").has(&sha512), None, "it was not asked for");
    assert_eq!(Sums::of(b"abd").has(&sha256), Some(false));
    assert_eq!(sha512.hex().as_bytes(), wanted512);
    assert_eq!(sha256.to_string(), format!("SHA256 {}", String::from_utf8_lossy(wanted256)));
}

#[test]
fn one_checksum_alone_is_the_same_as_among_others() {
    for wanted in Algorithm::ALL {
        let (mut alone, mut among) = (Checking::toward(wanted), Summing::toward(Some(wanted)));
        for piece in [b"a".as_slice(), b"", b"bc"] {
            alone.update(piece);
            among.update(piece);
        }
        let found = alone.finish();
        assert_eq!(found.algorithm(), wanted);
        assert_eq!(among.finish().has(&found), Some(true));
    }
}

#[test]
fn every_kind_is_that_of_its_standard() {
    // FIPS 180-4 and RFC 1321 give these for the text abc.
    let known = [
        "900150983cd24fb0d6963f7d28e17f72",
        "a9993e364706816aba3e25717850c26c9cd0d89d",
        "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    ];
    for (algorithm, known) in Algorithm::ALL.into_iter().zip(known) {
        let mut checking = Checking::toward(algorithm);
        checking.update(b"abc");
        let found = checking.finish();
        assert_eq!(found.hex(), known);
        assert_eq!(Checksum::of_hex(algorithm, known.as_bytes()), Some(found));
        assert_eq!(Checksum::of_hex(algorithm, &known.as_bytes()[2..]), None);
        assert_eq!(Checksum::new(algorithm, found.as_bytes()), Some(found));
        assert_eq!(Checksum::new(algorithm, &found.as_bytes()[1..]), None);
    }
}

#[test]
fn what_is_no_checksum_is_none() {
    for text in ["", "ab", &"g".repeat(64), &"a".repeat(63), &"a".repeat(40), &"é".repeat(32)] {
        assert_eq!(Checksum::from_hex(text.as_bytes()), None, "{text}");
    }
}
