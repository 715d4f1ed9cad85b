use super::*;

fn place(folder: &str) -> Place {
    Place::new((!folder.is_empty()).then(|| folder.parse().unwrap()))
}

#[test]
fn paths_are_resolved_as_clients_resolve_them() {
    for (folder, href, expected) in [
        ("", "Packages/a/x.rpm", "Packages/a/x.rpm"),
        ("os", "x.rpm", "os/x.rpm"),
        ("os/x86_64", "./a//b/./x.rpm", "os/x86_64/a/b/x.rpm"),
        ("os", "a/../x.rpm", "os/x.rpm"),
        ("os", "../x.rpm", "x.rpm"),
        ("os", "../os/x.rpm", "os/x.rpm"),
        ("", "a/../b/x.rpm", "b/x.rpm"),
        ("2/core/guid/x86_64", "../../../../blobstore/ab12/x.rpm", "blobstore/ab12/x.rpm"),
        ("2/core", "../extras/../../blob/x.rpm", "blob/x.rpm"),
        // A path is no URL: every byte is one of a name.
        ("", "%2B%2e%2e/%2F%252D+^~ ?#&;=:@\\x.rpm", "%2B%2e%2e/%2F%252D+^~ ?#&;=:@\\x.rpm"),
        ("", "..a/b../...", "..a/b../..."),
        ("", "file:/x.rpm", "file:/x.rpm"),
        ("", "\u{fc}/x.rpm", "\u{fc}/x.rpm"),
    ] {
        let path = place(folder).at(href.as_bytes()).unwrap();
        assert_eq!(path.as_bytes(), expected.as_bytes(), "{href} below '{folder}'");
    }
}

#[test]
fn what_is_no_path_in_the_tree_says_why() {
    let (long, deep) = ("x".repeat(256), "x/".repeat(2100) + "x");
    for (folder, href, why) in [
        ("os", "", "the path is empty"),
        ("os", "/x.rpm", "the path is absolute: /x.rpm"),
        ("os", "http://u:secret@cdn.example.org:80/x.rpm", "a URL of the host cdn.example.org:80:"),
        ("os", "//cdn.example.org/x.rpm", "the path is absolute"),
        ("os", "a/ftp://h", "a URL of the host h"),
        ("os", "x\n.rpm", "the path holds a control byte: x\\x0a.rpm"),
        ("os", "x\0.rpm", "the path holds a control byte: x\\x00.rpm"),
        ("os", "x\t.rpm", "a control byte"),
        ("os", "x\x7f.rpm", "a control byte"),
        (
            "",
            "../x.rpm",
            "leaves the tree, of whose root the repository is 0 folder(s) below: ../x.rpm",
        ),
        ("os", "../../x.rpm", "leaves the tree, of whose root the repository is 1 folder(s) below"),
        ("os", "a/../../../os/x.rpm", "leaves the tree"),
        (
            "a/b",
            "../../../a/b/x.rpm",
            "leaves the tree, of whose root the repository is 2 folder(s)",
        ),
        ("os", "a/", "the path names no file: a/"),
        ("os", ".", "the path names no file"),
        ("os", "a/..", "the path names no file"),
        ("os", "..", "the path names no file"),
        ("os", &long, "longer than 255 bytes"),
        ("os", &deep, "longer than 4095 bytes"),
    ] {
        let refused = place(folder).at(href.as_bytes()).unwrap_err();
        assert!(refused.contains(why), "{href:?}: {refused}");
        assert!(!refused.contains("secret"), "{refused}");
    }
}

#[test]
fn what_is_inside_of_a_repository_is_known() {
    for (folder, path, expected) in [
        ("", "repodata/x", Some("repodata/x")),
        ("os", "os/repodata/x", Some("repodata/x")),
        ("os", "oss/repodata/x", None),
        ("os", "repodata/x", None),
        ("os", "os", None),
    ] {
        let path: RelPath = path.parse().unwrap();
        assert_eq!(
            place(folder).inside(&path),
            expected.map(str::as_bytes),
            "{path} in '{folder}'"
        );
    }
}

#[test]
fn hosts_are_named_without_credentials() {
    for (url, expected) in [
        ("https://cdn.example.org/a?b", "cdn.example.org"),
        ("https://user:p@ss@h:8/x", "h:8"),
        ("cdn/path", "cdn"),
        ("", ""),
        ("http://", ""),
        ("://@", ""),
    ] {
        assert_eq!(host(url.as_bytes()), expected.as_bytes(), "{url}");
    }
}

proptest::proptest! {
    /// Whatever a path is, it stays in the tree and has one spelling, or is refused.
    #[test]
    fn no_path_leaves_the_tree(
        folder in "([ab]/){0,3}c",
        href in proptest::collection::vec(proptest::sample::select(&b"../..//ab\0:?%"[..]), 0..20),
    ) {
        if let Ok(path) = place(&folder).at(&href) {
            proptest::prop_assert_eq!(RelPath::parse(path.as_bytes()).unwrap(), path);
        }
    }
}
