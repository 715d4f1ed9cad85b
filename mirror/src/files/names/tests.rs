use super::*;

#[test]
fn names_say_what_is_in_a_file() {
    let of = |name: &'static str| Some(name.as_bytes());
    for (name, expected) in [
        ("SHA256SUMS", Some((Some(Algorithm::Sha256), None))),
        ("SHA512SUMS", Some((Some(Algorithm::Sha512), None))),
        ("MD5SUMS", Some((Some(Algorithm::Md5), None))),
        ("sha256sums.txt", Some((Some(Algorithm::Sha256), None))),
        ("md5sum.txt", Some((Some(Algorithm::Md5), None))),
        ("SHA256SUM", Some((Some(Algorithm::Sha256), None))),
        ("SHA256", Some((Some(Algorithm::Sha256), None))),
        ("terraform_1.0_SHA256SUMS", Some((Some(Algorithm::Sha256), None))),
        ("SHASUMS256.txt", Some((Some(Algorithm::Sha256), None))),
        ("CHECKSUM.SHA512-FreeBSD-14.1-RELEASE-amd64", Some((Some(Algorithm::Sha512), None))),
        ("Fedora-Server-40-x86_64-CHECKSUM", Some((None, None))),
        ("CHECKSUM", Some((None, None))),
        ("checksums.txt", Some((None, None))),
        ("shasums", Some((None, None))),
        ("a.iso.sha256", Some((Some(Algorithm::Sha256), of("a.iso")))),
        ("a.iso.SHA512", Some((Some(Algorithm::Sha512), of("a.iso")))),
        ("a.tar.gz.sha1sum", Some((Some(Algorithm::Sha1), of("a.tar.gz")))),
        ("a.md5", Some((Some(Algorithm::Md5), of("a")))),
        (".sha256", Some((Some(Algorithm::Sha256), None))),
        ("B2SUMS", None),
        ("checksum.py", None),
        ("sum.txt", None),
        ("gosum", None),
        ("libsha256", None),
        ("README", None),
        ("", None),
    ] {
        let found = sheet(name.as_bytes()).map(|sheet| (sheet.algorithm, sheet.of));
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn signatures_are_known_by_their_ends() {
    for (name, expected) in [
        ("SHA256SUMS.gpg", Some("SHA256SUMS")),
        ("sha256sums.asc", Some("sha256sums")),
        ("SHA512SUMS.sign", Some("SHA512SUMS")),
        ("a.iso.sha256.sig", Some("a.iso.sha256")),
        (".asc", None),
        ("a", None),
    ] {
        assert_eq!(signed(name.as_bytes()), expected.map(str::as_bytes), "{name}");
    }
}
