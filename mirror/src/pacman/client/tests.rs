use super::*;
use crate::Error;

fn input<'a>(mirror: &'a Name, layout: &'a Layout, roots: &'a [RelPath]) -> ClientInput<'a> {
    ClientInput {
        mirror,
        url: "http://mirror.example.org/archlinux",
        follows: Follows::Channel(mirror),
        form: Form::Direct,
        layout,
        roots,
        upstream: &[],
        keyrings: &[],
    }
}

fn roots(names: &[&str]) -> Vec<RelPath> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn servers(files: &[ClientFile]) -> Vec<&str> {
    let lines = files.last().unwrap().content.lines();
    lines.filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn the_distributions_list_names_the_mirror_and_then_upstream() {
    let mirror: Name = "arch".parse().unwrap();
    let (layout, roots) = (Layout::default(), roots(&["core/os/x86_64/core.db"]));
    let plain = input(&mirror, &layout, &roots);
    let files = client(&plain).unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].path, "/etc/pacman.d/mirrorlist");
    let own = "Server = http://mirror.example.org/archlinux/$repo/os/$arch";
    assert_eq!(servers(&files), [own]);
    for said in ["-Syuu", "-Sy sees every move", "Nobody signs the databases"] {
        assert!(files[0].content.contains(said), "{said}");
    }
    assert!(!files[0].content.contains("two files"));

    let upstream = ["https://geo.mirror.pkgbuild.com/".to_owned()];
    let fallback = ClientInput { form: Form::Fallback, upstream: &upstream, ..plain.clone() };
    let files = client(&fallback).unwrap();
    let other = "Server = https://geo.mirror.pkgbuild.com/$repo/os/$arch";
    assert_eq!(servers(&files), [own, other]);
    assert!(files[0].content.contains("they are upstream's"));

    let taken = Stamp::from_seconds(1_795_757_809);
    let dated = ClientInput { follows: Follows::Date(taken), ..plain.clone() };
    let files = client(&dated).unwrap();
    assert_eq!(servers(&files), [own]);
    assert!(files[0].content.contains("It stays there"), "{}", files[0].content);
    for bad in [
        ClientInput { form: Form::Fallback, ..plain.clone() },
        ClientInput { follows: Follows::Date(taken), ..fallback },
        ClientInput { url: "http://x/$repo", ..plain.clone() },
        ClientInput { url: "http://x/#", ..plain.clone() },
        ClientInput { url: "http://u:p@x/", ..plain },
    ] {
        assert!(matches!(client(&bad), Err(Error::BadText { .. })), "{bad:?}");
    }
}

#[test]
fn a_vendors_list_says_what_belongs_into_pacman_conf() {
    let mirror: Name = "vendor".parse().unwrap();
    let layout = Layout::parse("").unwrap();
    let roots = roots(&["b.db", "b.db.sig", "b.files", "a.db"]);
    let files = client(&input(&mirror, &layout, &roots)).unwrap();
    assert_eq!(files[0].path, "/etc/pacman.d/vendor-mirrorlist");
    assert_eq!(servers(&files), ["Server = http://mirror.example.org/archlinux"]);
    let text = &files[0].content;
    let section = "#   [a]\n#   Include = /etc/pacman.d/vendor-mirrorlist\n#   [b]\n";
    assert!(text.contains(section), "{text}");
    assert!(text.contains("two files") && text.contains("checks databases"), "{text}");
}

#[test]
fn a_layout_that_leads_nowhere_is_refused() {
    let mirror: Name = "vendor".parse().unwrap();
    for (layout, names) in
        [("", &["x86_64/a.db"][..]), ("$repo/os/$arch", &["a.db"]), ("", &["lastupdate"])]
    {
        let (layout, roots) = (Layout::parse(layout).unwrap(), roots(names));
        let refused = client(&input(&mirror, &layout, &roots)).unwrap_err();
        assert!(refused.to_string().contains("bad layout"), "{refused}");
    }
}
