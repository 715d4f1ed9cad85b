use super::*;

#[test]
fn checksums_are_those_that_clients_take() {
    let digits = "0123456789abcdef".repeat(8);
    for (kind, algorithm) in [
        ("md5", Algorithm::Md5),
        ("sha", Algorithm::Sha1),
        ("sha1", Algorithm::Sha1),
        ("sha224", Algorithm::Sha224),
        ("sha256", Algorithm::Sha256),
        ("SHA256", Algorithm::Sha256),
        ("sha384", Algorithm::Sha384),
        ("sha512", Algorithm::Sha512),
    ] {
        let digits = &digits[..2 * algorithm.bytes()];
        let read = checksum(kind.as_bytes(), digits.as_bytes()).unwrap();
        assert_eq!((read.algorithm(), read.hex()), (algorithm, digits.to_owned()), "{kind}");
    }
}

#[test]
fn what_clients_refuse_says_why() {
    let good = "0123456789abcdef".repeat(4);
    for (kind, digits, why) in [
        ("", good.as_str(), "is of the type ''"),
        (
            "sha3-256",
            &good,
            "is of the type 'sha3-256', where one of md5, sha, sha1, sha224, sha256",
        ),
        ("sha\n256", &good, "is of the type 'sha\\x0a256'"),
        ("sha512", &good, "where 128 digits of sha512 are expected"),
        ("sha256", "", "is '', where 64 digits of sha256"),
        ("sha256", &good.to_uppercase(), "where 64 digits of sha256 are expected, 0-9 and a-f"),
        ("sha256", &format!(" {good}"), "is ' 0123"),
        ("sha256", &format!("{good}\n"), "cdef\\x0a'"),
        ("sha256", &good.replace('0', "g"), "is 'g123"),
    ] {
        let refused = checksum(kind.as_bytes(), digits.as_bytes()).unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
}
