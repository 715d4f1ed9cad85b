use super::*;

const SHA: &str =
    "%SHA256SUM%\n1e8cdbf700da17086f399d120833fb867d1c43738f3abb7425f1b571458dafd3\n\n";

/// A text that is whole but for what is put behind it.
fn text(more: &str) -> String {
    format!("%FILENAME%\na-1:2-1-any.pkg.tar.zst\n\n%NAME%\na\n\n%VERSION%\n1:2-1\n\n{more}")
}

#[test]
fn a_text_of_repo_add_is_read() {
    let text = text(&format!(
        "%BASE%\nb\n\n%DESC%\n%NAME%\n\n%CSIZE%\n3001\n\n{SHA}%MD5SUM%\n818ce36092dac176b29f892451d89e28\n\n%PGPSIG%\niQEz\n\n\
         %ARCH%\nany\n\n%DEPENDS%\n%NAME%\nx\n\n%UNKNOWN%\nvalue\n"
    ));
    let package = Package::parse(text.as_bytes()).unwrap();
    assert_eq!(package.name, b"a");
    assert_eq!(package.version, b"1:2-1");
    assert_eq!(package.base, b"b");
    assert_eq!(package.architecture, b"any");
    assert_eq!(package.file, b"a-1:2-1-any.pkg.tar.zst");
    assert_eq!(package.size_bytes, Some(3001));
    assert_eq!(package.checksum.algorithm(), Algorithm::Sha256);
    assert_eq!(package.signature.as_deref(), Some(&[0x89, 1, 0x33][..]));
}

#[test]
fn what_may_be_missing_may() {
    let text = text("%MD5SUM%\n818ce36092dac176b29f892451d89e28");
    let package = Package::parse(text.as_bytes()).unwrap();
    assert_eq!((package.base, package.architecture), (&b"a"[..], &b""[..]));
    assert_eq!((package.size_bytes, package.signature), (None, None));
    assert_eq!(package.checksum.algorithm(), Algorithm::Md5);
}

#[test]
fn what_cannot_be_followed_is_refused() {
    let of = |key: &str, value: &str| {
        let plain = text(SHA);
        let mut lines: Vec<&str> = plain.lines().collect();
        let at = lines.iter().position(|line| *line == key).unwrap() + 1;
        lines[at] = value;
        lines.join("\n")
    };
    let long = "x".repeat(252);
    for (text, why) in [
        (String::new(), "it has no %NAME%"),
        (text(""), "it has no checksum"),
        (text(&format!("{SHA}%NAME%\na\n")), "it has %NAME% twice"),
        (text(&format!("{SHA}%SHA256SUM%\n\n")), "it has %SHA256SUM% twice"),
        (text("%SHA256SUM%\nabc\n"), "its %SHA256SUM% is no checksum: abc"),
        (text(&format!("{SHA}%CSIZE%\n+1\n")), "its %CSIZE% is no number: +1"),
        (text(&format!("{SHA}%CSIZE%\n99999999999999999999\n")), "its %CSIZE% is no number"),
        (text(&format!("{SHA}%PGPSIG%\n???\n")), "its %PGPSIG% is no base64"),
        (text(&format!("{SHA}%PGPSIG%\n{}\n", "A".repeat(30_000))), "larger than any signature"),
        (of("%FILENAME%", "../a.pkg.tar"), "its %FILENAME% is a path or hidden: ../a.pkg.tar"),
        (of("%FILENAME%", "/etc/passwd"), "is a path or hidden"),
        (of("%FILENAME%", ".."), "is a path or hidden"),
        (of("%FILENAME%", ".hidden"), "is a path or hidden"),
        (of("%FILENAME%", "a\r"), "holds a control byte"),
        (of("%FILENAME%", "a.pkg.tar.sig"), "is none of a package"),
        (of("%FILENAME%", &long), "is none of a package"),
        (of("%FILENAME%", ""), "it has no %FILENAME%"),
        (of("%NAME%", "a/b"), "its %NAME% is a path or hidden"),
        (of("%NAME%", "a\u{7f}"), "its %NAME% holds a control byte"),
        (of("%VERSION%", "1/2"), "its %VERSION% is a path or hidden"),
        (of("%VERSION%", ""), "it has no %VERSION%"),
    ] {
        let refused = Package::parse(text.as_bytes()).unwrap_err();
        assert!(refused.contains(why), "{why:?} is not in {refused:?}");
        assert!(!refused.contains('\n'), "{refused:?}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), cut in 0_usize..400) {
        drop(Package::parse(&bytes));
        let text = text(SHA);
        drop(Package::parse(&text.as_bytes()[..cut.min(text.len())]));
    }
}
