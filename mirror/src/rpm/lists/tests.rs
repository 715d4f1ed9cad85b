use super::*;

fn read(text: &str) -> Result<Vec<String>, String> {
    match mirrorlist(text.as_bytes(), "mirrorlist") {
        Ok(bases) => Ok(bases.iter().map(ToString::to_string).collect()),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_list_is_its_urls_of_http_in_order() {
    for (text, urls) in [
        ("http://a/x/\nhttps://b/y/\n", &["http://a/x/", "https://b/y/"][..]),
        // The last slash and the last line end may be missing; comments, empty lines and blanks do not count.
        ("# repo = fedora-39\n\n  http://a/x \nhttps://b", &["http://a/x/", "https://b/"]),
        ("ftp://a/x/\nrsync://b/y/\nHTTP://C/z\nfile:///d\n", &["http://c/z/"]),
        ("http://a/x\nhttp://a/x/\nhttp://A:80/x\n", &["http://a/x/"]),
        // As Amazon names a release.
        (
            "https://cdn.example.org/core/guids/0a1b%2Bc/x86_64/",
            &["https://cdn.example.org/core/guids/0a1b%2Bc/x86_64/"],
        ),
    ] {
        assert_eq!(read(text).unwrap(), urls, "{text}");
    }
}

#[test]
fn what_is_no_list_says_why() {
    let many: String = (0..=MIRRORS_MAX).map(|at| format!("http://m{at}/\n")).collect();
    for (text, why) in [
        ("", "it is empty"),
        ("\n \n", "it is empty"),
        ("http://a/\r\nhttp://b/\r\n", "line 1: it ends in CR LF"),
        (
            "<!DOCTYPE html>\n<p>sorry",
            "line 1: it is HTML or XML, not a list of URLs: '<!DOCTYPE html>'",
        ),
        (
            "Invalid release/repo/arch combination\n",
            "line 1: expected a URL, found 'Invalid release",
        ),
        (
            "# Bad Repository: repo = x\n",
            "names no http or https URL (0 of other kinds); it begins with '# Bad",
        ),
        (
            "ftp://a/\nrsync://b/\n",
            "it names no http or https URL (2 of other kinds); it begins with 'ftp:",
        ),
        ("http://a/\n://b/\n", "line 2: expected a URL"),
        ("http://a/\na b://b/\n", "line 2: expected a URL"),
        ("http://a/\nhttp:///b\n", "line 2: "),
        ("http://a/x y\n", "line 1: "),
        ("http://a/\u{1b}[0m\n", "\\x1b[0m"),
        ("http://a/#token\n", "it holds a fragment"),
        ("http://a/../b\n", "line 1: "),
        ("http://user:secret@a/\n", "line 1: a URL with a login"),
        ("http://a:0/\n", "line 1: "),
        (&many, "it names more than 1000 mirrors"),
    ] {
        let found = read(text).unwrap_err();
        assert!(found.starts_with("mirrorlist is no metadata") && found.contains(why), "{found}");
        assert!(!found.contains('\n') && !found.contains("user:secret"), "{found}");
    }
    assert!(mirrorlist(b"http://a/\xff\n", "x").is_err());
    let large = vec![b'\n'; 1 + usize::try_from(LIST_BYTES_MAX).unwrap()];
    assert!(mirrorlist(&large, "x").unwrap_err().to_string().contains("larger than"));
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        drop(mirrorlist(&bytes, "x"));
        drop(mirrorlist(&[b"http://", bytes.as_slice()].concat(), "x"));
    }
}
