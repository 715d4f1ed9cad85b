use super::*;

fn path(text: &str) -> RelPath {
    text.parse().unwrap()
}

fn links(pairs: &[(&str, &str)]) -> Links {
    let mut links = Links::default();
    for (at, to) in pairs {
        links.note(&Entry {
            path: path(at),
            node: Node::Link { target: to.as_bytes().into() },
            added: false,
        });
    }
    links
}

#[test]
fn links_are_followed_as_a_kernel_does() {
    let tree = links(&[
        ("dists/stable", "trixie"),
        ("a/b", "../c/./d"),
        ("c/d/e", "../../f"),
        ("loop", "loop"),
        ("out", "../x"),
        ("top", "."),
        ("abs", "/etc"),
    ]);
    for (from, to) in [
        ("dists/stable/InRelease", Some("dists/trixie/InRelease")),
        ("a/b/e/g", Some("f/g")),
        ("plain", Some("plain")),
        ("loop", None),
        ("loop/x", None),
        ("out", None),
        ("abs", None),
        ("top/top/x", Some("x")),
    ] {
        assert_eq!(tree.resolve(&path(from)), to.map(path), "{from}");
    }
}

#[test]
fn aliases_name_root_files_through_every_linked_folder_once() {
    let tree = links(&[
        ("debian/dists/stable", "trixie"),
        ("ubuntu", "debian"),
        ("debian/debian", "."),
        ("debian/dists/oldstable", "gone"),
    ]);
    let real = [path("debian/dists/trixie/InRelease")].into();
    let found = tree.aliases(&real);
    for wanted in [
        "debian/dists/stable/InRelease",
        "ubuntu/dists/stable/InRelease",
        "ubuntu/dists/trixie/InRelease",
        "debian/debian/dists/stable/InRelease",
    ] {
        assert!(found.contains(&path(wanted)), "{wanted}: {found:?}");
    }
    for alias in &found {
        assert_eq!(tree.resolve(alias), Some(path("debian/dists/trixie/InRelease")));
    }
    assert!(found.len() < 50);
}
